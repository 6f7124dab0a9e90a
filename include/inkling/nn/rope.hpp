// rope: rotary position embedding. Attention scores of rotated queries and keys depend on their distance only.
//
//   (x_{2j}, x_{2j+1}) at position p is rotated by the angle p · theta^{−2j/D}
//
// With grid_width > 0, position p stands for row p / grid_width and column p % grid_width of an image: the first half
// of the dimensions is rotated by the row, the second by the column, each as above with D/2 for D.
//
// J. Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021, arXiv:2104.09864.
//
// Shapes: x (N, T, heads, D) -> the same; token t has position offset + t.
//
// Errors: ValueError for an odd D (with a grid: one that 4 does not divide), a negative offset, or a theta not above 0.
//
// Example:
//     auto q = normal<float>(Shape{2, 49, 4, 32}, Key{1});
//     auto line = rope(q, Rope{});
//     auto grid = rope(q, Rope{.grid_width = 7});
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "inkling/autograd/var.hpp"

namespace ink {

struct Rope {
  double theta = 10000;
  Index grid_width = 0;  ///< above 0: two axes
};

namespace detail {

/// cos and sin of every (token, pair), interleaved: (tokens, pairs, 2).
template <class T>
Tensor<T, 3> rope_table(Index tokens, Index dim, const Rope& rope, Index offset) {
  const Index axes = rope.grid_width > 0 ? 2 : 1, pairs = dim / 2, own = pairs / axes;
  if (dim < 1 || dim % (2 * axes) != 0) {
    throw ValueError(text("rope: dimensions are ", dim, "; ", 2 * axes, " must divide them"));
  }
  if (!Extent(offset).fits()) {
    throw ValueError(
        text("rope: offset is ", offset, "; it must ", offset < 0 ? "not be negative" : "be at most 2^48"));
  }
  if (!(rope.theta > 0)) throw ValueError(text("rope: theta is ", rope.theta, "; it must be above 0"));
  auto table = Tensor<T, 3>::uninitialized({tokens, pairs, 2});
  T* out = table.mutable_data();
  for (Index j = 0; j < pairs; ++j) {
    const double frequency = std::pow(rope.theta, -static_cast<double>(j % own) / static_cast<double>(own));
    for (Index t = 0; t < tokens; ++t) {
      Index position = offset + t;
      if (axes == 2) position = j < own ? position / rope.grid_width : position % rope.grid_width;
      const double angle = static_cast<double>(position) * frequency;
      out[(t * pairs + j) * 2] = static_cast<T>(std::cos(angle));
      out[(t * pairs + j) * 2 + 1] = static_cast<T>(std::sin(angle));
    }
  }
  return table;
}

/// Rotates the first `rotated` heads and copies the others; `direction` −1 turns back.
template <class T>
Tensor<T, 4> rotate_heads(const Tensor<T, 4>& x, const Tensor<T, 3>& table, Index rotated, T direction) {
  const Index n = x.extent(0), tokens = x.extent(1), heads = x.extent(2), dim = x.extent(3);
  auto y = Tensor<T, 4>::uninitialized(x.shape());
  T* out = y.mutable_data();
  const Index token = heads * dim;
  parallel_for(n * tokens, std::max<Index>(1, 8192 / std::max<Index>(1, token)), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T* turn = table.data() + r % tokens * dim;
      for (Index h = 0; h < rotated; ++h) {
        const T* from = x.data() + r * token + h * dim;
        T* to = out + r * token + h * dim;
        for (Index i = 0; i < dim; i += 2) {
          const T c = turn[i], s = direction * turn[i + 1];
          to[i] = from[i] * c - from[i + 1] * s;
          to[i + 1] = from[i] * s + from[i + 1] * c;
        }
      }
      std::copy_n(x.data() + r * token + rotated * dim, (heads - rotated) * dim, out + r * token + rotated * dim);
    }
  });
  return y;
}

template <TensorLikeOfRank<4> X>
auto rope_heads(const X& x, const Rope& rope, Index offset, Index rotated) {
  using T = scalar_t<X>;
  const auto table = rope_table<T>(value(x).extent(1), value(x).extent(3), rope, offset);
  return record(rotate_heads(value(x), table, rotated, T{1}), [table, rotated](const auto& dy, auto dx) {
    dx.add([&] { return rotate_heads(dy, table, rotated, T{-1}); });
  }, x);
}

}  // namespace detail

template <TensorLikeOfRank<4> X>
auto rope(const X& x, const Rope& options, Index offset = 0) {
  return detail::rope_heads(x, options, offset, value(x).extent(2));
}

}  // namespace ink
