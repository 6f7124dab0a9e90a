// Reflections, by which a matrix is brought to few lines beside its diagonal (A. Householder, "Unitary
// triangularization of a nonsymmetric matrix", 1958), and the sums that they are made of.
#pragma once

#include <cmath>
#include <span>

#include "inkling/core/shape.hpp"

namespace ink::detail {

/// Four sums side by side, so that one addition need not wait for another.
inline double dot(const double* a, const double* b, Index n) {
  double sum[4] = {};
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int j = 0; j < 4; ++j) sum[j] += a[i + j] * b[i + j];
  }
  for (; i < n; ++i) sum[0] += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/// y += s·x.
inline void add_scaled(double s, const double* x, double* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] += s * x[i];
}

/// Makes x the vector v with v_0 = 1 of the reflection 1 − τ·v·vᵀ that leaves only the first element of x.
struct Reflection {
  double tau = 0, left = 0;  ///< τ, and that element

  explicit Reflection(std::span<double> x) {
    const double rest = dot(x.data() + 1, x.data() + 1, static_cast<Index>(x.size()) - 1);
    left = x[0];
    if (rest > 0) {
      left = -std::copysign(std::sqrt(x[0] * x[0] + rest), x[0]);
      tau = (left - x[0]) / left;
      for (double& v : x.subspan(1)) v /= x[0] - left;
    }
    x[0] = 1;
  }
};

}  // namespace ink::detail
