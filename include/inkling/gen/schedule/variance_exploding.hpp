// VarianceExploding: no loss of signal; the noise grows by the same factor in the same time.
//
//   α = 1, σ(t) = σ_min·(σ_max/σ_min)^t for t in (0, 1];   σ(0) = 0: a jump, of σ_min
//
// Y. Song et al., "Score-based generative modeling through stochastic differential equations", 2021, arXiv:2011.13456.
//
// Example:
//     double strongest = VarianceExploding{.sigma_max = 40}(1).sigma;
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

struct VarianceExploding {
  double sigma_min = 0.01, sigma_max = 50;

  Scales operator()(double t) const { return {1, t > 0 ? sigma_min * std::pow(sigma_max / sigma_min, t) : 0}; }
  double log_snr_slope(double) const { return -std::log(sigma_max / sigma_min); }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const {
    if (!(sigma_min > 0 && sigma_min < sigma_max)) {
      throw ValueError(text("VarianceExploding: sigma_min is ", sigma_min, ", sigma_max is ", sigma_max,
                            "; sigma_min must be positive and less than sigma_max"));
    }
    return detail::even_times(steps);
  }
};

}  // namespace ink
