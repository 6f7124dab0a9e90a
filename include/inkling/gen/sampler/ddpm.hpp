// Ddpm: a draw from the posterior of the forward process.
//
//   the mean of Ddim with η = 1; the variance of the posterior ("small") or of the forward step ("large")
//
// No noise in the last step. J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239.
//
// Example:
//     Ddpm full{.steps = 1000, .variance = Ddpm::Variance::large};
#pragma once

#include <cmath>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Ddpm {
  enum class Variance { small, large };

  int steps = 1000;
  Variance variance = Variance::small;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    const double small = detail::posterior_variance(from, to);
    if (variance == Variance::small || to.sigma == 0) return detail::stochastic_step(x, clean, from, to, small, key);
    // β = 1 − ᾱ_t/ᾱ_s for a variance-preserving schedule.
    const double r = from.alpha / to.alpha;
    const double large = std::max(0.0, from.sigma * from.sigma - r * r * to.sigma * to.sigma);
    return detail::add_noise(detail::toward_clean(x, clean, from, to, small), std::sqrt(large), key);
  }
};

}  // namespace ink
