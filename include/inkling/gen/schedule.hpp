// Noise schedules: how much signal and how much noise there is at time t.
//
//   x_t = α_t·x₀ + σ_t·ε,   ε ~ N(0, I)
//
// A schedule is any type with three const members:
//   operator()(t)   Scales{α_t, σ_t}; no noise at t = 0, most at the largest t
//   time(u)         the u-quantile of the times drawn in training, u in (0, 1)
//   times(n)        the n + 1 decreasing times of a sampler with n steps; the last is 0
//
// One schedule a file: gen/schedule/*.hpp.
//
// Example (declarations):
//     struct Straight {                                     // a schedule of the user's
//       Scales operator()(double t) const { return {1 - t, t}; }
//       double time(double u) const { return u; }
//       std::vector<double> times(int n) const {
//         std::vector<double> t;
//         for (int i = n; i >= 0; --i) t.push_back(static_cast<double>(i) / n);
//         return t;
//       }
//     };
// Example:
//     Scales half = Straight{}(0.5);
//     double signal_to_noise = half.alpha * half.alpha / (half.sigma * half.sigma);
#pragma once

#include <cmath>
#include <concepts>
#include <vector>

#include "inkling/core/error.hpp"

namespace ink {

/// Signal and noise at one time.
struct Scales {
  double alpha, sigma;

  double ratio() const { return sigma / alpha; }
};

template <class S>
concept NoiseSchedule = requires(const S& schedule, double t, int steps) {
  { schedule(t) } -> std::same_as<Scales>;
  { schedule.time(t) } -> std::convertible_to<double>;
  { schedule.times(steps) } -> std::same_as<std::vector<double>>;
};

namespace detail {

inline void check_steps(int steps) {
  if (steps < 1) throw ValueError(text("sampler: steps is ", steps, "; it must be at least 1"));
}

/// 1, 1 − 1/n, …, 0: the "trailing" spacing, which begins at pure noise.
inline std::vector<double> even_times(int steps) {
  check_steps(steps);
  std::vector<double> times;
  for (int i = 0; i <= steps; ++i) times.push_back(static_cast<double>(steps - i) / steps);
  return times;
}

inline Scales variance_preserving(double alpha_bar) { return {std::sqrt(alpha_bar), std::sqrt(1 - alpha_bar)}; }

}  // namespace detail

}  // namespace ink
