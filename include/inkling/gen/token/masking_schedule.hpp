// Masking schedules: which fraction of the pixels a discrete diffusion keeps until time t.
//
//   LinearMasking    α_t = 1 − t                   weight 1/t
//   CosineMasking    α_t = 1 − cos(π/2·(1 − t))    weight π/2·tan(π/2·(1 − t))
//
// Linear: J. Austin et al. 2021, arXiv:2107.03006; cosine: H. Chang et al. 2022, arXiv:2202.04200; both with their
// weights: J. Shi et al. 2024, arXiv:2406.04329.
//
// A schedule is any type with two const members:
//   operator()(t)   α_t: all at t = 0, none at t = 1
//   weight(t)       −α'_t/(1 − α_t), the weight of the masked pixels' log-probability in the bound
//
// Example:
//     double kept = CosineMasking{}(0.5);                       // 0.29
#pragma once

#include <cmath>
#include <concepts>

namespace ink {

template <class S>
concept MaskingSchedule = requires(const S& schedule, double t) {
  { schedule(t) } -> std::convertible_to<double>;
  { schedule.weight(t) } -> std::convertible_to<double>;
};

struct LinearMasking {
  double operator()(double t) const { return 1 - t; }
  double weight(double t) const { return 1 / t; }
};

struct CosineMasking {
  double operator()(double t) const { return 1 - std::cos(quarter * (1 - t)); }
  double weight(double t) const { return quarter * std::tan(quarter * (1 - t)); }

 private:
  static constexpr double quarter = 1.57079632679489661923;
};

}  // namespace ink
