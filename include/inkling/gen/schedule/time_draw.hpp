// Time draws: which times of the noise schedule the images of a training batch are given.
//
// A draw is any type with a const member
//   quantiles(n, key)    one number u in (0, 1) for each of n images; each by itself uniform, over the keys
// The time is the schedule's own u-quantile, `schedule.time(u)`, unless the draw has
//   time(schedule, u)    another distribution's u-quantile
//
// StratifiedTimes    one u in each n-th of (0, 1), dealt to the images at random: the default. Its mean loss has a far
//                    lower variance than that of independent times.   D. Kingma et al. 2021, arXiv:2107.00630
// UniformTimes       independent
// AntitheticTimes    in pairs, u and 1 − u.   J. Hammersley, K. Morton, "A new Monte Carlo technique: antithetic
//                    variates", 1956
// GridTimes          stratified, and rounded up to the steps 1/T, …, 1 of a chain, as DDPM is trained
// LogNormalTimes     stratified, ln σ/α ~ N(mean, deviation²), within the schedule's range.   T. Karras et al. 2022,
//                    arXiv:2206.00364
// LogitNormalTimes   stratified, t = sigmoid(z), z ~ N(mean, deviation²), for schedules from 0 to 1.   P. Esser et al.
//                    2024, arXiv:2403.03206
//
// Row i of independent and antithetic times does not depend on the size of the batch; that of stratified ones has to.
//
// Errors: ValueError for a deviation that is not positive, or fewer than one step.
//
// Example (declarations):
//     struct LateTimes {                                     // a draw of the user's: where there is much noise
//       Tensor<double, 1> quantiles(Index n, Key key) const { return stratified(n, key); }
//       double time(const auto& schedule, double u) const { return schedule.time(std::sqrt(u)); }
//     };
// Example:
//     auto times = draw_times(LogitNormalTimes{.mean = 0, .deviation = 1}, Cosine{}, 64, Key{1});
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>

#include "inkling/core/inverse_normal.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/log_snr.hpp"

namespace ink {

template <class D>
concept TimeDraw = requires(const D& draw, Index n, Key key) {
  { draw.quantiles(n, key) } -> std::same_as<Tensor<double, 1>>;
};

namespace detail {

inline double normal_quantile(const char* draw, double mean, double deviation, double u) {
  if (!(deviation > 0)) throw ValueError(text(draw, ": deviation is ", deviation, "; it must be positive"));
  return mean + deviation * inverse_normal(u);
}

}  // namespace detail

struct StratifiedTimes {
  Tensor<double, 1> quantiles(Index n, Key key) const { return stratified(n, key); }
};

struct UniformTimes {
  Tensor<double, 1> quantiles(Index n, Key key) const {
    auto u = uniform<double>(Shape{n}, key);
    for (double& v : u.mutable_values()) v = std::max(v, 0x1p-54);
    return u;
  }
};

struct AntitheticTimes {
  Tensor<double, 1> quantiles(Index n, Key key) const {
    const auto half = UniformTimes{}.quantiles((n + 1) / 2, key);
    Tensor<double, 1> u(Shape{n});
    for (Index i = 0; i < n; ++i) u(i) = i % 2 == 0 ? half(i / 2) : std::min(1 - half(i / 2), 1 - 0x1p-53);
    return u;
  }
};

struct GridTimes {
  int steps = 1000;

  Tensor<double, 1> quantiles(Index n, Key key) const { return stratified(n, key); }
  double time(const auto& schedule, double u) const {
    if (steps < 1) throw ValueError(text("GridTimes: steps is ", steps, "; it must be at least 1"));
    return std::ceil(schedule.time(u) * steps) / steps;
  }
};

struct LogNormalTimes {
  double mean = -1.2, deviation = 1.2;

  Tensor<double, 1> quantiles(Index n, Key key) const { return stratified(n, key); }
  double time(const auto& schedule, double u) const {
    const double least = log_snr(schedule, schedule.times(1).front());
    return time_at_log_snr(schedule, std::max(least, -detail::normal_quantile("LogNormalTimes", mean, deviation, u)));
  }
};

struct LogitNormalTimes {
  double mean = 0, deviation = 1;

  Tensor<double, 1> quantiles(Index n, Key key) const { return stratified(n, key); }
  double time(const auto&, double u) const {
    return 1 / (1 + std::exp(-detail::normal_quantile("LogitNormalTimes", mean, deviation, u)));
  }
};

/// The times of n training images.
template <TimeDraw D, NoiseSchedule S>
Tensor<double, 1> draw_times(const D& draw, const S& schedule, Index n, Key key) {
  auto times = draw.quantiles(n, key);
  for (double& t : times.mutable_values()) {
    if constexpr (requires { draw.time(schedule, t); }) {
      t = draw.time(schedule, t);
    } else {
      t = schedule.time(t);
    }
  }
  return times;
}

}  // namespace ink
