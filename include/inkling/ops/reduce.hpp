// Reductions over named axes: sum, mean, max, logsumexp and var, and the sum that undoes a broadcast.
//
//   sum<1, 2>(x)          axes 1 and 2 are gone from the result; negative axes count from the end
//   sum_keep<1, 2>(x)     they stay, with extent 1; likewise mean_keep, max_keep, logsumexp_keep and var_keep
//   sum(x)                all axes: rank 0
//   sum_to(x, shape)      sums what broadcasting `shape` to x's shape repeated
//
//   mean = sum / n     var = Σ (x − mean)² / n (of the population)     logsumexp = log Σ exp(x)
//
// logsumexp subtracts the maximum first; a slice that is −∞ throughout gives −∞ with gradient zero. The gradient of max
// goes to the first maximal element, or the first NaN, which is larger than any number. The order of summation is fixed
// by the shape, and its error does not grow with the length. Over no elements, sum is 0, logsumexp −∞, mean and var are
// NaN, and max throws. sum and mean read x where it lies; the others copy it once if the reduced axes are not the last
// ones.
//
// Errors: an axis outside of the rank, or named twice, does not compile; ShapeError for max over no elements and for a
// `shape` that does not broadcast to x's.
//
// Example:
//     auto x = normal<float>(Shape{8, 14, 14, 3}, Key{1});
//     auto per_image = sum<1, 2, 3>(x);                    // (8)
//     auto per_channel = mean<0, 1, 2>(x);                 // (3)
//     auto spread = var_keep<-1>(x);                       // (8, 14, 14, 1)
//     float total = sum(x).item();
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/reduce.hpp"
#include "inkling/kernels/softmax.hpp"
#include "inkling/ops/reduce_rows.hpp"

namespace ink {
namespace detail {

/// Sums the marked axes, which keep extent 1, one run of neighbouring axes after the other, from the last.
template <class T, int R>
Tensor<T, R> sum_axes(const Tensor<T, R>& x, const AxisMask<R>& reduced) {
  Shape<R> shape = x.shape();
  bool all = true;
  for (int a = 0; a < R; ++a) all = all && reduced[static_cast<std::size_t>(a)];
  if (x.empty() || (all && R > 0)) {
    for (int a = 0; a < R; ++a) {
      if (reduced[static_cast<std::size_t>(a)]) shape[a] = 1;
    }
    return Tensor<T, R>(shape, x.empty() ? T{0} : kernels::sum(x.size(), x.data()));
  }
  Tensor<T, R> result = x;
  for (int end = R; end > 0;) {
    int begin = end - 1;
    if (!reduced[static_cast<std::size_t>(begin)]) {
      end = begin;
      continue;
    }
    while (begin > 0 && reduced[static_cast<std::size_t>(begin - 1)]) --begin;
    Index outer = 1, count = 1, inner = 1;
    for (int a = 0; a < R; ++a) (a < begin ? outer : a < end ? count : inner) *= shape[a];
    for (int a = begin; a < end; ++a) shape[a] = 1;
    end = begin;
    if (count == 1) continue;
    auto sums = Tensor<T, R>::uninitialized(shape);
    const T* from = result.data();
    T* to = sums.mutable_data();
    if (inner == 1) {
      kernels::row_sums(outer, count, from, to);
    } else {
      parallel_for(outer, outer == 1 ? 1 : 16384 / (count * inner) + 1, [=](Index first, Index last) {
        for (Index o = first; o < last; ++o)
          kernels::column_sums(count, inner, from + o * count * inner, to + o * inner);
      });
    }
    result = std::move(sums);
  }
  return result.reshape(shape);
}

/// The axes that broadcasting `target` to `shape` repeats.
template <int R, int S>
AxisMask<R> broadcast_axes(const Shape<R>& shape, const Shape<S>& target) {
  static_assert(S <= R, "broadcasting never lowers the rank");
  AxisMask<R> repeated{};
  bool fits = true;
  for (int a = 0; a < R; ++a) {
    const int b = a + S - R;
    repeated[static_cast<std::size_t>(a)] = b < 0 || (target[b] == 1 && shape[a] != 1);
    fits = fits && (b < 0 || target[b] == shape[a] || target[b] == 1);
  }
  if (!fits) {
    throw ShapeError(text("sum_to: x is ", shape, ", shape is ", target, "; trailing extents must be equal or 1"));
  }
  return repeated;
}

template <bool keep, int... axes, class X>
auto sum_scaled(const X& x, bool mean) {
  using T = scalar_t<X>;
  constexpr int R = rank_v<X>;
  constexpr auto reduced = axis_mask<R, axes...>();
  const Shape<R> shape = value(x).shape();
  const Index count = mean ? reduced_count(shape, reduced) : 1;
  const auto scaled = [count](auto tensor) {
    if (count != 1) {
      for (T& v : tensor.mutable_values()) v /= static_cast<T>(count);
    }
    return tensor;
  };
  auto y = scaled(sum_axes(value(x), reduced)).reshape(reduced_shape<keep, axes...>(shape));
  return record(std::move(y),
                [=](const auto& dy, auto dx) { dx.add([&] { return stretch_back(scaled(dy), shape, reduced); }); }, x);
}

template <bool keep, int... axes, class X>
auto max_over(const X& x) {
  using T = scalar_t<X>;
  constexpr int R = rank_v<X>;
  const Shape<R> shape = value(x).shape();
  const RowOrder<R> order(shape, axis_mask<R, axes...>());
  if (order.length == 0 && order.rows > 0) {
    throw ShapeError(text("max: x is ", shape, "; the reduced axes must have elements"));
  }
  const auto rows = order.gather(value(x));
  auto y = Tensor<T, 1>::uninitialized({order.rows});
  if (order.rows > 0) kernels::row_max(order.rows, order.length, rows.data(), y.mutable_data());
  auto result = y.reshape(reduced_shape<keep, axes...>(shape));
  return record(std::move(result), [rows, y, order](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Tensor<T, R>(rows.shape());
      T* to = g.mutable_data();
      for (Index r = 0; r < order.rows; ++r) {
        const T* from = rows.data() + r * order.length;
        Index first = 0;
        const T top = y.data()[r];
        while (first < order.length - 1 && !(from[first] == top) && !std::isnan(from[first])) ++first;
        to[r * order.length + first] = dy.data()[r];
      }
      return order.scatter(g);
    });
  }, x);
}

