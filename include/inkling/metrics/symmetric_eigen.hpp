// symmetric_eigen: the eigenvalues and eigenvectors of a symmetric matrix.
//
//   A = Σ_k λ_k·v_k·v_kᵀ,     λ_1 ≥ λ_2 ≥ …, the v_k orthonormal
//
// By reflections until only the diagonal and the lines beside it are left (A. Householder, "Unitary triangularization
// of a nonsymmetric matrix", 1958), then the QL method (metrics/tridiagonal.hpp), whose rotations are applied to the
// product of the reflections. About 5·D³ multiply-adds: some seconds for D = 784.
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
#include <span>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/core/tensor.hpp"
#include "inkling/metrics/reflection.hpp"
#include "inkling/metrics/tridiagonal.hpp"

namespace ink::metrics {

struct SymmetricEigen {
  Tensor<double, 1> values;
  Tensor<double, 2> vectors;
};

}  // namespace ink::metrics

namespace ink::detail {

/// The lower half of a symmetric matrix, as a whole one.
inline Tensor<double, 2> whole_of_lower(const Tensor<double, 2>& matrix) {
  const Index n = matrix.extent(0);
  if (matrix.extent(1) != n) {
    throw ShapeError(text("symmetric_eigen: the matrix is ", matrix.shape(), "; it must be square"));
  }
  Tensor<double, 2> a({n, n});
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      if (!std::isfinite(matrix(i, j))) {
        throw ValueError(text("symmetric_eigen: element (", i, ", ", j, ") is ", matrix(i, j), "; it must be finite"));
      }
      a(i, j) = a(j, i) = matrix(i, j);
    }
  }
  return a;
}

/// A tridiagonal matrix T and the orthonormal V with A = Vᵀ·T·V.
struct Tridiagonal {
  std::vector<double> diagonal, beside;
  Tensor<double, 2> vectors;

  explicit Tridiagonal(Tensor<double, 2> a) : vectors({a.extent(0), a.extent(0)}) {
    const Index n = a.extent(0);
    double* const data = a.mutable_data();
    std::vector<double> taus, w(static_cast<std::size_t>(n));
    for (Index k = 0; k + 1 < n; ++k) {  // row k, right of the diagonal, becomes the vector of its reflection
      const Index rest = n - k - 1;
      double* const v = data + k * n + k + 1;
      const Reflection reflection{std::span(v, static_cast<std::size_t>(rest))};
      for (Index i = 0; i < rest; ++i) {
        w[static_cast<std::size_t>(i)] = reflection.tau * dot(data + (k + 1 + i) * n + k + 1, v, rest);
      }
      add_scaled(-reflection.tau / 2 * dot(w.data(), v, rest), v, w.data(), rest);
      for (Index i = 0; i < rest; ++i) {
        double* const row = data + (k + 1 + i) * n + k + 1;
        add_scaled(-v[i], w.data(), row, rest);
        add_scaled(-w[static_cast<std::size_t>(i)], v, row, rest);
      }
      taus.push_back(reflection.tau);
      beside.push_back(reflection.left);
    }
    for (Index i = 0; i < n; ++i) {
      diagonal.push_back(a(i, i));
      vectors(i, i) = 1;
    }
    double* const out = vectors.mutable_data();
    for (Index k = n - 2; k >= 0; --k) {
      const double* const v = data + k * n + k + 1;
      for (Index i = k + 1; i < n; ++i) {
        double* const row = out + i * n + k + 1;
        add_scaled(-taus[static_cast<std::size_t>(k)] * dot(row, v, n - k - 1), v, row, n - k - 1);
      }
    }
  }
};

}  // namespace ink::detail

namespace ink::metrics {

inline SymmetricEigen symmetric_eigen(const Tensor<double, 2>& matrix) {
  detail::Tridiagonal reduced(detail::whole_of_lower(matrix));
  auto& values = reduced.diagonal;
  const Index n = matrix.extent(0);
  double* const rows = reduced.vectors.mutable_data();
  detail::tridiagonal_eigenvalues(values, std::move(reduced.beside), [=](std::size_t i, double c, double s) {
    double *x = rows + static_cast<Index>(i) * n, *y = x + n;
    for (Index k = 0; k < n; ++k) {
      const double before = x[k];
      x[k] = c * before - s * y[k];
      y[k] = s * before + c * y[k];
    }
  });
  const auto order = sorted_order(values.size(), [&](std::size_t i, std::size_t j) { return values[i] > values[j]; });
  SymmetricEigen eigen{Tensor<double, 1>(Shape{n}), Tensor<double, 2>({n, n})};
  for (Index k = 0; k < n; ++k) {
    const std::size_t from = order[static_cast<std::size_t>(k)];
    eigen.values(k) = values[from];
    std::copy_n(rows + static_cast<Index>(from) * n, n, eigen.vectors.mutable_data() + k * n);
  }
  return eigen;
}

}  // namespace ink::metrics
