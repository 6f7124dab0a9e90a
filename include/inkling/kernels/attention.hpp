// Scaled dot-product attention, forward and backward, without a matrix of all scores in memory.
//
//   out_i = Σ_j p_ij·v_j,   p_ij = exp(scale·q_i·k_j − lse_i),   lse_i = ln Σ_j exp(scale·q_i·k_j)
//   D_i = Σ out_i·dout_i,   ds_ij = p_ij·(dout_i·v_j − D_i)
//   dq_i = scale·Σ_j ds_ij·k_j,   dk_j = scale·Σ_i ds_ij·q_i,   dv_j = Σ_i p_ij·dout_i
//
// A tile of queries meets all keys it can see; its scores stay in the cache. The backward pass keeps only the lse of
// every row and computes the scores again (T. Dao et al., "FlashAttention", 2022, arXiv:2205.14135). Causal: query i
// sees keys j ≤ i + tk − tq, and keys that no query of a tile sees are not multiplied. A query's result has the same
// bits alone as in a batch: sums run over the keys in one order, and hidden keys add exact zeros.
//
// The products are small, so what surrounds them counts. Keys and values are packed once for all queries of a head, as
// the micro-kernel of gemm reads them, and padded to whole tiles. A tile is a few rows: the scores of 12 queries and
// 800 keys fit the first-level cache from their product to the next. Maxima and sums of all rows of a tile take their
// last steps together, as vectors. The backward pass has the queries in the lanes: its scores need no transposition
// for dk and dv, and what a query brings along (lse, D) is a vector.
//
// Shapes: q, out, dout, dq (batch, tq, heads, dim), k, v, dk, dv (batch, tk, heads, dim), at any strides with dim
// contiguous; lse (batch, heads, tq). A cache of keys is kept transposed, so that one query meets all of them without a
// copy. With `lengths`, item b has the keys j < lengths[b] alone, and the bits it would have without the others.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/gemm_panels.hpp"
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
  const std::int32_t* lengths = nullptr;  ///< keys of every item of the batch, at least 1; null: tk. Not if causal

  /// Tensors of shape (batch, tokens, heads, dim).
  static AttentionShape dense(Index batch, Index heads, Index tq, Index tk, Index dim) {
    const AttentionStrides queries{tq * heads * dim, heads * dim, dim}, keys{tk * heads * dim, heads * dim, dim};
    return {batch, heads, tq, tk, dim, queries, keys, keys, queries};
  }

  /// The same with the keys that item b has.
  AttentionShape of_item(Index b) const {
    AttentionShape item = *this;
    if (lengths) item.tk = lengths[b];
    return item;
  }
};

namespace detail {

/// The part of an attention that belongs to one image and head.
template <class T>
struct AttentionHead {
  const AttentionShape& s;
  bool causal;

  static Index offset(const AttentionStrides& strides, Index b, Index h) {
    return b * strides.batch + h * strides.head;
  }

  /// How many keys query i sees.
  Index visible(Index i) const { return causal ? std::clamp<Index>(i + 1 + s.tk - s.tq, 0, s.tk) : s.tk; }

