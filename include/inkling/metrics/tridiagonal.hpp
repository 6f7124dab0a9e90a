// The eigenvalues of a symmetric tridiagonal matrix, by the QL method with implicit shifts.
//
// A. Dubrulle, R. Martin, J. Wilkinson, "The implicit QL algorithm", 1968. Every eigenvalue takes about two passes of
// plane rotations. What the matrix was made of by reflections can be rotated along with it: that gives its vectors.
// The error of each value is some roundings of the largest one.
//
// Example:
//     std::vector<double> diagonal{2, 2}, beside{1};
//     detail::tridiagonal_eigenvalues(diagonal, beside);                           // diagonal: 1 and 3 in some order
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace ink::detail {

/// Leaves the eigenvalues in `d`, in no order; `e` are the elements beside the diagonal. Calls rotate(i, c, s) for
/// every rotation of the rows i and i + 1: new i = c·i − s·(i + 1), new i + 1 = s·i + c·(i + 1).
template <class Rotate>
void tridiagonal_eigenvalues(std::vector<double>& d, std::vector<double> e, Rotate rotate) {
  const std::size_t n = d.size();
  double size = 0;
  for (const double x : d) size = std::max(size, std::abs(x));
  for (const double x : e) size = std::max(size, std::abs(x));
  const double nothing = std::numeric_limits<double>::epsilon() * size;
  e.resize(n, 0.0);
  for (std::size_t l = 0; l < n; ++l) {
    for (;;) {
      std::size_t m = l;
      while (m + 1 < n && std::abs(e[m]) > nothing) ++m;
      if (m == l) break;
      // The shift is the eigenvalue of the first two rows that is nearer to d_l.
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + std::copysign(std::hypot(g, 1.0), g));
      double s = 1, c = 1, p = 0;
      bool split = false;
      for (std::size_t i = m; i-- > l;) {
        const double f = s * e[i], b = c * e[i];
        const double r = e[i + 1] = std::hypot(f, g);
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
        rotate(i, c, s);
      }
      if (!split) {
        d[l] -= p;
        e[l] = g;
      }
      e[m] = 0;
    }
  }
}

inline void tridiagonal_eigenvalues(std::vector<double>& d, std::vector<double> e) {
  tridiagonal_eigenvalues(d, std::move(e), [](std::size_t, double, double) {});
}

}  // namespace ink::detail
