// continuous_bound: the variational bound of a diffusion model with infinitely many steps.
//
//   −ln p(x₀) ≤ L_prior + ½·E∫ γ'(t)·‖ε − ε̂‖² dt + L_decoder,     γ = −ln SNR = 2·ln ς,   ς = σ/α
//             = L_prior + E∫ ‖x₀ − x̂₀‖²/ς² d(ln ς) + L_decoder
//
// The integral depends on the schedule only through its ends (gen/likelihood/noise_range.hpp). It is estimated from
// `points` noise levels, one drawn in each of as many equal parts of ln ς. D. Kingma, T. Salimans, B. Poole, J. Ho,
// "Variational diffusion models", 2021, arXiv:2107.00630. Prior and decoder are those of variational_bound, so that
// this is its limit; the paper decodes from x_t alone.
//
// Shapes, and what is asked of a model: as variational_bound.
//
// Errors: ValueError for fewer than one point, fewer than 2 levels, or noise that does not fall.
//
// Example:
//     auto nats = [](const auto& model, const Tensor<float, 4>& images) {
//       return continuous_bound(model, images, Unconditional{}, Key{1}, {.points = 50}).total;
//     };
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/likelihood/variational_bound.hpp"

namespace ink {

struct ContinuousBoundOptions {
  int points = 128;
  int levels = 256;
};

template <class M, class X, class C>
  requires Denoiser<M, X, C>
VariationalBound continuous_bound(const M& model, const X& images, const C& condition, Key key,
                                  const ContinuousBoundOptions& o = {}) {
  if (o.points < 1) throw ValueError(text("continuous_bound: points is ", o.points, "; it must be at least 1"));
  const NoiseRange range(model);
  const auto u = detail::strata(o.points, key.fold(0));
  std::vector<detail::BoundTerm> terms;
  for (const double place : u.values()) {
    const double ratio = range.ratio(place), weight = range.width() / o.points / (ratio * ratio);
    terms.push_back({range.time(model, ratio), weight, key.fold(1).fold(terms.size())});
  }
  return detail::bound_of(model, images, range.last, terms, {range.first, 0, key.fold(2)}, o.levels, condition);
}

}  // namespace ink
