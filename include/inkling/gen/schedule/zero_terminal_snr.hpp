// ZeroTerminalSnr: any schedule, made to end without any signal, so that sampling begins where training does.
//
//   √ᾱ ← (√ᾱ − √ᾱ_T)·√ᾱ_1/(√ᾱ_1 − √ᾱ_T)
//
// The first step of a table keeps its signal; of other schedules, t = 0 does. A schedule that does not preserve the
// variance is first made to, by α/√(α² + σ²). At the end clean_estimate (gen/target.hpp) refuses NoiseTarget.
// S. Lin et al., "Common diffusion noise schedules and sample steps are flawed", 2023, arXiv:2305.08891, algorithm 1.
//
// Errors: ValueError for a schedule that loses no signal.
//
// Example:
//     ZeroTerminalSnr schedule{LinearBeta{}};
//     double nothing = schedule(1).alpha;                    // 0
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/log_snr.hpp"

namespace ink {

template <NoiseSchedule S>
class ZeroTerminalSnr {
 public:
  S schedule;

  explicit ZeroTerminalSnr(S s) : schedule(std::move(s)), last_time_(schedule.times(1).front()) {
    if constexpr (requires { schedule.steps(); }) kept_time_ = 1.0 / schedule.steps();
    kept_ = preserved(kept_time_);
    last_ = preserved(last_time_).alpha;
    if (last_ < kept_.alpha) return;
    throw ValueError(text("ZeroTerminalSnr: the signal goes from ", kept_.alpha, " to ", last_, "; it must decrease"));
  }

  Scales operator()(double t) const {
    const Scales s = preserved(t);
    if (t <= kept_time_) return s;
    if (t >= last_time_ || s.alpha <= last_) return {0, 1};
    const double alpha = (s.alpha - last_) * kept_.alpha / (kept_.alpha - last_);
    const double rest = (kept_.alpha * loss(s) - last_ * loss(kept_)) / (kept_.alpha - last_);  // 1 − alpha
    return {alpha, std::sqrt(rest * (1 + alpha))};
  }

  double log_snr_slope(double t) const {
    const double before = ink::log_snr_slope(schedule, t);
    if (t <= kept_time_) return before;
    const Scales from = preserved(t), to = (*this)(t);
    if (to.alpha == 0) return -HUGE_VAL;
    // dα/dt = α·σ²·dλ/dt on both sides, and here it grew by √ᾱ_1/(√ᾱ_1 − √ᾱ_T).
    const double grown = kept_.alpha / (kept_.alpha - last_);
    return before * grown * from.alpha * from.sigma * from.sigma / (to.alpha * to.sigma * to.sigma);
  }

  double time(double u) const { return schedule.time(u); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

 private:
  Scales preserved(double t) const {
    const Scales s = schedule(t);
    const double length = std::hypot(s.alpha, s.sigma);
    return {s.alpha / length, s.sigma / length};
  }
  static double loss(Scales s) { return s.sigma * s.sigma / (1 + s.alpha); }  // 1 − α

  double last_time_, kept_time_ = 0, last_ = 0;
  Scales kept_{1, 0};
};

}  // namespace ink
