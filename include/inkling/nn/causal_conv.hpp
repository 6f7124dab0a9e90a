// Causal convolutions: an output pixel sees only pixels that come before it in raster order (row by row).
//
//   y[n, i, j, o] = b[o] + Σ over the live window positions (u, v) and channels c of
//                   w[u, v, c, o] · x[n, i + d(u − r), j + d(v − r), c],      r = kernel / 2, d = dilation,
//                   x zero outside the image
//
//   CausalConv2d    the rows above within d·r, and the current row up to the current pixel
//   VerticalConv2d  whole rows: those above within d·r, and the current row
//   HorizontalConv  the current row alone: up to d·r pixels to the left, and the current pixel
//
// Mask::b is as above; Mask::a leaves out the current pixel (the current row for VerticalConv2d), which a network's
// first layer must not see. A stack of VerticalConv2d whose first layer has mask a sees the rows strictly above; with
// HorizontalConv beside it nothing before a pixel stays hidden, whereas a stack of CausalConv2d never sees a growing
// wedge of pixels above and to the right (A. van den Oord et al., 2016, arXiv:1601.06759 and arXiv:1606.05328).
//
// Only the rows above and the current one are stored. Positions of the current row that are masked out are stored as
// zeros, but neither multiplied nor trained: their gradient is exactly 0. Parameters are counted as stored.
// Initial values are uniform in ±1/√fan_in, fan_in being the number of inputs that an output sees.
//
// Evaluation pixel by pixel: `at(x, i, j)` is the output at one pixel of every image, `at_row(x, i)` that at one row.
// They read only the causal neighbourhood, so the rest of x may hold anything, and equal `operator()` bit for bit.
//
// Shapes: x (N, H, W, in) -> (N, H, W, out); at -> (N, out); at_row -> (N, W, out); bias (out);
//         weight (r+1, kernel, in, out), for HorizontalConv (1, r+1, in, out).
//
// Errors: ValueError for in, out, dilation below 1, an even kernel, or mask a with kernel 1, which sees nothing;
// ShapeError if x has other channels, or for a pixel outside.
//
// Example:
//     CausalConv2d<float> first({.in = 1, .out = 32, .kernel = 7, .mask = Mask::a}, Key{1});
//     CausalConv2d<float> second({.in = 32, .out = 32}, Key{2});
//     auto h = first(normal<float>(Shape{8, 28, 28, 1}, Key{3}));          // (8, 28, 28, 32)
//     auto y = second(h);
//     auto corner = second.at(h, 27, 27);                                  // (8, 32): y at the last pixel
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/nn/axes.hpp"
#include "inkling/nn/check.hpp"
#include "inkling/nn/init.hpp"
#include "inkling/ops/conv.hpp"

namespace ink {

/// Whether the current pixel (row) is left out (a) or seen (b).
enum class Mask { a, b };

/// Which part of the neighbourhood a causal convolution sees.
enum class Reach { raster, rows, row };

template <class T, Reach reach>
struct MaskedConv2d {
  struct Options {
    Index in = 0, out = 0;
    Index kernel = 3;
    Index dilation = 1;
    Mask mask = Mask::b;
    bool bias = true;
  };

  Parameter<T, 4> weight;
  std::optional<Parameter<T, 1>> bias;
  Conv2dOptions window;
  Index live = 0;  ///< so many window positions are seen: the first ones, row by row

  MaskedConv2d(const Options& o, Key key) {
    check(o);
    const Index r = o.kernel / 2;
    const Index rows = reach == Reach::row ? 1 : r + 1, columns = reach == Reach::row ? r + 1 : o.kernel;
    live = live_positions(o);
    weight.value = init::kaiming_uniform<T>(Shape<4>{rows, columns, o.in, o.out}, live * o.in, key.fold(0));
    const auto values = weight.value.mutable_values();
    std::fill(values.begin() + live * o.in * o.out, values.end(), T{});
    if (o.bias) bias.emplace(init::kaiming_uniform<T>(Shape<1>{o.out}, live * o.in, key.fold(1)));
    window.dilation = o.dilation;
    window.pad = {o.dilation * (rows - 1), o.dilation * r, 0, o.dilation * (columns - 1 - r)};
    window.taps.assign(static_cast<std::size_t>(rows * columns), 0);
    std::fill_n(window.taps.begin(), live, std::uint8_t{1});
  }

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    check(o);
    detail::require_extent(name, x, 3, "in", o.in);
    return {x[0], x[1], x[2], o.out};
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    detail::require_extent(name, value(x).shape(), 3, "in", weight.shape()[2]);
    return bias ? conv2d(x, weight.on(x), bias->on(x), window) : conv2d(x, weight.on(x), window);
  }

