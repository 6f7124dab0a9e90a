// Convolution of channels-last images, and its transpose.
//
//   y[n, i, j, o] = b[o] + Σ_{u, v, c} w[u, v, c, o] · x[n, i·stride − top + u·dilation, j·stride − left + v·dilation,
//   c]
//
// where x counts as zero outside the image. With groups, output channels [g·Co/G, (g+1)·Co/G) see only input channels
// [g·Ci/G, (g+1)·Ci/G); groups = Ci is the depthwise convolution. `taps` switches positions of the window off: their
// weights count as zero and their gradient is exactly zero (the causal masks of PixelCNN: A. van den Oord,
// N. Kalchbrenner, K. Kavukcuoglu, 2016, arXiv:1601.06759). As everywhere in the field this is a correlation: the
// window is not flipped. K. Fukushima, "Neocognitron", 1980; Y. LeCun et al., 1989.
//
// conv_transpose2d is the gradient of conv2d with respect to its input, used as a layer that enlarges (M. Zeiler et
// al., "Deconvolutional networks", CVPR 2010): its weight is that of the convolution from its output to its input.
//
// Shapes: conv2d            x (N, H, W, Ci), w (KH, KW, Ci/groups, Co), b (Co) -> (N, OH, OW, Co)
//                           OH = (H + top + bottom − dilation·(KH−1) − 1) / stride + 1, rounded down
//         conv_transpose2d  x (N, H, W, Ci), w (KH, KW, Co/groups, Ci), b (Co) -> (N, OH, OW, Co)
//                           OH = (H−1)·stride + dilation·(KH−1) + 1 + output_padding − top − bottom
//
// Errors: ShapeError if the channels do not fit together, the groups do not divide them, the window is larger than the
// padded image, or the taps are not KH·KW; ValueError for a stride, dilation or group count below 1 or a negative
// padding.
//
// Example:
//     auto x = normal<float>(Shape{8, 28, 28, 1}, Key{1});
//     auto w = normal<float>(Shape{3, 3, 1, 32}, Key{2});
//     Tensor<float, 1> b(Shape{32});
//     auto y = conv2d(x, w, b, {.padding = 1});                                   // (8, 28, 28, 32)
//     auto half = conv2d(x, w, {.stride = 2, .pad = {.top = 1, .left = 1}});      // (8, 14, 14, 32)
//     auto w2 = normal<float>(Shape{2, 2, 16, 32}, Key{3});
//     auto up = conv_transpose2d(half, w2, {.stride = 2});                        // (8, 28, 28, 16)
#pragma once

#include <cstdint>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/conv.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink {

/// Rows and columns of zeros around an image; −1 stands for the symmetric `padding` of the operation.
struct Pad2d {
  Index top = -1, left = -1, bottom = -1, right = -1;
};

struct Conv2dOptions {
  Index stride = 1;
  Index padding = 0;  ///< on all four sides
  Pad2d pad = {};     ///< side by side, where it differs from `padding`
  Index dilation = 1;
  Index groups = 1;
  detail::PoolVector<std::uint8_t> taps = {};  ///< KH·KW, row by row: 0 switches a position off; empty: all are on
};

struct ConvTranspose2dOptions {
  Index stride = 1;
  Index padding = 0;
  Pad2d pad = {};
  Index dilation = 1;
  Index groups = 1;
  Index output_padding = 0;  ///< rows and columns added at the bottom and right: which of `stride` sizes is meant
};

