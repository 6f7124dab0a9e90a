// Convolution of few channels as direct loops along the rows of an image.
//
//   y[o][f] = bias[o] + sum_k weight[k][o] * x[k's channel][f + k's offset],      f = i * width + j
//
// A matrix product keeps output channels in the lanes of a vector; the first layer of a small network has too few of
// them to fill one, and its patches of one channel cost more to copy than to multiply. Here the lanes are pixels. Every
// image is split into planes, one for each channel, with its zero border; a tap is then a fixed distance in memory, and
// whole rows, one after the other, are one long vector operation. The columns that this computes between the rows are
// dropped. All of an image stays in the first- or second-level cache. Sums are formed in the order of the matrix
// product, and no longer than one of its blocks: the bits are the same.
//
// Where a vector is well filled without pixels, conv_narrow.hpp needs no planes and is used instead.
#pragma once

#include <algorithm>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/conv_patches.hpp"
#include "inkling/kernels/isa.hpp"

namespace ink::kernels::detail {

inline constexpr Index planar_slack = 32;  // elements that a tile may read or write beyond the last pixel
inline constexpr Index planar_max_inputs = 8, planar_max_outputs = 16, planar_max_depth = 256;

inline bool is_planar(const ConvShape& s) {
  return s.groups == 1 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_w == 1 && s.cin <= planar_max_inputs &&
         s.cout <= planar_max_outputs && s.kh * s.kw * s.cin <= planar_max_depth && s.oh() > 0 && s.ow() > 0;
}

/// The planes of one image: `channels` of height x width, `stride` apart.
struct Planes {
  Index channels, height, width;
  Index stride;

  Planes(Index channels_, Index height_, Index width_)
      : channels(channels_), height(height_), width(width_), stride((height_ * width_ + planar_slack + 15) / 16 * 16) {}

  Index size() const { return channels * stride; }

  /// Places an image (h, w, depth) with its first pixel at (top, left); what falls outside is cut off, the rest is 0.
  template <class T>
  void fill(T* planes, const T* image, Index h, Index w, Index depth, Index top, Index left) const {
    std::fill_n(planes, size(), T(0));
    const Index from = std::max(Index{0}, -left), to = std::min(w, width - left);
    for (Index r = std::max(Index{0}, -top); r < std::min(h, height - top); ++r) {
      const T* src = image + r * w * depth;
      T* dst = planes + (r + top) * width + left;
      for (Index c = 0; c < depth; ++c) {
        for (Index j = from; j < to; ++j) dst[c * stride + j] = src[j * depth + c];
      }
    }
  }

  /// Writes the first h rows and w columns of the planes as an image (h, w, channels), plus the bias unless it is null.
  template <class T>
  void write(const T* planes, T* image, Index h, Index w, const T* bias) const {
    for (Index i = 0; i < h; ++i) {
      T* dst = image + i * w * channels;
      const T* src = planes + i * width;
      for (Index c = 0; c < channels; ++c) {
        const T b = bias ? bias[c] : T(0);
        for (Index j = 0; j < w; ++j) dst[j * channels + c] = src[c * stride + j] + b;
      }
    }
  }
};

/// Where the terms (tap, channel) of a sum lie, as distances from the pixel.
inline Index planar_offsets(const Planes& x, const Tap* taps, Index tap_count, Index top, Index left, Index* offsets) {
  Index count = 0;
  for (Index t = 0; t < tap_count; ++t) {
    for (Index c = 0; c < x.channels; ++c) {
      offsets[count++] = c * x.stride + (taps[t].h + top) * x.width + taps[t].w + left;
    }
  }
  return count;
}

/// `Rows` output channels of `Vectors` vectors of pixels.
template <class T, int Width, int Rows, int Vectors>
INKLING_INLINE void planar_tile(const T* x, const Index* offsets, Index terms, const T* weight, Index ld, T* y,
                                Index y_stride) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes;
  V sum[Rows][Vectors] = {};
  for (Index k = 0; k < terms; ++k) {
    const T* at = x + offsets[k];
    V pixels[Vectors];
    unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { __builtin_memcpy(&pixels[v], at + v * lanes, sizeof(V)); });
    unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
      const T w = weight[k * ld + r];
      unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { sum[r][v] += w * pixels[v]; });
    });
  }
  unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
    unroll<Vectors>(
        [&](int v) INKLING_LAMBDA_INLINE { __builtin_memcpy(y + r * y_stride + v * lanes, &sum[r][v], sizeof(V)); });
  });
}