  /// The output at pixel (row, column) of every image: (N, out).
  Tensor<T, 2> at(const Tensor<T, 4>& x, Index row, Index column) const {
    check_pixel(x.shape(), row, column);
    auto y = Tensor<T, 2>::uninitialized({x.extent(0), weight.shape()[3]});
    evaluate(x, row, column, column + 1, y.mutable_data());
    return y;
  }

  /// The output at one row of every image: (N, W, out).
  Tensor<T, 3> at_row(const Tensor<T, 4>& x, Index row) const {
    check_pixel(x.shape(), row, 0);
    auto y = Tensor<T, 3>::uninitialized({x.extent(0), x.extent(2), weight.shape()[3]});
    evaluate(x, row, 0, x.extent(2), y.mutable_data());
    return y;
  }

  static void visit(auto& self, auto&& f) {
    f("weight", self.weight, Axes(Axes::window_in_out, self.live));
    f("bias", self.bias);
  }

 private:
  static constexpr const char* name = reach == Reach::raster ? "causal_conv2d"
                                      : reach == Reach::rows ? "vertical_conv2d"
                                                             : "horizontal_conv";

  static constexpr void check(const Options& o) {
    detail::require_positive(name, "in", o.in);
    detail::require_positive(name, "out", o.out);
    detail::require_positive(name, "kernel", o.kernel);
    detail::require_positive(name, "dilation", o.dilation);
    if (o.kernel % 2 == 0) throw ValueError(text(name, ": kernel is ", o.kernel, "; it must be odd"));
    detail::checked_product(name, "kernel x kernel x in x out", o.kernel, o.kernel, o.in, o.out);
    detail::checked_product(name, "dilation x kernel", o.dilation, o.kernel);
    if (live_positions(o) == 0) {
      throw ValueError(text(name, ": kernel is 1, mask is a; this sees nothing: the kernel must be at least 3"));
    }
  }

  static constexpr Index live_positions(const Options& o) {
    const Index r = o.kernel / 2, above = reach == Reach::row ? 0 : r * o.kernel;
    if (reach == Reach::rows) return o.mask == Mask::a ? above : above + o.kernel;
    return o.mask == Mask::a ? above + r : above + r + 1;
  }

  void check_pixel(const Shape<4>& x, Index row, Index column) const {
    detail::require_extent(name, x, 3, "in", weight.shape()[2]);
    if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) {
      throw ShapeError(text(name, ": x is ", x, ", pixel is ", Shape{row, column}, "; it must lie in the image"));
    }
  }

  /// The outputs at columns [begin, end) of one row, as one matrix product of their neighbourhoods.
  void evaluate(const Tensor<T, 4>& x, Index row, Index begin, Index end, T* y) const {
    const Index n = x.extent(0), height = x.extent(1), width = x.extent(2), in = x.extent(3);
    const Index columns = weight.shape()[1], out = weight.shape()[3];
    const Index top = row - window.pad.top, left = begin - window.pad.left, d = window.dilation;
    const Index k = live * in, count = end - begin;
    Scratch<T> patches(n * count * k);
    parallel_for(n * count, 64, [&](Index first, Index last) {
      for (Index p = first; p < last; ++p) {
        T* patch = patches.data() + p * k;
        const T* image = x.data() + p / count * height * width * in;
        const Index j = left + p % count;
        for (Index t = 0; t < live; ++t) {
          const Index i = top + t / columns * d, jt = j + t % columns * d;
          if (i < 0 || jt < 0 || jt >= width) {
            std::fill_n(patch + t * in, in, T{});
          } else {
            std::copy_n(image + (i * width + jt) * in, in, patch + t * in);
          }
        }
      }
    });
    // The products of one pixel are too short to wake other threads for; both give the same bits.
    constexpr Index small = 2'000'000;
    const auto multiply = n * count * out * k < small ? &kernels::gemm_serial<T> : &kernels::gemm<T>;
    multiply(kernels::Trans::no, kernels::Trans::no, n * count, out, k, patches.data(), k, weight.value.data(), out, y,
             out, {.bias = bias ? bias->value.data() : nullptr});
  }
};

template <class T = float>
using CausalConv2d = MaskedConv2d<T, Reach::raster>;
template <class T = float>
using VerticalConv2d = MaskedConv2d<T, Reach::rows>;
template <class T = float>
using HorizontalConv = MaskedConv2d<T, Reach::row>;

}  // namespace ink
