// Scaled dot-product attention, forward; the backward pass is in attention_backward.hpp, which this header includes.
//
//   out_i = sum_j p_ij v_j,  p_i = softmax_j(scale * q_i . k_j),  lse_i = log sum_j exp(scale * q_i . k_j)
//
//   q, out (batch, tq, heads, dim), k, v (batch, tk, heads, dim) by strides; lse (batch, heads, tq), may be null.
//   Causal: query i sees the keys j <= i + tk - tq, so the last query sees all. A query without keys gives 0 and -inf.
//
// There is no tq x tk buffer: the scores of one panel of queries (12 of them with AVX-512) live in the second-level
// cache, stored in the layout in which the product with v reads them, and keys behind the causal edge are not computed.
// T. Dao et al., "FlashAttention", 2022, arXiv:2205.14135, for the recomputation from lse.
//
// Sums over keys have an order of the key index alone: a query computed by itself, with cached keys and values, has the
// bits of the query computed among all.
//
// Example:
//     const auto s = kernels::AttentionShape::dense(batch, heads, tokens, tokens, dim);
//     kernels::attention_forward(s, q, k, v, 1 / std::sqrt(float(dim)), true, out, lse);
#pragma once

#include <algorithm>
#include <limits>

#include "inkling/kernels/attention_backward.hpp"
#include "inkling/kernels/attention_shape.hpp"
#include "inkling/kernels/gemm_packed.hpp"
#include "inkling/kernels/softmax.hpp"

namespace ink::kernels {
namespace detail {

/// Replaces the scores of one query by exp(score - max) and those of [visible, padded) by 0; scores of the keys
/// [256 b, 256 (b + 1)) start at scores + b * block_stride. Returns the sum of the exponentials, and the maximum.
template <class T>
INKLING_INLINE T exponentiate_scores(T* scores, Index block_stride, Index visible, Index padded, T* maximum) {
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  auto at = [&](Index j) INKLING_LAMBDA_INLINE { return scores + j / gemm_kc * block_stride + j % gemm_kc; };
  Block<T> top, sum, v;
  for (Index l = 0; l < block_size; ++l) top[l] = lowest;
  for (Index j = 0; j < visible; j += block_size) {
    load_block(v, at(j), visible - j, lowest);
    for (Index l = 0; l < block_size; ++l) top[l] = larger(top[l], v[l]);
  }
  *maximum = fold_max(top);
  const T shift = *maximum == lowest ? T(0) : *maximum;
  for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
  for (Index j = 0; j < padded; j += block_size) {
    load_block(v, at(j), std::max<Index>(0, visible - j), lowest);
    for (Index l = 0; l < block_size; ++l) v[l] = vexp(v[l] - shift);
    for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
    store_block(at(j), v, block_size);
  }
  return fold_sum(sum);
}

/// One head of one batch element.
template <class T>
struct AttentionHead {
  const AttentionShape& s;
  const T *q, *k, *v;
  T *out, *lse;
  T scale;
  bool causal;

  AttentionHead(const AttentionShape& shape, Index head, const T* q0, const T* k0, const T* v0, T* out0, T* lse0,
                T factor, bool masked)
      : s(shape), scale(factor), causal(masked) {
    const Index b = head / s.heads, h = head % s.heads;
    q = q0 + b * s.q.batch + h * s.q.head;
    k = k0 + b * s.k.batch + h * s.k.head;
    v = v0 + b * s.v.batch + h * s.v.head;
    out = out0 + b * s.out.batch + h * s.out.head;
    lse = lse0 ? lse0 + head * s.tq : nullptr;
  }

  /// Divides by the sum and stores one query's result.
  INKLING_INLINE void finish(Index i, const T* sums, T total, T maximum) const {
    const T inverse = total == T(0) ? T(0) : T(1) / total;
    map_row(s.dim, sums, out + i * s.out.token, [inverse](T x) INKLING_LAMBDA_INLINE { return x * inverse; });
    if (lse) lse[i] = total == T(0) ? -std::numeric_limits<T>::infinity() : maximum + vlog(total);
  }

