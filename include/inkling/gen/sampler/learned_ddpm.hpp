// LearnedDdpm: the steps of DDPM with the variance that the model has learned.
//
//   x_s = μ̂(x_t, x̂₀) + √Σ·z,   ln Σ = v·ln β + (1 − v)·ln β̃ for every number of the image
//
// v = 0 is Ddpm with the small variance, v = 1 with the large one; in between, fewer steps lose less likelihood and
// quality than with either. No noise in the last step. The model is a LearnedVariance (gen/learned_variance.hpp), or
// any whose posterior has variance(β̃, β).
// A. Nichol, P. Dhariwal, "Improved denoising diffusion probabilistic models", 2021, arXiv:2102.09672.
//
// Example:
//     LearnedDdpm few{.steps = 50};
#pragma once

#include <vector>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct LearnedDdpm {
  int steps = 100;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    return model.times(steps);
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class K, class C>
    requires Denoiser<M, X, C> && requires(const M& model, const X& x, const C& condition) {
      model.posterior(x, 0.0, condition).variance(0.0, 0.0);
    }
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const auto posterior = model.posterior(x, t, condition);
    const double small = detail::posterior_variance(from, to);
    const X mean = detail::toward_clean(x, posterior.mean(), from, to, small);
    if (!(small > 0)) return mean;
    const double widening = from.sigma / to.sigma;
    const X variance = posterior.variance(small, small * widening * widening);
    return map([](auto m, auto v, auto z) INKLING_LAMBDA_INLINE { return m + sqrt(v) * z; }, mean, variance,
               normal<scalar_t<X>>(x.shape(), key));
  }
};

}  // namespace ink