namespace detail {

inline void check_at_least(const char* operation, const char* name, Index actual, Index least) {
  if (actual < least) throw ValueError(text(operation, ": ", name, " is ", actual, "; it must be at least ", least));
}

/// The window of a convolution: all of its geometry except for the image.
inline kernels::ConvShape conv_window(const char* operation, const Shape<4>& w, const Conv2dOptions& options) {
  check_at_least(operation, "stride", options.stride, 1);
  check_at_least(operation, "dilation", options.dilation, 1);
  check_at_least(operation, "groups", options.groups, 1);
  check_at_least(operation, "padding", options.padding, 0);
  const auto side = [&](const char* name, Index pad) {
    check_at_least(operation, name, pad, -1);
    return pad < 0 ? options.padding : pad;
  };
  for (int a = 0; a < 4; ++a) {
    if (w[a] < 1) throw ShapeError(text(operation, ": w is ", w, "; w[", a, "] must be at least 1"));
  }
  if (w[3] % options.groups != 0) {
    throw ShapeError(text(operation, ": w is ", w, ", groups are ", options.groups, "; groups must divide w[3]"));
  }
  if (!options.taps.empty() && static_cast<Index>(options.taps.size()) != w[0] * w[1]) {
    throw ShapeError(text(operation, ": w is ", w, ", taps are ", options.taps.size(),
                          "; their number must equal w[0] * w[1] = ", w[0] * w[1]));
  }
  kernels::ConvShape s;
  s.kh = w[0];
  s.kw = w[1];
  s.cin = checked_product(operation, "w[2] x groups", w[2], options.groups);
  s.cout = w[3];
  s.stride_h = s.stride_w = options.stride;
  s.pad_top = side("pad.top", options.pad.top);
  s.pad_left = side("pad.left", options.pad.left);
  s.pad_bottom = side("pad.bottom", options.pad.bottom);
  s.pad_right = side("pad.right", options.pad.right);
  s.dilation_h = s.dilation_w = options.dilation;
  s.groups = options.groups;
  s.taps = options.taps.empty() ? nullptr : options.taps.data();
  return s;
}

/// The checked geometry of conv2d. Points into `options`.
inline kernels::ConvShape conv_shape(const char* operation, const Shape<4>& x, const Shape<4>& w,
                                     const Conv2dOptions& options) {
  auto s = conv_window(operation, w, options);
  if (x[3] != s.cin) {
    throw ShapeError(text(operation, ": x is ", x, ", w is ", w, ", groups are ", options.groups,
                          "; x[3] must equal w[2] * groups = ", s.cin));
  }
  s.n = x[0];
  s.h = x[1];
  s.w = x[2];
  const Extent padded_h = Extent(s.h) + s.pad_top + s.pad_bottom, padded_w = Extent(s.w) + s.pad_left + s.pad_right;
  const Extent window_h = Extent(s.dilation_h) * (s.kh - 1) + 1, window_w = Extent(s.dilation_w) * (s.kw - 1) + 1;
  const auto fits = [](Extent window, Extent padded) { return window.fits() && window.value() <= padded.value(); };
  if (s.h < 1 || s.w < 1 || !fits(window_h, padded_h) || !fits(window_w, padded_w)) {
    throw ShapeError(text(operation, ": the window is (", window_h, ", ", window_w, "), x is ", x, ", padded to (",
                          padded_h, ", ", padded_w, "); the window must fit into the padded image"));
  }
  return s;
}

inline Conv2dOptions transposed_options(const ConvTranspose2dOptions& o) {
  return {o.stride, o.padding, o.pad, o.dilation, o.groups, {}};
}

/// The geometry of the convolution from the result of conv_transpose2d back to x.
inline kernels::ConvShape conv_transpose_shape(const Shape<4>& x, const Shape<4>& w,
                                               const ConvTranspose2dOptions& options) {
  constexpr const char* operation = "conv_transpose2d";
  auto s = conv_window(operation, w, transposed_options(options));
  s.taps = nullptr;
  check_at_least(operation, "output_padding", options.output_padding, 0);
  if (options.output_padding >= options.stride) {
    throw ValueError(text(operation, ": output_padding is ", options.output_padding, ", stride is ", options.stride,
                          "; output_padding must be below the stride"));
  }
  if (x[3] != s.cout) throw ShapeError(text(operation, ": x is ", x, ", w is ", w, "; x[3] must equal w[3]"));
  const auto extent = [&](Index size, Index kernel, Extent padding) {
    const Extent grown = Extent(size - 1) * options.stride + Extent(options.dilation) * (kernel - 1) + 1;
    const Extent whole = grown + options.output_padding;
    return whole.fits() && padding.fits() ? whole.value() - padding.value() : -1;
  };
  s.n = x[0];
  s.h = extent(x[1], s.kh, Extent(s.pad_top) + s.pad_bottom);
  s.w = extent(x[2], s.kw, Extent(s.pad_left) + s.pad_right);
  if (x[1] < 1 || x[2] < 1 || s.h < 1 || s.w < 1) {
    throw ShapeError(text(operation, ": x is ", x, ", w is ", w, ", the result would be ", Shape{s.h, s.w},
                          "; its extents must be at least 1"));
  }
  return s;
}

inline void check_bias(const char* operation, const Shape<1>& b, Index channels) {
  if (b[0] != channels)
    throw ShapeError(text(operation, ": b is ", b, "; b[0] must equal the output's ", channels, " channels"));
}

/// y = w ∗ x + b, of shape (n, oh, ow, cout).
template <class T>
Tensor<T, 4> conv_values(const kernels::ConvShape& s, const Tensor<T, 4>& x, const Tensor<T, 4>& w, const T* b) {
  auto y = Tensor<T, 4>::uninitialized({s.n, s.oh(), s.ow(), s.cout});
  if (!y.empty()) kernels::conv2d_forward(s, x.data(), w.data(), b, y.mutable_data());
  return y;
}

/// The gradient of the input, of shape (n, h, w, cin).
template <class T>
Tensor<T, 4> conv_data_gradient(const kernels::ConvShape& s, const Tensor<T, 4>& dy, const Tensor<T, 4>& w) {
  auto dx = Tensor<T, 4>::uninitialized({s.n, s.h, s.w, s.cin});
  if (!dx.empty()) kernels::conv2d_backward_data(s, dy.data(), w.data(), dx.mutable_data());
  return dx;
}

/// The gradient of the weight, of shape (kh, kw, cin / groups, cout).
template <class T>
Tensor<T, 4> conv_weight_gradient(const kernels::ConvShape& s, const Tensor<T, 4>& x, const Tensor<T, 4>& dy) {
  auto dw = Tensor<T, 4>::uninitialized({s.kh, s.kw, s.cin / s.groups, s.cout});
  kernels::conv2d_backward_weight(s, x.data(), dy.data(), dw.mutable_data());
  return dw;
}

template <class T>
Tensor<T, 1> conv_bias_gradient(const Tensor<T, 4>& dy) {
  auto db = Tensor<T, 1>::uninitialized({dy.extent(3)});
  kernels::column_sums(dy.size() / dy.extent(3), dy.extent(3), dy.data(), db.mutable_data());
  return db;
}

/// y += b, channel by channel.
template <class T>
void add_channels(Tensor<T, 4>& y, const Tensor<T, 1>& b) {
  const Index channels = b.size();
  T* out = y.mutable_data();
  parallel_for(y.size() / channels, 1024, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      for (Index c = 0; c < channels; ++c) out[r * channels + c] += b.data()[c];
    }
  });
}

}  // namespace detail

