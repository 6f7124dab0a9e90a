// Heun: the probability-flow equation to second order, with optional churn (noise added and taken away again).
//
//   dy/dς = ε̂,   y = x/α,   ς = σ/α
//
// Two evaluations a step, one in the last. A step from pure noise, α = 0, averages x̂₀ in place of ε̂.
// T. Karras et al. 2022, arXiv:2206.00364, algorithm 2.
//
// Example:
//     Heun accurate{.steps = 18};
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/gen/log_snr.hpp"
#include "inkling/gen/sampler.hpp"

namespace ink {

struct Heun {
  int steps = 18;
  double churn = 0, churn_min = 0.05, churn_max = 50, churn_noise = 1.003;  ///< S_churn, S_min, S_max, S_noise
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
  X step(const M& model, X x, double t, double s, NoMemory&, Key key, const C& condition) const {
    const double ratio = model.scales(t).ratio();
    if (churn > 0 && ratio >= churn_min && ratio <= churn_max) {
      const double risen = ratio * (1 + std::min(churn / steps, std::sqrt(2.0) - 1));
      const double before = t;
      t = time_at_log_snr(model, -std::log(risen));
      const double added = std::sqrt(std::max(0.0, risen * risen - ratio * ratio)) * churn_noise;
      // x/α gains the noise; then back to x at the new time.
      const double alpha = model.scales(t).alpha;
      x = detail::combine(alpha / model.scales(before).alpha, x, alpha * added, normal<scalar_t<X>>(x.shape(), key));
    }
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition, clip);
    X euler = detail::toward_clean(x, clean, from, to, 0);
    if (to.sigma == 0) return euler;
    // ½(ε̂_t + ε̂_s) in place of ε̂_t: correct the Euler step by half of the difference.
    const X clean_there = detail::expected_clean(model, euler, s, condition, clip);
    // From pure noise ς is infinite: there x̂₀ is averaged, with d(x/σ)/d(α/σ) = x̂₀.
    if (from.alpha == 0) return euler + detail::combine(0.5 * to.alpha, clean_there, -0.5 * to.alpha, clean);
    const double half = 0.5 * to.alpha * (to.ratio() - from.ratio());
    const X noise_here = detail::combine(1 / from.sigma, x, -from.alpha / from.sigma, clean);
    const X noise_there = detail::combine(1 / to.sigma, euler, -to.alpha / to.sigma, clean_there);
    return euler + detail::combine(half, noise_there, -half, noise_here);
  }
};

}  // namespace ink
