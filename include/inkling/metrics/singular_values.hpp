// singular_values: how far a matrix stretches, along each of its own axes.
//
//   A = Σ_k σ_k·u_k·v_kᵀ,     σ_1 ≥ σ_2 ≥ … ≥ 0, the u_k orthonormal, and the v_k
//
// By reflections from both sides until only the diagonal and the line above it are left (G. Golub, W. Kahan,
// "Calculating the singular values and pseudo-inverse of a matrix", 1965), then the eigenvalues ±σ_k of the tridiagonal
// matrix that has these numbers in turn beside an empty diagonal (metrics/tridiagonal.hpp). About 4/3·N³ multiply-adds.
// The error of each value is some roundings of the largest one.
//
// Shapes: (M, N) -> min(M, N) values, the largest first.
//
// Errors: ValueError if an element is not finite.
//
// Example:
//     Tensor<double, 2> a(Shape{2, 3}, {3, 0, 0, 0, 0, -4});
//     auto stretch = metrics::singular_values(a);               // 4 and 3
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "inkling/core/tensor.hpp"
#include "inkling/metrics/reflection.hpp"
#include "inkling/metrics/tridiagonal.hpp"

namespace ink {
namespace detail {

/// The diagonal and the line above it, in turn, of the bidiagonal matrix that reflections make of a (rows >= columns).
inline std::vector<double> bidiagonal(Tensor<double, 2> a) {
  const Index rows = a.extent(0), columns = a.extent(1);
  double* const data = a.mutable_data();
  const auto at = [&](Index i, Index j) { return data + i * columns + j; };
  std::vector<double> lines, v(static_cast<std::size_t>(rows)), w(static_cast<std::size_t>(columns));
  for (Index k = 0; k < columns; ++k) {
    const Index height = rows - k, width = columns - k - 1;
    for (Index i = 0; i < height; ++i) v[static_cast<std::size_t>(i)] = *at(k + i, k);
    const Reflection below{std::span(v).first(static_cast<std::size_t>(height))};
    lines.push_back(below.left);
    if (width == 0) break;
    std::fill(w.begin(), w.end(), 0.0);
    for (Index i = 0; i < height; ++i) add_scaled(v[static_cast<std::size_t>(i)], at(k + i, k + 1), w.data(), width);
    for (Index i = 0; i < height; ++i) {
      add_scaled(-below.tau * v[static_cast<std::size_t>(i)], w.data(), at(k + i, k + 1), width);
    }
    const Reflection right{std::span(at(k, k + 1), static_cast<std::size_t>(width))};
    lines.push_back(right.left);
    for (Index i = k + 1; i < rows; ++i) {
      add_scaled(-right.tau * dot(at(i, k + 1), at(k, k + 1), width), at(k, k + 1), at(i, k + 1), width);
    }
  }
  return lines;
}

}  // namespace detail

namespace metrics {

inline Tensor<double, 1> singular_values(const Tensor<double, 2>& matrix) {
  Tensor<double, 2> a = matrix;
  if (matrix.extent(0) < matrix.extent(1)) {
    a = Tensor<double, 2>({matrix.extent(1), matrix.extent(0)});
    for (Index i = 0; i < matrix.extent(0); ++i) {
      for (Index j = 0; j < matrix.extent(1); ++j) a(j, i) = matrix(i, j);
    }
  }
  double size = 0;
  for (const double x : a.values()) {
    if (!std::isfinite(x)) throw ValueError(text("singular_values: an element is ", x, "; all must be finite"));
    size = std::max(size, std::abs(x));
  }
  Tensor<double, 1> values(Shape{a.extent(1)});
  if (size == 0) return values;
  for (double& x : a.mutable_values()) x /= size;  // so that no square overflows
  auto beside = detail::bidiagonal(std::move(a));
  std::vector<double> both(beside.size() + 1);
  detail::tridiagonal_eigenvalues(both, std::move(beside));
  std::sort(both.begin(), both.end());
  for (Index k = 0; k < values.size(); ++k) {
    values(k) = size * std::max(0.0, both[both.size() - 1 - static_cast<std::size_t>(k)]);
  }
  return values;
}

}  // namespace metrics
}  // namespace ink
