// Log-SNR: how much signal there is for the noise, on the scale on which sampling is even. It falls as time goes on.
//
//   λ_t = ln(α_t/σ_t), half of the logarithm of the signal-to-noise ratio α²/σ²
//
//   log_snr(s, t)              λ at time t: ∞ where there is no noise, −∞ where there is no signal
//   log_snr_slope(s, t)        dλ/dt: the schedule's `log_snr_slope` if it has one, else by differences, to about 1e-8
//   time_at_log_snr(s, λ)      the first time at which the log-SNR is λ or less
//
// s is a schedule, or a model that has scales(t). The differences look backward only, at times in [t/9, t], so that a
// schedule need not go on after its end. They are as good as the scales: σ = √(1 − α²) loses digits near t = 0.
//
// D. Kingma, T. Salimans, B. Poole, J. Ho, "Variational diffusion models", 2021, arXiv:2107.00630; C. Lu et al.,
// "DPM-Solver", 2022, arXiv:2206.00927.
//
// Errors: ValueError for a slope at t ≤ 0, and for a log-SNR that the schedule never falls to.
//
// Example:
//     double lambda = log_snr(RectifiedFlow{}, 0.25);         // ln 3
//     double slope = log_snr_slope(RectifiedFlow{}, 0.25);    // −1/(0.25·0.75)
//     double t = time_at_log_snr(RectifiedFlow{}, lambda);    // 0.25
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <utility>

#include "inkling/core/error.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

/// A schedule, or a model that has one: whatever tells the scales at time t.
template <class S>
concept NoiseLevels = requires(const S& source, double t) {
  { source(t) } -> std::same_as<Scales>;
} || requires(const S& source, double t) {
  { source.scales(t) } -> std::same_as<Scales>;
};

inline double log_snr(Scales s) { return std::log(s.alpha) - std::log(s.sigma); }

template <NoiseLevels S>
double log_snr(const S& source, double t) {
  if constexpr (requires { source.scales(t); }) {
    return log_snr(source.scales(t));
  } else {
    return log_snr(source(t));
  }
}

namespace detail {

/// f'(t) by backward differences of order 8, with the step that promises the smallest error.
template <class F>
double backward_slope(const F& f, double t) {
  constexpr std::size_t order = 8;
  double slope = 0, smallest = HUGE_VAL, previous = HUGE_VAL, change = HUGE_VAL;
  double h = t / (order + 1);
  for (int trial = 0; trial < 40; ++trial, h *= 0.62) {  // not halves: in step with a table they would not see it
    std::array<double, order + 1> y{};
    for (std::size_t k = 0; k <= order; ++k) y[k] = f(t - static_cast<double>(k) * h);
    // h·f' = Σ_k ∇ᵏf/k. Each of the y is off by its rounding, and the sum by 78 times as much.
    const double rounding = 2e-14 * std::max(1.0, std::abs(y[0])) / h;
    double sum = 0;
    for (std::size_t k = 1; k <= order; ++k) {
      for (std::size_t j = 0; j + k <= order; ++j) y[j] -= y[j + 1];
      sum += y[0] / static_cast<double>(k);
    }
    // Two changes in a row: one alone may be small by accident.
    const double before = std::exchange(change, std::abs(sum / h - previous));
    previous = sum / h;
    const double error = std::max(change, before) + rounding;
    if (error >= smallest) continue;
    slope = previous;
    smallest = error;
  }
  return slope;
}

}  // namespace detail

template <NoiseLevels S>
double log_snr_slope(const S& source, double t) {
  if (!(t > 0)) throw ValueError(text("log_snr_slope: t is ", t, "; it must be positive"));
  if constexpr (requires { source.log_snr_slope(t); }) {
    return source.log_snr_slope(t);
  } else if constexpr (requires { source.scales(t).alpha + source.schedule.log_snr_slope(t); }) {
    return source.schedule.log_snr_slope(t);
  } else {
    if (std::isinf(log_snr(source, t))) return -HUGE_VAL;
    return detail::backward_slope([&](double at) { return log_snr(source, at); }, t);
  }
}

template <NoiseLevels S>
double time_at_log_snr(const S& source, double lambda) {
  if (std::isnan(lambda)) throw ValueError("time_at_log_snr: lambda is nan; it must be a number");
  const auto has_more = [&](double t) { return log_snr(source, t) > lambda; };
  double low = 0, high = 1;
  if constexpr (requires { source.times(1).front(); }) high = source.times(1).front();
  if (!has_more(low)) return low;
  // Some schedules go on after their end: churn asks for more noise than the first step has.
  for (int doubling = 0; doubling < 60 && has_more(high); ++doubling) {
    low = high;
    high *= 2;
  }
  if (has_more(high)) {
    throw ValueError(text("time_at_log_snr: lambda is ", lambda, "; it must be at least ", log_snr(source, high),
                          ", the smallest of the schedule"));
  }
  while (true) {
    const double middle = 0.5 * (low + high);
    if (!(low < middle && middle < high)) return high;
    (has_more(middle) ? low : high) = middle;
  }
}

}  // namespace ink
