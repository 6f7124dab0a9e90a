// Average and maximum pooling of images, channels last: x (n, h, w, c), y (n, oh, ow, c).
//
//   y[n, i, j, c] = mean or max of x over the window that starts at (i * stride_h - pad_top, j * stride_w - pad_left);
//   cells outside of the image do not count: the mean divides by the cells inside, the maximum ignores the others.
//
// The mean's loops run over the channels of a pixel, which are neighbours in memory; its gradient is gathered: each
// input pixel collects from the windows that cover it. The maximum takes one cell of all windows of a line at a time,
// as one vector; it goes to the first of equal cells, whose place (row * w + column) is kept in `argmax`, and its
// gradient is scattered there image by image. No two threads write one pixel, and the order is fixed. A window without
// any cell gives 0 and argmax -1.
//
// In use:
//     kernels::PoolShape s{.n = 64, .h = 28, .w = 28, .c = 32, .kh = 2, .kw = 2, .stride_h = 2, .stride_w = 2};
//     kernels::average_pool_forward(s, x, y);
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/block.hpp"
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

/// The windows out of `count` whose cell in column q lies inside of an image of `size` columns.
inline Range outputs_inside(Index q, Index stride, Index pad, Index size, Index count) {
  const Index before = pad - q, room = size + pad - q;
  const Index begin = before <= 0 ? 0 : std::min((before + stride - 1) / stride, count);
  return {begin, room <= 0 ? begin : std::clamp((room + stride - 1) / stride, begin, count)};
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

namespace detail {

inline constexpr Index pool_block = 64;  // elements that a line is rounded up to

/// `count` pixels, `step` elements apart from `first` on, next to each other. Short ones are copied as whole vectors,
/// of which the next one overwrites the end: dst has room for pool_block elements more.
template <class T>
INKLING_INLINE void gather_pixels(T* dst, const T* first, Index step, Index count, Index channels, const T* end) {
  constexpr Index whole = 16;
  const bool vectors = channels <= whole && end - first >= whole;
  const Index last = vectors ? std::min(count, (end - first - whole) / step + 1) : 0;
  Index j = 0;
  for (; j < last; ++j) __builtin_memcpy(dst + j * channels, first + j * step, whole * sizeof(T));
  for (; j < count; ++j) std::copy_n(first + j * step, channels, dst + j * channels);
}

/// best = max(best, x) element by element; `from` becomes place + column where x is taken. The first of equal elements
/// stays, and so does the first NaN. Whole blocks are read and written.
template <class T, int Width>
INKLING_INLINE void take_larger(T* best, std::int32_t* from, const T* x, const std::int32_t* column, Index count,
                                std::int32_t place) {
  constexpr Index lanes = Width == 32 ? pool_block : 16;  // what g++ 12 makes vectors of
  for (Index i = 0; i < count; i += lanes) {
    T m[lanes], v[lanes];
    std::int32_t k[lanes], c[lanes];
    std::memcpy(m, best + i, sizeof(m));
    std::memcpy(v, x + i, sizeof(v));
    std::memcpy(k, from + i, sizeof(k));
    std::memcpy(c, column + i, sizeof(c));
    const auto left = static_cast<std::int32_t>(count - i);
    for (Index l = 0; l < lanes; ++l) {
      const bool better = (bool(k[l] < 0) | bool(v[l] > m[l]) | (bool(v[l] != v[l]) & bool(m[l] == m[l]))) &
                          bool(static_cast<std::int32_t>(l) < left);
      m[l] = better ? v[l] : m[l];
      k[l] = better ? place + c[l] : k[l];
    }
    std::memcpy(best + i, m, sizeof(m));
    std::memcpy(from + i, k, sizeof(k));
  }
}

}  // namespace detail

/// argmax: (n, oh, ow, c)
template <class T>
void max_pool_forward(const PoolShape& s, const T* x, T* y, std::int32_t* argmax) {
  const Index oh = s.oh(), ow = s.ow(), size = ow * s.c, room = size + detail::pool_block;
  const T* end = x + s.n * s.h * s.w * s.c;
  Scratch<std::int32_t> column(room);  // of the first cell of an output's window
  for (Index i = 0; i < room; ++i) column[i] = static_cast<std::int32_t>(i / s.c * s.stride_w);
  parallel_for(s.n * oh, detail::pool_grain(s), [&](Index begin, Index last) {
    Scratch<T> cells(room), best(room);
    Scratch<std::int32_t> from(room);
    std::fill_n(cells.data(), room, T(0));
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index line = begin; line < last; ++line) {
        std::fill_n(best.data(), room, T(0));
        std::fill_n(from.data(), room, std::int32_t{-1});
        const Index top = line % oh * s.stride_h - s.pad_top;
        for (Index p = std::max(Index{0}, -top); p < std::min(s.kh, s.h - top); ++p) {
          for (Index q = 0; q < s.kw; ++q) {
            const auto outputs = detail::outputs_inside(q, s.stride_w, s.pad_left, s.w, ow);
            if (outputs.size() == 0) continue;
            const Index first = outputs.begin * s.stride_w - s.pad_left + q, at = outputs.begin * s.c;
            detail::gather_pixels(cells.data(), x + ((line / oh * s.h + top + p) * s.w + first) * s.c, s.stride_w * s.c,
                                  outputs.size(), s.c, end);
            detail::take_larger<T, Width>(best.data() + at, from.data() + at, cells.data(), column.data() + at,
                                          outputs.size() * s.c,
                                          static_cast<std::int32_t>((top + p) * s.w + q - s.pad_left));
          }
        }
        std::copy_n(best.data(), size, y + line * size);
        std::copy_n(from.data(), size, argmax + line * size);
      }
    });
  });
}

template <class T>
void max_pool_backward(const PoolShape& s, const T* dy, const std::int32_t* argmax, T* dx) {
  const Index image = s.h * s.w * s.c, pixels = s.oh() * s.ow();
  parallel_for(s.n, detail::rows_per_task(image), [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      T* out = dx + n * image;
      std::fill_n(out, image, T(0));
      for (Index pixel = n * pixels; pixel < (n + 1) * pixels; ++pixel) {
        for (Index c = 0; c < s.c; ++c) {
          const Index cell = argmax[pixel * s.c + c];
          if (cell >= 0) out[cell * s.c + c] += dy[pixel * s.c + c];
        }
      }
    }
  });
}

}  // namespace ink::kernels