template <class T, int Width, int Vectors>
INKLING_INLINE void planar_tiles(const T* x, const Index* offsets, Index terms, const T* weight, const Planes& y,
                                 T* out) {
  const Index outputs = y.channels;
  Index o = 0;
  for (; o + 4 <= outputs; o += 4) {
    planar_tile<T, Width, 4, Vectors>(x, offsets, terms, weight + o, outputs, out + o * y.stride, y.stride);
  }
  if (outputs - o >= 2) {
    planar_tile<T, Width, 2, Vectors>(x, offsets, terms, weight + o, outputs, out + o * y.stride, y.stride);
    o += 2;
  }
  if (o < outputs) {
    planar_tile<T, Width, 1, Vectors>(x, offsets, terms, weight + o, outputs, out + o * y.stride, y.stride);
  }
}

/// One image: the first `pixels` of every y plane from x planes.
template <class T>
void planar_correlate(const T* x, const Index* offsets, Index terms, const T* weight, const Planes& y, Index pixels,
                      T* out) {
  dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
    constexpr int many = Width == 64 ? 6 : Width == 32 ? 3 : 2, few = Width == 64 ? 2 : 1;
    constexpr Index lanes = Simd<T, Width>::lanes;
    Index f = 0;
    for (; pixels - f > 2 * few * lanes; f += many * lanes) {
      planar_tiles<T, Width, many>(x + f, offsets, terms, weight, y, out + f);
    }
    for (; f < pixels; f += few * lanes) planar_tiles<T, Width, few>(x + f, offsets, terms, weight, y, out + f);
  });
}

/// Images (n, h, w, x.channels) to images (n, out_h, out_w, outputs); `weight` is (taps, x.channels, outputs).
template <class T>
void planar_images_map(Index n, const T* image, Index h, Index w, const Planes& x, Index top, Index left,
                       const Tap* taps, Index tap_count, const T* weight, const T* bias, T* result, Index out_h,
                       Index out_w, Index outputs) {
  const Planes y(outputs, out_h, x.width);
  Scratch<Index> offsets(std::max<Index>(1, tap_count * x.channels));
  const Index terms = planar_offsets(x, taps, tap_count, top, left, offsets.data());
  parallel_for(n, 4, [&](Index begin, Index end) {
    Scratch<T> in(x.size()), out(y.size());
    for (Index i = begin; i < end; ++i) {
      x.fill(in.data(), image + i * h * w * x.channels, h, w, x.channels, top, left);
      planar_correlate(in.data(), offsets.data(), terms, weight, y, (out_h - 1) * x.width + out_w, out.data());
      y.write(out.data(), result + i * out_h * out_w * outputs, out_h, out_w, bias);
    }
  });
}

template <class T>
void planar_forward(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y, const Tap* taps,
                    Index tap_count) {
  Scratch<T> live(tap_count * s.cin * s.cout + 1);
  for (Index t = 0; t < tap_count; ++t) {
    std::copy_n(weight + taps[t].index * s.cin * s.cout, s.cin * s.cout, live.data() + t * s.cin * s.cout);
  }
  const Planes planes(s.cin, s.h + s.pad_top + s.pad_bottom, s.w + s.pad_left + s.pad_right);
  planar_images_map(s.n, x, s.h, s.w, planes, s.pad_top, s.pad_left, taps, tap_count, live.data(), bias, y, s.oh(),
                    s.ow(), s.cout);
}

/// `taps` are those of the backward pass.
template <class T>
void planar_backward_data(const ConvShape& s, const T* dy, const T* weight, T* dx, const Tap* taps, Index tap_count) {
  Scratch<T> turned(tap_count * s.cin * s.cout + 1);
  for (Index t = 0; t < tap_count; ++t) {
    transpose_block(turned.data() + t * s.cin * s.cout, s.cin, weight + taps[t].index * s.cin * s.cout, s.cout, s.cin,
                    s.cout);
  }
  const Index reach_h = (s.kh - 1) * s.dilation_h, reach_w = (s.kw - 1) * s.dilation_w;
  const Planes planes(s.cout, s.h + reach_h, s.w + reach_w);
  planar_images_map(s.n, dy, s.oh(), s.ow(), planes, reach_h - s.pad_top, reach_w - s.pad_left, taps, tap_count,
                    turned.data(), static_cast<const T*>(nullptr), dx, s.h, s.w, s.cin);
}

}  // namespace ink::kernels::detail
