// Moving elements without changing them: shapes, orders of axes, parts and joints.
//
//   reshape(x, shape)                  the same elements, shared; one extent may be -1 and is worked out
//   unsqueeze(x, axis)                 a new axis of extent 1 before `axis`; squeeze<axis>(x) removes one
//   permute(x, {axes})                 axis a of the result is axis axes[a] of x; transpose(x) swaps the last two
//   broadcast_to(x, shape)             repeats axes of extent 1, and the whole, trailing axes aligned
//   slice(x, axis, begin, end)         elements [begin, end) along an axis
//   split(x, axis, parts)              equal parts as a vector; split<parts>(x, axis) as an array
//   concat(axis, x, y, …)              joined along an axis; concat(axis, vector) joins a list
//   pad(x, {{before, after}, …}, v)    v around x, for every axis
//   flip(x, axis)                      last to first
//
// Axes below zero count from the end. reshape, unsqueeze, squeeze, and permutations that only move axes of extent 1
// share storage with x; the others copy once.
//
// Errors: ShapeError for extents that do not fit, an axis or range outside; ValueError for padding below zero.
//
// Example:
//     auto x = normal<float>(Shape{2, 6, 4}, Key{1});
//     auto heads = reshape(x, Shape{2, 6, 2, 2});
//     auto y = permute(heads, {0, 2, 1, 3});               // (2, 2, 6, 2)
//     auto [a, b] = split<2>(x, -1);                       // (2, 6, 2) each
//     auto z = concat(1, a, b);                            // (2, 12, 2)
//     auto framed = pad(z, {{0, 0}, {1, 1}, {0, 2}});      // (2, 14, 4)
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "inkling/autograd/var.hpp"
#include "inkling/core/view.hpp"
#include "inkling/ops/reduce.hpp"

