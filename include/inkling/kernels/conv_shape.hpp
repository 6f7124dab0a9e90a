// The geometry of a 2-D convolution, channels last: x (n, h, w, cin), weight (kh, kw, cin / groups, cout),
// y (n, oh, ow, cout).
//
//   y[n, i, j, o] = sum_{p, q, c} x[n, row(i, p), column(j, q), c] * weight[p, q, c, o]    (zero outside of the image)
//   row(i, p) = i * stride_h - pad_top + p * dilation_h,  column(j, q) = j * stride_w - pad_left + q * dilation_w
#pragma once

#include <cstdint>

#include "inkling/core/shape.hpp"

namespace ink::kernels {

struct ConvShape {
  Index n = 1, h = 1, w = 1, cin = 1, cout = 1;
  Index kh = 1, kw = 1;
  Index stride_h = 1, stride_w = 1;
  Index pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  Index dilation_h = 1, dilation_w = 1;
  Index groups = 1;
  const std::uint8_t* taps = nullptr;  ///< kh * kw, nonzero where the weight is used; null: everywhere

  /// Output extent along one axis.
  static Index extent(Index size, Index kernel, Index stride, Index dilation) {
    const Index room = size - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
  }
  Index oh() const { return extent(h + pad_top + pad_bottom, kh, stride_h, dilation_h); }
  Index ow() const { return extent(w + pad_left + pad_right, kw, stride_w, dilation_w); }
};

}  // namespace ink::kernels