template <bool keep, int... axes, class X>
auto logsumexp_over(const X& x) {
  using T = scalar_t<X>;
  constexpr int R = rank_v<X>;
  const Shape<R> shape = value(x).shape();
  const RowOrder<R> order(shape, axis_mask<R, axes...>());
  const auto rows = order.gather(value(x));
  auto y = Tensor<T, 1>({order.rows}, -std::numeric_limits<T>::infinity()), top = y, log_total = y;
  if (!rows.empty()) {
    kernels::logsumexp_rows(order.rows, order.length, rows.data(), y.mutable_data(), top.mutable_data(),
                            log_total.mutable_data());
  }
  auto result = y.reshape(reduced_shape<keep, axes...>(shape));
  return record(std::move(result), [rows, top, log_total, order](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Tensor<T, R>::uninitialized(rows.shape());
      kernels::logsumexp_backward_rows(order.rows, order.length, rows.data(), top.data(), log_total.data(), dy.data(),
                                       g.mutable_data());
      return order.scatter(g);
    });
  }, x);
}

template <bool keep, int... axes, class X>
auto var_over(const X& x) {
  using T = scalar_t<X>;
  constexpr int R = rank_v<X>;
  const Shape<R> shape = value(x).shape();
  const RowOrder<R> order(shape, axis_mask<R, axes...>());
  const auto rows = order.gather(value(x));
  auto mean = Tensor<T, 1>({order.rows}, std::numeric_limits<T>::quiet_NaN()), y = mean;
  if (!rows.empty()) moments_of_rows(order.rows, order.length, rows.data(), mean.mutable_data(), y.mutable_data());
  auto result = y.reshape(reduced_shape<keep, axes...>(shape));
  return record(std::move(result), [rows, mean, order](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Tensor<T, R>::uninitialized(rows.shape());
      var_gradient_of_rows(order.rows, order.length, rows.data(), mean.data(), dy.data(), g.mutable_data());
      return order.scatter(g);
    });
  }, x);
}

}  // namespace detail

template <int... axes, TensorLike X>
auto sum(const X& x) {
  return detail::sum_scaled<false, axes...>(x, false);
}
template <int... axes, TensorLike X>
auto sum_keep(const X& x) {
  return detail::sum_scaled<true, axes...>(x, false);
}

template <int... axes, TensorLike X>
auto mean(const X& x) {
  return detail::sum_scaled<false, axes...>(x, true);
}
template <int... axes, TensorLike X>
auto mean_keep(const X& x) {
  return detail::sum_scaled<true, axes...>(x, true);
}

template <int... axes, TensorLike X>
auto max(const X& x) {
  return detail::max_over<false, axes...>(x);
}
template <int... axes, TensorLike X>
auto max_keep(const X& x) {
  return detail::max_over<true, axes...>(x);
}

template <int... axes, TensorLike X>
auto logsumexp(const X& x) {
  return detail::logsumexp_over<false, axes...>(x);
}
template <int... axes, TensorLike X>
auto logsumexp_keep(const X& x) {
  return detail::logsumexp_over<true, axes...>(x);
}

template <int... axes, TensorLike X>
auto var(const X& x) {
  return detail::var_over<false, axes...>(x);
}
template <int... axes, TensorLike X>
auto var_keep(const X& x) {
  return detail::var_over<true, axes...>(x);
}

/// The gradient of broadcasting: sums x over the axes along which `shape` would be repeated to reach x's shape.
template <TensorLike X, int S>
auto sum_to(const X& x, const Shape<S>& shape) {
  constexpr int R = rank_v<X>;
  const Shape<R> from = value(x).shape();
  const auto repeated = detail::broadcast_axes(from, shape);
  return record(detail::sum_axes(value(x), repeated).reshape(shape),
                [=](const auto& dy, auto dx) { dx.add([&] { return detail::stretch_back(dy, from, repeated); }); }, x);
}

}  // namespace ink
