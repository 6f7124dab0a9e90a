// Gated blocks of PixelCNN: causal residual layers with a multiplicative unit.
//
//   tanh_gate(s) = tanh(s₁) · sigmoid(s₂)          s₁, s₂: the first and the second half of the channels of s
//
//   GatedBlock          x' = x + P · tanh_gate(causal(x))                                         one stack
//   GatedTwoStackBlock  s  = vertical(v),           v' = tanh_gate(s + c)                         two stacks
//                       h' = h + P · tanh_gate(horizontal(h) + L · s + c)
//
// A. van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016, arXiv:1606.05328. P and L are
// 1×1 convolutions; c is an optional vector for every image, the condition. v sees the rows above the current one (if
// its first layer did, see causal_conv.hpp), h the current row and, through the link L, everything that v sees.
//
// Evaluation pixel by pixel: `at` gives the output of one pixel; for two stacks `vertical_row` gives a whole row of the
// vertical stack first, which depends on earlier rows only. They equal `operator()` bit for bit.
//
// Shapes: x, v, h (N, H, W, C) -> the same; c (N, 2C). tanh_gate: any number of equal (…, 2C), summed -> (…, C).
//
// Errors: ShapeError if channels do not fit together or cannot be halved; ValueError for options below 1.
//
// Example:
//     auto x = normal<float>(Shape{2, 28, 28, 16}, Key{1});
//     GatedBlock<float> block({.width = 16}, Key{2});
//     auto y = block(x);                                                   // (2, 28, 28, 16)
//     GatedTwoStackBlock<float> pair({.width = 16}, Key{3});
//     auto stacks = pair(GatedStacks<Tensor<float, 4>>{x, x}, normal<float>(Shape{2, 32}, Key{4}));
//     auto features = stacks.horizontal;
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <initializer_list>
#include <utility>

#include "inkling/config.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/nn/causal_conv.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/ops/rows.hpp"

namespace ink {
namespace detail {

/// The unit on one or two summands: (s₁, s₂) or (s₁, t₁, s₂, t₂).
struct TanhGate {
  template <class T>
  static INKLING_INLINE T unit(T a, T b) {
    const auto [t, s] = kernels::vtanh_and_sigmoid(a, b);
    return t * s;
  }
  template <class T>
  static INKLING_INLINE T unit(T a, T c, T b, T d) {
    return unit(a + c, b + d);
  }

  /// dy times the slopes in s₁ and s₂, the same for every summand.
  template <class T>
  static INKLING_INLINE std::array<T, 2> slopes(T dy, T a, T b) {
    const auto [t, s, dt, ds] = kernels::vtanh_and_sigmoid_with_slopes(a, b);
    return {dy * (s * dt), dy * (t * ds)};
  }
  template <class T>
  static INKLING_INLINE std::array<T, 2> slopes(T dy, T a, T c, T b, T d) {
    return slopes(dy, a + c, b + d);
  }
};

template <int R, std::same_as<Shape<R>>... Others>
void check_gate(const Shape<R>& shape, const Others&... others) {
  if (shape[R - 1] % 2 != 0) throw ShapeError(text("tanh_gate: x is ", shape, "; the last extent must be even"));
  for (const auto& other : std::initializer_list<Shape<R>>{others...}) {
    if (other != shape) throw ShapeError(text("tanh_gate: inputs are ", shape, " and ", other, "; both must be equal"));
  }
}

/// Calls f(row, half, pointers to the first halves…, pointers to the second halves…) for every row of (…, 2 · half).
template <int R, class T, std::size_t N, class F>
void for_each_gate(const Shape<R>& shape, const std::array<const T*, N>& in, F f) {
  const Index half = shape[R - 1] / 2, rows = half ? shape.size() / (2 * half) : 0;
  parallel_for(rows, std::max<Index>(1, 8192 / std::max<Index>(half, 1)), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const Index at = r * 2 * half;
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        f(r, half, (in[I] + at)..., (in[I] + at + half)...);
      }(std::make_index_sequence<N>{});
    }
  });
}

}  // namespace detail

