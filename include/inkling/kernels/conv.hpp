// 2-D convolution, channels last, forward and both gradients, as matrix products over patches packed on the fly.
//
//   y[n, i, j, o] = bias[o] + sum_{p, q, c} x[n, row, column, c] * weight[p, q, c, o]
//   row = i * stride_h - pad_top + p * dilation_h, column = j * stride_w - pad_left + q * dilation_w
//
//   x (n, h, w, cin), weight (kh, kw, cin / groups, cout), y (n, oh, ow, cout)
//
// There is no buffer of patches: each panel of the product copies what it needs straight from the image, and what is
// packed is multiplied while it is in the first-level cache. The data gradient is gathered, one product for each phase
// of the stride, so that no two threads write one pixel. Taps that a mask has removed take no part: a causal
// convolution costs its live taps only, and their weight gradient is exactly 0 elsewhere. 3 x 3 windows of many
// channels take a quarter of the multiplications (conv_winograd.hpp); depthwise convolutions and those of few channels
// have loops of their own (conv_depthwise.hpp, conv_narrow.hpp, conv_planar.hpp).
//
// Example, 3 x 3 with the size kept:
//     kernels::ConvShape s{.n = 64, .h = 28, .w = 28, .cin = 1, .cout = 32, .kh = 3, .kw = 3,
//                          .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
//     kernels::conv2d_forward(s, x, weight, bias, y);
#pragma once

#include <algorithm>

#include "inkling/kernels/conv_depthwise.hpp"
#include "inkling/kernels/conv_narrow.hpp"
#include "inkling/kernels/conv_patches.hpp"
#include "inkling/kernels/conv_planar.hpp"
#include "inkling/kernels/conv_winograd.hpp"
#include "inkling/kernels/gemm.hpp"

