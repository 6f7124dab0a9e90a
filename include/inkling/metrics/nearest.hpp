// Nearest neighbours by the Euclidean distance: of every vector the k nearest of a set.
//
// For a set itself, a vector is not its own neighbour. The search compares all with all, by matrix products in double,
// and its result depends on neither the number of threads nor the order of the set, but for ties, which go to the
// earlier row. Distances below 1e-7 of the vectors' length are roundings.
//
// Shapes: x (N, D), set (M, D) -> distances (N, k), ascending, and rows (N, k) of the set.
//
// Errors: ShapeError for vectors of different length; ValueError for k outside [1, M] (or M − 1 for a set itself), and
// for elements that are not finite.
//
// Example:
//     auto set = normal<float>(Shape{100, 8}, Key{1}), x = normal<float>(Shape{5, 8}, Key{2});
//     auto [distances, rows] = metrics::nearest(x, set, 3);                        // (5, 3) each
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"
#include "inkling/kernels/gemm.hpp"

namespace ink {
namespace metrics {

struct Nearest {
  Tensor<double, 2> distances;
  Tensor<Index, 2> rows;
};

}  // namespace metrics

namespace detail {

/// The k smallest of the numbers that come, with where they came from.
class Smallest {
 public:
  explicit Smallest(Index k) : best_(static_cast<std::size_t>(k), {std::numeric_limits<double>::infinity(), -1}) {}

  void add(double value, Index from) {
    if (!(value < best_.back().first)) return;
    auto place = std::upper_bound(best_.begin(), best_.end(), value,
                                  [](double v, const auto& entry) { return v < entry.first; });
    std::move_backward(place, best_.end() - 1, best_.end());
    *place = {value, from};
  }

  const std::vector<std::pair<double, Index>>& get() const { return best_; }

 private:
  std::vector<std::pair<double, Index>> best_;
};

template <class T>
Tensor<double, 1> squared_lengths(const char* operation, const Tensor<T, 2>& x) {
  Tensor<double, 1> out(Shape{x.extent(0)});
  double* sum = out.mutable_data();
  for (Index n = 0; n < x.extent(0); ++n) {
    for (Index i = 0; i < x.extent(1); ++i) {
      const double v = static_cast<double>(x.data()[n * x.extent(1) + i]);
      sum[n] += v * v;
    }
    if (!std::isfinite(sum[n])) {
      throw ValueError(text(operation, ": the squares of row ", n, " add up to ", sum[n], "; they must be finite"));
    }
  }
  return out;
}

/// Calls take(i, j, squared distance) for all pairs of rows, j ascending for every i; each i on one thread.
template <class Take>
void for_each_distance(const Tensor<double, 2>& x, const Tensor<double, 2>& set, Take take) {
  const Index n = x.extent(0), m = set.extent(0), d = x.extent(1);
  const auto of_x = squared_lengths("nearest", x), of_set = squared_lengths("nearest", set);
  constexpr Index rows = 64, columns = 1024;
  parallel_for(n, rows, [&](Index begin, Index end) {
    std::vector<double> products(static_cast<std::size_t>(rows * columns));
    for (Index from = 0; from < m; from += columns) {
      const Index some = std::min(columns, m - from);
      kernels::gemm_serial<double>(kernels::Trans::no, kernels::Trans::yes, end - begin, some, d, x.data() + begin * d,
                                   d, set.data() + from * d, d, products.data(), some);
      for (Index i = begin; i < end; ++i) {
        const double* const row = products.data() + (i - begin) * some;
        for (Index j = 0; j < some; ++j) {
          take(i, from + j, std::max(0.0, of_x(i) + of_set(from + j) - 2 * row[j]));
        }
      }
    }
  });
}

inline metrics::Nearest nearest_rows(const Tensor<double, 2>& x, const Tensor<double, 2>& set, Index k, bool itself) {
  const Index most = set.extent(0) - (itself ? 1 : 0);
  if (x.extent(1) != set.extent(1)) {
    throw ShapeError(text("nearest: x is ", x.shape(), ", set is ", set.shape(), "; set[1] must equal x[1]"));
  }
  if (k < 1 || k > most) throw ValueError(text("nearest: k is ", k, "; it must be in [1, ", most, "]"));
  std::vector<Smallest> best(static_cast<std::size_t>(x.extent(0)), Smallest(k));
  for_each_distance(x, set, [&](Index i, Index j, double distance) {
    if (!itself || i != j) best[static_cast<std::size_t>(i)].add(distance, j);
  });
  metrics::Nearest out{Tensor<double, 2>({x.extent(0), k}), Tensor<Index, 2>({x.extent(0), k})};
  for (Index i = 0; i < x.extent(0); ++i) {
    for (Index j = 0; j < k; ++j) {
      const auto [distance, row] = best[static_cast<std::size_t>(i)].get()[static_cast<std::size_t>(j)];
      out.distances(i, j) = std::sqrt(distance);
      out.rows(i, j) = row;
    }
  }
  return out;
}

}  // namespace detail

namespace metrics {

template <class T>
Nearest nearest(const Tensor<T, 2>& x, const Tensor<T, 2>& set, Index k = 1) {
  return detail::nearest_rows(x.template cast<double>(), set.template cast<double>(), k, false);
}

/// Of every vector of the set, among the others.
template <class T>
Nearest nearest_others(const Tensor<T, 2>& set, Index k = 1) {
  const auto vectors = set.template cast<double>();
  return detail::nearest_rows(vectors, vectors, k, true);
}

}  // namespace metrics
}  // namespace ink
