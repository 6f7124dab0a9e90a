// Pooling of channels-last images: the mean or the largest value of every window, channel by channel.
//
//   average: y[n, i, j, c] = mean of x[n, i·stride − padding + u, j·stride − padding + v, c] over the window's cells
//            that lie inside the image
//   max:     the largest of the same cells; its gradient goes to the first cell that attains it
//
// Shapes: x (N, H, W, C) -> (N, OH, OW, C), OH = (H + 2·padding − kernel) / stride + 1, rounded down.
//
// Errors: ValueError for a kernel below 1, or a padding that is negative or above half the kernel (a window could miss
// the image); ShapeError if the window is larger than the padded image.
//
// Example:
//     auto x = normal<float>(Shape{8, 28, 28, 32}, Key{1});
//     auto half = average_pool2d(x, {.kernel = 2});                               // (8, 14, 14, 32)
//     auto peaks = max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1});       // (8, 14, 14, 32)
#pragma once

#include <cstdint>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/pool.hpp"

namespace ink {

struct Pool2dOptions {
  Index kernel = 2;
  Index stride = 0;  ///< 0 means `kernel`: windows side by side
  Index padding = 0;
};

namespace detail {

inline kernels::PoolShape pool_shape(const char* operation, const Shape<4>& x, const Pool2dOptions& options) {
  if (options.kernel < 1) throw ValueError(text(operation, ": kernel is ", options.kernel, "; it must be at least 1"));
  if (options.stride < 0) {
    throw ValueError(text(operation, ": stride is ", options.stride, "; it must be at least 1, or 0 for the kernel"));
  }
  if (options.padding < 0 || options.padding > options.kernel / 2) {
    throw ValueError(text(operation, ": padding is ", options.padding, ", kernel is ", options.kernel,
                          "; padding must be in [0, kernel / 2]"));
  }
  const Extent padding = options.padding, padded_h = padding * 2 + x[1], padded_w = padding * 2 + x[2];
  if (x[1] < 1 || x[2] < 1 || options.kernel > padded_h.value() || options.kernel > padded_w.value()) {
    throw ShapeError(text(operation, ": kernel is ", options.kernel, ", x is ", x, ", padded to (", padded_h, ", ",
                          padded_w, "); the window must fit into the padded image"));
  }
  kernels::PoolShape s;
  s.n = x[0];
  s.h = x[1];
  s.w = x[2];
  s.c = x[3];
  s.kh = s.kw = options.kernel;
  s.stride_h = s.stride_w = options.stride > 0 ? options.stride : options.kernel;
  s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = options.padding;
  return s;
}

}  // namespace detail

template <TensorLikeOfRank<4> X>
auto average_pool2d(const X& x, const Pool2dOptions& options = {}) {
  using Image = Tensor<scalar_t<X>, 4>;
  const auto s = detail::pool_shape("average_pool2d", value(x).shape(), options);
  auto y = Image::uninitialized({s.n, s.oh(), s.ow(), s.c});
  if (!y.empty()) kernels::average_pool_forward(s, value(x).data(), y.mutable_data());
  return record(std::move(y), [s](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Image::uninitialized({s.n, s.h, s.w, s.c});
      kernels::average_pool_backward(s, dy.data(), g.mutable_data());
      return g;
    });
  }, x);
}

template <TensorLikeOfRank<4> X>
auto max_pool2d(const X& x, const Pool2dOptions& options = {}) {
  using Image = Tensor<scalar_t<X>, 4>;
  const auto s = detail::pool_shape("max_pool2d", value(x).shape(), options);
  auto y = Image::uninitialized({s.n, s.oh(), s.ow(), s.c});
  auto argmax = Tensor<std::int32_t, 4>::uninitialized(y.shape());
  if (!y.empty()) kernels::max_pool_forward(s, value(x).data(), y.mutable_data(), argmax.mutable_data());
  return record(std::move(y), [s, argmax](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Image::uninitialized({s.n, s.h, s.w, s.c});
      kernels::max_pool_backward(s, dy.data(), argmax.data(), g.mutable_data());
      return g;
    });
  }, x);
}

}  // namespace ink