  /// How many of the queries from `first` on do not see key j.
  Index blind(Index j, Index first, Index most) const {
    return causal ? std::clamp<Index>(j - (s.tk - s.tq) - first, 0, most) : 0;
  }
};

/// A tile of queries (forward) or keys (backward) at most; a multiple of every micro-kernel's rows.
inline constexpr Index attention_rows = 24;
/// Elements of the local arrays of short loops.
inline constexpr Index attention_unit = 16;
/// Of loops with an exponential, as measured with gcc: with 256-bit vectors short ones take up to 1.5 times as long,
/// with 512 bits long ones a little.
template <int Width>
inline constexpr Index loop_length = Width == 32 ? block_size : attention_unit;
/// The lanes of a tile of queries in the backward pass.
inline constexpr Index attention_lanes = 64;

/// acc = f(acc, x) over the blocks of a row, and on to four numbers: the last step is taken for many rows at once.
template <class T, int Width, class F>
INKLING_INLINE void fold_row(Index n, const T* row, T start, T (&four)[4], F&& f) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes, count = block_size / lanes;
  V acc[count];
  unroll<count>([&](int v) INKLING_LAMBDA_INLINE { acc[v] = V{} + start; });
  for (Index i = 0; i < n; i += block_size) {
    unroll<count>([&](int v) INKLING_LAMBDA_INLINE {
      V x;
      __builtin_memcpy(&x, row + i + v * lanes, sizeof(V));
      f(acc[v], x);
    });
  }
  Block<T> block;
  unroll<count>([&](int v) INKLING_LAMBDA_INLINE { __builtin_memcpy(block + v * lanes, &acc[v], sizeof(V)); });
  for (Index i = 0; i < 32; ++i) f(block[i], block[i + 32]);
  for (Index i = 0; i < 16; ++i) f(block[i], block[i + 16]);
  for (Index i = 0; i < 8; ++i) f(block[i], block[i + 8]);
  for (Index i = 0; i < 4; ++i) f(block[i], block[i + 4]);
  std::memcpy(four, block, sizeof(four));
}

/// −∞ behind the first `seen` scores of a block.
template <class T>
INKLING_INLINE void hide(T* scores, Index seen) {
  Block<T> w;
  std::memcpy(w, scores, sizeof(w));
  const auto count = static_cast<Bits<T>>(seen);
  for (Bits<T> l = 0; l < block_size; ++l) w[l] = l < count ? w[l] : -std::numeric_limits<T>::infinity();
  std::memcpy(scores, w, sizeof(w));
}

/// Scores of the first `rows` queries of a tile become exp(score − their maximum), zeros for hidden keys up to `reach`;
/// factor is one over their sum. One thing for all rows before the next: what a row waits for, another does meanwhile.
template <class T, int Width, class Visible>
INKLING_INLINE void softmax_tile(Index rows, Index reach, T* p, Index stride, Visible&& visible, T* factor, T* lse) {
  constexpr Index size = 32;
  static_assert(size >= attention_rows);
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  T four[size][4] = {}, shift[size], sum[size], inverse[size];
  auto larger_of = [](auto& a, const auto& b) INKLING_LAMBDA_INLINE { a = a < b ? b : a; };
  auto add = [](auto& a, const auto& b) INKLING_LAMBDA_INLINE { a += b; };
  for (Index r = 0; r < rows; ++r) {
    T* row = p + r * stride;
    const Index seen = visible(r), rest = seen % block_size;
    if (rest) hide(row + seen - rest, rest);
    fold_row<T, Width>(whole(seen, block_size), row, lowest, four[r], larger_of);
  }
  for (Index r = 0; r < size; ++r) {
    T a = four[r][0], b = four[r][1];
    larger_of(a, four[r][2]), larger_of(b, four[r][3]), larger_of(a, b);
    shift[r] = blend(a == lowest, T{}, a);
  }
  for (Index r = 0; r < rows; ++r) {
    T* row = p + r * stride;
    const Index seen = whole(visible(r), block_size);
    constexpr Index lanes = loop_length<Width>;
    const T top = shift[r];
    for (Index i = 0; i < seen; i += lanes) {
      T w[lanes];
      std::memcpy(w, row + i, sizeof(w));
      for (Index l = 0; l < lanes; ++l) w[l] = vexp_nonpositive(w[l] - top);
      std::memcpy(row + i, w, sizeof(w));
    }
    for (Index i = seen; i < reach; ++i) row[i] = T{};
    fold_row<T, Width>(seen, row, T{}, four[r], add);
  }
  for (Index r = rows; r < size; ++r) four[r][0] = four[r][1] = four[r][2] = four[r][3] = T{};
  for (Index r = 0; r < size; ++r) sum[r] = (four[r][0] + four[r][2]) + (four[r][1] + four[r][3]);
  for (Index r = 0; r < size; ++r) inverse[r] = blend(sum[r] > 0, T{1} / blend(sum[r] > 0, sum[r], T{1}), T{});
  std::memcpy(factor, inverse, sizeof(T) * attention_rows);
  if (!lse) return;
  for (Index r = 0; r < size; ++r) shift[r] += vlog(sum[r]);
  std::memcpy(lse, shift, sizeof(T) * static_cast<std::size_t>(rows));
}

