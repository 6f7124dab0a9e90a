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
#include <vector>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Ddpm {
  enum class Variance { small, large };

  int steps = 1000;
  Variance variance = Variance::small;
  double clip = 0;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    return model.times(steps);
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, Key key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition, clip);
    const double small = detail::posterior_variance(from, to);
    // β = 1 − ᾱ_t/ᾱ_s for a variance-preserving schedule, in the units of x_s.
    const double r = from.alpha / to.alpha;
    const double large = from.sigma * from.sigma - r * r * to.sigma * to.sigma;
    const double filled = variance == Variance::small || to.sigma == 0 ? small : large;
    return detail::add_noise(detail::toward_clean(x, clean, from, to, small), std::sqrt(filled), key);
  }
};

}  // namespace ink