template <TensorLikeOfRank<4> X, TensorLikeOfRank<4> W>
auto conv2d(const X& x, const W& w, const Conv2dOptions& options = {}) {
  const auto s = detail::conv_shape("conv2d", value(x).shape(), value(w).shape(), options);
  return record(detail::conv_values<scalar_t<X>>(s, value(x), value(w), nullptr),
                [xv = value(x), wv = value(w), options](const auto& dy, auto dx, auto dw) {
    const auto shape = detail::conv_shape("conv2d", xv.shape(), wv.shape(), options);
    dx.add([&] { return detail::conv_data_gradient(shape, dy, wv); });
    dw.add([&] { return detail::conv_weight_gradient(shape, xv, dy); });
  }, x, w);
}

template <TensorLikeOfRank<4> X, TensorLikeOfRank<4> W, TensorLikeOfRank<1> B>
auto conv2d(const X& x, const W& w, const B& b, const Conv2dOptions& options = {}) {
  const auto s = detail::conv_shape("conv2d", value(x).shape(), value(w).shape(), options);
  detail::check_bias("conv2d", value(b).shape(), s.cout);
  return record(detail::conv_values(s, value(x), value(w), value(b).data()),
                [xv = value(x), wv = value(w), options](const auto& dy, auto dx, auto dw, auto db) {
    const auto shape = detail::conv_shape("conv2d", xv.shape(), wv.shape(), options);
    dx.add([&] { return detail::conv_data_gradient(shape, dy, wv); });
    dw.add([&] { return detail::conv_weight_gradient(shape, xv, dy); });
    db.add([&] { return detail::conv_bias_gradient(dy); });
  }, x, w, b);
}

template <TensorLikeOfRank<4> X, TensorLikeOfRank<4> W>
auto conv_transpose2d(const X& x, const W& w, const ConvTranspose2dOptions& options = {}) {
  const auto s = detail::conv_transpose_shape(value(x).shape(), value(w).shape(), options);
  return record(detail::conv_data_gradient(s, value(x), value(w)),
                [xv = value(x), wv = value(w), s](const auto& dy, auto dx, auto dw) {
    dx.add([&] { return detail::conv_values<scalar_t<X>>(s, dy, wv, nullptr); });
    dw.add([&] { return detail::conv_weight_gradient(s, dy, xv); });
  }, x, w);
}

template <TensorLikeOfRank<4> X, TensorLikeOfRank<4> W, TensorLikeOfRank<1> B>
auto conv_transpose2d(const X& x, const W& w, const B& b, const ConvTranspose2dOptions& options = {}) {
  const auto s = detail::conv_transpose_shape(value(x).shape(), value(w).shape(), options);
  detail::check_bias("conv_transpose2d", value(b).shape(), s.cin);
  auto y = detail::conv_data_gradient(s, value(x), value(w));
  detail::add_channels(y, value(b));
  return record(std::move(y), [xv = value(x), wv = value(w), s](const auto& dy, auto dx, auto dw, auto db) {
    dx.add([&] { return detail::conv_values<scalar_t<X>>(s, dy, wv, nullptr); });
    dw.add([&] { return detail::conv_weight_gradient(s, dy, xv); });
    db.add([&] { return detail::conv_bias_gradient(dy); });
  }, x, w, b);
}

}  // namespace ink
