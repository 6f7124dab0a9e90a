// Kernel distance: the maximum mean discrepancy of two sets of feature vectors, which is 0 in the mean for two samples
// of one distribution, whatever their size.
//
//   mean over i ≠ j of k(x_i, x_j)  +  mean over i ≠ j of k(y_i, y_j)  −  2·mean over i, j of k(x_i, y_j)
//   k(x, y) = (x·y/D + 1)³
//
// M. Bińkowski et al., "Demystifying MMD GANs", 2018, arXiv:1801.01401 (there of Inception's features: "KID"). The sets
// are cut into blocks of equal size, in their order; the result is the mean over the blocks and its standard error.
// Rows that are left over are not used.
//
// Shapes: x (N, D), y (M, D).
//
// Errors: ShapeError for vectors of different length; ValueError for a block below 2 or above N or M, and for elements
// that are not finite.
//
// Example:
//     auto real = normal<float>(Shape{500, 8}, Key{1}), drawn = normal<float>(Shape{500, 8}, Key{2});
//     auto [value, error] = metrics::kernel_distance(real, drawn, 100);            // of five blocks
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/metrics/nearest.hpp"

namespace ink {
namespace metrics {

struct Estimate {
  double value = 0;
  double error = 0;  ///< standard error of the mean; 0 if there is one block only
};

}  // namespace metrics

namespace detail {

/// The mean of the kernel over all pairs of rows, without those of a row with itself if x is y.
inline double mean_kernel(const double* x, const double* y, Index n, Index d) {
  std::vector<double> products(static_cast<std::size_t>(n * n));
  kernels::gemm<double>(kernels::Trans::no, kernels::Trans::yes, n, n, d, x, d, y, d, products.data(), n);
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    double row = 0;
    for (Index j = 0; j < n; ++j) {
      const double base = products[static_cast<std::size_t>(i * n + j)] / static_cast<double>(d) + 1;
      if (x != y || i != j) row += base * base * base;
    }
    sum += row;
  }
  return sum / static_cast<double>(x == y ? n * (n - 1) : n * n);
}

}  // namespace detail

namespace metrics {

template <class T>
Estimate kernel_distance(const Tensor<T, 2>& x, const Tensor<T, 2>& y, Index block = 1000) {
  if (x.extent(1) != y.extent(1)) {
    throw ShapeError(text("kernel_distance: x is ", x.shape(), ", y is ", y.shape(), "; y[1] must equal x[1]"));
  }
  const Index d = x.extent(1), most = std::min(x.extent(0), y.extent(0));
  if (block < 2 || block > most) {
    throw ValueError(text("kernel_distance: block is ", block, "; it must be in [2, ", most, "]"));
  }
  const auto a = x.template cast<double>(), b = y.template cast<double>();
  detail::squared_lengths("kernel_distance", a);  // refuses what is not finite
  detail::squared_lengths("kernel_distance", b);
  const Index blocks = most / block;
  double sum = 0, squares = 0;
  for (Index i = 0; i < blocks; ++i) {
    const double *p = a.data() + i * block * d, *q = b.data() + i * block * d;
    const double value = detail::mean_kernel(p, p, block, d) + detail::mean_kernel(q, q, block, d) -
                         2 * detail::mean_kernel(p, q, block, d);
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(blocks);
  const double mean = sum / count;
  return {mean, blocks > 1 ? std::sqrt(std::max(0.0, squares / count - mean * mean) / (count - 1)) : 0};
}

}  // namespace metrics
}  // namespace ink