namespace ink {

/// How many elements `pad` adds on either side of an axis.
struct Margin {
  Index before = 0, after = 0;
};

namespace detail {

template <class T, int R>
Tensor<T, R> permuted(const Tensor<T, R>& x, const std::array<int, static_cast<std::size_t>(R)>& order) {
  const auto source = view(x).permute(order);
  const auto dense_steps = source.shape.strides();
  bool in_place = true;
  for (std::size_t a = 0; a < dense_steps.size(); ++a) {
    in_place = in_place && (source.shape.extents[a] == 1 || source.strides[a] == dense_steps[a]);
  }
  return in_place ? x.reshape(source.shape) : dense(source);
}

inline void add_into(auto&& from, auto&& to) {
  copy(from, to, [](auto a, auto b) { return a + b; });
}

/// The shape of tensors joined along an axis; throws if they do not fit.
template <int R>
Shape<R> joined_shape(int axis, std::span<const Shape<R>> shapes) {
  if (shapes.empty()) throw ShapeError("concat: the list is empty; it must have at least one tensor");
  Shape<R> joined = shapes[0];
  for (std::size_t i = 1; i < shapes.size(); ++i) {
    Shape<R> other = shapes[i];
    other[axis] = shapes[0][axis];
    if (other != shapes[0]) {
      throw ShapeError(text("concat: x[0] is ", shapes[0], ", x[", i, "] is ", shapes[i], ", axis is ", axis,
                            "; all other axes must be equal"));
    }
    joined[axis] += shapes[i][axis];
  }
  return joined;
}

/// Puts x's elements at `at` along an axis of the result, and moves `at` behind them.
template <class T, int R>
void place(const Tensor<T, R>& x, const View<T, R>& result, int axis, Index& at) {
  copy(view(x), result.slice(axis, at, at + x.shape()[axis]));
  at += x.shape()[axis];
}

template <class T, int R>
Tensor<T, R> take(const Tensor<T, R>& x, int axis, Index begin, Index end) {
  return dense(view(x).slice(axis, begin, end));
}

}  // namespace detail

template <TensorLike X, int R2>
auto reshape(const X& x, const Shape<R2>& shape) {
  return record(value(x).reshape(shape),
                [from = value(x).shape()](const auto& dy, auto dx) { dx.add([&] { return dy.reshape(from); }); }, x);
}

template <TensorLike X>
auto unsqueeze(const X& x, int axis) {
  constexpr int R = rank_v<X>;
  axis = detail::axis_index(axis, R + 1);
  Shape<R + 1> shape;
  for (int a = 0; a <= R; ++a) shape[a] = a == axis ? 1 : value(x).shape()[a - (a > axis ? 1 : 0)];
  return reshape(x, shape);
}

template <int axis, TensorLike X>
auto squeeze(const X& x) {
  constexpr int R = rank_v<X>, at = detail::axis_index(axis, R);
  const auto& from = value(x).shape();
  if (from[at] != 1) throw ShapeError(text("squeeze: x is ", from, ", axis is ", at, "; its extent must be 1"));
  Shape<R - 1> shape;
  for (int a = 0; a < R - 1; ++a) shape[a] = from[a + (a >= at ? 1 : 0)];
  return reshape(x, shape);
}

template <TensorLike X>
auto permute(const X& x, const std::array<int, static_cast<std::size_t>(rank_v<X>)>& order) {
  auto inverse = order;
  auto y = detail::permuted(value(x), order);
  for (std::size_t a = 0; a < order.size(); ++a) {
    inverse[static_cast<std::size_t>(detail::axis_index(order[a], rank_v<X>))] = static_cast<int>(a);
  }
  return record(std::move(y),
                [inverse](const auto& dy, auto dx) { dx.add([&] { return detail::permuted(dy, inverse); }); }, x);
}

template <TensorLike X>
  requires(rank_v<X> >= 2)
auto transpose(const X& x) {
  std::array<int, static_cast<std::size_t>(rank_v<X>)> order{};
  for (std::size_t a = 0; a < order.size(); ++a) order[a] = static_cast<int>(a);
  std::swap(order[order.size() - 2], order[order.size() - 1]);
  return permute(x, order);
}

template <TensorLike X, int R2>
auto broadcast_to(const X& x, const Shape<R2>& shape) {
  const auto& from = value(x).shape();
  bool same = false;
  if constexpr (R2 == rank_v<X>) same = shape == from;
  Tensor<scalar_t<X>, R2> y = same ? value(x).reshape(shape) : dense(view(value(x)).broadcast(shape));
  return record(std::move(y), [from](const auto& dy, auto dx) { dx.add([&] { return sum_to(dy, from); }); }, x);
}

template <TensorLike X>
auto slice(const X& x, int axis, Index begin, Index end) {
  const auto shape = value(x).shape();
  axis = detail::axis_index(axis, rank_v<X>);
  const bool whole = begin == 0 && end == shape[axis];
  return record(whole ? value(x) : detail::take(value(x), axis, begin, end), [=](const auto& dy, auto dx) {
    if (whole) return dx.add([&] { return dy; });
    dx.update(shape, [&](auto& g) { detail::add_into(view(dy), mutable_view(g).slice(axis, begin, end)); });
  }, x);
}

namespace detail {

template <class X>
Index part_of(const X& x, int axis, Index parts) {
  const auto& shape = value(x).shape();
  const Index extent = shape[axis_index(axis, rank_v<X>)];
  if (parts < 1 || extent % parts != 0) {
    throw ShapeError(
        text("split: x is ", shape, ", axis is ", axis, ", parts are ", parts, "; parts must divide the axis"));
  }
  return extent / parts;
}

}  // namespace detail

template <TensorLike X>
auto split(const X& x, int axis, Index parts) {
  const Index part = detail::part_of(x, axis, parts);
  std::vector<decltype(slice(x, axis, 0, part))> result;
  for (Index i = 0; i < parts; ++i) result.push_back(slice(x, axis, i * part, (i + 1) * part));
  return result;
}

template <int parts, TensorLike X>
auto split(const X& x, int axis) {
  const Index part = detail::part_of(x, axis, parts);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{slice(x, axis, static_cast<Index>(I) * part, static_cast<Index>(I + 1) * part)...};
  }(std::make_index_sequence<static_cast<std::size_t>(parts)>{});
}

