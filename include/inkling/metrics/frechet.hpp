// Fréchet distance: how far two sets of feature vectors are apart, as the normal distributions that have their moments.
//
//   d² = ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2·(Σ_a^½·Σ_b·Σ_a^½)^½)
//
// With the features of a frozen classifier it judges a set of generated images, as a whole, against real ones: it grows
// if they look wrong and if they are too much alike. The features of a set: those of models::Classifier, or pixels.
// M. Heusel et al., "GANs trained by a two time-scale update rule", 2017, arXiv:1706.08500 (there of Inception's
// features: "FID"). The value of two samples of one distribution is not 0: it falls as 1/N, so that only figures of the
// same N compare; print it for real images as well.
//
// Shapes: x (N, D) -> moments: mean (D), covariance (D, D) with N − 1 below the line; frechet_distance -> d².
//
// Errors: ValueError for fewer than two rows; ShapeError for different D.
//
// Example:
//     auto real = metrics::moments(normal<float>(Shape{1000, 8}, Key{1}));
//     auto drawn = metrics::moments(normal<float>(Shape{500, 8}, Key{2}));
//     double apart = metrics::frechet_distance(real, drawn);    // about 0.06
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/metrics/symmetric_eigen.hpp"

namespace ink::metrics {

struct Moments {
  Tensor<double, 1> mean;
  Tensor<double, 2> covariance;
};

template <class T>
Moments moments(const Tensor<T, 2>& x) {
  const Index rows = x.extent(0), columns = x.extent(1);
  if (rows < 2) throw ValueError(text("moments: x is ", x.shape(), "; it must have at least two rows"));
  Moments m{Tensor<double, 1>(Shape{columns}), Tensor<double, 2>({columns, columns})};
  const T* row = x.data();
  double *mean = m.mean.mutable_data(), *covariance = m.covariance.mutable_data();
  for (Index i = 0; i < x.size(); ++i) mean[i % columns] += static_cast<double>(row[i]) / static_cast<double>(rows);
  std::vector<double> centred(static_cast<std::size_t>(columns));
  for (Index n = 0; n < rows; ++n, row += columns) {
    for (Index i = 0; i < columns; ++i) {
      const double here = centred[static_cast<std::size_t>(i)] = static_cast<double>(row[i]) - mean[i];
      for (Index j = 0; j <= i; ++j) covariance[i * columns + j] += here * centred[static_cast<std::size_t>(j)];
    }
  }
  for (Index i = 0; i < columns; ++i) {
    for (Index j = 0; j <= i; ++j) m.covariance(j, i) = m.covariance(i, j) /= static_cast<double>(rows - 1);
  }
  return m;
}

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
  // In the axes of Σ_a its root is a scale of each: √λ_i·√λ_j·(v_i·Σ_b·v_j).
  const SymmetricEigen eigen = symmetric_eigen(a.covariance);
  const auto part = [&](Index i, Index j) {
    double sum = 0;
    for (Index k = 0; k < n; ++k) {
      for (Index l = 0; l < n; ++l) sum += eigen.vectors(i, k) * b.covariance(k, l) * eigen.vectors(j, l);
    }
    return sum * std::sqrt(std::max(0.0, eigen.values(i)) * std::max(0.0, eigen.values(j)));
  };
  Tensor<double, 2> inner({n, n});
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) inner(i, j) = part(i, j);
  }
  for (const double v : symmetric_eigen(inner).values.values()) distance -= 2 * std::sqrt(std::max(0.0, v));
  return std::max(0.0, distance);
}

}  // namespace ink::metrics