/// to[i] = f·from[i], by vectors that a head's few dimensions fill.
template <class T>
INKLING_INLINE void scale_row(Index n, T f, const T* from, T* to) {
  constexpr Index lanes = attention_unit;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    T v[lanes];
    std::memcpy(v, from + i, sizeof(v));
    for (Index l = 0; l < lanes; ++l) v[l] *= f;
    std::memcpy(to + i, v, sizeof(v));
  }
  for (; i < n; ++i) to[i] = f * from[i];
}

template <class T>
INKLING_INLINE T dot_row(Index n, const T* a, const T* b) {
  constexpr Index lanes = attention_unit;
  T sum[lanes] = {}, x[lanes], y[lanes], rest{};
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    std::memcpy(x, a + i, sizeof(x));
    std::memcpy(y, b + i, sizeof(y));
    for (Index l = 0; l < lanes; ++l) sum[l] += x[l] * y[l];
  }
  for (; i < n; ++i) rest += a[i] * b[i];
  for (Index l = 0; l < 8; ++l) sum[l] += sum[l + 8];
  for (Index l = 0; l < 4; ++l) sum[l] += sum[l + 4];
  return ((sum[0] + sum[2]) + (sum[1] + sum[3])) + rest;
}

/// p = exp(score − lse) and ds = p·(dp − mean) of one key and n queries, from scores in p and dp in ds.
template <class T, int Width>
INKLING_INLINE void score_slopes(Index n, const T* lse, const T* mean, T* p, T* ds) {
  constexpr Index lanes = loop_length<Width> / 2 < attention_unit ? attention_unit : loop_length<Width> / 2;
  for (Index i = 0; i < n; i += lanes) {
    T w[lanes], d[lanes], l[lanes], m[lanes];
    std::memcpy(w, p + i, sizeof(w));
    std::memcpy(d, ds + i, sizeof(d));
    std::memcpy(l, lse + i, sizeof(l));
    std::memcpy(m, mean + i, sizeof(m));
    for (Index e = 0; e < lanes; ++e) w[e] = vexp_nonpositive(w[e] - l[e]);
    for (Index e = 0; e < lanes; ++e) d[e] = w[e] * (d[e] - m[e]);
    std::memcpy(p + i, w, sizeof(w));
    std::memcpy(ds + i, d, sizeof(d));
  }
}

}  // namespace detail

