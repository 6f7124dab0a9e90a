// Attention of the newest tokens to a cache of keys and values, which they join first.
//
//   out = Σ_j p_j·v_j / Σ_j p_j,   p_j = exp(scale·q·k_j − max_j scale·q·k_j),   j over all tokens of the cache
//
// One token of an image reads every key and value once and does two multiply-adds for each number: the time is that of
// reading. So a task takes the heads of one image together. Scores run down the transposed keys eight vectors at a
// time, and where the keys end the last vectors begin earlier, so that nothing is copied or padded. The sums over
// values are chains in the order of the keys, which alone would wait for each other: several heads side by side make
// eight of them, and as many streams from memory. The newest key is stored once the scores have brought its lines into
// the cache; its own score is computed from where it came.
//
// The order of summation is that of attention_forward: the results have the same bits.
//
// Shapes: q, out (batch, t, heads, dim), as for attention_forward; k_new, v_new like q, at the same strides; k (batch,
// heads, dim, tokens), v (batch, tokens, heads, dim), at any strides. The t new tokens become the last of shape.tk.
//
// In use:
//     kernels::attention_decode(shape, q, k_new, v_new, cache_k, cache_v, scale, out);
#pragma once

#include <algorithm>

#include "inkling/kernels/attention.hpp"

namespace ink::kernels {
namespace detail {

/// Heads that are decoded side by side, at the most.
inline constexpr int decode_heads = 4;
/// Vectors of sums that are added to in turn.
inline constexpr int decode_chains = 8;

/// p = scale·(q·k) for Count vectors of keys.
template <class T, int Width, int Count>
INKLING_INLINE void decode_scores(Index dim, const T* q, const T* k, Index ld, T scale, T* p) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes;
  V sum[Count] = {};
  for (Index d = 0; d < dim; ++d, k += ld) {
    const T qd = q[d];
    unroll<Count>([&](int i) INKLING_LAMBDA_INLINE {
      V x;
      __builtin_memcpy(&x, k + i * lanes, sizeof(V));
      sum[i] += qd * x;
    });
  }
  unroll<Count>([&](int i) INKLING_LAMBDA_INLINE {
    sum[i] = scale * sum[i];
    __builtin_memcpy(p + i * lanes, &sum[i], sizeof(V));
  });
}

/// The same for a row of at least one vector of keys.
template <class T, int Width>
INKLING_INLINE void decode_row(Index keys, Index dim, const T* q, const T* k, Index ld, T scale, T* p) {
  constexpr Index lanes = Simd<T, Width>::lanes;
  for (Index at = 0, count; at < keys; at += count * lanes) {
    count = 8;
    while (count > 1 && (count / 2 * lanes >= keys - at || count * lanes > keys)) count /= 2;
    at = std::min(at, keys - count * lanes);  // some keys twice instead of a part of a vector
    switch (count) {
      case 8: decode_scores<T, Width, 8>(dim, q, k + at, ld, scale, p + at); break;
      case 4: decode_scores<T, Width, 4>(dim, q, k + at, ld, scale, p + at); break;
      case 2: decode_scores<T, Width, 2>(dim, q, k + at, ld, scale, p + at); break;
      default: decode_scores<T, Width, 1>(dim, q, k + at, ld, scale, p + at);
    }
  }
}

/// o = Σ_j p_j·v_j for Count vectors of each of some heads.
template <class T, int Width, int Heads, int Count>
INKLING_INLINE void decode_sums(Index keys, const T* p, Index p_stride, const T* v, Index v_head, Index v_token, T* o,
                                Index o_stride) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes, all = Heads * Count;
  constexpr Index block = gemm_block<T>(PanelOrder::rows), span = gemm_group<T>(PanelOrder::rows);
  V total[all] = {}, group[all] = {};
  for (Index g = 0; g < keys; g += span) {
    const Index group_end = std::min(keys, g + span);
    for (Index j0 = g; j0 < group_end; j0 += block) {
      V sum[all] = {};
      const Index end = std::min(group_end, j0 + block);
      const T* row = v + j0 * v_token;
      for (Index j = j0; j < end; ++j, row += v_token) {
        unroll<Heads>([&](int h) INKLING_LAMBDA_INLINE {
          const T pj = p[h * p_stride + j];
          unroll<Count>([&](int i) INKLING_LAMBDA_INLINE {
            V x;
            __builtin_memcpy(&x, row + h * v_head + i * lanes, sizeof(V));
            sum[h * Count + i] += pj * x;
          });
        });
      }
      unroll<all>([&](int i) INKLING_LAMBDA_INLINE { group[i] = j0 > g ? sum[i] + group[i] : sum[i]; });
    }
    unroll<all>([&](int i) INKLING_LAMBDA_INLINE { total[i] = g > 0 ? total[i] + group[i] : group[i]; });
  }
  unroll<Heads>([&](int h) INKLING_LAMBDA_INLINE {
    unroll<Count>([&](int i) INKLING_LAMBDA_INLINE {
      __builtin_memcpy(o + h * o_stride + i * lanes, &total[h * Count + i], sizeof(V));
    });
  });
}

