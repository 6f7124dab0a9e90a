// VariancePreserving: DDPM's linear β in continuous time.
//
//   β(t) = β_min + (β_max − β_min)·t,   ᾱ(t) = exp(−∫₀ᵗ β) = exp(−½(β_max − β_min)·t² − β_min·t)
//
// Y. Song et al., "Score-based generative modeling through stochastic differential equations", 2021, arXiv:2011.13456.
//
// Example:
//     Scales half = VariancePreserving{}(0.5);
#pragma once

#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

struct VariancePreserving {
  double beta_min = 0.1, beta_max = 20;

  Scales operator()(double t) const {
    return detail::variance_preserving(-t * (0.5 * (beta_max - beta_min) * t + beta_min));
  }
  double log_snr_slope(double t) const {
    return detail::variance_preserving_slope(-(beta_min + (beta_max - beta_min) * t), (*this)(t));
  }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const {
    if (!(beta_min >= 0 && beta_max >= 0 && beta_min + beta_max > 0)) {
      throw ValueError(text("VariancePreserving: beta_min is ", beta_min, ", beta_max is ", beta_max,
                            "; they must not be negative, nor both 0"));
    }
    return detail::even_times(steps);
  }
};

}  // namespace ink
