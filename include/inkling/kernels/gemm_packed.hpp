// The blocked matrix product, with packing, destination and epilogue of its caller.
//
//   C(i, j) = alpha * sum_k A(i, k) B(k, j) (+ C(i, j)) (+ bias[j]), then epilogue
//
// Order of summation, a function of k and of the layout of A alone: chains of fused multiply-adds over blocks, blocks
// added in order in groups, groups added in order. So a row computed alone equals the same row of a batch, bit
// for bit, at any number of threads; the groups also give long, thin products (weight gradients) their parallelism.
//
// Example, the columns of C scattered by a row map:
//     gemm_packed<float>(m, n, k, PackRowsOfA<float>{a, lda}, PackRowsOfB<float>{b, ldb},
//                        [&](Index row) { return c + table[row]; }, {.bias = bias});
#pragma once

#include <algorithm>
#include <type_traits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm_range.hpp"

namespace ink::kernels {

/// Nothing is left to do with a finished element.
struct NoEpilogue {};

namespace detail {

/// c += each of `count` partial sums in order; then bias and epilogue if this is the end.
template <class T>
void gemm_add_groups(Index m, Index n, const T* partial, Index count, RowsOfC<T> rows, bool overwrite, const T* bias,
                     bool last, const Epilogue<T>* epilogue, Threads threads) {
  const auto add = [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* c = nullptr;
      rows(&c, i, 1);
      const T* p = partial + i * n;
      for (Index g = 0; g < count; ++g, p += m * n) {
        if (overwrite && g == 0) {
          std::copy_n(p, n, c);
        } else {
          for (Index j = 0; j < n; ++j) c[j] += p[j];
        }
      }
      if (!last) continue;
      if (bias) {
        for (Index j = 0; j < n; ++j) c[j] += bias[j];
      }
      if (epilogue) (*epilogue)(c, i, 0, n);
    }
  };
  if (threads == Threads::no) return add(0, m);
  parallel_for(m, std::max<Index>(1, 16384 / std::max<Index>(1, n)), add);
}

template <class T, PanelOrder Order>
void gemm_groups(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b, RowsOfC<T> rows,
                 const GemmOptions<T>& options, const Epilogue<T>* epilogue, Threads threads) {
  if (m <= 0 || n <= 0) return;
  const Index group = gemm_group<T>(Order, k);
  if (k <= 0) {
    Scratch<T> nothing(m * n);
    std::fill_n(nothing.data(), m * n, T(0));
    return gemm_add_groups(m, n, nothing.data(), 1, rows, !options.accumulate, options.bias, true, epilogue, threads);
  }
  if (k <= group) return GemmRange<T, Order>(0, m, n, k, a, b, rows, options, epilogue).run(0, k, threads);
  // Small results: a wave of groups at once, each into a buffer of its own; few groups in parts of their rows.
  const Index groups = div_up(k, group), size = m * n;
  if (thread_count() == 1) threads = Threads::no;
  const bool parallel_groups = threads == Threads::yes && size <= (Index{1} << 18);
  const Index wave = parallel_groups ? std::min(groups, std::clamp<Index>((Index{1} << 20) / size, 4, 64)) : 1;
  const GemmOptions<T> group_options{.alpha = options.alpha};
  Scratch<T> partial(wave * size);
  for (Index g0 = 0; g0 < groups; g0 += wave) {
    const Index count = std::min(wave, groups - g0);
    const auto run_rows = [&](Index g, Index row_begin, Index row_end, Threads inner) {
      const auto partial_rows = [p = partial.data() + g * size, n](T** to, Index row, Index some) {
        for (Index r = 0; r < some; ++r) to[r] = p + (row + r) * n;
      };
      const Index k0 = (g0 + g) * group, k1 = std::min(k, k0 + group);
      GemmRange<T, Order>(row_begin, row_end, n, k, a, b, partial_rows, group_options).run(k0, k1, inner);
    };
    if (parallel_groups) {
      const Index most = div_up(m, 4 * gemm_max_rows), parts = std::clamp<Index>(gemm_tasks / count, 1, most);
      const Index height = div_up(m, parts * gemm_max_rows) * gemm_max_rows;
      parallel_for(count * parts, 1, [&](Index i, Index) {
        const Index row = std::min(m, i % parts * height);
        run_rows(i / parts, row, std::min(m, row + height), Threads::no);
      });
    } else {
      for (Index g = 0; g < count; ++g) run_rows(g, 0, m, threads);
    }
    gemm_add_groups(m, n, partial.data(), count, rows, g0 == 0 && !options.accumulate, options.bias,
                    g0 + count == groups, epilogue, threads);
  }
}

}  // namespace detail

/// row(i) points to the start of row i of C. epilogue(c, i, j, columns), if there is one, is called on each finished
/// piece [j, j + columns) of row i, which begins at c, while it is still in the cache.
template <class T, class PackA, class PackB, class Row, class F = NoEpilogue>
void gemm_packed(Index m, Index n, Index k, const PackA& pack_a, const PackB& pack_b, const Row& row,
                 const GemmOptions<T>& options = {}, const F& epilogue = {}, Threads threads = Threads::yes) {
  const auto rows = [&](T** to, Index first, Index count) {
    for (Index r = 0; r < count; ++r) to[r] = row(first + r);
  };
  const detail::Operand<T> a(pack_a), b(pack_b);
  if constexpr (std::is_same_v<F, NoEpilogue>) {
    detail::gemm_groups<T, PackA::order>(m, n, k, a, b, rows, options, nullptr, threads);
  } else {
    const detail::Epilogue<T> finish(epilogue);
    detail::gemm_groups<T, PackA::order>(m, n, k, a, b, rows, options, &finish, threads);
  }
}

}  // namespace ink::kernels
