// Sums and maxima in a fixed order: by rows, by columns, and of everything.
//
// Rows are summed in vector lanes (lanes.hpp). Columns are summed over fixed chunks of rows, whose partial results are
// then added in order, so that the result has the same bits at any number of threads and the loop runs along the rows
// in memory. Empty sums are 0; the maximum of nothing is −∞.
//
// Shapes: x (rows, cols); row_sums and row_max give (rows), column_sums gives (cols).
//
// Example:
//     std::vector<float> x(6, 1.0f), sums(2);
//     kernels::row_sums(Index{2}, Index{3}, x.data(), sums.data());        // 3, 3
#pragma once

#include <algorithm>
#include <limits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/lanes.hpp"

// See lanes.hpp: these vectors never meet a calling convention.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace ink::kernels {
namespace detail {

inline constexpr Index reduce_chunk = 8192;

inline Index rows_per_task(Index cols) { return std::max<Index>(1, 16384 / std::max<Index>(1, cols)); }

/// Σ of f over [0, n): fixed chunks in parallel, added in order. f(Lanes, begin, length) sums one chunk.
template <class T, class F>
T chunked_sum(Index n, F f) {
  const Index chunks = (n + reduce_chunk - 1) / reduce_chunk;
  if (chunks == 0) return T{};
  Scratch<T> partial(chunks);
  parallel_for(chunks, 8, [&](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index c = begin; c < end; ++c) {
        partial[c] = f(Lanes<T, Width>{}, c * reduce_chunk, std::min(reduce_chunk, n - c * reduce_chunk));
      }
    });
  });
  T total{};
  for (Index c = 0; c < chunks; ++c) total += partial[c];
  return total;
}

}  // namespace detail

template <class T>
T sum(Index n, const T* x) {
  return detail::chunked_sum<T>(n, [=](auto lanes, Index begin, Index length) INKLING_LAMBDA_INLINE {
    return lanes.sum(length, [=]<class V>(Index i, V& s) INKLING_LAMBDA_INLINE { s += detail::load<V>(x + begin + i); });
  });
}

template <class T>
T dot(Index n, const T* x, const T* y) {
  return detail::chunked_sum<T>(n, [=](auto lanes, Index begin, Index length) INKLING_LAMBDA_INLINE {
    return lanes.sum(length, [=]<class V>(Index i, V& s) INKLING_LAMBDA_INLINE {
      s += detail::load<V>(x + begin + i) * detail::load<V>(y + begin + i);
    });
  });
}

template <class T>
T sum_squares(Index n, const T* x) {
  return dot(n, x, x);
}

template <class T>
void row_sums(Index rows, Index cols, const T* x, T* out) {
  parallel_for(rows, detail::rows_per_task(cols), [=](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) {
        const T* row = x + r * cols;
        out[r] = detail::Lanes<T, Width>::sum(
            cols, [=]<class V>(Index i, V& s) INKLING_LAMBDA_INLINE { s += detail::load<V>(row + i); });
      }
    });
  });
}

template <class T>
void row_max(Index rows, Index cols, const T* x, T* out) {
  parallel_for(rows, detail::rows_per_task(cols), [=](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) {
        out[r] = cols ? detail::Lanes<T, Width>::max(x + r * cols, cols) : -std::numeric_limits<T>::infinity();
      }
    });
  });
}

template <class T>
T max_value(Index n, const T* x) {
  const Index chunks = (n + detail::reduce_chunk - 1) / detail::reduce_chunk;
  T best = -std::numeric_limits<T>::infinity();
  for (Index c = 0; c < chunks; ++c) {
    T chunk;
    row_max(Index{1}, std::min(detail::reduce_chunk, n - c * detail::reduce_chunk), x + c * detail::reduce_chunk, &chunk);
    best = std::max(best, chunk);
  }
  return best;
}

/// out[c] (+)= Σ_r x[r, c]
template <class T>
void column_sums(Index rows, Index cols, const T* x, T* out, bool accumulate = false) {
  if (cols == 0) return;
  const Index chunk = std::max<Index>(64, 32768 / cols), chunks = (rows + chunk - 1) / chunk;
  Scratch<T> partial(std::max<Index>(1, chunks * cols));
  parallel_for(chunks, 1, [&](Index c, Index) {
    T* sums = partial.data() + c * cols;
    std::fill_n(sums, cols, T{});
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index r = c * chunk; r < std::min(rows, (c + 1) * chunk); ++r) {
        const T* row = x + r * cols;
        detail::Lanes<T, Width>::each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V s = detail::load<V>(sums + i) + detail::load<V>(row + i);
          detail::store(sums + i, s);
        });
      }
    });
  });
  if (!accumulate) std::fill_n(out, cols, T{});
  for (Index c = 0; c < chunks; ++c) {
    for (Index i = 0; i < cols; ++i) out[i] += partial[c * cols + i];
  }
}

}  // namespace ink::kernels

#pragma GCC diagnostic pop
