// Average and maximum pooling of images, channels last: x (n, h, w, c), y (n, oh, ow, c).
//
//   y[n, i, j, c] = mean or max of x over the window that starts at (i * stride_h - pad_top, j * stride_w - pad_left);
//   cells outside of the image do not count: the mean divides by the cells inside, the maximum ignores the others.
//
// Loops run over the channels of a pixel, which are neighbours in memory. The gradients are gathered: each input pixel
// collects from the windows that cover it, so that no two threads write one pixel and the order is fixed. The maximum
// goes to the first of equal cells; its place (row * w + column) is kept in `argmax`. A window without any cell gives 0
// and argmax -1.
//
// In use:
//     kernels::PoolShape s{.n = 64, .h = 28, .w = 28, .c = 32, .kh = 2, .kw = 2, .stride_h = 2, .stride_w = 2};
//     kernels::average_pool_forward(s, x, y);
#pragma once

#include <algorithm>
#include <cstdint>

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/conv_shape.hpp"

namespace ink::kernels {

struct PoolShape {
  Index n = 1, h = 1, w = 1, c = 1;
  Index kh = 1, kw = 1;
  Index stride_h = 1, stride_w = 1;
  Index pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;

  Index oh() const { return ConvShape::extent(h + pad_top + pad_bottom, kh, stride_h, 1); }
  Index ow() const { return ConvShape::extent(w + pad_left + pad_right, kw, stride_w, 1); }
};

namespace detail {

struct Range {
  Index begin, end;
  Index size() const { return end - begin; }
};

/// The cells of window i that lie inside of [0, size).
inline Range window_cells(Index i, Index stride, Index pad, Index kernel, Index size) {
  const Index start = i * stride - pad;
  const Index begin = std::clamp<Index>(start, 0, size);
  return {begin, std::clamp<Index>(start + kernel, begin, size)};
}

/// The windows out of `count` that cover cell x.
inline Range covering_windows(Index x, Index stride, Index pad, Index kernel, Index count) {
  const Index last = (x + pad) / stride + 1, before = x + pad - kernel + 1;
  const Index first = before > 0 ? (before + stride - 1) / stride : 0;
  const Index end = std::min(last, count);
  return {std::min(first, end), end};
}

inline Index pool_grain(const PoolShape& s) {
  return std::max<Index>(1, 16384 / std::max<Index>(1, s.w * s.c * s.kh * s.kw));
}

}  // namespace detail

template <class T>
void average_pool_forward(const PoolShape& s, const T* x, T* y) {
  const Index oh = s.oh(), ow = s.ow();
  parallel_for(s.n * oh, detail::pool_grain(s), [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      const auto rows = detail::window_cells(line % oh, s.stride_h, s.pad_top, s.kh, s.h);
      for (Index j = 0; j < ow; ++j) {
        const auto columns = detail::window_cells(j, s.stride_w, s.pad_left, s.kw, s.w);
        T* out = y + (line * ow + j) * s.c;
        std::fill_n(out, s.c, T(0));
        for (Index r = rows.begin; r < rows.end; ++r) {
          for (Index q = columns.begin; q < columns.end; ++q) {
            const T* in = x + ((line / oh * s.h + r) * s.w + q) * s.c;
            for (Index c = 0; c < s.c; ++c) out[c] += in[c];
          }
        }
        const Index cells = std::max<Index>(1, rows.size() * columns.size());
        const T scale = T(1) / static_cast<T>(cells);
        for (Index c = 0; c < s.c; ++c) out[c] *= scale;
      }
    }
  });
}

template <class T>
void average_pool_backward(const PoolShape& s, const T* dy, T* dx) {
  const Index oh = s.oh(), ow = s.ow();
  parallel_for(s.n * s.h, detail::pool_grain(s), [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      const auto rows = detail::covering_windows(line % s.h, s.stride_h, s.pad_top, s.kh, oh);
      for (Index q = 0; q < s.w; ++q) {
        const auto columns = detail::covering_windows(q, s.stride_w, s.pad_left, s.kw, ow);
        T* out = dx + (line * s.w + q) * s.c;
        std::fill_n(out, s.c, T(0));
        for (Index i = rows.begin; i < rows.end; ++i) {
          const Index height = detail::window_cells(i, s.stride_h, s.pad_top, s.kh, s.h).size();
          for (Index j = columns.begin; j < columns.end; ++j) {
            const Index width = detail::window_cells(j, s.stride_w, s.pad_left, s.kw, s.w).size();
            const T scale = T(1) / static_cast<T>(height * width);
            const T* in = dy + ((line / s.h * oh + i) * ow + j) * s.c;
            for (Index c = 0; c < s.c; ++c) out[c] += in[c] * scale;
          }
        }
      }
    }
  });
}

/// argmax: (n, oh, ow, c)
template <class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y, std::int32_t* argmax) {
  const Index oh = s.oh(), ow = s.ow();
  parallel_for(s.n * oh, detail::pool_grain(s), [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      const auto rows = detail::window_cells(line % oh, s.stride_h, s.pad_top, s.kh, s.h);
      for (Index j = 0; j < ow; ++j) {
        const auto columns = detail::window_cells(j, s.stride_w, s.pad_left, s.kw, s.w);
        T* out = y + (line * ow + j) * s.c;
        std::int32_t* place = argmax + (line * ow + j) * s.c;
        std::fill_n(out, s.c, T(0));
        std::fill_n(place, s.c, std::int32_t{-1});
        for (Index r = rows.begin; r < rows.end; ++r) {
          for (Index q = columns.begin; q < columns.end; ++q) {
            const T* in = x + ((line / oh * s.h + r) * s.w + q) * s.c;
            const auto cell = static_cast<std::int32_t>(r * s.w + q);
            for (Index c = 0; c < s.c; ++c) {
              const bool better = place[c] < 0 || in[c] > out[c] || (in[c] != in[c] && out[c] == out[c]);
              out[c] = better ? in[c] : out[c];
              place[c] = better ? cell : place[c];
            }
          }
        }
      }
    }
  });
}

template <class T>
void max_pool_backward(const PoolShape& s, const T* dy, const std::int32_t* argmax, T* dx) {
  const Index oh = s.oh(), ow = s.ow();
  parallel_for(s.n * s.h, detail::pool_grain(s), [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      const auto rows = detail::covering_windows(line % s.h, s.stride_h, s.pad_top, s.kh, oh);
      for (Index q = 0; q < s.w; ++q) {
        const auto columns = detail::covering_windows(q, s.stride_w, s.pad_left, s.kw, ow);
        const auto cell = static_cast<std::int32_t>(line % s.h * s.w + q);
        T* out = dx + (line * s.w + q) * s.c;
        std::fill_n(out, s.c, T(0));
        for (Index i = rows.begin; i < rows.end; ++i) {
          for (Index j = columns.begin; j < columns.end; ++j) {
            const Index at = ((line / s.h * oh + i) * ow + j) * s.c;
            for (Index c = 0; c < s.c; ++c) out[c] += argmax[at + c] == cell ? dy[at + c] : T(0);
          }
        }
      }
    }
  });
}

}  // namespace ink::kernels
