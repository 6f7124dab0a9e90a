// Conv2d and Upsample: convolution layers for channels-last images.
//
//   Conv2d    y = b + Σ over the window of w · x (ops/conv.hpp). Strided by 2 it is the downsampling of a UNet.
//   Upsample  every pixel repeated factor × factor times, then a convolution: no checkerboard, unlike a transposed
//             convolution (A. Odena, V. Dumoulin, C. Olah, "Deconvolution and checkerboard artifacts", Distill 2016).
//
// `same_padding` adds dilation · (kernel − 1) rows and columns of zeros in all, an odd one at the bottom and right: at
// stride 1 the image keeps its size, at stride s it becomes 1/s of it, rounded up.
// Initial values are uniform in ±1/√(kernel² · in / groups), or zero with `zero_init`.
//
// Shapes: x (N, H, W, in) -> (N, H', W', out); weight (kernel, kernel, in / groups, out), bias (out).
//         PyTorch has its weight as (out, in / groups, kernel, kernel).
//
// Errors: ValueError for options below 1, a padding below −1, or groups that do not divide in and out; ShapeError if x
// has other channels or the window does not fit.
//
// Example:
//     Conv2d<float> stem({.in = 1, .out = 32}, Key{1});
//     Conv2d<float> down({.in = 32, .out = 64, .stride = 2}, Key{2});
//     Upsample<float> up({.in = 64, .out = 32}, Key{3});
//     auto h = down(stem(normal<float>(Shape{8, 28, 28, 1}, Key{4})));     // (8, 14, 14, 64)
//     auto y = up(h);                                                      // (8, 28, 28, 32)
#pragma once

#include <optional>

#include "inkling/nn/axes.hpp"
#include "inkling/nn/check.hpp"
#include "inkling/nn/init.hpp"
#include "inkling/ops/conv.hpp"
#include "inkling/ops/image.hpp"

namespace ink {

inline constexpr Index same_padding = -1;

template <class T = float>
struct Conv2d {
  struct Options {
    Index in = 0, out = 0;
    Index kernel = 3;
    Index stride = 1;
    Index padding = same_padding;
    Index dilation = 1;
    Index groups = 1;
    bool bias = true;
    bool zero_init = false;
  };

  Parameter<T, 4> weight;
  std::optional<Parameter<T, 1>> bias;
  Conv2dOptions window;

  Conv2d(const Options& o, Key key) {
    check(o);
    const Shape<4> shape{o.kernel, o.kernel, o.in / o.groups, o.out};
    const Index fan_in = inputs(o);
    weight.value = o.zero_init ? init::zeros<T>(shape) : init::kaiming_uniform<T>(shape, fan_in, key.fold(0));
    if (o.bias) {
      const Shape<1> channels{o.out};
      bias.emplace(o.zero_init ? init::zeros<T>(channels) : init::kaiming_uniform<T>(channels, fan_in, key.fold(1)));
    }
    const Index before = padding_before(o), after = padding_after(o);
    window.stride = o.stride;
    window.pad = {before, before, after, after};
    window.dilation = o.dilation;
    window.groups = o.groups;
  }

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    check(o);
    detail::require_extent("conv2d", x, 3, "in", o.in);
    const Index reach = padding_before(o) + padding_after(o) - o.dilation * (o.kernel - 1) - 1;
    detail::checked_product("conv2d", "x", x[1], x[2]);
    if (x[1] + reach < 0 || x[2] + reach < 0) {
      throw ShapeError(text("conv2d: x is ", x, ", kernel is ", o.kernel, ", dilation is ", o.dilation,
                            "; the window must fit into the padded image"));
    }
    return {x[0], (x[1] + reach) / o.stride + 1, (x[2] + reach) / o.stride + 1, o.out};
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    detail::require_extent("conv2d", value(x).shape(), 3, "in", weight.shape()[2] * window.groups);
    return bias ? conv2d(x, weight.on(x), bias->on(x), window) : conv2d(x, weight.on(x), window);
  }

  static void visit(auto& self, auto&& f) {
    f("weight", self.weight, Axes::window_in_out);
    f("bias", self.bias);
  }

 private:
  static constexpr void check(const Options& o) {
    detail::require_positive("conv2d", "kernel", o.kernel);
    detail::require_positive("conv2d", "stride", o.stride);
    detail::require_positive("conv2d", "dilation", o.dilation);
    detail::require_divides("conv2d", "groups", o.groups, "in", o.in);
    detail::require_divides("conv2d", "groups", o.groups, "out", o.out);
    if (o.padding < same_padding) {
      throw ValueError(text("conv2d: padding is ", o.padding, "; it must not be negative, or same_padding"));
    }
    inputs(o);
    detail::checked_product("conv2d", "dilation x kernel", o.dilation, o.kernel);
    if (o.padding > 0) detail::checked_product("conv2d", "padding", o.padding);
  }

  /// How many numbers one output sees.
  static constexpr Index inputs(const Options& o) {
    return detail::checked_product("conv2d", "kernel x kernel x in / groups", o.kernel, o.kernel, o.in / o.groups);
  }

  static constexpr Index padding_before(const Options& o) {
    return o.padding == same_padding ? o.dilation * (o.kernel - 1) / 2 : o.padding;
  }
  static constexpr Index padding_after(const Options& o) {
    return o.padding == same_padding ? o.dilation * (o.kernel - 1) - padding_before(o) : o.padding;
  }
};

template <class T = float>
struct Upsample {
  struct Options {
    Index in = 0, out = 0;
    Index factor = 2;
    Index kernel = 3;
  };

  Conv2d<T> conv;
  Index factor;

  Upsample(const Options& o, Key key) : conv(inner(o), key), factor(o.factor) {
    detail::require_positive("upsample", "factor", o.factor);
  }

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    detail::require_positive("upsample", "factor", o.factor);
    const auto grown = [&](Index extent) {
      return detail::checked_product("upsample", "x x factor", extent, o.factor);
    };
    return Conv2d<T>::out_shape(inner(o), {x[0], grown(x[1]), grown(x[2]), x[3]});
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    return conv(upsample_nearest(x, factor));
  }

  static void visit(auto& self, auto&& f) { f("conv", self.conv); }

 private:
  static constexpr typename Conv2d<T>::Options inner(const Options& o) {
    return {.in = o.in, .out = o.out, .kernel = o.kernel};
  }
};

}  // namespace ink
