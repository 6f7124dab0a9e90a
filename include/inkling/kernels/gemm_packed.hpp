// The blocked matrix product, with packing, destination and epilogue as template parameters.
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

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm_range.hpp"

namespace ink::kernels {
namespace detail {

/// c += each of `count` partial sums in order; then bias and epilogue if this is the end.
template <class T, class Row, class Epilogue>
void gemm_add_groups(Index m, Index n, const T* partial, Index count, const Row& row, bool overwrite, const T* bias,
                     bool last, const Epilogue& epilogue, Threads threads) {
  auto add = [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* c = row(i);
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
      epilogue(c, i, Index{0}, n);
    }
  };
  if (threads == Threads::no) return add(0, m);
  parallel_for(m, std::max<Index>(1, 16384 / std::max<Index>(1, n)), add);
}

}  // namespace detail

/// row(i) points to the start of row i of C.
template <class T, class PackA, class PackB, class Row, class Epilogue = NoEpilogue>
void gemm_packed(Index m, Index n, Index k, const PackA& pack_a, const PackB& pack_b, const Row& row,
                 const GemmOptions<T>& options = {}, const Epilogue& epilogue = {}, Threads threads = Threads::yes) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    for (Index i = 0; i < m; ++i) {
      T* c = row(i);
      for (Index j = 0; j < n; ++j) {
        c[j] = (options.accumulate ? c[j] : T(0)) + (options.bias ? options.bias[j] : T(0));
      }
      epilogue(c, i, Index{0}, n);
    }
    return;
  }
  const Index group = gemm_group<T>(PackA::order, k);
  if (k <= group) {
    return detail::GemmRange<T, PackA, PackB, Row, Epilogue>(0, m, n, pack_a, pack_b, row, options, epilogue)
        .run(0, k, threads);
  }
  // Small results: a wave of groups at once, each into a buffer of its own; few groups in parts of their rows.
  const Index groups = detail::div_up(k, group), size = m * n;
  if (thread_count() == 1) threads = Threads::no;
  const bool parallel_groups = threads == Threads::yes && size <= (Index{1} << 18);
  const Index wave = parallel_groups ? std::min(groups, std::clamp<Index>((Index{1} << 20) / size, 4, 64)) : 1;
  const GemmOptions<T> group_options{.alpha = options.alpha};
  Scratch<T> partial(wave * size);
  for (Index g0 = 0; g0 < groups; g0 += wave) {
    const Index count = std::min(wave, groups - g0);
    auto run_rows = [&](Index g, Index row_begin, Index row_end, Threads inner) {
      auto partial_row = [p = partial.data() + g * size, n](Index i) { return p + i * n; };
      const Index k0 = (g0 + g) * group, k1 = std::min(k, k0 + group);
      const NoEpilogue none;
      detail::GemmRange<T, PackA, PackB, decltype(partial_row), NoEpilogue>(row_begin, row_end, n, pack_a, pack_b,
                                                                            partial_row, group_options, none)
          .run(k0, k1, inner);
    };
    if (parallel_groups) {
      const Index most = detail::div_up(m, 4 * detail::gemm_max_rows);
      const Index parts = std::clamp<Index>(detail::gemm_tasks / count, 1, most);
      const Index height = detail::div_up(m, parts * detail::gemm_max_rows) * detail::gemm_max_rows;
      parallel_for(count * parts, 1, [&](Index i, Index) {
        const Index row = std::min(m, i % parts * height);
        run_rows(i / parts, row, std::min(m, row + height), Threads::no);
      });
    } else {
      for (Index g = 0; g < count; ++g) run_rows(g, 0, m, threads);
    }
    detail::gemm_add_groups(m, n, partial.data(), count, row, g0 == 0 && !options.accumulate, options.bias,
                            g0 + count == groups, epilogue, threads);
  }
}

}  // namespace ink::kernels