template <TensorLike X, TensorLikeOfRank<rank_v<X>>... Y>
auto concat(int axis, const X& x, const Y&... y) {
  using Value = Tensor<scalar_t<X>, rank_v<X>>;
  axis = detail::axis_index(axis, rank_v<X>);
  const std::array<Shape<rank_v<X>>, 1 + sizeof...(Y)> shapes{value(x).shape(), value(y).shape()...};
  auto result = Value::uninitialized(detail::joined_shape<rank_v<X>>(axis, shapes));
  const auto target = mutable_view(result);
  Index end = 0;
  detail::place(value(x), target, axis, end);
  (detail::place(value(y), target, axis, end), ...);
  return record(std::move(result), [axis, shapes](const auto& dy, auto... sinks) {
    Index at = 0;
    std::size_t i = 0;
    const auto deliver = [&](const auto& sink) {
      const Index begin = std::exchange(at, at + shapes[i++][axis]);
      sink.add([&] { return detail::take(dy, axis, begin, at); });
    };
    (deliver(sinks), ...);
  }, x, y...);
}

template <TensorLike X>
auto concat(int axis, const std::vector<X>& list) {
  using Value = Tensor<scalar_t<X>, rank_v<X>>;
  axis = detail::axis_index(axis, rank_v<X>);
  detail::PoolVector<Shape<rank_v<X>>> shapes;
  for (const auto& x : list) shapes.push_back(value(x).shape());
  auto result = Value::uninitialized(detail::joined_shape<rank_v<X>>(axis, shapes));
  const auto target = mutable_view(result);
  Index end = 0;
  for (const auto& x : list) detail::place(value(x), target, axis, end);
  return record(std::move(result), [axis, shapes = std::move(shapes)](const auto& dy, const auto& sinks) {
    Index at = 0;
    for (std::size_t i = 0; i < sinks.size(); ++i) {
      const Index begin = std::exchange(at, at + shapes[i][axis]);
      sinks[i].add([&] { return detail::take(dy, axis, begin, at); });
    }
  }, list);
}

template <TensorLike X>
  requires(rank_v<X> >= 1)
auto pad(const X& x, const Margin (&margins)[rank_v<X>], scalar_t<X> fill = 0) {
  constexpr int R = rank_v<X>;
  const auto from = value(x).shape();
  Shape<R> shape = from;
  std::array<Index, static_cast<std::size_t>(R)> before{};
  for (int a = 0; a < R; ++a) {
    if (margins[a].before < 0 || margins[a].after < 0) {
      throw ValueError(text("pad: margin of axis ", a, " is {", margins[a].before, ", ", margins[a].after,
                            "}; it must not be negative"));
    }
    before[static_cast<std::size_t>(a)] = margins[a].before;
    const detail::Extent whole = detail::Extent(from[a]) + margins[a].before + margins[a].after;
    if (!whole.fits()) {
      throw ShapeError(text("pad: x is ", from, ", margin of axis ", a, " is {", margins[a].before, ", ",
                            margins[a].after, "}; the result must have at most 2^48 elements"));
    }
    shape[a] = whole.value();
  }
  const auto inner = [=](auto whole) {
    for (int a = 0; a < R; ++a) {
      const Index begin = before[static_cast<std::size_t>(a)];
      whole = whole.slice(a, begin, begin + from[a]);
    }
    return whole;
  };
  Tensor<scalar_t<X>, R> y(shape, fill);
  copy(view(value(x)), inner(mutable_view(y)));
  return record(std::move(y), [inner](const auto& dy, auto dx) { dx.add([&] { return dense(inner(view(dy))); }); }, x);
}

template <TensorLike X>
auto flip(const X& x, int axis) {
  const auto turned = [axis](const auto& tensor) { return dense(view(tensor).flip(axis)); };
  return record(turned(value(x)), [turned](const auto& dy, auto dx) { dx.add([&] { return turned(dy); }); }, x);
}

}  // namespace ink
