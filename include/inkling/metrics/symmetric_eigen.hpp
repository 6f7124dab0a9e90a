// symmetric_eigen: the eigenvalues and eigenvectors of a symmetric matrix.
//
//   A = Σ_k λ_k·v_k·v_kᵀ,     λ_1 ≥ λ_2 ≥ …, the v_k orthonormal
//
// By Jacobi's method: plane rotations, each of which makes one element outside of the diagonal zero, until nothing is
// left of them. C. Jacobi, "Über ein leichtes Verfahren, die in der Theorie der Säcularstörungen vorkommenden
// Gleichungen numerisch aufzulösen", 1846. Every sweep takes about 6·D³ operations, and about ten are needed: for up to
// some hundred dimensions.
//
// Shapes: (D, D) -> values (D), vectors (D, D), the k-th in row k. What is above the diagonal is not read.
//
// Errors: ShapeError unless the matrix is square; ValueError if an element is not finite.
//
// Example:
//     Tensor<double, 2> a(Shape{2, 2}, {2, 1, 1, 2});
//     auto eigen = metrics::symmetric_eigen(a);                 // 3 and 1
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/core/error.hpp"
#include "inkling/core/sorted_order.hpp"
#include "inkling/core/tensor.hpp"

namespace ink::metrics {

struct SymmetricEigen {
  Tensor<double, 1> values;
  Tensor<double, 2> vectors;
};

inline SymmetricEigen symmetric_eigen(const Tensor<double, 2>& matrix) {
  const Index n = matrix.extent(0);
  if (matrix.extent(1) != n) {
    throw ShapeError(text("symmetric_eigen: the matrix is ", matrix.shape(), "; it must be square"));
  }
  Tensor<double, 2> a = matrix, v({n, n});
  double size = 0;
  for (Index i = 0; i < n; ++i) {
    v(i, i) = 1;
    for (Index j = 0; j <= i; ++j) {
      if (!std::isfinite(a(i, j))) {
        throw ValueError(text("symmetric_eigen: element (", i, ", ", j, ") is ", a(i, j), "; it must be finite"));
      }
      a(j, i) = a(i, j);
      size = std::max(size, std::abs(a(i, j)));
    }
  }
  const auto rotate = [n](Tensor<double, 2>& m, Index p, Index q, double c, double s) {  // rows p and q
    double *x = m.mutable_data() + p * n, *y = m.mutable_data() + q * n;
    for (Index k = 0; k < n; ++k) {
      const double before = x[k];
      x[k] = c * before - s * y[k];
      y[k] = s * before + c * y[k];
    }
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Index p = 0; p < n; ++p) {
      for (Index q = p + 1; q < n; ++q) {
        const double off = a(p, q);
        if (std::abs(off) <= 1e-17 * size) continue;
        changed = true;
        // tan of the angle: the smaller root of t² + 2θt − 1 = 0.
        const double theta = (a(q, q) - a(p, p)) / (2 * off);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        const double first = a(p, p) - t * off, second = a(q, q) + t * off;
        rotate(a, p, q, c, s);
        for (Index k = 0; k < n; ++k) {
          a(k, p) = a(p, k);
          a(k, q) = a(q, k);
        }
        a(p, p) = first;
        a(q, q) = second;
        a(p, q) = a(q, p) = 0;
        rotate(v, p, q, c, s);
      }
    }
  }
  const auto value = [&](std::size_t i) { return a(static_cast<Index>(i), static_cast<Index>(i)); };
  const auto order =
      sorted_order(static_cast<std::size_t>(n), [&](std::size_t i, std::size_t j) { return value(i) > value(j); });
  SymmetricEigen eigen{Tensor<double, 1>(Shape{n}), Tensor<double, 2>({n, n})};
  for (Index k = 0; k < n; ++k) {
    const auto from = static_cast<Index>(order[static_cast<std::size_t>(k)]);
    eigen.values(k) = a(from, from);
    std::copy_n(v.data() + from * n, n, eigen.vectors.mutable_data() + k * n);
  }
  return eigen;
}

}  // namespace ink::metrics
