// Cosine: signal that falls off more slowly than that of DDPM, for small images.
//
//   ᾱ(t) = f(t)/f(0),   f(t) = cos²((t + s)/(1 + s)·π/2),   s = 0.008;   ᾱ(1) is the one of 1000 steps with β ≤ 0.999
//
// From 1 − 3e-5 on, ᾱ stays at ᾱ(1). A. Nichol, P. Dhariwal, "Improved denoising diffusion probabilistic models", 2021,
// arXiv:2102.09672.
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
    const double alpha_bar = ratio(t), least = floor();
    if (alpha_bar < least) return detail::variance_preserving(least, 1 - least);
    // 1 − cos²a/cos²b = sin(a − b)·sin(a + b)/cos²b keeps its digits near t = 0.
    return detail::variance_preserving(
        alpha_bar, std::sin(t * speed()) * std::sin((t + 2 * offset) * speed()) / (root(0) * root(0)));
  }

  double log_snr_slope(double t) const {
    if (ratio(t) < floor()) return 0;
    return detail::variance_preserving_slope(-2 * speed() / std::tan((1 - t) * speed()), (*this)(t));
  }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }

 private:
  double speed() const { return 1.57079632679489661923 / (1 + offset); }
  /// √f, as the sine of the angle that is left.
  double root(double t) const { return std::sin(std::max(0.0, 1 - t) * speed()); }
  double ratio(double t) const { return root(t) * root(t) / (root(0) * root(0)); }
  double floor() const { return 1e-3 * ratio(1 - 1e-3); }
};

}  // namespace ink
