// Renoise: takes the expected clean image and applies the noise process to it afresh.
//
//   x_s = α_s·x̂₀ + σ_s·z
//
// The far end of Ddim's family: none of the noise estimate is kept. It is the plainest way to go on from a clean image,
// and it is biased: x̂₀ is an average, which has less variance than images have, and nothing gives that back. Gaussian
// data of standard deviation 0.60 come out at 0.343 after 10 steps, 0.397 after 50 and 0.420 after 1000, whatever the
// number of steps. It is right where x̂₀ is a draw from p(x₀ | x_t) or does not depend on x_t (consistency models:
// Y. Song et al. 2023, arXiv:2303.01469).
//
// Example:
//     Renoise plain{.steps = 50};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Renoise {
  int steps = 50;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::stochastic_step(x, clean, from, to, to.sigma * to.sigma, key);
  }
};

}  // namespace ink
