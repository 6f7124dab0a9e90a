// Fréchet distance: how far two sets of feature vectors are apart, as the normal distributions that have their moments.
//
//   d² = ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2·(Σ_a^½·Σ_b·Σ_a^½)^½)
//
// The trace of the last root is the sum of the singular values of U_a·U_bᵀ, where Σ = Uᵀ·U: no root of a matrix is
// needed, nor a small eigenvalue's root, whose error would be the root of a rounding. About 3·D³ multiply-adds: a
// second for D = 784. Sets of fewer rows than columns are allowed.
//
// With the features of a frozen classifier it judges a set of generated images, as a whole, against real ones: it grows
// if they look wrong and if they are too much alike. The features of a set: those of models::Classifier, or pixels.
// M. Heusel et al., "GANs trained by a two time-scale update rule", 2017, arXiv:1706.08500 (there of Inception's
// features: "FID"). The value of two samples of one distribution is not 0: it falls as 1/N, so that only figures of the
// same N compare; print it for real images as well.
//
// Shapes: x (N, D) -> moments: mean (D), covariance (D, D) with N − 1 below the line; frechet_distance -> d².
//
// Errors: ValueError for fewer than two rows and for moments that are not finite; ShapeError for different D.
//
// Example:
//     auto real = metrics::moments(normal<float>(Shape{1000, 8}, Key{1}));
//     auto drawn = metrics::moments(normal<float>(Shape{500, 8}, Key{2}));
//     double apart = metrics::frechet_distance(real, drawn);    // about 0.06
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inkling/kernels/gemm.hpp"
#include "inkling/metrics/singular_values.hpp"

namespace ink {
namespace metrics {

struct Moments {
  Tensor<double, 1> mean;
  Tensor<double, 2> covariance;
};

template <class T>
Moments moments(const Tensor<T, 2>& x) {
  const Index rows = x.extent(0), columns = x.extent(1);
  if (rows < 2) throw ValueError(text("moments: x is ", x.shape(), "; it must have at least two rows"));
  Moments m{Tensor<double, 1>(Shape{columns}), Tensor<double, 2>({columns, columns})};
  const T* from = x.data();
  double *mean = m.mean.mutable_data(), *covariance = m.covariance.mutable_data();
  for (Index i = 0; i < x.size(); ++i) mean[i % columns] += static_cast<double>(from[i]) / static_cast<double>(rows);
  constexpr Index most = 1024;  // rows at a time, which is what is held of x in double
  std::vector<double> centred(static_cast<std::size_t>(std::min(rows, most) * columns));
  for (Index begin = 0; begin < rows; begin += most) {
    const Index some = std::min(most, rows - begin);
    for (Index i = 0; i < some * columns; ++i) {
      centred[static_cast<std::size_t>(i)] = static_cast<double>(from[begin * columns + i]) - mean[i % columns];
    }
    kernels::gemm<double>(kernels::Trans::yes, kernels::Trans::no, columns, columns, some, centred.data(), columns,
                          centred.data(), columns, covariance, columns, {.accumulate = true});
  }
  for (double& c : m.covariance.mutable_values()) c /= static_cast<double>(rows - 1);
  return m;
}

}  // namespace metrics

namespace detail {

/// U (R, D) with Uᵀ·U = covariance, where R is its rank: Cholesky's decomposition, which takes in each step the element
/// of the diagonal of which most is left, and ends when that is a rounding.
inline Tensor<double, 2> covariance_factor(const Tensor<double, 2>& covariance) {
  const Index n = covariance.extent(0);
  std::vector<double> left(static_cast<std::size_t>(n)), factor;
  for (Index i = 0; i < n; ++i) left[static_cast<std::size_t>(i)] = covariance(i, i);
  double nothing = 0;
  Index rank = 0;
  for (; rank < n; ++rank) {
    const auto most = std::max_element(left.begin(), left.end());
    if (rank == 0) nothing = static_cast<double>(n) * std::numeric_limits<double>::epsilon() * *most;
    if (*most <= nothing) break;
    const auto pivot = static_cast<Index>(most - left.begin());
    factor.resize(static_cast<std::size_t>((rank + 1) * n));
    double* row = factor.data() + rank * n;
    std::copy_n(covariance.data() + pivot * n, n, row);
    for (Index j = 0; j < rank; ++j)
      add_scaled(-factor[static_cast<std::size_t>(j * n + pivot)], factor.data() + j * n, row, n);
    const double root = std::sqrt(*most);
    for (Index i = 0; i < n; ++i) {
      row[i] /= root;
      left[static_cast<std::size_t>(i)] -= row[i] * row[i];
    }
    left[static_cast<std::size_t>(pivot)] = 0;
  }
  return Tensor<double, 2>::from({rank, n}, factor);
}

}  // namespace detail

namespace metrics {

inline double frechet_distance(const Moments& a, const Moments& b) {
  const Index n = a.mean.size();
  if (b.mean.size() != n) {
    throw ShapeError(
        text("frechet_distance: means are ", a.mean.shape(), " and ", b.mean.shape(), "; both must be of one size"));
  }
  double distance = 0;
  for (Index i = 0; i < n; ++i) {
    const double d = a.mean(i) - b.mean(i);
    distance += d * d + a.covariance(i, i) + b.covariance(i, i);
  }
  if (!std::isfinite(distance)) {
    throw ValueError(text("frechet_distance: the means and variances add up to ", distance, "; all must be finite"));
  }
  const auto u = detail::covariance_factor(a.covariance), v = detail::covariance_factor(b.covariance);
  Tensor<double, 2> inner({u.extent(0), v.extent(0)});
  kernels::gemm<double>(kernels::Trans::no, kernels::Trans::yes, u.extent(0), v.extent(0), n, u.data(), n, v.data(), n,
                        inner.mutable_data(), v.extent(0));
  for (const double s : singular_values(inner).values()) distance -= 2 * s;
  return std::max(0.0, distance);
}

}  // namespace metrics
}  // namespace ink
