// Cosine: signal that falls off more slowly than that of DDPM, for small images.
//
//   ᾱ(t) = f(t)/f(0),   f(t) = cos²((t + s)/(1 + s)·π/2),   s = 0.008;   ᾱ(1) is the one of 1000 steps with β ≤ 0.999
//
// A. Nichol, P. Dhariwal, "Improved denoising diffusion probabilistic models", 2021, arXiv:2102.09672.
//
// Example:
//     Scales half = Cosine{}(0.5);
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

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

}  // namespace ink
