// Diversity: how far the images of a set are from each other.
//
//   mean over pairs n < m of  sqrt(mean over their numbers of (x_n - x_m)^2)
//
// 0 if all are the same image. With groups, only pairs within a group count: digits of one class, or those drawn for
// one sketch, so that a generator does not seem diverse only because it was asked for different things. All pairs are
// compared: N^2 / 2 times the numbers of an image.
//
// x (N, ...), images or features -> a number, in their unit. Errors: ShapeError for groups that do not fit; ValueError
// if there is no pair.
//
// Example:
//     auto images = uniform<float>(Shape{20, 28, 28, 1}, Key{1}, -1, 1);
//     double spread = metrics::mean_pairwise_distance(images);              // about 0.8
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {
namespace detail {

/// The mean distance of the pairs that paired(n, m) takes.
template <class T, int R, class Paired>
double mean_distance(const Tensor<T, R>& x, Paired paired) {
  const Index count = x.extent(0), row = count == 0 ? 0 : x.size() / count;
  std::vector<double> sums(static_cast<std::size_t>(count));
  std::vector<Index> pairs(static_cast<std::size_t>(count));
  parallel_for(count, 8, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      for (Index m = 0; m < n; ++m) {
        if (!paired(n, m)) continue;
        double sum = 0;
        for (Index i = 0; i < row; ++i) {
          const double d = static_cast<double>(x.data()[n * row + i]) - static_cast<double>(x.data()[m * row + i]);
          sum += d * d;
        }
        sums[static_cast<std::size_t>(n)] += row == 0 ? 0 : std::sqrt(sum / static_cast<double>(row));
        ++pairs[static_cast<std::size_t>(n)];
      }
    }
  });
  double sum = 0;
  Index number = 0;
  for (std::size_t n = 0; n < sums.size(); ++n) {
    sum += sums[n];
    number += pairs[n];
  }
  if (number == 0) {
    throw ValueError(text("mean_pairwise_distance: x is ", x.shape(), " and has no pair; at least one is needed"));
  }
  return sum / static_cast<double>(number);
}

}  // namespace detail

namespace metrics {

template <class T, int R>
double mean_pairwise_distance(const Tensor<T, R>& x) {
  return detail::mean_distance(x, [](Index, Index) { return true; });
}

template <class T, int R>
double mean_pairwise_distance(const Tensor<T, R>& x, const Tensor<std::int32_t, 1>& groups) {
  if (groups.extent(0) != x.extent(0)) {
    throw ShapeError(text("mean_pairwise_distance: x is ", x.shape(), ", groups are ", groups.shape(),
                          "; x[0] must equal groups[0]"));
  }
  return detail::mean_distance(x, [&](Index n, Index m) { return groups.data()[n] == groups.data()[m]; });
}

}  // namespace metrics
}  // namespace ink