  /// A single query: keys and values are read in place.
  void one_query(Index i) const {
    const Index visible = s.visible(i, causal), padded = div_up(visible, block_size) * block_size;
    Scratch<T> scores(std::max<Index>(padded, 1));
    T total = 0, maximum = 0;
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      score_keys(q + i * s.q.token, visible, scores.data());
      total = exponentiate_scores(scores.data(), gemm_kc, visible, padded, &maximum);
    });
    T* row = out + i * s.out.token;
    auto row_of = [row](Index) { return row; };
    const PackRowsOfA<T> weights{scores.data(), padded};
    const PackRowsOfB<T> values{v, s.v.token};
    const GemmOptions<T> options;
    const NoEpilogue none;
    if (visible > 0) {
      GemmRange<T, PackRowsOfA<T>, PackRowsOfB<T>, decltype(row_of), NoEpilogue>(1, s.dim, weights, values, row_of,
                                                                                 options, none)
          .run(0, visible, Threads::no);
    } else {
      std::fill_n(row, s.dim, T(0));
    }
    dispatch([&]<int>() INKLING_LAMBDA_INLINE { finish(i, row, total, maximum); });
  }

  /// scores[j] = scale * q . k_j, each a chain like the micro-kernel's; eight at a time hide its latency.
  INKLING_INLINE void score_keys(const T* query, Index count, T* scores) const {
    constexpr int lanes = 8;
    for (Index j = 0; j < count; j += lanes) {
      const T* key[lanes];
      T score[lanes] = {};
      for (int l = 0; l < lanes; ++l) key[l] = k + std::min<Index>(j + l, count - 1) * s.k.token;
      for (Index d0 = 0; d0 < s.dim; d0 += gemm_kc) {
        const Index d1 = std::min(s.dim, d0 + gemm_kc);
        T sum[lanes] = {};
        for (Index d = d0; d < d1; ++d) {
          unroll<lanes>([&](auto l) INKLING_LAMBDA_INLINE { sum[l] += query[d] * key[l][d]; });
        }
        unroll<lanes>([&](auto l) INKLING_LAMBDA_INLINE { score[l] = score[l] + scale * sum[l]; });
      }
      for (int l = 0; l < lanes && j + l < count; ++l) scores[j + l] = score[l];
    }
  }

