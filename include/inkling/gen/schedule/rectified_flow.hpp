// RectifiedFlow: a straight line from image to noise.
//
//   α = 1 − t, σ = t;   training: t uniform;   sampling: 1, 1 − 1/n, …, 0, shifted to t' = κ·t/(1 + (κ − 1)·t)
//
// The shift κ multiplies σ/α at every step: more than 1 spends more of them where the noise is strong. There is no
// signal at t = 1, so that the noise is no target there. X. Liu, C. Gong, Q. Liu, "Flow straight and fast", 2022,
// arXiv:2209.03003; Y. Lipman et al., "Flow matching for generative modeling", 2022, arXiv:2210.02747; the shift:
// P. Esser et al. 2024, arXiv:2403.03206.
//
// Errors: ValueError for a shift that is not positive.
//
// Example:
//     auto times = RectifiedFlow{.shift = 3}.times(4);       // 1, 0.9, 0.75, 0.5, 0
#pragma once

#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

struct RectifiedFlow {
  double shift = 1;  ///< κ

  Scales operator()(double t) const { return {1 - t, t}; }
  double log_snr_slope(double t) const { return -1 / (t * (1 - t)); }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const {
    if (!(shift > 0)) throw ValueError(text("RectifiedFlow: shift is ", shift, "; it must be positive"));
    auto times = detail::even_times(steps);
    for (double& t : times) t = shift * t / (shift * t + (1 - t));  // exactly 1 at t = 1
    return times;
  }
};

}  // namespace ink
