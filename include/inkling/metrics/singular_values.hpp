// singular_values: how far a matrix stretches, along each of its own axes.
//
//   A = Σ_k σ_k·u_k·v_kᵀ,     σ_1 ≥ σ_2 ≥ … ≥ 0, the u_k orthonormal, and the v_k
//
// By reflections from both sides until only the diagonal and the line above it are left (G. Golub, W. Kahan,
// "Calculating the singular values and pseudo-inverse of a matrix", 1965), then the eigenvalues ±σ_k of the tridiagonal
// matrix that has these numbers in turn beside an empty diagonal, by the QL method with implicit shifts (A. Dubrulle,
// R. Martin, J. Wilkinson, "The implicit QL algorithm", 1968). About 4/3·N³ multiply-adds. The error of each value is
// some roundings of the largest one.
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
#include <limits>
#include <span>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {
namespace detail {

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
    const auto n = static_cast<Index>(x.size());
    const double rest = dot(x.data() + 1, x.data() + 1, n - 1);
    left = x[0];
    if (rest > 0) {
      left = -std::copysign(std::sqrt(x[0] * x[0] + rest), x[0]);
      tau = (left - x[0]) / left;
      for (double& v : x.subspan(1)) v /= x[0] - left;
    }
    x[0] = 1;
  }
};

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

/// The eigenvalues of the symmetric tridiagonal matrix with `lines` beside an empty diagonal.
inline std::vector<double> tridiagonal_eigenvalues(std::vector<double> lines) {
  const std::size_t n = lines.size() + 1;
  std::vector<double> d(n);
  double size = 0;
  for (const double e : lines) size = std::max(size, std::abs(e));
  const double nothing = std::numeric_limits<double>::epsilon() * size;
  lines.push_back(0);
  for (std::size_t l = 0; l < n; ++l) {
    for (;;) {
      std::size_t m = l;
      while (m + 1 < n && std::abs(lines[m]) > nothing) ++m;
      if (m == l) break;
      // The shift is the eigenvalue of the first two rows that is nearer to d_l.
      double g = (d[l + 1] - d[l]) / (2 * lines[l]);
      g = d[m] - d[l] + lines[l] / (g + std::copysign(std::hypot(g, 1.0), g));
      double s = 1, c = 1, p = 0;
      bool split = false;
      for (std::size_t i = m; i-- > l;) {
        const double f = s * lines[i], b = c * lines[i];
        const double r = lines[i + 1] = std::hypot(f, g);
        split = r == 0;
        if (split) {
          d[i + 1] -= p;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const double t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
      }
      if (!split) {
        d[l] -= p;
        lines[l] = g;
      }
      lines[m] = 0;
    }
  }
  return d;
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
  auto both = detail::tridiagonal_eigenvalues(detail::bidiagonal(std::move(a)));
  std::sort(both.begin(), both.end());
  for (Index k = 0; k < values.size(); ++k) {
    values(k) = size * std::max(0.0, both[both.size() - 1 - static_cast<std::size_t>(k)]);
  }
  return values;
}

}  // namespace metrics
}  // namespace ink
