// Noise schedules: how much signal and how much noise there is at time t.
//
//   x_t = α_t·x₀ + σ_t·ε,   ε ~ N(0, I)
//
// A schedule is any type with three const members:
//   operator()(t)   Scales{α_t, σ_t}; no noise at t = 0, most at the largest t
//   time(u)         the u-quantile of the times drawn in training, u in (0, 1)
//   times(n)        the n + 1 decreasing times of a sampler with n steps; the last is 0
//
// LinearBeta  β from 1e-4 to 0.02 in T steps. J. Ho, A. Jain, P. Abbeel, "Denoising diffusion probabilistic models",
//           2020, arXiv:2006.11239. ᾱ_i = Π(1 − β_j) at t = i/T, log-linear in between.
// Cosine    ᾱ(t) = f(t)/f(0), f(t) = cos²((t + s)/(1 + s)·π/2), s = 0.008. A. Nichol, P. Dhariwal, "Improved denoising
//           diffusion probabilistic models", 2021, arXiv:2102.09672. ᾱ(1) is the one of 1000 steps with β ≤ 0.999.
// Karras    α = 1, σ = t, from σ_max to σ_min evenly in σ^{1/ρ}, then 0; ln σ ~ N(−1.2, 1.2²) in training. T. Karras,
//           M. Aittala, T. Aila, S. Laine, "Elucidating the design space of diffusion-based generative models", 2022,
//           arXiv:2206.00364.
//
// Example:
//     Cosine schedule;
//     Scales half = schedule(0.5);
//     double signal_to_noise = half.alpha * half.alpha / (half.sigma * half.sigma);
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/inverse_normal.hpp"

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

/// The linear-β schedule of DDPM.
class LinearBeta {
 public:
  struct Options {
    int steps = 1000;
    double first = 1e-4, last = 0.02;  ///< β at 1000 steps; scaled by 1000/steps
  };

  LinearBeta() : LinearBeta(Options{}) {}
  explicit LinearBeta(const Options& options) {
    if (options.steps < 2) throw ValueError(text("LinearBeta: steps is ", options.steps, "; it must be at least 2"));
    const double scale = 1000.0 / options.steps;
    log_alpha_bar_.push_back(0);
    for (int i = 0; i < options.steps; ++i) {
      const double beta = scale * (options.first + (options.last - options.first) * i / (options.steps - 1));
      if (!(beta > 0 && beta < 1)) throw ValueError(text("LinearBeta: beta is ", beta, "; it must be in (0, 1)"));
      log_alpha_bar_.push_back(log_alpha_bar_.back() + std::log1p(-beta));
    }
  }

  Scales operator()(double t) const {
    const double at = t * static_cast<double>(log_alpha_bar_.size() - 1);
    const auto last = log_alpha_bar_.size() - 2;
    const auto i = at <= 0 ? 0 : std::min(static_cast<std::size_t>(at), last);
    const double fraction = at - static_cast<double>(i);
    const double log_bar = log_alpha_bar_[i] + fraction * (log_alpha_bar_[i + 1] - log_alpha_bar_[i]);
    return {std::exp(log_bar / 2), std::sqrt(-std::expm1(log_bar))};
  }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }

 private:
  std::vector<double> log_alpha_bar_;
};

struct Cosine {
  double offset = 0.008;

  Scales operator()(double t) const {
    const double alpha_bar = ratio(t), floor = 1e-3 * ratio(1 - 1e-3);
    return detail::variance_preserving(std::min(1.0, std::max(alpha_bar, floor)));
  }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }

 private:
  double ratio(double t) const {
    const auto f = [&](double u) {
      const double c = std::cos((u + offset) / (1 + offset) * 1.57079632679489661923);
      return c * c;
    };
    return f(t) / f(0);
  }
};

struct Karras {
  double sigma_min = 0.01, sigma_max = 80, rho = 7;
  double log_mean = -1.2, log_deviation = 1.2;  ///< of ln σ in training

  Scales operator()(double t) const { return {1, t}; }

  double time(double u) const { return std::exp(log_mean + log_deviation * inverse_normal(u)); }

  std::vector<double> times(int steps) const {
    detail::check_steps(steps);
    const double high = std::pow(sigma_max, 1 / rho), low = std::pow(sigma_min, 1 / rho);
    std::vector<double> sigmas{sigma_max};
    for (int i = 1; i < steps; ++i) sigmas.push_back(std::pow(high + (low - high) * i / (steps - 1), rho));
    sigmas.push_back(0);
    return sigmas;
  }
};

}  // namespace ink
