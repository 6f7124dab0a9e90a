// Sigmoid: signal that falls off along a logistic curve, for larger images the slower the smaller τ.
//
//   ᾱ(t) = [S(e/τ) − S(v)]/[S(e/τ) − S(s/τ)],   v = (s + t·(e − s))/τ,   S the logistic function, s = −3, e = 3
//
// ᾱ is at least `floor`, as in the paper; with floor 0 no signal is left at the end, and the noise is no target there.
// T. Chen, "On the importance of noise scheduling for diffusion models", 2023, arXiv:2301.10972.
//
// Errors: ValueError for an end that is not after the start, a τ that is not positive, or a floor outside [0, 1).
//
// Example:
//     Scales half = Sigmoid{.tau = 0.9}(0.5);
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

struct Sigmoid {
  double start = -3, end = 3, tau = 1, floor = 1e-9;

  Scales operator()(double t) const {
    const double alpha_bar = t < 1 ? rise(t, 1) / rise(0, 1) : 0;
    if (alpha_bar <= floor) return detail::variance_preserving(floor, 1 - floor);
    return detail::variance_preserving(alpha_bar, rise(0, t) / rise(0, 1));
  }

  double log_snr_slope(double t) const {
    const Scales s = (*this)(t);
    if (t >= 1 || s.alpha * s.alpha <= floor) return floor > 0 ? 0 : -HUGE_VAL;
    const double c = std::cosh(at(t) / 2);
    return detail::variance_preserving_slope(-(end - start) / tau / (4 * c * c * rise(t, 1)), s);
  }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const {
    if (!(start < end && tau > 0 && floor >= 0 && floor < 1)) {
      throw ValueError(text("Sigmoid: start is ", start, ", end is ", end, ", tau is ", tau, ", floor is ", floor,
                            "; start must be before end, tau positive, and floor in [0, 1)"));
    }
    return detail::even_times(steps);
  }

 private:
  double at(double t) const { return (start + t * (end - start)) / tau; }
  /// S(at(b)) − S(at(a)) = sinh(d/2)/(2·cosh·cosh), which keeps its digits where a and b are close.
  double rise(double a, double b) const {
    return std::sinh((b - a) * (end - start) / tau / 2) / (2 * std::cosh(at(a) / 2) * std::cosh(at(b) / 2));
  }
};

}  // namespace ink
