// Heun: the probability-flow equation to second order, with optional churn (noise added and taken away again).
//
//   dy/dς = ε̂,   y = x/α,   ς = σ/α
//
// Two evaluations a step, one in the last. A step from noise alone, α < σ/100, averages x̂₀ in place of ε̂.
// Churn is shared out over the steps of the grid: each adds as much noise as multiplies σ/α by 1 + min(churn/steps,
// √2 − 1). T. Karras et al. 2022, arXiv:2206.00364, algorithm 2.
//
// Example:
//     Heun accurate{.steps = 18};
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Heun {
  int steps = 18;
  double churn = 0, churn_min = 0.05, churn_max = 50, churn_noise = 1.003;  ///< S_churn, S_min, S_max, S_noise

  auto times(const auto& model, const auto&) const { return model.times(steps); }

  struct Memory {
    double steps;  ///< of the grid, which need not be the model's own
  };
  Memory begin(const auto& model, const auto&, const auto&) const {
    return {static_cast<double>(model.times(steps).size()) - 1};
  }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    const Scales from = model.scales(t);
    const double ratio = from.ratio();
    if (churn > 0 && ratio >= churn_min && ratio <= churn_max) {
      const double risen = ratio * (1 + std::min(churn / memory.steps, std::sqrt(2.0) - 1));
      t = time_at_log_snr(model, -std::log(risen));
      // x/α gains the noise; then back to x at the new time.
      const double alpha = model.scales(t).alpha;
      x = detail::add_noise(X(x * (alpha / from.alpha)),
                            alpha * std::sqrt(std::max(0.0, risen * risen - ratio * ratio)) * churn_noise, key);
    }
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::trapezium(model, x, clean, t, s, condition,
                             detail::all_noise(from) ? detail::clean_mix : detail::noise_mix);
  }
};

}  // namespace ink
