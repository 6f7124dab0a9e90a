// Images of two pixels that are jointly normal, with their exact denoiser: what one pixel says of the other is known.
#pragma once

#include <cmath>
#include <vector>

#include "analytic.hpp"
#include "inkling/core/random.hpp"
#include "inkling/dist/dirac.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace analytic {

/// Covariance `variance`·(1, correlation; correlation, 1): (1, 1) and (1, −1) are its axes.
template <class Schedule>
struct GaussianPair {
  Schedule schedule;
  double variance = 0.36, correlation = 0.8;

  /// The variances along the two axes.
  double even() const { return variance * (1 + correlation); }
  double odd() const { return variance * (1 - correlation); }

  Images draw(ink::Index n, ink::Key key) const {
    Images x = ink::normal<double>(ink::Shape<4>{n, 1, 2, 1}, key);
    for (ink::Index i = 0; i < n; ++i) {
      const double along = x(i, 0, 0, 0) * std::sqrt(even() / 2), across = x(i, 0, 1, 0) * std::sqrt(odd() / 2);
      x(i, 0, 0, 0) = along + across;
      x(i, 0, 1, 0) = along - across;
    }
    return x;
  }

  ink::Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

  template <ink::TensorLike X, class C>
  auto posterior(const X& x, double t, const C&) const {
    const ink::Scales s = schedule(t);
    const auto gain = [&](double v) { return s.alpha * v / (s.alpha * s.alpha * v + s.sigma * s.sigma); };
    // The part of x along (1, 1) is its mean, twice.
    return ink::Dirac(x * gain(odd()) + mean_keep<2>(x) * (gain(even()) - gain(odd())));
  }
};

}  // namespace analytic