template <class T>
void attention_forward(const AttentionShape& all, const T* q, const T* k, const T* v, T scale, bool causal, T* out,
                       T* lse) {
  const detail::Panels<T> panels;
  const Index tile = all.tk > 400 ? detail::attention_rows / 2 : detail::attention_rows;  // so that scores stay in L1
  const Index tiles = detail::div_up(all.tq, tile), heads = all.batch * all.heads;
  const Index group = std::clamp<Index>(tiles * heads / 32, 1, std::max<Index>(tiles, 1));
  constexpr Index span = gemm_group<T>(PanelOrder::rows);
  const Index groups = detail::div_up(tiles, group);
  parallel_for(heads * groups, 1, [&](Index task, Index) {
    const Index h = task / groups % all.heads, b = task / groups / all.heads;
    const AttentionShape s = all.of_item(b);
    const detail::AttentionHead<T> head{s, causal};
    const Index begin = task % groups * group * tile, end = std::min(s.tq, begin + group * tile);
    const Index most = head.visible(end - 1), stride = detail::whole(most, detail::block_size) + 16;
    const Index width = detail::whole(s.dim, panels.nr);
    const bool pack = end - begin > 8 && s.dim <= span;  // a few queries meet keys and values in place
    const T *qh = q + head.offset(s.q, b, h), *kh = k + head.offset(s.k, b, h), *vh = v + head.offset(s.v, b, h);
    Scratch<T> scratch(tile * (stride + s.dim + 2 * width) + (pack ? s.dim * stride + width * most : 0) + 64);
    T *p = scratch.data(), *qr = p + tile * stride, *o = qr + tile * s.dim, *part = o + tile * width;
    T *kp = part + tile * width, *vp = kp + s.dim * stride;
    if (pack) {
      panels.pack(kp, kh, s.k.token, most, s.dim, !s.keys_in_columns);
      panels.pack(vp, vh, s.v.token, s.dim, most, false);
    }
    for (Index first = begin; first < end; first += tile) {
      const Index rows = std::min(tile, end - first), keys = head.visible(first + rows - 1);
      const T* qf = qh + first * s.q.token;
      if (pack) {
        detail::copy_rows(qr, s.dim, qf, s.q.token, rows, s.dim);
        std::fill_n(qr + rows * s.dim, (tile - rows) * s.dim, T{});
        panels.multiply(rows, keys, s.dim, qr, s.dim, kp, panels.nr, s.dim * panels.nr, p, stride, scale, false);
      } else {
        gemm_serial<T>(Trans::no, s.keys_in_columns ? Trans::no : Trans::yes, rows, keys, s.dim, qf, s.q.token, kh,
                       s.k.token, p, stride, {.alpha = scale});
      }
      T factor[detail::attention_rows];
      dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
        detail::softmax_tile<T, Width>(rows, detail::whole(keys, detail::block_size), p, stride,
                                       [&](Index r) INKLING_LAMBDA_INLINE { return head.visible(first + r); }, factor,
                                       lse ? lse + (b * s.heads + h) * s.tq + first : nullptr);
      });
      if (pack) {
        for (Index g = 0; g < std::max<Index>(keys, 1); g += span) {
          const Index count = std::min(span, keys - g);
          panels.multiply(rows, s.dim, count, p + g, stride, vp + g * panels.nr, panels.nr, most * panels.nr,
                          g == 0 ? o : part, width, T{1}, false);
          for (Index i = 0; g > 0 && i < rows * width; ++i) o[i] += part[i];
        }
      } else {
        gemm_serial<T>(Trans::no, Trans::no, rows, s.dim, keys, p, stride, vh, s.v.token, o, width);
      }
      T* result = out + head.offset(s.out, b, h) + first * s.out.token;
      dispatch([&]<int>() INKLING_LAMBDA_INLINE {
        for (Index r = 0; r < rows; ++r) detail::scale_row(s.dim, factor[r], o + r * width, result + r * s.out.token);
      });
    }
  });
}

