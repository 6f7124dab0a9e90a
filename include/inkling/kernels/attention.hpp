// Scaled dot-product attention, forward and backward, without a matrix of all scores in memory.
//
//   out_i = Σ_j p_ij·v_j,   p_ij = exp(scale·q_i·k_j − lse_i),   lse_i = ln Σ_j exp(scale·q_i·k_j)
//   D_i = Σ out_i·dout_i,   ds_ij = p_ij·(dout_i·v_j − D_i)
//   dq_i = scale·Σ_j ds_ij·k_j,   dk_j = scale·Σ_i ds_ij·q_i,   dv_j = Σ_i p_ij·dout_i
//
// A tile of queries meets all keys it can see; its scores stay in the cache. The backward pass keeps only the lse of
// every row and computes the scores again (T. Dao et al., "FlashAttention", 2022, arXiv:2205.14135). Causal: query i
// sees keys j ≤ i + tk − tq, and keys that no query of a tile sees are never touched. A query's result has the same
// bits alone as in a batch: sums run over the keys in one order, and hidden keys add exact zeros.
//
// Shapes: q, out, dout, dq (batch, tq, heads, dim), k, v, dk, dv (batch, tk, heads, dim), at any strides with dim
// contiguous; lse (batch, heads, tq). A cache of keys is kept transposed, so that one query meets all of them without a
// copy.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/softmax.hpp"

namespace ink::kernels {

/// Distances in elements.
struct AttentionStrides {
  Index batch = 0, token = 0, head = 0;
};

struct AttentionShape {
  Index batch = 0, heads = 0, tq = 0, tk = 0, dim = 0;
  AttentionStrides q, k, v, out;
  bool keys_in_columns = false;  ///< forward only: k is (batch, heads, dim, tokens); k.token is from dim to dim

  /// Tensors of shape (batch, tokens, heads, dim).
  static AttentionShape dense(Index batch, Index heads, Index tq, Index tk, Index dim) {
    const AttentionStrides queries{tq * heads * dim, heads * dim, dim}, keys{tk * heads * dim, heads * dim, dim};
    return {batch, heads, tq, tk, dim, queries, keys, keys, queries};
  }
};

namespace detail {

inline constexpr Index attention_tile = 64;

/// The part of an attention that belongs to one image and head.
template <class T>
struct AttentionHead {
  const AttentionShape& s;
  T scale;
  bool causal;

  static Index offset(const AttentionStrides& strides, Index b, Index h) {
    return b * strides.batch + h * strides.head;
  }

  /// How many keys query i sees.
  Index visible(Index i) const { return causal ? std::clamp<Index>(i + 1 + s.tk - s.tq, 0, s.tk) : s.tk; }

  /// scores (rows, keys) = scale·q·kᵀ for queries [first, first + rows), a row every `stride` elements
  void scores(const T* q, const T* k, Index first, Index rows, Index keys, T* out, Index stride) const {
    gemm_serial<T>(Trans::no, s.keys_in_columns ? Trans::no : Trans::yes, rows, keys, s.dim, q + first * s.q.token,
                   s.q.token, k, s.k.token, out, stride, {.alpha = scale});
  }
};

/// row[i] *= f, by vectors that a head's few dimensions fill.
template <class T>
INKLING_INLINE void scale_row(Index n, T f, T* row) {
  constexpr Index lanes = 16;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    T v[lanes];
    std::memcpy(v, row + i, sizeof(v));
    for (Index l = 0; l < lanes; ++l) v[l] *= f;
    std::memcpy(row + i, v, sizeof(v));
  }
  for (; i < n; ++i) row[i] *= f;
}

/// The elements of a row of scores in memory: whole blocks, so that no loop ends within one.
constexpr Index whole_blocks(Index keys) { return (keys + block_size - 1) / block_size * block_size; }

}  // namespace detail

template <class T>
void attention_forward(const AttentionShape& s, const T* q, const T* k, const T* v, T scale, bool causal, T* out,
                       T* lse) {
  const detail::AttentionHead<T> head{s, scale, causal};
  const Index tiles = (s.tq + detail::attention_tile - 1) / detail::attention_tile;
  parallel_for(s.batch * s.heads * tiles, 1, [&](Index task, Index) {
    const Index tile = task % tiles, h = task / tiles % s.heads, b = task / tiles / s.heads;
    const Index first = tile * detail::attention_tile, rows = std::min(detail::attention_tile, s.tq - first);
    const Index keys = head.visible(first + rows - 1);
    const Index stride = detail::whole_blocks(keys);
    Scratch<T> p(std::max<Index>(1, rows * stride));
    detail::Block<T> shift, sum, factor;  // of each row
    head.scores(q + head.offset(s.q, b, h), k + head.offset(s.k, b, h), first, rows, keys, p.data(), stride);
    // One thing for all rows before the next: what a row waits for, another does meanwhile.
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = 0; r < rows; ++r) {
        T* row = p.data() + r * stride;
        // What is not seen has the probability exp(−∞) = 0.
        std::fill(row + head.visible(first + r), row + stride, -std::numeric_limits<T>::infinity());
        shift[r] = detail::row_shift(detail::whole_blocks(head.visible(first + r)), row);
      }
      for (Index r = 0; r < rows; ++r) {
        T* row = p.data() + r * stride;
        const Index seen = detail::whole_blocks(head.visible(first + r));
        sum[r] = detail::exponentials(seen, row, shift[r], row);
        std::fill(row + seen, row + stride, T{});
      }
      for (Index r = rows; r < detail::block_size; ++r) sum[r] = shift[r] = T{};
      for (Index r = 0; r < detail::block_size; ++r) {
        factor[r] = detail::blend(sum[r] > 0, T{1} / detail::blend(sum[r] > 0, sum[r], T{1}), T{});
        shift[r] += vlog(sum[r]);
      }
    });
    if (lse) std::copy_n(shift, rows, lse + (b * s.heads + h) * s.tq + first);
    T* result = out + head.offset(s.out, b, h) + first * s.out.token;
    gemm_serial<T>(Trans::no, Trans::no, rows, s.dim, keys, p.data(), stride, v + head.offset(s.v, b, h), s.v.token,
                   result, s.out.token);
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {  // here rather than for all scores
      for (Index r = 0; r < rows; ++r) {
        T* row = result + r * s.out.token;
        const T f = factor[r];
        detail::scale_row(s.dim, f, row);
      }
    });
  });
}

