// View<T, R>: a strided window on somebody else's elements, for reading or writing parts of a tensor in place.
//
// A view does not own: it must not outlive the tensor it was made from. Slices, permutations and stretched (broadcast)
// axes are only other strides; `copy` moves elements between views of one shape, and `dense` makes a tensor of a view.
//
// Example:
//     Tensor<float, 2> a(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
//     View<const float, 2> columns = view(a).permute({1, 0});
//     Tensor<float, 2> transposed = dense(columns);                      // (3, 2)
//     copy(view(a).slice(1, 0, 1), mutable_view(a).slice(1, 2, 3));      // third column = first column
#pragma once

#include <array>
#include <cstring>
#include <type_traits>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {

template <class T, int R>
struct View {
  using Steps = std::array<Index, static_cast<std::size_t>(R)>;

  T* data = nullptr;
  Shape<R> shape;
  Steps strides{};

  operator View<const T, R>() const
    requires(!std::is_const_v<T>)
  {
    return {data, shape, strides};
  }

  T& operator()(const Steps& index) const {
    Index at = 0;
    for (int a = 0; a < R; ++a) at += index[static_cast<std::size_t>(a)] * strides[static_cast<std::size_t>(a)];
    return data[at];
  }

  /// Elements [begin, end) along an axis.
  View slice(int axis, Index begin, Index end) const {
    axis = detail::axis_index(axis, R);
    if (begin < 0 || end < begin || end > shape[axis]) {
      throw ShapeError(text("slice: tensor is ", shape, ", range is [", begin, ", ", end, ") on axis ", axis,
                            "; it must lie in [0, ", shape[axis], "]"));
    }
    View out = *this;
    out.data += begin * strides[static_cast<std::size_t>(axis)];
    out.shape[axis] = end - begin;
    return out;
  }

  /// Axis a of the result is axis order[a] of this view.
  View permute(const std::array<int, static_cast<std::size_t>(R)>& order) const {
    View out{data, {}, {}};
    std::array<bool, static_cast<std::size_t>(R)> seen{};
    for (int a = 0; a < R; ++a) {
      const auto from = static_cast<std::size_t>(detail::axis_index(order[static_cast<std::size_t>(a)], R));
      if (seen[from]) throw ShapeError(text("permute: axis ", from, " is named twice; every axis must appear once"));
      seen[from] = true;
      out.shape[a] = shape[static_cast<int>(from)];
      out.strides[static_cast<std::size_t>(a)] = strides[from];
    }
    return out;
  }

  /// The elements along an axis from the last to the first.
  View flip(int axis) const {
    axis = detail::axis_index(axis, R);
    const auto at = static_cast<std::size_t>(axis);
    View out = *this;
    if (shape[axis] > 0) out.data += (shape[axis] - 1) * strides[at];
    out.strides[at] = -strides[at];
    return out;
  }

  /// Stretches axes of extent 1, and adds leading axes, to reach `target` (trailing axes aligned).
  template <int R2>
  View<T, R2> broadcast(const Shape<R2>& target) const {
    static_assert(R2 >= R, "broadcasting never lowers the rank");
    View<T, R2> out{data, target, {}};
    for (int a = 0; a < R; ++a) {
      const int b = a + R2 - R;
      if (shape[a] != target[b] && shape[a] != 1) {
        throw ShapeError(
            text("broadcast: tensor is ", shape, ", target is ", target, "; axis ", a, " must be 1 or equal"));
      }
      out.strides[static_cast<std::size_t>(b)] = shape[a] == 1 ? 0 : strides[static_cast<std::size_t>(a)];
    }
    return out;
  }
};

template <class T, int R>
View<const T, R> view(const Tensor<T, R>& tensor) {
  return {tensor.data(), tensor.shape(), tensor.shape().strides()};
}

template <class T, int R>
View<T, R> mutable_view(Tensor<T, R>& tensor) {
  return {tensor.mutable_data(), tensor.shape(), tensor.shape().strides()};
}

