// Karras: no loss of signal, only noise, named by its strength.
//
//   α = 1, σ = t;   sampling: from σ_max to σ_min evenly in σ^{1/ρ}, then 0;   training: ln σ ~ N(−1.2, 1.2²)
//
// T. Karras, M. Aittala, T. Aila, S. Laine, "Elucidating the design space of diffusion-based generative models", 2022,
// arXiv:2206.00364.
//
// Example:
//     auto sigmas = Karras{.sigma_max = 40}.times(18);
#pragma once

#include <cmath>
#include <vector>

#include "inkling/core/inverse_normal.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

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
