// Reductions: sums, dot products and maxima of vectors, of the rows and of the columns of a matrix.
//
// Every sum has one order, whatever the number of threads: 64 interleaved partial sums a row (block.hpp), fixed chunks
// of long vectors and columns, added up in order. A row's result does not depend on how many rows there are. Errors
// grow like n / 64, not n.
//
//   sum sum_squares dot max_value            (n) -> a number; 0 or -inf if n is 0
//   row_sums row_max                         (rows, columns) -> (rows)
//   column_sums                              (rows, columns) -> (columns): a bias gradient
//
// In use:
//     kernels::column_sums(batch, channels, dy, dbias);
#pragma once

#include <algorithm>
#include <limits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/block.hpp"

namespace ink::kernels {
namespace detail {

inline constexpr Index reduce_chunk = 16384;

/// term(i's block, count, out) fills a block with the terms of elements [i, i + count), zeros behind.
template <class T, class Term>
INKLING_INLINE T sum_blocks(Index n, Term&& term) {
  Block<T> sum, v;
  for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
  for (Index i = 0; i < n; i += block_size) {
    term(i, n - i, v);
    for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
  }
  return fold_sum(sum);
}

/// Chunks of a long vector, in parallel, added in order.
template <class T, class ChunkSum>
T sum_chunks(Index n, ChunkSum chunk_sum) {
  if (n <= reduce_chunk) return chunk_sum(0, n);
  Scratch<T> partial((n + reduce_chunk - 1) / reduce_chunk);
  parallel_for(n, reduce_chunk, [&](Index begin, Index end) { partial[begin / reduce_chunk] = chunk_sum(begin, end); });
  T total = 0;
  for (Index i = 0; i < partial.size(); ++i) total += partial[i];
  return total;
}

template <class T>
INKLING_INLINE T row_maximum(Index n, const T* x) {
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  Block<T> top, v;
  for (Index l = 0; l < block_size; ++l) top[l] = lowest;
  for (Index i = 0; i < n; i += block_size) {
    load_block(v, x + i, n - i, lowest);
    for (Index l = 0; l < block_size; ++l) top[l] = larger(top[l], v[l]);
  }
  return fold_max(top);
}

/// out[c] = sum over the rows for a part of a matrix, in the order of the rows. A wide matrix is read as it lies, the
/// sums of up to 2,048 columns staying in the cache.
template <class T>
INKLING_INLINE void column_sums_serial(Index rows, Index columns, const T* x, T* out) {
  if (columns >= block_size) {
    constexpr Index widest = 2048;
    for (Index first = 0; first < columns; first += widest) {
      const Index end = columns - first < widest ? columns : first + widest;
      for (Index c = first; c < end; ++c) out[c] = T(0);
      for (Index r = 0; r < rows; ++r) {
        for (Index c = first; c < end; c += block_size) {
          Block<T> sum, v;
          load_block(sum, out + c, end - c);
          load_block(v, x + r * columns + c, end - c);
          for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
          store_block(out + c, sum, end - c);
        }
      }
    }
    return;
  }
  for_each_strip(rows, columns, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    Block<T> sum, v;
    for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
    });
    strip.gather(sum, columns, out);
  });
}

}  // namespace detail

template <class T>
T sum(Index n, const T* x) {
  return detail::sum_chunks<T>(n, [x](Index begin, Index end) {
    T result = 0;
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      result = detail::sum_blocks<T>(end - begin, [&](Index i, Index count, detail::Block<T>& v) INKLING_LAMBDA_INLINE {
        detail::load_block(v, x + begin + i, count);
      });
    });
    return result;
  });
}

template <class T>
T dot(Index n, const T* x, const T* y) {
  return detail::sum_chunks<T>(n, [x, y](Index begin, Index end) {
    T result = 0;
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      result = detail::sum_blocks<T>(end - begin, [&](Index i, Index count, detail::Block<T>& v) INKLING_LAMBDA_INLINE {
        detail::Block<T> w;
        detail::load_block(v, x + begin + i, count);
        detail::load_block(w, y + begin + i, count);
        for (Index l = 0; l < detail::block_size; ++l) v[l] = v[l] * w[l];
      });
    });
    return result;
  });
}

template <class T>
T sum_squares(Index n, const T* x) {
  return dot(n, x, x);
}

/// NaN if there is one.
template <class T>
T max_value(Index n, const T* x) {
  const Index chunks = n > 0 ? (n + detail::reduce_chunk - 1) / detail::reduce_chunk : 1;
  Scratch<T> partial(chunks);
  partial[0] = -std::numeric_limits<T>::infinity();
  parallel_for(n, detail::reduce_chunk, [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      partial[begin / detail::reduce_chunk] = detail::row_maximum(end - begin, x + begin);
    });
  });
  T top = partial[0];
  for (Index i = 1; i < chunks; ++i) top = detail::larger(top, partial[i]);
  return top;
}

template <class T>
void row_sums(Index rows, Index columns, const T* x, T* out) {
  parallel_for(rows, detail::rows_per_task(columns), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) {
        const T* row = x + r * columns;
        out[r] = detail::sum_blocks<T>(columns, [&](Index i, Index count, detail::Block<T>& v)
                                                    INKLING_LAMBDA_INLINE { detail::load_block(v, row + i, count); });
      }
    });
  });
}

template <class T>
void row_max(Index rows, Index columns, const T* x, T* out) {
  parallel_for(rows, detail::rows_per_task(columns), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) out[r] = detail::row_maximum(columns, x + r * columns);
    });
  });
}

/// out[c] (+)= sum over the rows.
template <class T>
void column_sums(Index rows, Index columns, const T* x, T* out, bool accumulate = false) {
  if (columns <= 0) return;
  const Index grain = std::max<Index>(64, 2 * detail::rows_per_task(columns)), chunks = (rows + grain - 1) / grain;
  Scratch<T> partial(chunks * columns);
  parallel_for(rows, grain, [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      detail::column_sums_serial(end - begin, columns, x + begin * columns, partial.data() + begin / grain * columns);
    });
  });
  if (!accumulate) std::fill_n(out, columns, T(0));
  for (Index k = 0; k < chunks; ++k) {
    const T* p = partial.data() + k * columns;
    for (Index c = 0; c < columns; ++c) out[c] += p[c];
  }
}

}  // namespace ink::kernels
