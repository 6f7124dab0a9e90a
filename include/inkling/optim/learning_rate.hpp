// Learning rates: numbers that follow the step.
//
// WarmupCosine: step s = 0, 1, … of `total` has
//
//   peak · (s + 1) / warmup                                                 while s < warmup
//   floor + (peak − floor) · (1 + cos π φ) / 2,   φ = (s − warmup) / (total − warmup)     then, and floor from `total`
//   on
//
// I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016, arXiv:1608.03983.
//
// A run with a time limit gives the elapsed fraction of it as well: φ is then the larger of the two, so that the rate
// reaches its floor with whichever comes first. `total` 0 means that only time counts.
//
// Errors: ValueError for a negative step, an elapsed fraction that is not finite, or settings outside of
// 0 ≤ floor ≤ peak, warmup ≥ 0, total ≥ 0.
//
// Example:
//     WarmupCosine rate{.peak = 3e-4, .warmup = 100, .total = 5000};
//     double first = rate(0);                              // 3e-6
//     double middle = rate(2550);                          // 1.5e-4
//     double late = rate(200, 0.9);                        // nine tenths of the time are over
//     ConstantRate flat{1e-3};
//     double always = flat(17);
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/core/shape.hpp"
#include "inkling/optim/options.hpp"

namespace ink {

struct WarmupCosine {
  double peak = 1e-3;
  Index warmup = 0;
  Index total = 0;
  double floor = 0;

  double operator()(Index step, double elapsed = 0) const {
    detail::require_finite("warmup_cosine", "peak", peak);
    detail::require_finite("warmup_cosine", "floor", floor);
    detail::require_finite("warmup_cosine", "elapsed", elapsed);
    if (!(floor >= 0 && floor <= peak) || warmup < 0 || total < 0 || step < 0) {
      throw ValueError(text("warmup_cosine: peak is ", peak, ", floor is ", floor, ", warmup is ", warmup,
                            ", total is ", total, ", step is ", step,
                            "; 0 <= floor <= peak and warmup, total, step >= 0 must hold"));
    }
    double phase = elapsed;
    if (total > 0 && step >= total) {
      phase = 1;
    } else if (total > 0 && step >= warmup) {
      phase = std::max(phase, static_cast<double>(step - warmup) / static_cast<double>(total - warmup));
    }
    phase = std::clamp(phase, 0.0, 1.0);
    const double cosine = floor + (peak - floor) * 0.5 * (1 + std::cos(phase * 3.14159265358979323846));
    if (step >= warmup) return cosine;
    return std::min(cosine, peak * static_cast<double>(step + 1) / static_cast<double>(warmup));
  }
};

struct ConstantRate {
  double rate = 1e-3;

  double operator()(Index, double = 0) const { return rate; }
};

}  // namespace ink
