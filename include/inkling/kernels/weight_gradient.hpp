// Both gradients of a linear layer's parameters, y = x w + b, in one product.
//
//   dw = xᵀ dy      db = Σ rows of dy          x (rows, in), dy (rows, out) -> dw (in, out), db (out)
//
// db is xᵀ dy for one more column of x that holds ones: a row of the product that mostly fits into its last tile, where
// sums of their own would read all of dy a second time. dw has the bits that gemm gives.
//
// Example, a batch of 8:
//     std::vector<float> x(8 * 3), dy(8 * 2), dw(3 * 2), db(2);
//     kernels::weight_gradient<float>(8, 3, 2, x.data(), dy.data(), dw.data(), db.data());
#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::kernels {
namespace detail {

/// x, stored (rows, in), as A of xᵀ dy, with a column of ones after its own.
template <class T>
struct PackColumnsAndOnes : PackColumnsOfA<T> {
  void operator()(T* dst, Index row0, Index rows, Index k0, Index ks, Index stride) const {
    const Index own = std::min(rows, this->ld - row0);
    PackColumnsOfA<T>::operator()(dst, row0, own, k0, ks, stride);
    if (own == rows) return;
    for (Index k = 0; k < ks; ++k) dst[k * stride + own] = 1;
  }
};

}  // namespace detail

template <class T>
void weight_gradient(Index rows, Index in, Index out, const T* x, const T* dy, T* dw, T* db) {
  if constexpr (std::is_same_v<T, float>) {
    if (detail::blas_gemm.load(std::memory_order_relaxed)) {
      gemm<T>(Trans::yes, Trans::no, in, out, rows, x, in, dy, out, dw, out);
      return column_sums(rows, out, dy, db);
    }
  }
  gemm_packed<T>(in + 1, out, rows, detail::PackColumnsAndOnes<T>{{x, in}}, PackRowsOfB<T>{dy, out},
                 [=](Index i) { return i < in ? dw + i * out : db; });
}

}  // namespace ink::kernels
