// What the reductions share: which axes are reduced, the shapes that follow, and a tensor laid out so that the reduced
// axes are its rows.
//
// Shapes: reducing axes 0 and 2 of (A, B, C) gives (B), kept as (1, B, 1); its rows are B rows of length A·C.
//
// Example:
//     Tensor<float, 3> x(Shape{2, 3, 4}, 1.0f);
//     detail::RowOrder<3> order(x.shape(), detail::axis_mask<3, 0, 2>());     // 3 rows of length 8
//     Tensor<float, 3> rows = order.gather(x);                                // (3, 2, 4)
//     bool same = order.scatter(rows) == x;
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "inkling/core/parallel.hpp"
#include "inkling/core/view.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::detail {

template <int R>
using AxisMask = std::array<bool, static_cast<std::size_t>(R)>;

/// Marks the named axes, or all if none is named.
template <int R, int... axes>
constexpr AxisMask<R> axis_mask() {
  static_assert(((axes >= -R && axes < R) && ...), "a reduced axis must be in [-rank, rank)");
  AxisMask<R> mask{};
  int marked = 0;
  ((marked += !std::exchange(mask[static_cast<std::size_t>(axes < 0 ? axes + R : axes)], true)), ...);
  if (marked != static_cast<int>(sizeof...(axes))) throw ShapeError("reduction: an axis is named twice");
  if (sizeof...(axes) == 0) mask.fill(true);
  return mask;
}

/// The shape without the named axes, or with extent 1 there.
template <bool keep, int... axes, int R>
constexpr auto reduced_shape(const Shape<R>& shape) {
  constexpr auto mask = axis_mask<R, axes...>();
  constexpr int left = sizeof...(axes) == 0 ? 0 : R - static_cast<int>(sizeof...(axes));
  Shape<keep ? R : left> result;
  int at = 0;
  for (int a = 0; a < R; ++a) {
    const bool gone = mask[static_cast<std::size_t>(a)];
    if (keep || !gone) result[at++] = gone ? 1 : shape[a];
  }
  return result;
}

template <int R>
constexpr Index reduced_count(const Shape<R>& shape, const AxisMask<R>& reduced) {
  Index count = 1;
  for (int a = 0; a < R; ++a) count *= reduced[static_cast<std::size_t>(a)] ? shape[a] : 1;
  return count;
}

/// Repeats a reduced tensor along the reduced axes.
template <class T, int R, int S>
Tensor<T, R> stretch_back(const Tensor<T, S>& y, const Shape<R>& shape, const AxisMask<R>& reduced) {
  Shape<R> kept = shape;
  for (int a = 0; a < R; ++a) {
    if (reduced[static_cast<std::size_t>(a)]) kept[a] = 1;
  }
  const auto aligned = y.reshape(kept);
  return kept == shape ? aligned : dense(view(aligned).broadcast(shape));
}

/// The kept axes first, the reduced ones last.
template <int R>
struct RowOrder {
  Index rows = 1, length = 1;
  std::array<int, static_cast<std::size_t>(R)> order{}, inverse{};
  bool in_place = true;  ///< the elements already lie in this order

  RowOrder(const Shape<R>& shape, const AxisMask<R>& reduced) {
    std::size_t at = 0;
    for (const bool last : {false, true}) {
      for (std::size_t a = 0; a < reduced.size(); ++a) {
        if (reduced[a] != last) continue;
        (last ? length : rows) *= shape[static_cast<int>(a)];
        in_place = in_place && at == a;
        inverse[a] = static_cast<int>(at);
        order[at++] = static_cast<int>(a);
      }
    }
  }

  template <class T>
  Tensor<T, R> gather(const Tensor<T, R>& x) const {
    return in_place ? x : dense(view(x).permute(order));
  }
  template <class T>
  Tensor<T, R> scatter(const Tensor<T, R>& x) const {
    return in_place ? x : dense(view(x).permute(inverse));
  }
};

inline Index row_grain(Index length) { return 16384 / std::max<Index>(length, 1) + 1; }

/// Mean and population variance in two passes: the second sums squares of deviations, so nothing cancels.
template <class T>
void moments_of_rows(Index rows, Index length, const T* x, T* mean, T* variance) {
  constexpr Index block = 1024;
  kernels::row_sums(rows, length, x, mean);
  parallel_for(rows, row_grain(length), [=](Index begin, Index end) {
    std::array<T, block> deviations;
    for (Index r = begin; r < end; ++r) {
      mean[r] /= static_cast<T>(length);
      double squares = 0;
      for (Index at = 0; at < length; at += block) {
        const Index n = std::min(block, length - at);
        kernels::apply_serial(n, [m = mean[r]](T v) INKLING_LAMBDA_INLINE { return v - m; }, deviations.data(),
                              x + r * length + at);
        squares += static_cast<double>(kernels::sum_squares(n, static_cast<const T*>(deviations.data())));
      }
      variance[r] = static_cast<T>(squares / static_cast<double>(length));
    }
  });
}

/// dx = 2 (x − mean) dy / n
template <class T>
void var_gradient_of_rows(Index rows, Index length, const T* x, const T* mean, const T* dy, T* dx) {
  parallel_for(rows, row_grain(length), [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T scale = 2 * dy[r] / static_cast<T>(length);
      kernels::apply_serial(length, [m = mean[r], scale](T v) INKLING_LAMBDA_INLINE { return (v - m) * scale; },
                            dx + r * length, x + r * length);
    }
  });
}

}  // namespace ink::detail