template <class T>
void attention_backward(const AttentionShape& s, const T* q, const T* k, const T* v, const T* out, const T* lse,
                        const T* dout, T scale, bool causal, T* dq, T* dk, T* dv) {
  const detail::AttentionHead<T> head{s, scale, causal};
  parallel_for(s.batch * s.heads, 1, [&](Index task, Index) {
    const Index h = task % s.heads, b = task / s.heads;
    const T *qh = q + head.offset(s.q, b, h), *kh = k + head.offset(s.k, b, h), *vh = v + head.offset(s.v, b, h);
    const T *oh = out + head.offset(s.out, b, h), *doh = dout + head.offset(s.out, b, h);
    T *dqh = dq + head.offset(s.q, b, h), *dkh = dk + head.offset(s.k, b, h), *dvh = dv + head.offset(s.v, b, h);
    for (Index j = 0; j < s.tk; ++j) {
      std::fill_n(dkh + j * s.k.token, s.dim, T{});
      std::fill_n(dvh + j * s.v.token, s.dim, T{});
    }
    Scratch<T> scratch(std::max<Index>(1, 2 * detail::attention_tile * detail::whole_blocks(s.tk)));
    for (Index first = 0; first < s.tq; first += detail::attention_tile) {
      const Index rows = std::min(detail::attention_tile, s.tq - first), keys = head.visible(first + rows - 1);
      const Index stride = detail::whole_blocks(keys);
      T *p = scratch.data(), *ds = p + rows * stride;
      const T* dor = doh + first * s.out.token;
      head.scores(qh, kh, first, rows, keys, p, stride);
      gemm_serial<T>(Trans::no, Trans::yes, rows, keys, s.dim, dor, s.out.token, vh, s.v.token, ds, stride);
      dispatch([&]<int>() INKLING_LAMBDA_INLINE {
        detail::Block<T> d, w, dot;
        for (Index r = 0; r < rows; ++r) {
          const T *o = oh + (first + r) * s.out.token, *go = dor + r * s.out.token;
          dot[r] = detail::sum_blocks<T>(s.dim, [&](Index i, Index count, detail::Block<T>& t) INKLING_LAMBDA_INLINE {
            detail::load_block(t, o + i, count);
            detail::load_block(d, go + i, count);
            for (Index l = 0; l < detail::block_size; ++l) t[l] *= d[l];
          });
        }
        for (Index r = 0; r < rows; ++r) {
          T *pr = p + r * stride, *dr = ds + r * stride;
          const Index last = head.visible(first + r), seen = detail::whole_blocks(last);
          std::fill(pr + last, pr + seen, -std::numeric_limits<T>::infinity());
          std::fill(dr + last, dr + seen, T{});
          const T m = lse[task * s.tq + first + r], mean = dot[r];
          for (Index i = 0; i < seen; i += detail::block_size) {
            detail::load_block(w, pr + i, detail::block_size);
            detail::load_block(d, dr + i, detail::block_size);
            for (Index l = 0; l < detail::block_size; ++l) w[l] = vexp_nonpositive(w[l] - m);
            for (Index l = 0; l < detail::block_size; ++l) d[l] = w[l] * (d[l] - mean);
            detail::store_block(pr + i, w, detail::block_size);
            detail::store_block(dr + i, d, detail::block_size);
          }
          std::fill(pr + seen, pr + stride, T{});
          std::fill(dr + seen, dr + stride, T{});
        }
      });
      gemm_serial<T>(Trans::no, Trans::no, rows, s.dim, keys, ds, stride, kh, s.k.token, dqh + first * s.q.token,
                     s.q.token, {.alpha = scale});
      gemm_serial<T>(Trans::yes, Trans::no, keys, s.dim, rows, ds, stride, qh + first * s.q.token, s.q.token, dkh,
                     s.k.token, {.accumulate = true, .alpha = scale});
      gemm_serial<T>(Trans::yes, Trans::no, keys, s.dim, rows, p, stride, dor, s.out.token, dvh, s.v.token,
                     {.accumulate = true});
    }
  });
}

}  // namespace ink::kernels
