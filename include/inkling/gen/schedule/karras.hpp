// Karras: no loss of signal, only noise, named by its strength.
//
//   α = 1, σ = t;   sampling: from σ_max to σ_min evenly in σ^{1/ρ}, then 0;   training: ln σ ~ N(−1.2, 1.2²)
//
// T. Karras, M. Aittala, T. Aila, S. Laine, "Elucidating the design space of diffusion-based generative models", 2022,
// arXiv:2206.00364.
//
// Errors: ValueError for noise levels that do not decrease, or a ρ that is not positive.
//
// Example:
//     auto sigmas = Karras{.sigma_max = 40}.times(18);
#pragma once

#include <cmath>
#include <vector>

#include "inkling/core/inverse_normal.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/time_grid.hpp"

namespace ink {

struct Karras {
  double sigma_min = 0.01, sigma_max = 80, rho = 7;
  double log_mean = -1.2, log_deviation = 1.2;  ///< of ln σ in training

  Scales operator()(double t) const { return {1, t}; }
  double log_snr_slope(double t) const { return -1 / t; }

  double time(double u) const { return std::exp(log_mean + log_deviation * inverse_normal(u)); }
  std::vector<double> times(int steps) const { return karras_sigmas(steps, sigma_min, sigma_max, rho); }
};

}  // namespace ink