template <TensorLike X, std::same_as<X>... Y>
  requires(rank_v<X> > 0 && sizeof...(Y) < 2)
auto tanh_gate(const X& x, const Y&... more) {
  using T = scalar_t<X>;
  constexpr int R = rank_v<X>;
  const Shape<R> shape = value(x).shape();
  detail::check_gate(shape, value(more).shape()...);
  Shape<R> halved = shape;
  halved[R - 1] /= 2;
  auto y = Tensor<T, R>::uninitialized(halved);
  detail::for_each_gate(shape, std::array{value(x).data(), value(more).data()...},
                        [out = y.mutable_data()](Index row, Index half, const auto*... in) {
    kernels::apply_serial(half, [](auto... v) INKLING_LAMBDA_INLINE { return detail::TanhGate::unit(v...); },
                          out + row * half, in...);
  });
  return record(std::move(y),
                [inputs = std::array<Tensor<T, R>, 1 + sizeof...(Y)>{value(x), value(more)...}](
                    const auto& dy, const auto&... sinks) mutable {
    std::array<const T*, 1 + sizeof...(Y)> from;
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = inputs[i].data();
    const Shape<R> whole = inputs[0].shape();
    auto ds = Tensor<T, R>::replacing(std::move(inputs[0]));
    detail::for_each_gate(whole, from,
                          [out = ds.mutable_data(), d = dy.data()](Index row, Index half, const auto*... s) {
      T* first = out + row * 2 * half;
      kernels::apply_many_serial(half, [](auto... v) INKLING_LAMBDA_INLINE { return detail::TanhGate::slopes(v...); },
                                 std::array<T*, 2>{first, first + half}, d + row * half, s...);
    });
    (sinks.add([&] { return ds; }), ...);
  },
                x, more...);
}

namespace detail {

/// x + c, the vector of an image added at all of its pixels: x (N, …, C), c (N, C).
template <TensorLike X, TensorLikeOfRank<2> C>
auto add_to_pixels(const char* layer, const X& x, const C& c) {
  constexpr int R = rank_v<X>;
  const auto& shape = value(x).shape();
  if (value(c).shape() != Shape<2>{shape[0], shape[R - 1]}) {
    throw ShapeError(text(layer, ": condition is ", value(c).shape(), ", features are ", shape, "; it must be ",
                          Shape<2>{shape[0], shape[R - 1]}));
  }
  Shape<R> stretched;
  stretched.extents.fill(1);
  stretched[0] = shape[0];
  stretched[R - 1] = shape[R - 1];
  return x + reshape(c, stretched);
}

/// Pixel (row, column) of every image: (N, C).
template <class T>
Tensor<T, 2> pixel(const Tensor<T, 4>& x, Index row, Index column) {
  const auto& s = x.shape();
  auto y = Tensor<T, 2>::uninitialized({s[0], s[3]});
  T* out = y.mutable_data();
  for (Index n = 0; n < s[0]; ++n) {
    std::copy_n(x.data() + ((n * s[1] + row) * s[2] + column) * s[3], s[3], out + n * s[3]);
  }
  return y;
}

}  // namespace detail

template <class T = float>
struct GatedBlock {
  struct Options {
    Index width = 0;
    Index kernel = 3;
    Index dilation = 1;
  };

  CausalConv2d<T> conv;
  Linear<T> project;

  GatedBlock(const Options& o, Key key)
      : conv({.in = o.width,
              .out = detail::checked_product("gated_block", "2 x width", 2, o.width),
              .kernel = o.kernel,
              .dilation = o.dilation},
             key.fold(0)),
        project({.in = o.width, .out = o.width}, key.fold(1)) {}

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    detail::require_extent("gated_block", x, 3, "width", o.width);
    return x;
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    return x + project(tanh_gate(conv(x)));
  }

  /// The output at one pixel of every image, given x up to that pixel: (N, C).
  Tensor<T, 2> at(const Tensor<T, 4>& x, Index row, Index column) const {
    return detail::pixel(x, row, column) + project(tanh_gate(conv.at(x, row, column)));
  }

  static void visit(auto& self, auto&& f) {
    f("conv", self.conv);
    f("project", self.project);
  }
};

