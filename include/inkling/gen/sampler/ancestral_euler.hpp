// AncestralEuler: an Euler step to less noise than asked for, and fresh noise to make up for it.
//
//   ς_up = min(ς_s, η·√(ς_s²·(ς_t² − ς_s²)/ς_t²)),   ς_down = √max(0, ς_s² − ς_up²),   ς = σ/α
//   y_s = y_t + (ς_down − ς_t)·ε̂ + ς_up·z,   y = x/α
//
// Ddim with the same η, which here may be more than 1: then the noise is at most what the step may have, and rounding
// must not make the rest negative. η = 1 is DDPM's posterior. k-diffusion's "Euler ancestral".
//
// Errors: ValueError for a negative η.
//
// Example:
//     AncestralEuler lively{.steps = 30};
#pragma once

#include <algorithm>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct AncestralEuler {
  int steps = 50;
  double eta = 1;

  auto times(const auto& model, const auto&) const {
    if (!(eta >= 0)) throw ValueError(text("AncestralEuler: eta is ", eta, "; it must not be negative"));
    return model.times(steps);
  }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    const double up = std::min(to.sigma * to.sigma, eta * eta * detail::posterior_variance(from, to));
    return detail::stochastic_step(x, clean, from, to, up, key);
  }
};

}  // namespace ink
