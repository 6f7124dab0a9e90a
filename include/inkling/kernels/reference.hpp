// Reference kernels: the definitions as plain loops in the widest useful precision, to check the fast kernels against.
#pragma once

#include "inkling/core/shape.hpp"
#include "inkling/kernels/conv_shape.hpp"

namespace ink::kernels::reference {

/// C (m, n) = alpha * op(A) op(B) + beta * C, accumulated in double. Strides are those of op(A)(i, k) and op(B)(k, j).
template <class T>
void gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_k, const T* b, Index b_k, Index b_column,
          double alpha, double beta, T* c, Index ldc) {
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = 0;
      for (Index p = 0; p < k; ++p) {
        sum += static_cast<double>(a[i * a_row + p * a_k]) * static_cast<double>(b[p * b_k + j * b_column]);
      }
      c[i * ldc + j] = static_cast<T>(alpha * sum + (beta == 0 ? 0 : beta * static_cast<double>(c[i * ldc + j])));
    }
  }
}

/// Calls f(x_index, weight_index, y_index) for every multiplication of a convolution.
template <class F>
void conv2d_terms(const ConvShape& s, F f) {
  const Index ci = s.cin / s.groups, co = s.cout / s.groups, oh = s.oh(), ow = s.ow();
  for (Index n = 0; n < s.n; ++n)
    for (Index i = 0; i < oh; ++i)
      for (Index j = 0; j < ow; ++j)
        for (Index p = 0; p < s.kh; ++p)
          for (Index q = 0; q < s.kw; ++q) {
            const Index row = i * s.stride_h - s.pad_top + p * s.dilation_h;
            const Index column = j * s.stride_w - s.pad_left + q * s.dilation_w;
            if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue;
            if (s.taps && !s.taps[p * s.kw + q]) continue;
            for (Index g = 0; g < s.groups; ++g)
              for (Index c = 0; c < ci; ++c)
                for (Index o = 0; o < co; ++o) {
                  f(((n * s.h + row) * s.w + column) * s.cin + g * ci + c,
                    ((p * s.kw + q) * ci + c) * s.cout + g * co + o, ((n * oh + i) * ow + j) * s.cout + g * co + o);
                }
          }
}

}  // namespace ink::kernels::reference
