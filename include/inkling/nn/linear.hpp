// Linear: an affine map of the last axis.
//
//   y = x · W + b
//
// Initial values are uniform in ±1/√in (init.hpp), or zero with `zero_init`.
//
// Shapes: x (…, in), rank 2 or more -> (…, out); weight (in, out), bias (out). PyTorch has its weight as (out, in).
//
// Errors: ValueError for in or out below 1; ShapeError if x's last extent is not `in`.
//
// Example:
//     Linear<float> layer({.in = 64, .out = 10}, Key{1});
//     auto y = layer(normal<float>(Shape{8, 64}, Key{2}));                 // (8, 10)
#pragma once

#include <optional>

#include "inkling/nn/axes.hpp"
#include "inkling/nn/check.hpp"
#include "inkling/nn/init.hpp"
#include "inkling/ops/linalg.hpp"

namespace ink {

template <class T = float>
struct Linear {
  struct Options {
    Index in = 0, out = 0;
    bool bias = true;
    bool zero_init = false;
  };

  Parameter<T, 2> weight;
  std::optional<Parameter<T, 1>> bias;

  Linear(const Options& o, Key key) {
    detail::require_positive("linear", "in", o.in);
    detail::require_positive("linear", "out", o.out);
    const Shape<2> shape{o.in, o.out};
    weight.value = o.zero_init ? init::zeros<T>(shape) : init::kaiming_uniform<T>(shape, o.in, key.fold(0));
    if (o.bias) {
      const Shape<1> columns{o.out};
      bias.emplace(o.zero_init ? init::zeros<T>(columns) : init::kaiming_uniform<T>(columns, o.in, key.fold(1)));
    }
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    static_assert(R >= 2, "linear: x has rank 2 or more");
    detail::require_extent("linear", x, R - 1, "in", o.in);
    Shape<R> y = x;
    y[R - 1] = o.out;
    return y;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    detail::require_extent("linear", value(x).shape(), -1, "in", weight.shape()[0]);
    return bias ? linear(x, weight.on(x), bias->on(x)) : matmul(x, weight.on(x));
  }

  static void visit(auto& self, auto&& f) {
    f("weight", self.weight, Axes::in_out);
    f("bias", self.bias);
  }
};

}  // namespace ink