  /// Queries [begin, end), by panels.
  void queries(Index begin, Index end) const {
    const Micro<T> m = micro<T, PanelOrder::rows>();
    const Index mr = m.mr, nr = m.nr, block_stride = mr * gemm_kc;
    const Index keys = s.visible(end - 1, causal), key_panels = div_up(keys, nr), dim_panels = div_up(s.dim, nr);
    Scratch<T> packed_k(std::max<Index>(1, key_panels * nr * s.dim));
    Scratch<T> packed_v(std::max<Index>(1, keys * dim_panels * nr));
    Scratch<T> scores(std::max<Index>(1, div_up(keys, gemm_kc)) * block_stride);
    Scratch<T> result(mr * dim_panels * nr), query(block_stride);
    pack_panels(PackColumnsOfB<T>{k, s.k.token}, keys, s.dim, nr, packed_k.data());
    pack_panels(PackRowsOfB<T>{v, s.v.token}, s.dim, keys, nr, packed_v.data());
    std::fill_n(query.data(), query.size(), T(0));
    T* c[gemm_max_rows];
    for (Index i = begin; i < end; i += mr) {
      const Index rows = std::min(mr, end - i), visible = s.visible(i + rows - 1, causal);
      for (Index d = 0; d < s.dim; d += gemm_kc) {
        const Index ks = std::min(gemm_kc, s.dim - d);
        copy_rows(query.data(), gemm_kc, q + i * s.q.token + d, s.q.token, rows, ks);
        const T* b = packed_k.data() + d * key_panels * nr;
        for (Index p = 0; p * nr < visible; ++p) {
          T* first = scores.data() + p * nr / gemm_kc * block_stride + p * nr % gemm_kc;
          for (Index r = 0; r < mr; ++r) c[r] = first + r * gemm_kc;
          m.run({ks, query.data(), b + p * ks * nr, nr, c, nullptr, scale, d > 0}, static_cast<int>(rows),
                static_cast<int>(nr));
        }
      }
      T total[gemm_max_rows], maximum[gemm_max_rows];
      dispatch([&]<int>() INKLING_LAMBDA_INLINE {
        for (Index r = 0; r < rows; ++r) {
          total[r] = exponentiate_scores(scores.data() + r * gemm_kc, block_stride, s.visible(i + r, causal), visible,
                                         maximum + r);
        }
      });
      for (Index r = rows; r < mr; ++r) {  // rows behind the last query: any finite numbers
        for (Index j = 0; j < visible; j += gemm_kc) {
          std::fill_n(scores.data() + j / gemm_kc * block_stride + r * gemm_kc, gemm_kc, T(0));
        }
      }
      if (visible == 0) std::fill_n(result.data(), result.size(), T(0));
      for (Index j = 0; j < visible; j += gemm_kc) {
        const Index block = std::min(gemm_kc, keys - j), ks = std::min(gemm_kc, visible - j);
        const T* b = packed_v.data() + j * dim_panels * nr;
        for (Index p = 0; p < dim_panels; ++p) {
          for (Index r = 0; r < mr; ++r) c[r] = result.data() + r * dim_panels * nr + p * nr;
          m.run({ks, scores.data() + j / gemm_kc * block_stride, b + p * block * nr, nr, c, nullptr, T(1), j > 0},
                static_cast<int>(rows), static_cast<int>(nr));
        }
      }
      dispatch([&]<int>() INKLING_LAMBDA_INLINE {
        for (Index r = 0; r < rows; ++r) finish(i + r, result.data() + r * dim_panels * nr, total[r], maximum[r]);
      });
    }
  }

  /// All panels of B, block of k by block of k.
  template <class PackB>
  static void pack_panels(const PackB& pack, Index columns, Index depth, Index nr, T* dst) {
    const Index panels = div_up(columns, nr);
    for (Index k = 0; k < depth; k += gemm_kc) {
      const Index ks = std::min(gemm_kc, depth - k);
      for (Index p = 0; p < panels; ++p) {
        T* panel = dst + k * panels * nr + p * ks * nr;
        const Index count = std::min(nr, columns - p * nr);
        if (count < nr) std::fill_n(panel, ks * nr, T(0));
        pack(panel, p * nr, count, k, ks, nr);
      }
    }
  }
};

}  // namespace detail

template <class T>
void attention_forward(const AttentionShape& s, const T* q, const T* k, const T* v, T scale, bool causal, T* out,
                       T* lse) {
  const Index heads = s.batch * s.heads, work = std::max<Index>(1, s.tq * s.tk * s.dim);
  if (heads <= 0 || s.tq <= 0) return;
  // Few heads: several tasks each, of whole panels of queries.
  const Index parts = heads >= 8 || work < detail::gemm_serial_size ? 1 : detail::div_up(8, heads);
  const Index part = detail::div_up(detail::div_up(s.tq, parts), 12) * 12, tasks = detail::div_up(s.tq, part);
  const Index grain = std::max<Index>(1, detail::gemm_serial_size / work);
  parallel_for(heads * tasks, grain, [&](Index begin, Index end) {
    for (Index task = begin; task < end; ++task) {
      const detail::AttentionHead<T> head(s, task / tasks, q, k, v, out, lse, scale, causal);
      const Index first = task % tasks * part, last = std::min(s.tq, first + part);
      if (last - first == 1) {
        head.one_query(first);
      } else {
        head.queries(first, last);
      }
    }
  });
}

}  // namespace ink::kernels
