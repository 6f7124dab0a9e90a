// Matrix product of row-major matrices: C (m, n) = alpha * op(A) op(B) (+ C) (+ bias), for float and double.
//
// A is (m, k), or (k, m) if `ta` is Trans::yes; B is (k, n), or (n, k) if `tb` is. `lda`, `ldb`, `ldc` are the
// distances between rows. Nothing is checked here; k = 0 is an empty sum. C must not overlap A or B.
//
// How it is fast is told in gemm_micro.hpp, gemm_pack.hpp and gemm_packed.hpp. The order of summation depends on k
// alone: results do not change with m, n, the number of threads, or the path taken. A BLAS computes in its stead only
// where a program asks for that (blas_hook.hpp).
//
// Example, a linear layer y = x w + b:
//     kernels::gemm<float>(Trans::no, Trans::no, batch, out, in, x, in, w, out, y, out, {.bias = b});
#pragma once

#include <type_traits>

#include "inkling/kernels/blas_hook.hpp"
#include "inkling/kernels/gemm_packed.hpp"

namespace ink::kernels {

enum class Trans { no, yes };

namespace detail {

template <class T>
void gemm_any(Trans ta, Trans tb, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, T* c,
              Index ldc, const GemmOptions<T>& options, Threads threads) {
  auto row = [c, ldc](Index i) { return c + i * ldc; };
  auto with_a = [&](const auto& pack_a) {
    if (tb == Trans::no) {
      gemm_packed<T>(m, n, k, pack_a, PackRowsOfB<T>{b, ldb}, row, options, NoEpilogue{}, threads);
    } else {
      gemm_packed<T>(m, n, k, pack_a, PackColumnsOfB<T>{b, ldb}, row, options, NoEpilogue{}, threads);
    }
  };
  if (ta == Trans::no) {
    with_a(PackRowsOfA<T>{a, lda});
  } else {
    with_a(PackColumnsOfA<T>{a, lda});
  }
}

}  // namespace detail

template <class T>
void gemm(Trans ta, Trans tb, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, T* c, Index ldc,
          const GemmOptions<T>& options = {}) {
  if constexpr (std::is_same_v<T, float>) {
    const auto blas = detail::blas_gemm.load(std::memory_order_relaxed);
    if (blas && blas(ta == Trans::yes, tb == Trans::yes, m, n, k, a, lda, b, ldb, c, ldc, options.alpha,
                     options.accumulate, options.bias)) {
      return;
    }
  }
  detail::gemm_any(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, options, Threads::yes);
}

/// The same bits without threads, for use inside of parallel regions.
template <class T>
void gemm_serial(Trans ta, Trans tb, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, T* c,
                 Index ldc, const GemmOptions<T>& options = {}) {
  detail::gemm_any(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, options, Threads::no);
}

/// `batch` products; matrix i of each operand starts i strides after the first (a stride of 0 shares it).
template <class T>
void gemm_batched(Index batch, Trans ta, Trans tb, Index m, Index n, Index k, const T* a, Index lda, Index stride_a,
                  const T* b, Index ldb, Index stride_b, T* c, Index ldc, Index stride_c,
                  const GemmOptions<T>& options = {}) {
  const Index work = std::max<Index>(1, m * n * std::max<Index>(k, 1));
  if (batch >= 8 && batch * work >= detail::gemm_serial_size) {
    parallel_for(batch, std::max<Index>(1, detail::gemm_task_size / 4 / work), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        gemm_serial(ta, tb, m, n, k, a + i * stride_a, lda, b + i * stride_b, ldb, c + i * stride_c, ldc, options);
      }
    });
    return;
  }
  for (Index i = 0; i < batch; ++i) {
    gemm(ta, tb, m, n, k, a + i * stride_a, lda, b + i * stride_b, ldb, c + i * stride_c, ldc, options);
  }
}

}  // namespace ink::kernels
