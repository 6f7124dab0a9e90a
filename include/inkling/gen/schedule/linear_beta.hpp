// LinearBeta: the schedule of DDPM, β from 1e-4 to 0.02 in T steps.
//
//   ᾱ_i = Π_{j ≤ i} (1 − β_j) at t = i/T, log-linear in between
//
// J. Ho, A. Jain, P. Abbeel, "Denoising diffusion probabilistic models", 2020, arXiv:2006.11239.
//
// Errors: ValueError for fewer than two steps, or a β outside (0, 1).
//
// Example:
//     LinearBeta schedule({.steps = 1000});
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

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

}  // namespace ink
