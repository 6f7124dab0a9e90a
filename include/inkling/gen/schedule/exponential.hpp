// Exponential: no loss of signal, only noise, named by its strength; every factor of noise is as likely, and as long.
//
//   α = 1, σ = t;   sampling: from σ_max to σ_min evenly in ln σ, then 0;   training: ln σ uniform between them
//
// The noise levels of Y. Song, S. Ermon, "Generative modeling by estimating gradients of the data distribution", 2019,
// arXiv:1907.05600. VarianceExploding has them too, named by t in [0, 1].
//
// Errors: ValueError for noise levels that do not decrease.
//
// Example:
//     auto sigmas = Exponential{.sigma_max = 40}.times(18);
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/time_grid.hpp"

namespace ink {

struct Exponential {
  double sigma_min = 0.01, sigma_max = 80;

  Scales operator()(double t) const { return {1, t}; }
  double log_snr_slope(double t) const { return -1 / t; }

  double time(double u) const { return sigma_min * std::pow(sigma_max / sigma_min, u); }
  std::vector<double> times(int steps) const { return exponential_sigmas(steps, sigma_min, sigma_max); }
};

}  // namespace ink
