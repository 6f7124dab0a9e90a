// set_sgemm: lets a BLAS compute the large matrix products in float. Off unless it is called.
//
//   set_sgemm<cblas_sgemm>()     from now on, in every thread
//   set_sgemm<nullptr>()         the library's own again
//
// For those who have a BLAS made for their processor; the library links none, the program must. Measure it: OpenBLAS
// 0.3.21 on one AVX-512 core makes a training step of models::Dit 1.2 times as long as the library's own products, 1.7
// times if it takes the processor for an older one. Only kernels::gemm asks for it (linear layers, matmul), for
// products of `sgemm_least` multiply-adds or more whose extents fit the BLAS's integers; convolutions, attention and
// large batches of products do not. `Sgemm` is the `cblas_sgemm` of any cblas.h, whatever its enumerations and integers
// are.
//
// The results are then that BLAS's: the promise of the same bits with any number of threads, in any batch and on any
// run holds no longer than the BLAS keeps it. Its threads are its own; set their number there.
//
// Example (declarations):
//     extern "C" void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
//                                 const float* a, int lda, const float* b, int ldb, float beta, float* c,
//                                 int ldc);                          // or #include <cblas.h>
// Example:
//     kernels::set_sgemm<cblas_sgemm>();
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>

#include "inkling/core/parallel.hpp"

namespace ink::kernels {

/// The product of 64 by 64 matrices: below, the call costs what a better loop could save.
inline constexpr Index sgemm_least = Index{64} * 64 * 64;

namespace detail {

/// Whether the product was computed: C (m, n) = alpha op(A) op(B) (+ C) (+ bias), row-major.
using BlasGemm = bool (*)(bool ta, bool tb, Index m, Index n, Index k, const float* a, Index lda, const float* b,
                          Index ldb, float* c, Index ldc, float alpha, bool accumulate, const float* bias);

inline std::atomic<BlasGemm> blas_gemm{nullptr};

template <auto Sgemm, class Order, class Trans, class Int>
bool call_sgemm(bool ta, bool tb, Index m, Index n, Index k, const float* a, Index lda, const float* b, Index ldb,
                float* c, Index ldc, float alpha, bool accumulate, const float* bias) {
  if (m < 1 || n < 1 || m * n * k < sgemm_least) return false;
  if (std::max({m, n, k, lda, ldb, ldc}) > static_cast<Index>(std::numeric_limits<Int>::max())) return false;
  if (bias) {  // a BLAS knows none: the product is added to it
    parallel_for(m, std::max<Index>(1, 16384 / n), [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        for (Index j = 0; j < n; ++j) c[i * ldc + j] = (accumulate ? c[i * ldc + j] : 0.0f) + bias[j];
      }
    });
  }
  const auto trans = [](bool yes) { return static_cast<Trans>(yes ? 112 : 111); };  // the numbers of every cblas.h
  const auto in = [](Index i) { return static_cast<Int>(i); };
  Sgemm(static_cast<Order>(101), trans(ta), trans(tb), in(m), in(n), in(k), alpha, a, in(lda), b, in(ldb),
        accumulate || bias ? 1.0f : 0.0f, c, in(ldc));
  return true;
}

template <auto Sgemm, class Order, class Trans, class Int>
constexpr BlasGemm with_types_of(void (*)(Order, Trans, Trans, Int, Int, Int, float, const float*, Int, const float*,
                                          Int, float, float*, Int)) {
  return call_sgemm<Sgemm, Order, Trans, Int>;
}

template <auto>
constexpr BlasGemm with_types_of(std::nullptr_t) {
  return nullptr;
}

}  // namespace detail

template <auto Sgemm>
void set_sgemm() {
  detail::blas_gemm.store(detail::with_types_of<Sgemm>(Sgemm));
}

}  // namespace ink::kernels
