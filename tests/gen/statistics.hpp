// What draws are held to: moments and frequencies.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "inkling/core/tensor.hpp"

namespace statistics {

template <class T, int R>
double mean_of(const ink::Tensor<T, R>& x) {
  double sum = 0;
  for (T v : x.values()) sum += static_cast<double>(v);
  return sum / static_cast<double>(x.size());
}

/// The mean square of the differences from `mean`.
template <class T, int R>
double variance_around(double mean, const ink::Tensor<T, R>& x) {
  double sum = 0;
  for (T v : x.values()) sum += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  return sum / static_cast<double>(x.size());
}

/// Σ (seen − expected)² / expected. Of `n` draws from `probabilities` it is χ²-distributed with one degree of freedom
/// less than there are probabilities.
inline double chi_square(const std::vector<double>& seen, const std::vector<double>& probabilities, double n) {
  double sum = 0;
  for (std::size_t k = 0; k < probabilities.size(); ++k) {
    const double expected = n * probabilities[k];
    sum += (seen[k] - expected) * (seen[k] - expected) / expected;
  }
  return sum;
}

/// Kolmogorov and Smirnov's distance between the numbers' distribution and the uniform one on (0, 1), times √n. Of
/// uniform numbers it is above 1.95 in one case of a thousand.
inline double distance_from_uniform(std::vector<double> u) {
  std::sort(u.begin(), u.end());
  const double n = static_cast<double>(u.size());
  double most = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double place = static_cast<double>(i);
    most = std::max({most, u[i] - place / n, (place + 1) / n - u[i]});
  }
  return most * std::sqrt(n);
}

}  // namespace statistics
