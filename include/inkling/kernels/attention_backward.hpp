// The gradient of scaled dot-product attention, by recomputation from the saved log-sum-exp.
//
//   p_ij = exp(scale * q_i . k_j - lse_i),  dp_ij = dout_i . v_j,  D_i = dout_i . out_i,  ds_ij = scale p_ij (dp_ij -
//   D_i) dv_j = sum_i p_ij dout_i,  dq_i = sum_j ds_ij k_j,  dk_j = sum_i ds_ij q_i
//
// T. Dao et al., "FlashAttention", 2022, arXiv:2205.14135. Tiles of 60 queries by all visible keys stay in the cache; a
// tile costs five small matrix products. Heads run in parallel, and one head is serial, so that dk and dv have one
// order. dq, dk, dv have the strides of q, k, v, dout those of out; all are overwritten.
//
// Example:
//     kernels::attention_backward(s, q, k, v, out, lse, dout, scale, true, dq, dk, dv);
#pragma once

#include <algorithm>
#include <limits>

#include "inkling/kernels/attention_shape.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/softmax.hpp"

namespace ink::kernels {
namespace detail {

inline constexpr Index attention_tile = 60;

/// From scores and dp of one query: p to p, ds to dp; zeros behind the visible keys.
template <class T>
INKLING_INLINE void score_gradients(Index visible, Index keys, T lse, T inner, T scale, T* p, T* dp) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T shift = lse == -infinity ? T(0) : lse;
  Block<T> a, b;
  for (Index j = 0; j < keys; j += block_size) {
    load_block(a, p + j, std::max<Index>(0, visible - j), -infinity);
    load_block(b, dp + j, std::max<Index>(0, visible - j), inner);
    for (Index l = 0; l < block_size; ++l) a[l] = vexp(a[l] - shift);
    for (Index l = 0; l < block_size; ++l) b[l] = scale * a[l] * (b[l] - inner);
    store_block(p + j, a, keys - j);
    store_block(dp + j, b, keys - j);
  }
}

template <class T>
INKLING_INLINE T row_dot(Index n, const T* x, const T* y) {
  return sum_blocks<T>(n, [&](Index i, Index count, Block<T>& v) INKLING_LAMBDA_INLINE {
    Block<T> w;
    load_block(v, x + i, count);
    load_block(w, y + i, count);
    for (Index l = 0; l < block_size; ++l) v[l] = v[l] * w[l];
  });
}

}  // namespace detail

template <class T>
void attention_backward(const AttentionShape& s, const T* q, const T* k, const T* v, const T* out, const T* lse,
                        const T* dout, T scale, bool causal, T* dq, T* dk, T* dv) {
  const Index tile = std::min(detail::attention_tile, s.tq);
  const Index grain = std::max<Index>(1, detail::gemm_serial_size / 5 / std::max<Index>(1, s.tq * s.tk * s.dim));
  parallel_for(s.batch * s.heads, grain, [&](Index begin, Index end) {
    Scratch<T> scores(std::max<Index>(1, tile * s.tk)), gradients(std::max<Index>(1, tile * s.tk));
    T *p = scores.data(), *dp = gradients.data();
    for (Index head = begin; head < end; ++head) {
      const Index b = head / s.heads, h = head % s.heads;
      const Index oq = b * s.q.batch + h * s.q.head, ok = b * s.k.batch + h * s.k.head;
      const Index ov = b * s.v.batch + h * s.v.head, oo = b * s.out.batch + h * s.out.head;
      for (Index j = 0; j < s.tk; ++j) {
        std::fill_n(dk + ok + j * s.k.token, s.dim, T(0));
        std::fill_n(dv + ov + j * s.v.token, s.dim, T(0));
      }
      for (Index i0 = 0; i0 < s.tq; i0 += tile) {
        const Index rows = std::min(tile, s.tq - i0), keys = s.visible(i0 + rows - 1, causal), dim = s.dim;
        const T *qi = q + oq + i0 * s.q.token, *di = dout + oo + i0 * s.out.token, *yi = out + oo + i0 * s.out.token;
        const Index lq = s.q.token, lk = s.k.token, lv = s.v.token, lo = s.out.token;
        constexpr Trans no = Trans::no, yes = Trans::yes;
        gemm_serial<T>(no, yes, rows, keys, dim, qi, lq, k + ok, lk, p, s.tk, {.alpha = scale});
        gemm_serial<T>(no, yes, rows, keys, dim, di, lo, v + ov, lv, dp, s.tk);
        dispatch([&]<int>() INKLING_LAMBDA_INLINE {
          for (Index r = 0; r < rows; ++r) {
            const T inner = detail::row_dot(dim, di + r * lo, yi + r * lo);
            detail::score_gradients(s.visible(i0 + r, causal), keys, lse[head * s.tq + i0 + r], inner, scale,
                                    p + r * s.tk, dp + r * s.tk);
          }
        });
        gemm_serial<T>(yes, no, keys, dim, rows, p, s.tk, di, lo, dv + ov, lv, {.accumulate = true});
        gemm_serial<T>(yes, no, keys, dim, rows, dp, s.tk, qi, lq, dk + ok, lk, {.accumulate = true});
        gemm_serial<T>(no, no, rows, dim, keys, dp, s.tk, k + ok, lk, dq + oq + i0 * s.q.token, lq);
      }
    }
  });
}

}  // namespace ink::kernels