template <TensorLikeOfRank<4> X>
struct GatedStacks {
  X vertical, horizontal;
};

/// One row of the vertical stack: its output (N, W, C), and what the horizontal stack takes from it (N, W, 2C).
template <class T>
struct VerticalRow {
  Tensor<T, 3> output, link;
};

template <class T = float>
struct GatedTwoStackBlock {
  struct Options {
    Index width = 0;
    Index kernel = 3;
    Index dilation = 1;
  };

  VerticalConv2d<T> vertical;
  HorizontalConv<T> horizontal;
  Linear<T> link, project;

  GatedTwoStackBlock(const Options& o, Key key)
      : vertical({.in = o.width,
                  .out = detail::checked_product("gated_two_stack_block", "2 x width", 2, o.width),
                  .kernel = o.kernel,
                  .dilation = o.dilation},
                 key.fold(0)),
        horizontal({.in = o.width, .out = 2 * o.width, .kernel = o.kernel, .dilation = o.dilation}, key.fold(1)),
        link({.in = 2 * o.width, .out = 2 * o.width}, key.fold(2)),
        project({.in = o.width, .out = o.width}, key.fold(3)) {}

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    detail::require_extent("gated_two_stack_block", x, 3, "width", o.width);
    return x;
  }

  /// At most one condition, (N, 2C).
  template <TensorLikeOfRank<4> X, TensorLikeOfRank<2>... C>
  GatedStacks<X> operator()(const GatedStacks<X>& x, const C&... condition) const {
    const auto s = vertical(x.vertical);
    return {tanh_gate(conditioned(s, condition...)), mix(x.horizontal, s, condition...)};
  }

  /// The horizontal stack's output alone: what the last block of a network is asked for.
  template <TensorLikeOfRank<4> X, TensorLikeOfRank<2>... C>
  X horizontal_output(const GatedStacks<X>& x, const C&... condition) const {
    return mix(x.horizontal, vertical(x.vertical), condition...);
  }

  /// One row of the vertical stack, given its input up to that row.
  template <TensorLikeOfRank<2>... C>
  VerticalRow<T> vertical_row(const Tensor<T, 4>& x, Index row, const C&... condition) const {
    const auto s = vertical.at_row(x, row);
    return {tanh_gate(conditioned(s, condition...)), conditioned(link(s), condition...)};
  }

  /// The horizontal stack's output at one pixel of every image, given x up to it and the row's `link`: (N, C).
  Tensor<T, 2> at(const Tensor<T, 4>& x, const Tensor<T, 3>& row_link, Index row, Index column) const {
    const Shape<4> as_image{row_link.extent(0), 1, row_link.extent(1), row_link.extent(2)};
    const auto linked = detail::pixel(row_link.reshape(as_image), 0, column);
    return detail::pixel(x, row, column) + project(tanh_gate(horizontal.at(x, row, column), linked));
  }

  static void visit(auto& self, auto&& f) {
    f("vertical", self.vertical);
    f("horizontal", self.horizontal);
    f("link", self.link);
    f("project", self.project);
  }

 private:
  template <TensorLike X>
  static X conditioned(const X& s) {
    return s;
  }
  template <TensorLike X, TensorLikeOfRank<2> C>
  static X conditioned(const X& s, const C& condition) {
    return detail::add_to_pixels("gated_two_stack_block", s, condition);
  }

  template <TensorLike X, TensorLikeOfRank<2>... C>
  X mix(const X& h, const X& s, const C&... condition) const {
    return h + project(tanh_gate(horizontal(h), conditioned(link(s), condition...)));
  }
};

}  // namespace ink
