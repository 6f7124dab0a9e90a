// Time grids: where the steps of a sampler begin and end. n + 1 decreasing times, the last of which is 0.
//
// Of a table of T steps, of which the i-th, from 0, is at t = (i + 1)/T (BetaTable, LinearBeta, ScaledLinearBeta):
//   linspace_times(n, T)           i = round((T − 1)·k/(n − 1)), k from n − 1 to 0
//   leading_times(n, T, offset)    i = ⌊T/n⌋·k + offset: begins well below T − 1, with less noise than the prior has
//   trailing_times(n, T)           i = round(T − k·T/n) − 1, k from 0: begins at T − 1
// S. Lin et al., "Common diffusion noise schedules and sample steps are flawed", 2023, arXiv:2305.08891. Halves are
// rounded to even numbers, as NumPy does.
//
// Of noise levels, for schedules with α = 1 whose times are σ:
//   karras_sigmas(n, σ_min, σ_max, ρ)      evenly in σ^{1/ρ}     T. Karras et al. 2022, arXiv:2206.00364
//   exponential_sigmas(n, σ_min, σ_max)    evenly in ln σ
//
// The same two for any schedule, or model, through σ/α; they agree with those above where α = 1:
//   karras_times(s, n, ρ)          evenly in (σ/α)^{1/ρ}
//   log_snr_times(s, n)            evenly in ln(α/σ)      C. Lu et al., "DPM-Solver", 2022, arXiv:2206.00927
// By default between the ends of the schedule's own grid of 1000 steps; a TimeSpan says otherwise.
//
// Any of them, or a list of times, goes into a sampler with AtTimes (gen/sampler/at_times.hpp).
//
// Errors: ValueError for no steps, more steps than the table has, an offset beyond the table, noise levels that do not
// decrease, a ρ that is not positive, and a span that begins without signal or ends without noise.
//
// Example:
//     auto few = trailing_times(10);                                    // 1, 0.9, …, 0.1, 0
//     auto sigmas = karras_sigmas(18, 0.002, 80);
//     auto even = log_snr_times(RectifiedFlow{}, 20, {.first = 0.99, .last = 0.01});
#pragma once

#include <cmath>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/log_snr.hpp"

namespace ink {

namespace detail {

/// The times of n steps of a table, the k-th from the end being its index(k).
template <class F>
std::vector<double> table_times(const char* who, int steps, int table, const F& index) {
  check_steps(steps);
  if (steps > table) throw ValueError(text(who, ": steps is ", steps, "; it must be at most ", table, ", the table's"));
  std::vector<double> times;
  for (int k = steps - 1; k >= 0; --k) times.push_back((index(k) + 1) / table);
  times.push_back(0);
  return times;
}

inline void check_sigmas(const char* who, int steps, double sigma_min, double sigma_max) {
  check_steps(steps);
  if (!(sigma_min > 0 && sigma_min < sigma_max && std::isfinite(sigma_max))) {
    throw ValueError(text(who, ": the noise goes from ", sigma_max, " to ", sigma_min,
                          "; it must be finite, decrease, and end above 0"));
  }
}

}  // namespace detail

inline std::vector<double> linspace_times(int steps, int table = 1000) {
  return detail::table_times("linspace_times", steps, table, [&](int k) {
    return steps == 1 ? table - 1.0 : std::nearbyint((table - 1.0) * k / (steps - 1));
  });
}

inline std::vector<double> leading_times(int steps, int table = 1000, int offset = 0) {
  return detail::table_times("leading_times", steps, table, [&](int k) {
    const int index = table / steps * k + offset;
    if (index < 0 || index >= table) {
      throw ValueError(text("leading_times: offset is ", offset, ", which makes an index ", index,
                            "; it must be in [0, ", table, ")"));
    }
    return static_cast<double>(index);
  });
}

inline std::vector<double> trailing_times(int steps, int table = 1000) {
  return detail::table_times("trailing_times", steps, table,
                             [&](int k) { return std::nearbyint(table - (steps - 1.0 - k) * table / steps) - 1; });
}

inline std::vector<double> karras_sigmas(int steps, double sigma_min, double sigma_max, double rho = 7) {
  detail::check_sigmas("karras_sigmas", steps, sigma_min, sigma_max);
  if (!(rho > 0)) throw ValueError(text("karras_sigmas: rho is ", rho, "; it must be positive"));
  auto sigmas = detail::power_spaced(sigma_max, sigma_min, steps, rho);
  sigmas.push_back(0);
  return sigmas;
}

inline std::vector<double> exponential_sigmas(int steps, double sigma_min, double sigma_max) {
  detail::check_sigmas("exponential_sigmas", steps, sigma_min, sigma_max);
  std::vector<double> sigmas{sigma_max};
  for (int i = 1; i < steps - 1; ++i) sigmas.push_back(sigma_max * std::pow(sigma_min / sigma_max, i / (steps - 1.0)));
  if (steps > 1) sigmas.push_back(sigma_min);
  sigmas.push_back(0);
  return sigmas;
}

/// The first time of a grid, and the last before 0.
struct TimeSpan {
  double first, last;
};

/// The ends of a schedule's own grid of 1000 steps; where it begins at pure noise, its second time.
template <NoiseLevels S>
TimeSpan time_span(const S& source) {
  const auto times = source.times(1000);
  return {std::isfinite(log_snr(source, times[0])) ? times[0] : times[1], times[999]};
}

namespace detail {

/// The times at which σ/α is as in the grid that `sigmas` makes between the ends of a span.
template <NoiseLevels S, class F>
std::vector<double> times_of_sigmas(const S& source, TimeSpan span, const F& sigmas) {
  std::vector<double> times = sigmas(std::exp(-log_snr(source, span.last)), std::exp(-log_snr(source, span.first)));
  const std::size_t last = times.size() - 2;
  for (std::size_t i = 1; i < last; ++i) times[i] = time_at_log_snr(source, -std::log(times[i]));
  if (last > 0) times[last] = span.last;
  times[0] = span.first;
  return times;
}

}  // namespace detail

template <NoiseLevels S>
std::vector<double> karras_times(const S& source, int steps, TimeSpan span, double rho = 7) {
  return detail::times_of_sigmas(source, span,
                                 [&](double min, double max) { return karras_sigmas(steps, min, max, rho); });
}

template <NoiseLevels S>
std::vector<double> karras_times(const S& source, int steps, double rho = 7) {
  return karras_times(source, steps, time_span(source), rho);
}

template <NoiseLevels S>
std::vector<double> log_snr_times(const S& source, int steps, TimeSpan span) {
  return detail::times_of_sigmas(source, span,
                                 [&](double min, double max) { return exponential_sigmas(steps, min, max); });
}

template <NoiseLevels S>
std::vector<double> log_snr_times(const S& source, int steps) {
  return log_snr_times(source, steps, time_span(source));
}

}  // namespace ink