template <class T>
void attention_backward(const AttentionShape& all, const T* q, const T* k, const T* v, const T* out, const T* lse,
                        const T* dout, T scale, bool causal, T* dq, T* dk, T* dv) {
  const detail::Panels<T> panels;
  parallel_for(all.batch * all.heads, 1, [&](Index task, Index) {
    constexpr Index tile = detail::attention_lanes, block = detail::attention_rows;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const Index h = task % all.heads, b = task / all.heads, dim = all.dim, nr = panels.nr;
    const AttentionShape s = all.of_item(b);
    const detail::AttentionHead<T> head{s, causal};
    const Index width = detail::whole(dim, nr), padded = detail::whole(s.tk, block);
    const Index unit = std::max(nr, 2 * detail::attention_unit);
    const T *qh = q + head.offset(s.q, b, h), *kh = k + head.offset(s.k, b, h), *vh = v + head.offset(s.v, b, h);
    const T *oh = out + head.offset(s.out, b, h), *doh = dout + head.offset(s.out, b, h);
    T *dqh = dq + head.offset(s.q, b, h), *dkh = dk + head.offset(s.k, b, h), *dvh = dv + head.offset(s.v, b, h);
    Scratch<T> scratch(tile * (2 * dim + 2 * width + padded + block) + 2 * block * dim + 2 * padded * width + 64);
    T *qt = scratch.data(), *dot = qt + tile * dim, *qr = dot + tile * dim, *dor = qr + tile * width;
    T *p = dor + tile * width, *ds = p + tile * block, *ke = ds + tile * padded, *ve = ke + block * dim;
    T *dks = ve + block * dim, *dvs = dks + padded * width;
    std::fill_n(dks, 2 * padded * width, T{});
    if (width > dim) std::fill_n(qr, 2 * tile * width, T{});
    if (const Index last = s.tk / block * block; last < s.tk) {
      std::fill_n(ke, 2 * block * dim, T{});
      detail::copy_rows(ke, dim, kh + last * s.k.token, s.k.token, s.tk - last, dim);
      detail::copy_rows(ve, dim, vh + last * s.v.token, s.v.token, s.tk - last, dim);
    }
    for (Index first = 0; first < s.tq; first += tile) {
      const Index rows = std::min(tile, s.tq - first), keys = head.visible(first + rows - 1);
      const Index lanes = detail::whole(rows, unit);
      T shift[tile], mean[tile];
      detail::copy_rows(qr, width, qh + first * s.q.token, s.q.token, rows, dim);
      detail::copy_rows(dor, width, doh + first * s.out.token, s.out.token, rows, dim);
      std::fill_n(qr + rows * width, (lanes - rows) * width, T{});
      std::fill_n(dor + rows * width, (lanes - rows) * width, T{});
      detail::transpose_block(qt, lanes, qr, width, lanes, dim);
      detail::transpose_block(dot, lanes, dor, width, lanes, dim);
      dispatch([&]<int>() INKLING_LAMBDA_INLINE {
        for (Index r = 0; r < rows; ++r) {
          mean[r] = detail::dot_row(dim, oh + (first + r) * s.out.token, dor + r * width);
          const T l = lse[task * s.tq + first + r];
          shift[r] = l == -infinity ? infinity : l;
        }
        for (Index r = rows; r < lanes; ++r) mean[r] = T{}, shift[r] = infinity;
      });
      for (Index j = 0; j < keys; j += block) {
        const Index count = std::min(block, s.tk - j), c = head.blind(j, first, rows) / unit * unit, n = lanes - c;
        const bool edge = j + block > s.tk;
        T* dsj = ds + j * lanes;
        panels.multiply(count, n, dim, edge ? ke : kh + j * s.k.token, edge ? dim : s.k.token, qt + c, lanes, nr, p + c,
                        lanes, scale, false);
        panels.multiply(count, n, dim, edge ? ve : vh + j * s.v.token, edge ? dim : s.v.token, dot + c, lanes, nr,
                        dsj + c, lanes, T{1}, false);
        dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
          for (Index i = 0; i < count; ++i) {
            T *pr = p + i * lanes, *dr = dsj + i * lanes;
            const Index hidden = head.blind(j + i, first, lanes);
            for (Index l = 0; l < hidden; ++l) pr[l] = -infinity, dr[l] = T{};
            detail::score_slopes<T, Width>(n, shift + c, mean + c, pr + c, dr + c);
          }
        });
        panels.multiply(count, dim, rows - c, p + c, lanes, dor + c * width, width, nr, dvs + j * width, width, T{1},
                        true);
        panels.multiply(count, dim, rows - c, dsj + c, lanes, qr + c * width, width, nr, dks + j * width, width, scale,
                        true);
      }
      gemm_serial<T>(Trans::yes, Trans::no, rows, dim, keys, ds, lanes, kh, s.k.token, dqh + first * s.q.token,
                     s.q.token, {.alpha = scale});
    }
    detail::copy_rows(dkh, s.k.token, dks, width, s.tk, dim);
    detail::copy_rows(dvh, s.v.token, dvs, width, s.tk, dim);
    for (Index j = s.tk; j < all.tk; ++j) {  // keys that the item does not have
      std::fill_n(dkh + j * s.k.token, dim, T{});
      std::fill_n(dvh + j * s.v.token, dim, T{});
    }
  });
}

}  // namespace ink::kernels
