// Packing for convolutions: patches of an image as rows or columns of a matrix that is never written out.
//
// Row p of the patch matrix belongs to pixel (n, i, j) of a grid; its elements are the channels under every live tap,
// in the order of the taps: image(n, i * step_h + tap.h, j * step_w + tap.w, c), zero outside of the image. The forward
// pass, the data gradient (patches of dy, step 1) and the weight gradient (patches as columns) all pack from here.
//
// Taps that are neighbours in a row of the image are one contiguous run, so that a 3 x 3 patch is three copies.
#pragma once

#include <algorithm>
#include <cstring>

#include "inkling/kernels/conv_shape.hpp"
#include "inkling/kernels/gemm_pack.hpp"

namespace ink::kernels::detail {

struct Tap {
  Index h, w;   ///< offset in the image
  Index index;  ///< position in the weights
};

template <class T>
struct Patches {
  const T* image;  ///< at the first channel of the group
  Index h, w, channels, pixel_stride;
  Index grid_h, grid_w, step_h, step_w;
  const Tap* taps;
  Index tap_count;

  /// How many taps from `first` on read neighbouring pixels of one row, without a gap.
  Index run_length(Index first) const {
    Index length = 1;
    if (channels != pixel_stride) return length;
    while (first + length < tap_count && taps[first + length].h == taps[first].h &&
           taps[first + length].w == taps[first].w + length) {
      ++length;
    }
    return length;
  }
};

template <class T>
INKLING_INLINE void copy_run(T* dst, const T* src, Index count) {
  if (count >= 16) {
    std::memcpy(dst, src, static_cast<std::size_t>(count) * sizeof(T));
  } else {
    for (Index i = 0; i < count; ++i) dst[i] = src[i];
  }
}

template <class T>
INKLING_INLINE void zero_run(T* dst, Index count) {
  for (Index i = 0; i < count; ++i) dst[i] = T(0);
}

/// A(p, k): pixels are rows.
template <class T>
struct PackPatches {
  static constexpr PanelOrder order = PanelOrder::rows;
  Patches<T> patches;

  void operator()(T* dst, Index row0, Index rows, Index k0, Index ks, Index stride) const {
    const Patches<T>& s = patches;
    const Index k1 = k0 + ks;
    Index j = row0 % s.grid_w, i = row0 / s.grid_w % s.grid_h, n = row0 / s.grid_w / s.grid_h;
    for (Index r = 0; r < rows; ++r) {
      T* out = dst + r * stride;
      for (Index t = k0 / s.channels; t < s.tap_count && t * s.channels < k1;) {
        const Index length = s.run_length(t), first = t * s.channels;
        const Index from = std::max(k0 - first, Index{0}), to = std::min(k1 - first, length * s.channels);
        const Index row = i * s.step_h + s.taps[t].h, column = j * s.step_w + s.taps[t].w;
        T* run = out + (first - k0);
        if (row < 0 || row >= s.h) {
          zero_run(run + from, to - from);
        } else {
          const Index inside_from = std::clamp(-column * s.channels, from, to);
          const Index inside_to = std::clamp((s.w - column) * s.channels, inside_from, to);
          const T* src = s.image + ((n * s.h + row) * s.w + column) * s.pixel_stride;
          zero_run(run + from, inside_from - from);
          copy_run(run + inside_from, src + inside_from, inside_to - inside_from);
          zero_run(run + inside_to, to - inside_to);
        }
        t += length;
      }
      if (++j == s.grid_w) {
        j = 0;
        if (++i == s.grid_h) {
          i = 0;
          ++n;
        }
      }
    }
  }
};

/// A(k, p), k = (tap, channel): pixels are the inner index of a weight gradient.
template <class T>
struct PackPatchColumns {
  static constexpr PanelOrder order = PanelOrder::columns;
  Patches<T> patches;

  void operator()(T* dst, Index row0, Index rows, Index k0, Index ks, Index stride) const {
    const Patches<T>& s = patches;
    for (Index r = 0; r < rows;) {
      const Index tap = (row0 + r) / s.channels, channel = (row0 + r) % s.channels;
      const Index width = std::min(rows - r, s.channels - channel);
      pack_tap(dst + r, stride, s.taps[tap], channel, width, k0, ks);
      r += width;
    }
  }

 private:
  /// One line of the grid at a time: inside the image it is a plain strided copy.
  void pack_tap(T* dst, Index stride, const Tap& tap, Index channel, Index width, Index k0, Index ks) const {
    const Patches<T>& s = patches;
    // Grid columns whose pixel lies inside of the image.
    const Index inside_from = tap.w >= 0 ? 0 : (-tap.w + s.step_w - 1) / s.step_w;
    const Index inside_to = s.w - tap.w <= 0 ? 0 : (s.w - tap.w + s.step_w - 1) / s.step_w;
    Index j = k0 % s.grid_w, i = k0 / s.grid_w % s.grid_h, n = k0 / s.grid_w / s.grid_h;
    for (Index k = 0; k < ks;) {
      const Index end = std::min(s.grid_w, j + ks - k), row = i * s.step_h + tap.h;
      Index from = std::clamp(inside_from, j, end), to = std::clamp(inside_to, from, end);
      if (row < 0 || row >= s.h) from = to = end;
      zero_rows(dst + k * stride, stride, from - j, width);
      if (from < to) {
        const T* src = s.image + ((n * s.h + row) * s.w + from * s.step_w + tap.w) * s.pixel_stride + channel;
        copy_rows(dst + (k + from - j) * stride, stride, src, s.step_w * s.pixel_stride, to - from, width);
      }
      zero_rows(dst + (k + to - j) * stride, stride, end - to, width);
      k += end - j;
      j = 0;
      if (++i == s.grid_h) {
        i = 0;
        ++n;
      }
    }
  }

  static void zero_rows(T* dst, Index stride, Index count, Index width) {
    for (Index r = 0; r < count; ++r) zero_run(dst + r * stride, width);
  }
};

/// B(k, o) = weight[tap, c, o], k = (tap, c).
template <class T>
struct PackTapWeights {
  const T* data;  ///< null unless every tap is live and in order
  Index ld;       ///< all output channels
  const T* weight;
  const Tap* taps;
  Index channels;

  void operator()(T* dst, Index col0, Index columns, Index k0, Index ks, Index stride) const {
    if (data) return copy_rows(dst, stride, data + k0 * ld + col0, ld, ks, columns);
    for (Index k = k0, count; k < k0 + ks; k += count) {
      const Index tap = k / channels, c = k % channels;
      count = std::min(channels - c, k0 + ks - k);
      const T* src = weight + (taps[tap].index * channels + c) * ld + col0;
      copy_rows(dst + (k - k0) * stride, stride, src, ld, count, columns);
    }
  }
};

/// B(k, c) = weight[tap, c, o], k = (tap, o).
template <class T>
struct PackTapWeightsTransposed {
  Index ld;  ///< all output channels
  const T* weight;
  const Tap* taps;
  Index in_channels, channels;  ///< of one group

  void operator()(T* dst, Index col0, Index columns, Index k0, Index ks, Index stride) const {
    for (Index k = k0, count; k < k0 + ks; k += count) {
      const Index tap = k / channels, o = k % channels;
      count = std::min(channels - o, k0 + ks - k);
      const T* src = weight + (taps[tap].index * in_channels + col0) * ld + o;
      transpose_block(dst + (k - k0) * stride, stride, src, ld, columns, count);
    }
  }
};

}  // namespace ink::kernels::detail