/// The new token of one image in `heads` heads; pointers are those of the first.
template <class T>
struct DecodeHeads {
  const AttentionShape& s;
  Index heads;
  const T *q, *k_new, *v_new;
  T *k, *v;
  T scale;
  T* out;
  T *p, *o;  ///< room for scores, and for sums
  Index stride;

  template <int Width>
  INKLING_INLINE void run() const {
    const Index dim = s.dim, last = s.tk - 1;
    for (Index h = 0; h < heads; ++h) {
      const T *qh = q + h * s.q.head, *fresh = k_new + h * s.q.head;
      T *kh = k + h * s.k.head, *ph = p + h * stride;
      decode_row<T, Width>(last, dim, qh, kh, s.k.token, scale, ph);
      T sum{};
      for (Index d = 0; d < dim; ++d) sum += qh[d] * fresh[d];
      ph[last] = scale * sum;
      for (Index d = 0; d < dim; ++d) kh[d * s.k.token + last] = fresh[d];
      std::memcpy(v + h * s.v.head + last * s.v.token, v_new + h * s.q.head, sizeof(T) * static_cast<std::size_t>(dim));
    }
    T factor[attention_rows];
    softmax_tile<T, Width>(heads, whole(s.tk, block_size), p, stride, [&](Index) INKLING_LAMBDA_INLINE { return s.tk; },
                           factor, static_cast<T*>(nullptr));
    if (dim % Simd<T, Width>::lanes == 0) {
      all_sums<Width>();
    } else {
      all_sums<16>();
    }
    for (Index h = 0; h < heads; ++h) scale_row(dim, factor[h], o + h * dim, out + h * s.out.head);
  }

  template <int Width>
  INKLING_INLINE void all_sums() const {
    const Index vectors = s.dim / Simd<T, Width>::lanes;
    if (vectors % 8 == 0) {
      sums<Width, 8>();
    } else if (vectors % 4 == 0) {
      sums<Width, 4>();
    } else if (vectors % 2 == 0) {
      sums<Width, 2>();
    } else {
      sums<Width, 1>();
    }
  }

  template <int Width, int Count>
  INKLING_INLINE void sums() const {
    constexpr int together = std::min(decode_heads, decode_chains / Count);
    constexpr Index step = Count * Simd<T, Width>::lanes;
    Index h = 0;
    for (; h + together <= heads; h += together) {
      for (Index c = 0; c < s.dim; c += step) sums_of<Width, together, Count>(h, c);
    }
    for (; together > 1 && h < heads; ++h) {
      for (Index c = 0; c < s.dim; c += step) sums_of<Width, 1, Count>(h, c);
    }
  }

  template <int Width, int Heads, int Count>
  INKLING_INLINE void sums_of(Index h, Index c) const {
    decode_sums<T, Width, Heads, Count>(s.tk, p + h * stride, stride, v + h * s.v.head + c, s.v.head, s.v.token,
                                        o + h * s.dim + c, s.dim);
  }
};

template <class T>
void append_tokens(const AttentionShape& s, const T* k_new, const T* v_new, T* k, T* v) {
  for (Index b = 0; b < s.batch; ++b) {
    for (Index t = 0; t < s.tq; ++t) {
      const Index at = s.tk - s.tq + t;
      for (Index h = 0; h < s.heads; ++h) {
        const Index from = b * s.q.batch + t * s.q.token + h * s.q.head;
        T* column = k + b * s.k.batch + h * s.k.head + at;
        for (Index d = 0; d < s.dim; ++d) column[d * s.k.token] = k_new[from + d];
        std::copy_n(v_new + from, s.dim, v + b * s.v.batch + at * s.v.token + h * s.v.head);
      }
    }
  }
}

}  // namespace detail

template <class T>
void attention_decode(const AttentionShape& s, const T* q, const T* k_new, const T* v_new, T* k, T* v, T scale,
                      T* out) {
  // Else whole vectors of keys and of a head's dimensions, and scores of one chain.
  if (s.tq != 1 || s.dim % detail::Simd<T, 16>::lanes != 0 || s.dim > gemm_block<T>(PanelOrder::rows) ||
      s.tk <= detail::Simd<T, 64>::lanes) {
    detail::append_tokens(s, k_new, v_new, k, v);
    return attention_forward(s, q, k, v, scale, true, out, static_cast<T*>(nullptr));
  }
  const Index per_task = std::clamp<Index>(s.batch * s.heads / 8, 1, detail::decode_heads);
  const Index groups = detail::div_up(s.heads, per_task);
  parallel_for(s.batch * groups, 1, [&](Index task, Index) {
    const Index b = task / groups, first = task % groups * per_task, heads = std::min(per_task, s.heads - first);
    const Index stride = detail::whole(s.tk, detail::block_size) + 16;
    Scratch<T> scratch(heads * (stride + s.dim));
    const Index from = b * s.q.batch + first * s.q.head;
    const detail::DecodeHeads<T> decode{s,
                                        heads,
                                        q + from,
                                        k_new + from,
                                        v_new + from,
                                        k + b * s.k.batch + first * s.k.head,
                                        v + b * s.v.batch + first * s.v.head,
                                        scale,
                                        out + b * s.out.batch + first * s.out.head,
                                        scratch.data(),
                                        scratch.data() + heads * stride,
                                        stride};
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE { decode.template run<Width>(); });
  });
}

}  // namespace ink::kernels