namespace detail {

/// Joins neighbouring axes that both views walk in one stride, so that the innermost rows are as long as they can be.
template <class S, class D, int R>
void join_axes(View<S, R>& source, View<D, R>& destination) {
  const View<S, R> s = source;
  const View<D, R> d = destination;
  source.shape.extents.fill(1);
  source.strides.fill(0);
  destination.strides.fill(0);
  std::size_t to = static_cast<std::size_t>(R) - 1;
  for (std::size_t from = static_cast<std::size_t>(R); from-- > 0;) {
    const Index extent = s.shape.extents[from], inner = source.shape.extents[to];
    if (extent == 1) continue;
    const bool empty_slot = inner == 1;
    const bool joins =
        s.strides[from] == source.strides[to] * inner && d.strides[from] == destination.strides[to] * inner;
    if (!empty_slot && !joins) --to;
    if (empty_slot || !joins) {
      source.strides[to] = s.strides[from];
      destination.strides[to] = d.strides[from];
    }
    source.shape.extents[to] *= extent;
  }
  destination.shape = source.shape;
}

/// Calls f(source, destination) with pointers to the first elements of every innermost row, in parallel.
template <class S, class D, int R, class F>
void for_each_row(const View<S, R>& source, const View<D, R>& destination, F f) {
  static_assert(R > 0);
  const Index row = source.shape[R - 1];
  const Index rows = row == 0 ? 0 : source.shape.size() / row;
  const Index grain = row >= 16384 ? 1 : 16384 / (row > 0 ? row : 1) + 1;
  parallel_for(rows, grain, [&](Index begin, Index end) {
    std::array<Index, static_cast<std::size_t>(R)> index{};
    Index rest = begin, s = 0, d = 0;
    for (std::size_t a = R - 1; a-- > 0;) {
      index[a] = rest % source.shape.extents[a];
      rest /= source.shape.extents[a];
      s += index[a] * source.strides[a];
      d += index[a] * destination.strides[a];
    }
    for (Index r = begin; r < end; ++r) {
      f(source.data + s, destination.data + d);
      for (std::size_t a = R - 1; a-- > 0;) {
        s += source.strides[a];
        d += destination.strides[a];
        if (++index[a] < source.shape.extents[a]) break;
        s -= index[a] * source.strides[a];
        d -= index[a] * destination.strides[a];
        index[a] = 0;
      }
    }
  });
}

}  // namespace detail

/// Writes `combine(destination, source)` to every element of the destination. Shapes must be equal.
template <class T, class D, int R, class Combine>
void copy(const View<T, R>& source, const View<D, R>& destination, Combine combine) {
  if (source.shape != destination.shape) {
    throw ShapeError(
        text("copy: source is ", source.shape, ", destination is ", destination.shape, "; both must be equal"));
  }
  if constexpr (R == 0) {
    *destination.data = combine(*destination.data, *source.data);
  } else {
    View<T, R> from = source;
    View<D, R> to = destination;
    detail::join_axes(from, to);
    const Index row = from.shape[R - 1];
    const Index from_step = from.strides.back(), to_step = to.strides.back();
    detail::for_each_row(from, to, [=](const T* s, D* d) {
      if (from_step == 1 && to_step == 1) {
        for (Index i = 0; i < row; ++i) d[i] = combine(d[i], s[i]);
      } else if (from_step == 0 && to_step == 1) {
        for (Index i = 0; i < row; ++i) d[i] = combine(d[i], *s);
      } else {
        for (Index i = 0; i < row; ++i) d[i * to_step] = combine(d[i * to_step], s[i * from_step]);
      }
    });
  }
}

template <class T, class D, int R>
void copy(const View<T, R>& source, const View<D, R>& destination) {
  copy(source, destination, [](const D&, const T& s) { return static_cast<D>(s); });
}

/// A tensor with the elements of a view.
template <class T, int R>
Tensor<std::remove_const_t<T>, R> dense(const View<T, R>& source) {
  auto out = Tensor<std::remove_const_t<T>, R>::uninitialized(source.shape);
  copy(source, mutable_view(out));
  return out;
}

}  // namespace ink
