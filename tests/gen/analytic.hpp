// Denoisers that are known exactly: of Gaussian data and of a mixture of three points in one dimension.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/dist/dirac.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/karras.hpp"

namespace analytic {

using Images = ink::Tensor<double, 4>;

/// Every number independently normal with the given variance: E[x₀ | x_t] = α·v/(α²·v + σ²)·x_t.
template <class Schedule, class T = double>
struct GaussianData {
  using Images = ink::Tensor<T, 4>;

  Schedule schedule;
  double variance = 0.36;

  ink::Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

  template <ink::TensorLike X, class C>
  auto posterior(const X& x, double t, const C&) const {
    const auto s = schedule(t);
    return ink::Dirac(X(x * (s.alpha * variance / (s.alpha * s.alpha * variance + s.sigma * s.sigma))));
  }

  template <class K>
  Images prior(const ink::Shape<4>& shape, const K& key) const {
    const auto s = schedule(schedule.times(1).front());
    return ink::normal<T>(shape, key) * std::sqrt(s.alpha * s.alpha * variance + s.sigma * s.sigma);
  }
};

/// Three narrow modes: E[x₀ | x_t] by Bayes.
struct ThreeModes {
  ink::Karras schedule{.sigma_min = 0.05, .sigma_max = 10};
  std::array<double, 3> means{-1, 0.2, 1.3}, weights{0.3, 0.5, 0.2};
  double deviation = 0.15;

  ink::Scales scales(double t) const { return schedule(t); }

  /// Log-uniform σ from 10 to 0.05: where the orders of convergence are measured.
  std::vector<double> times(int steps) const {
    std::vector<double> times;
    for (int i = 0; i <= steps; ++i) {
      times.push_back(schedule.sigma_max * std::pow(schedule.sigma_min / schedule.sigma_max, double(i) / steps));
    }
    return times;
  }

  /// The probability that data with noise σ lie below x. The probability flow moves x so that it stays the same.
  double below(double x, double sigma) const {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      sum += weights[k] * 0.5 * std::erfc((means[k] - x) / std::sqrt(2 * (deviation * deviation + sigma * sigma)));
    }
    return sum;
  }

  /// Where the probability flow takes x, from one noise to another.
  double flow(double x, double from, double to) const {
    const double p = below(x, from);
    double low = -20, high = 20;
    for (int i = 0; i < 100; ++i) {
      const double middle = 0.5 * (low + high);
      (below(middle, to) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }
  double exact(double x) const { return flow(x, schedule.sigma_max, schedule.sigma_min); }

  template <class C>
  auto posterior(const Images& x, double t, const C&) const {
    Images mean(x.shape());
    for (ink::Index i = 0; i < x.size(); ++i) {
      const double v = x.data()[i], variance = deviation * deviation, total = variance + t * t;
      double weight = 0, sum = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        const double w = weights[k] * std::exp(-(v - means[k]) * (v - means[k]) / (2 * total));
        weight += w;
        sum += w * (means[k] * t * t + v * variance) / total;
      }
      mean.mutable_data()[i] = sum / weight;
    }
    return ink::Dirac(std::move(mean));
  }
};

inline double variance_of(const Images& x) {
  double sum = 0, squares = 0;
  for (double v : x.values()) {
    sum += v;
    squares += v * v;
  }
  const double n = static_cast<double>(x.size());
  return squares / n - sum * sum / (n * n);
}

}  // namespace analytic