namespace ink::kernels {
namespace detail {

inline bool is_live(const ConvShape& s, Index tap) { return !s.taps || s.taps[tap]; }

inline bool is_plain_product(const ConvShape& s) {
  return s.kh == 1 && s.kw == 1 && s.stride_h == 1 && s.stride_w == 1 && s.groups == 1 && s.pad_top == 0 &&
         s.pad_left == 0 && s.pad_bottom == 0 && s.pad_right == 0 && is_live(s, 0);
}

/// The live taps as offsets from an output pixel's corner; returns how many.
inline Index forward_taps(const ConvShape& s, Tap* taps) {
  Index count = 0;
  for (Index p = 0; p < s.kh; ++p) {
    for (Index q = 0; q < s.kw; ++q) {
      const Index index = p * s.kw + q;
      if (is_live(s, index)) taps[count++] = {p * s.dilation_h - s.pad_top, q * s.dilation_w - s.pad_left, index};
    }
  }
  return count;
}

/// The taps that reach the input pixels (phase_h + i * stride_h, phase_w + j * stride_w), as offsets of the output
/// pixel from (i, j), in the order of memory.
inline Index backward_taps(const ConvShape& s, Index phase_h, Index phase_w, Tap* taps) {
  Index count = 0;
  for (Index p = s.kh - 1; p >= 0; --p) {
    const Index h = phase_h + s.pad_top - p * s.dilation_h;
    if (h % s.stride_h != 0) continue;
    for (Index q = s.kw - 1; q >= 0; --q) {
      const Index w = phase_w + s.pad_left - q * s.dilation_w;
      if (w % s.stride_w != 0 || !is_live(s, p * s.kw + q)) continue;
      taps[count++] = {h / s.stride_h, w / s.stride_w, p * s.kw + q};
    }
  }
  return count;
}

template <class T>
Patches<T> forward_patches(const ConvShape& s, const T* x, Index group, const Tap* taps, Index tap_count) {
  const Index channels = s.cin / s.groups;
  return {x + group * channels, s.h, s.w, channels, s.cin, s.oh(), s.ow(), s.stride_h, s.stride_w, taps, tap_count};
}

}  // namespace detail

/// `bias` may be null.
template <class T>
void conv2d_forward(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y) {
  const Index pixels = s.n * s.oh() * s.ow(), in = s.cin / s.groups, out = s.cout / s.groups;
  if (detail::is_plain_product(s)) {
    return gemm(Trans::no, Trans::no, pixels, s.cout, s.cin, x, s.cin, weight, s.cout, y, s.cout, {.bias = bias});
  }
  if (detail::is_depthwise(s)) return detail::depthwise_forward(s, x, weight, bias, y);
  if (detail::is_winograd(s)) return detail::winograd_forward(s, x, weight, bias, y);
  Scratch<detail::Tap> taps(s.kh * s.kw);
  const Index count = detail::forward_taps(s, taps.data());
  if (detail::is_planar(s)) {
    const bool narrow = detail::fills_vectors<T>(s.cout);
    return narrow ? detail::narrow_forward(s, x, weight, bias, y, taps.data(), count)
                  : detail::planar_forward(s, x, weight, bias, y, taps.data(), count);
  }
  for (Index g = 0; g < s.groups; ++g) {
    const detail::PackPatches<T> patches{detail::forward_patches(s, x, g, taps.data(), count)};
    const T* group_weight = weight + g * out;
    const detail::PackTapWeights<T> weights{count == s.kh * s.kw ? group_weight : nullptr, s.cout, group_weight,
                                            taps.data(), in};
    T* first = y + g * out;
    auto row = [first, stride = s.cout](Index pixel) { return first + pixel * stride; };
    gemm_packed<T>(pixels, out, count * in, patches, weights, row, {.bias = bias ? bias + g * out : nullptr});
  }
}

template <class T>
void conv2d_backward_data(const ConvShape& s, const T* dy, const T* weight, T* dx) {
  const Index pixels = s.n * s.oh() * s.ow(), in = s.cin / s.groups, out = s.cout / s.groups;
  if (detail::is_plain_product(s)) {
    return gemm(Trans::no, Trans::yes, pixels, s.cin, s.cout, dy, s.cout, weight, s.cout, dx, s.cin);
  }
  if (detail::is_depthwise(s)) return detail::depthwise_backward_data(s, dy, weight, dx);
  if (detail::is_winograd(s)) return detail::winograd_backward_data(s, dy, weight, dx);
  Scratch<detail::Tap> taps(s.kh * s.kw);
  if (detail::is_planar(s)) {
    const Index count = detail::backward_taps(s, 0, 0, taps.data());
    if (count == s.kh * s.kw && detail::fills_vectors<T>(s.kw * s.cin)) {
      return detail::narrow_backward_data(s, dy, weight, dx);
    }
    return detail::planar_backward_data(s, dy, weight, dx, taps.data(), count);
  }
  for (Index phase_h = 0; phase_h < std::min(s.stride_h, s.h); ++phase_h) {
    for (Index phase_w = 0; phase_w < std::min(s.stride_w, s.w); ++phase_w) {
      const Index count = detail::backward_taps(s, phase_h, phase_w, taps.data());
      const Index grid_h = detail::div_up(s.h - phase_h, s.stride_h),
                  grid_w = detail::div_up(s.w - phase_w, s.stride_w);
      for (Index g = 0; g < s.groups; ++g) {
        const detail::PackPatches<T> patches{
            {dy + g * out, s.oh(), s.ow(), out, s.cout, grid_h, grid_w, 1, 1, taps.data(), count}};
        const detail::PackTapWeightsTransposed<T> weights{s.cout, weight + g * out, taps.data(), in, out};
        auto row = [&, first = dx + g * in](Index r) {
          const Index j = r % grid_w, i = r / grid_w % grid_h, n = r / grid_w / grid_h;
          return first + ((n * s.h + phase_h + i * s.stride_h) * s.w + phase_w + j * s.stride_w) * s.cin;
        };
        gemm_packed<T>(s.n * grid_h * grid_w, in, s.oh() * s.ow() > 0 ? count * out : 0, patches, weights, row);
      }
    }
  }
}

template <class T>
void conv2d_backward_weight(const ConvShape& s, const T* x, const T* dy, T* dweight) {
  const Index pixels = s.n * s.oh() * s.ow(), in = s.cin / s.groups, out = s.cout / s.groups;
  if (detail::is_plain_product(s)) {
    return gemm(Trans::yes, Trans::no, s.cin, s.cout, pixels, x, s.cin, dy, s.cout, dweight, s.cout);
  }
  if (detail::is_depthwise(s)) return detail::depthwise_backward_weight(s, x, dy, dweight);
  if (detail::is_winograd(s)) return detail::winograd_backward_weight(s, x, dy, dweight);
  Scratch<detail::Tap> taps(s.kh * s.kw);
  const Index count = detail::forward_taps(s, taps.data());
  if (detail::is_planar(s)) detail::narrow_backward_weight(s, x, dy, dweight);
  for (Index t = 0; t < s.kh * s.kw; ++t) {
    if (!detail::is_live(s, t)) std::fill_n(dweight + t * in * s.cout, in * s.cout, T(0));
  }
  if (detail::is_planar(s)) return;
  for (Index g = 0; g < s.groups; ++g) {
    const detail::PackPatchColumns<T> patches{detail::forward_patches(s, x, g, taps.data(), count)};
    auto row = [&, first = dweight + g * out](Index r) { return first + (taps[r / in].index * in + r % in) * s.cout; };
    gemm_packed<T>(count * in, out, pixels, patches, PackRowsOfB<T>{dy + g * out, s.cout}, row);
  }
}

}  // namespace ink::kernels
