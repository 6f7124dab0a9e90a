// Noise schedules: how much signal and how much noise there is at time t.
//
//   x_t = α_t·x₀ + σ_t·ε,   ε ~ N(0, I)
//
// A schedule is any type with three const members:
//   operator()(t)   Scales{α_t, σ_t}; no noise at t = 0, most at the largest t
//   time(u)         the u-quantile of the times drawn in training, u in (0, 1)
//   times(n)        the n + 1 decreasing times of a sampler with n steps; the last is 0
// It may also have
//   log_snr_slope(t)   d ln(α/σ)/dt in closed form; found numerically if absent (gen/schedule/log_snr.hpp)
//
// One schedule a file: gen/schedule/*.hpp. Other grids of times: gen/schedule/time_grid.hpp.
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

/// n numbers from `first` to `last`, evenly in their ρ-th roots.
inline std::vector<double> power_spaced(double first, double last, int n, double rho) {
  const double from = std::pow(first, 1 / rho), to = std::pow(last, 1 / rho);
  std::vector<double> out{first};
  for (int i = 1; i < n - 1; ++i) out.push_back(std::pow(from + (to - from) * i / (n - 1), rho));
  if (n > 1) out.push_back(last);
  return out;
}

/// Variance preserving, α² + σ² = 1: from ᾱ = α² and 1 − ᾱ, so that neither loses digits to the other.
inline Scales variance_preserving(double alpha_bar, double rest) { return {std::sqrt(alpha_bar), std::sqrt(rest)}; }

inline Scales variance_preserving(double log_alpha_bar) {
  return {std::exp(log_alpha_bar / 2), std::sqrt(-std::expm1(log_alpha_bar))};
}

/// d ln(α/σ)/dt from d ln ᾱ/dt where α² + σ² = 1.
inline double variance_preserving_slope(double log_alpha_bar_slope, Scales s) {
  return 0.5 * log_alpha_bar_slope / (s.sigma * s.sigma);
}

}  // namespace detail

}  // namespace ink
