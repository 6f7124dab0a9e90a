// Depthwise convolution (one input and one output channel a group) as direct loops over blocks of channels.
//
// With a single channel to sum over, a matrix product would be all edges. Here a block of channels of one pixel stays
// in registers while the taps run, forward and for the data gradient; the weight gradient keeps one tap's block while
// the pixels run, so that every sum has one owner and one order.
#pragma once

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/block.hpp"
#include "inkling/kernels/conv_shape.hpp"

namespace ink::kernels::detail {

inline bool is_depthwise(const ConvShape& s) { return s.groups > 1 && s.groups == s.cin && s.groups == s.cout; }

/// The output row that tap p of the input row h belongs to, or -1.
inline Index output_of(Index h, Index pad, Index p, Index dilation, Index stride, Index count) {
  const Index at = h + pad - p * dilation;
  return at >= 0 && at % stride == 0 && at / stride < count ? at / stride : -1;
}

/// sum over the taps t of source(pixel_of(p, q)) * weight[t], for every pixel (n, i, j) of dst.
template <class T, class RowOf, class ColumnOf>
void depthwise_gather(const ConvShape& s, Index dst_h, Index dst_w, Index src_h, Index src_w, const T* source,
                      const T* weight, const T* bias, T* dst, RowOf row_of, ColumnOf column_of) {
  const Index c = s.cin;
  parallel_for(s.n * dst_h, 1, [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index line = begin; line < end; ++line) {
        const Index n = line / dst_h, i = line % dst_h;
        for (Index j = 0; j < dst_w; ++j) {
          for (Index c0 = 0; c0 < c; c0 += block_size) {
            const Index lanes = c - c0 < block_size ? c - c0 : block_size;
            Block<T> sum, v, w;
            for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
            for (Index p = 0; p < s.kh; ++p) {
              const Index row = row_of(i, p);
              if (row < 0 || row >= src_h) continue;
              for (Index q = 0; q < s.kw; ++q) {
                const Index column = column_of(j, q), t = p * s.kw + q;
                if (column < 0 || column >= src_w || (s.taps && !s.taps[t])) continue;
                load_block(v, source + ((n * src_h + row) * src_w + column) * c + c0, lanes);
                load_block(w, weight + t * c + c0, lanes);
                for (Index l = 0; l < block_size; ++l) sum[l] += v[l] * w[l];
              }
            }
            if (bias) {
              load_block(w, bias + c0, lanes);
              for (Index l = 0; l < block_size; ++l) sum[l] += w[l];
            }
            store_block(dst + (line * dst_w + j) * c + c0, sum, lanes);
          }
        }
      }
    });
  });
}

template <class T>
void depthwise_forward(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y) {
  depthwise_gather(s, s.oh(), s.ow(), s.h, s.w, x, weight, bias, y, [&](Index i, Index p) {
    return i * s.stride_h - s.pad_top + p * s.dilation_h;
  }, [&](Index j, Index q) { return j * s.stride_w - s.pad_left + q * s.dilation_w; });
}

template <class T>
void depthwise_backward_data(const ConvShape& s, const T* dy, const T* weight, T* dx) {
  const Index oh = s.oh(), ow = s.ow();
  depthwise_gather(s, s.h, s.w, oh, ow, dy, weight, static_cast<const T*>(nullptr), dx, [&](Index i, Index p) {
    return output_of(i, s.pad_top, p, s.dilation_h, s.stride_h, oh);
  }, [&](Index j, Index q) { return output_of(j, s.pad_left, q, s.dilation_w, s.stride_w, ow); });
}

template <class T>
void depthwise_backward_weight(const ConvShape& s, const T* x, const T* dy, T* dweight) {
  const Index c = s.cin, oh = s.oh(), ow = s.ow(), blocks = (c + block_size - 1) / block_size;
  parallel_for(s.kh * s.kw * blocks, 1, [&](Index task, Index) {
    const Index t = task / blocks, c0 = task % blocks * block_size, lanes = c - c0 < block_size ? c - c0 : block_size;
    const Index row0 = t / s.kw * s.dilation_h - s.pad_top, column0 = t % s.kw * s.dilation_w - s.pad_left;
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      Block<T> sum, line_sum, v, d;
      for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
      for (Index line = 0; line < s.n * oh && (!s.taps || s.taps[t]); ++line) {
        const Index n = line / oh, row = line % oh * s.stride_h + row0;
        if (row < 0 || row >= s.h) continue;
        for (Index l = 0; l < block_size; ++l) line_sum[l] = T(0);
        for (Index j = 0; j < ow; ++j) {
          const Index column = j * s.stride_w + column0;
          if (column < 0 || column >= s.w) continue;
          load_block(v, x + ((n * s.h + row) * s.w + column) * c + c0, lanes);
          load_block(d, dy + (line * ow + j) * c + c0, lanes);
          for (Index l = 0; l < block_size; ++l) line_sum[l] += v[l] * d[l];
        }
        for (Index l = 0; l < block_size; ++l) sum[l] += line_sum[l];
      }
      store_block(dweight + t * c + c0, sum, lanes);
    });
  });
}

}  // namespace ink::kernels::detail
