// Mlp and SwiGlu: the position-wise networks of a transformer, and activations as function objects.
//
//   Mlp     y = down(activation(up(x)))
//   SwiGlu  y = down(silu(gate(x)) · up(x)): N. Shazeer, "GLU variants improve transformer", 2020, arXiv:2002.05202
//
// hidden = 0 means 4·width for Mlp and 8/3·width, rounded up to a multiple of 8, for SwiGlu: about the same number of
// parameters. An activation is any type whose objects map a TensorLike to one of its shape. One that maps a Dual as
// well, as those here do, is computed again in the backward pass instead of being kept (ops/activated_linear.hpp).
//
// Shapes: x (…, width), rank 2 or more -> the same.
//
// Errors: ValueError for a width below 1; ShapeError if x's last extent is another.
//
// Example:
//     Mlp<float> mlp({.width = 64}, Key{1});
//     Mlp<float, Silu> other({.width = 64, .hidden = 128}, Key{2});
//     SwiGlu<float> gated({.width = 64}, Key{3});
//     auto y = gated(other(mlp(normal<float>(Shape{8, 49, 64}, Key{4}))));
#pragma once

#include <concepts>

#include "inkling/nn/linear.hpp"
#include "inkling/ops/activated_linear.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

struct Relu {
  INKLING_INLINE auto operator()(const auto& x) const { return relu(x); }
};
struct Silu {
  INKLING_INLINE auto operator()(const auto& x) const { return silu(x); }
};
struct Gelu {
  INKLING_INLINE auto operator()(const auto& x) const { return gelu(x); }
};
struct GeluTanh {
  INKLING_INLINE auto operator()(const auto& x) const { return gelu_tanh(x); }
};

template <class T = float, class Activation = Gelu>
struct Mlp {
  struct Options {
    Index width = 0;
    Index hidden = 0;
  };

  Linear<T> up, down;

  Mlp(const Options& o, Key key)
      : up({.in = o.width, .out = hidden(o)}, key.fold(0)), down({.in = hidden(o), .out = o.width}, key.fold(1)) {}

  static constexpr Index hidden(const Options& o) {
    return o.hidden ? o.hidden : detail::checked_product("mlp", "4 x width", 4, o.width);
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    detail::require_extent("mlp", x, -1, "width", o.width);
    return x;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    const auto h = up(x);
    if constexpr (std::invocable<Activation, Dual<scalar_t<X>, 1>>) {  // a formula: its result need not be kept
      return activated_linear(Activation{}, h, down.weight.on(h), down.bias->on(h));
    } else {
      return down(Activation{}(h));
    }
  }

  static void visit(auto& self, auto&& f) {
    f("up", self.up);
    f("down", self.down);
  }
};

template <class T = float>
struct SwiGlu {
  struct Options {
    Index width = 0;
    Index hidden = 0;
  };

  Linear<T> gate, up, down;

  SwiGlu(const Options& o, Key key)
      : gate({.in = o.width, .out = hidden(o), .bias = false}, key.fold(0)),
        up({.in = o.width, .out = hidden(o), .bias = false}, key.fold(1)),
        down({.in = hidden(o), .out = o.width, .bias = false}, key.fold(2)) {}

  static constexpr Index hidden(const Options& o) {
    return o.hidden ? o.hidden : (detail::checked_product("swiglu", "8 x width", 8, o.width) / 8 + 2) / 3 * 8;
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    detail::require_extent("swiglu", x, -1, "width", o.width);
    return x;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    return down(map([](auto g, auto u) { return silu(g) * u; }, gate(x), up(x)));
  }

  static void visit(auto& self, auto&& f) {
    f("gate", self.gate);
    f("up", self.up);
    f("down", self.down);
  }
};

}  // namespace ink
