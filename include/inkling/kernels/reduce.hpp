// Reductions: sums, dot products and maxima of vectors, of the rows and of the columns of a matrix.
//
// Every sum has one order, whatever the number of threads: 64 interleaved partial sums of 2,048 elements (block.hpp),
// or sums of 64 rows of a matrix, and these added up in double, in order. A row's result does not depend on how many
// rows there are. So errors do not grow with the length: they are those of a sum of 64 numbers.
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
inline constexpr Index sum_span = 32 * block_size;  // elements of a sum in T
inline constexpr Index sum_rows = 64;               // rows of a sum in T

/// term(i's block, count, out) fills a block with the terms of elements [i, i + count), zeros behind.
template <class T, class Term>
INKLING_INLINE double sum_blocks_wide(Index n, Term&& term) {
  const auto part = [&](Index begin, Index end) INKLING_LAMBDA_INLINE {
    Block<T> sum, v;
    for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
    for (Index i = begin; i < end; i += block_size) {
      term(i, n - i, v);
      for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
    }
    return static_cast<double>(fold_sum(sum));
  };
  if (n <= sum_span) return part(0, n);  // short rows have a loop of their own
  double total = 0;
  for (Index begin = 0; begin < n; begin += sum_span) total += part(begin, n - begin < sum_span ? n : begin + sum_span);
  return total;
}

template <class T, class Term>
INKLING_INLINE T sum_blocks(Index n, Term&& term) {
  return static_cast<T>(sum_blocks_wide<T>(n, term));
}

/// Chunks of a long vector, in parallel, added in order.
template <class T, class ChunkSum>
T sum_chunks(Index n, ChunkSum chunk_sum) {
  if (n <= reduce_chunk) return chunk_sum(0, n);
  Scratch<T> partial((n + reduce_chunk - 1) / reduce_chunk);
  parallel_for(n, reduce_chunk, [&](Index begin, Index end) { partial[begin / reduce_chunk] = chunk_sum(begin, end); });
  double total = 0;
  for (Index i = 0; i < partial.size(); ++i) total += static_cast<double>(partial[i]);
  return static_cast<T>(total);
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
    T sums[widest + block_size];
    for (Index first = 0; first < columns; first += widest) {
      const Index width = columns - first < widest ? columns - first : widest;
      for (Index c = 0; c < width; ++c) out[first + c] = T(0);
      for (Index top = 0; top < rows; top += sum_rows) {
        const Index bottom = rows - top < sum_rows ? rows : top + sum_rows;
        for (Index c = 0; c < width; ++c) sums[c] = T(0);
        for (Index r = top; r < bottom; ++r) {
          for (Index c = 0; c < width; c += block_size) {
            Block<T> sum, v;
            load_block(sum, sums + c, width - c);
            load_block(v, x + r * columns + first + c, width - c);
            for (Index l = 0; l < block_size; ++l) sum[l] += v[l];
            store_block(sums + c, sum, width - c);
          }
        }
        for (Index c = 0; c < width; ++c) out[first + c] += sums[c];
      }
    }
    return;
  }
  for_each_strip(rows, columns, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    LongSum<T> total;
    Block<T> v;
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      for (Index l = 0; l < block_size; ++l) total.sum[l] += v[l];
    }, [&]() INKLING_LAMBDA_INLINE { total.spill(); });
    total.finish();
    strip.gather(total.sum, columns, out);
  });
}

/// out (+)= the sum of `count` vectors, `step` elements apart, added in double and in order.
template <class T>
void add_partial_sums(Index count, Index n, const T* partial, Index step, T* out, bool accumulate = false) {
  for (Index c = 0; c < n; ++c) {
    double total = accumulate ? static_cast<double>(out[c]) : 0.0;
    for (Index k = 0; k < count; ++k) total += static_cast<double>(partial[k * step + c]);
    out[c] = static_cast<T>(total);
  }
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
  detail::add_partial_sums(chunks, columns, static_cast<const T*>(partial.data()), columns, out, accumulate);
}

}  // namespace ink::kernels
