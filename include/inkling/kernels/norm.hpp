// Layer norm and RMS norm along the rows of a matrix, forward and backward; group norm is in group_norm.hpp.
//
//   layer norm  xhat = (x - mean) * rstd, rstd = 1 / sqrt(var + eps);  y = gamma * xhat + beta
//   RMS norm    xhat = x * rstd, rstd = 1 / sqrt(mean(x^2) + eps);     y = gamma * xhat
//   backward    q = gamma * dy;  dx = rstd * (q - mean(q) - xhat * mean(q * xhat)), for RMS norm without mean(q);
//               dgamma = sum dy * xhat, dbeta = sum dy over the rows
//
// J. Ba et al., "Layer normalization", 2016, arXiv:1607.06450; B. Zhang and R. Sennrich, "Root mean square layer
// normalization", 2019, arXiv:1910.07467.
//
// Memory is read once: a row stays in the first-level cache while mean, variance (about the mean, so that nothing
// cancels) and result are formed. Sums of long rows are added in double (reduce.hpp); where squares overflow, mean and
// variance are formed again in a wider type. Parameter gradients are summed over fixed chunks of rows, added in order.
// gamma, beta, dx, dgamma, dbeta and the saved statistics may be null. y may be x, dx may be dy.
//
// The rows may belong to items that have a gamma and a beta each, (items, columns), with base + gamma in place of
// gamma: base = 1 is the modulation of adaptive layer norm (W. Peebles, S. Xie, 2022, arXiv:2212.09748).
//
// In use:
//     kernels::layer_norm_forward(1, tokens, width, x, 0.0f, gamma, beta, 1e-5f, y, mean, rstd);
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/group_norm.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::kernels {
namespace detail {

/// y = (x - mean) * rstd * (base + gamma) + beta along one row.
template <class T>
INKLING_INLINE void normalize_row(Index n, const T* x, T mean, T rstd, T base, const T* gamma, const T* beta, T* y) {
  Block<T> v, w;
  for (Index i = 0; i < n; i += block_size) {
    load_block(v, x + i, n - i);
    for (Index l = 0; l < block_size; ++l) v[l] = (v[l] - mean) * rstd;
    if (gamma) {
      load_block(w, gamma + i, n - i);
      for (Index l = 0; l < block_size; ++l) v[l] = v[l] * (base + w[l]);
    }
    if (beta) {
      load_block(w, beta + i, n - i);
      for (Index l = 0; l < block_size; ++l) v[l] = v[l] + w[l];
    }
    store_block(y + i, v, n - i);
  }
}

/// mean (x - center)^2
template <class T>
INKLING_INLINE T mean_square(Index n, const T* x, T center) {
  return sum_blocks<T>(n, [&](Index i, Index count, Block<T>& v) INKLING_LAMBDA_INLINE {
    load_block(v, x + i, count, center);
    for (Index l = 0; l < block_size; ++l) v[l] = (v[l] - center) * (v[l] - center);
  }) / static_cast<T>(n);
}

/// The backward pass of a normalisation of rows; `centered` is layer norm, else RMS norm.
template <class T>
INKLING_INLINE void row_norm_backward(Index n, const T* x, T base, const T* gamma, T mean, T rstd, const T* dy, T* dx,
                                      T* dgamma, T* dbeta, bool centered) {
  Block<T> xhat, q, d, sum_q, sum_qx;
  auto load = [&](Index i) INKLING_LAMBDA_INLINE {
    load_block(xhat, x + i, n - i, mean);
    load_block(d, dy + i, n - i);
    for (Index l = 0; l < block_size; ++l) xhat[l] = (xhat[l] - mean) * rstd;
    for (Index l = 0; l < block_size; ++l) q[l] = d[l];
    if (gamma) {
      load_block(q, gamma + i, n - i);
      for (Index l = 0; l < block_size; ++l) q[l] = (base + q[l]) * d[l];
    }
  };
  double total_q = 0, total_qx = 0;
  for (Index begin = 0; begin < n; begin += sum_span) {
    const Index end = n - begin < sum_span ? n : begin + sum_span;
    for (Index l = 0; l < block_size; ++l) sum_q[l] = sum_qx[l] = T(0);
    for (Index i = begin; i < end; i += block_size) {
      load(i);
      for (Index l = 0; l < block_size; ++l) sum_q[l] += q[l];
      for (Index l = 0; l < block_size; ++l) sum_qx[l] += q[l] * xhat[l];
    }
    total_q += static_cast<double>(fold_sum(sum_q));
    total_qx += static_cast<double>(fold_sum(sum_qx));
  }
  const T mean_q = centered ? static_cast<T>(total_q / static_cast<double>(n)) : T(0);
  const T mean_qx = static_cast<T>(total_qx / static_cast<double>(n));
  for (Index i = 0; i < n; i += block_size) {
    load(i);
    if (dgamma) {
      Block<T> s;
      load_block(s, dgamma + i, n - i);
      for (Index l = 0; l < block_size; ++l) s[l] += d[l] * xhat[l];
      store_block(dgamma + i, s, n - i);
    }
    if (dbeta) {
      Block<T> s;
      load_block(s, dbeta + i, n - i);
      for (Index l = 0; l < block_size; ++l) s[l] += d[l];
      store_block(dbeta + i, s, n - i);
    }
    if (dx) {
      for (Index l = 0; l < block_size; ++l) q[l] = rstd * (q[l] - mean_q - xhat[l] * mean_qx);
      store_block(dx + i, q, n - i);
    }
  }
}

template <class T>
void norm_rows_backward(Index items, Index rows, Index columns, const T* x, T base, const T* gamma, const T* mean,
                        const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  constexpr Index most = 256;  // rows of a sum in T
  const Index piece = std::max<Index>(1, std::min({rows, rows_per_task(columns), most}));
  const Index pieces = (rows + piece - 1) / piece;
  const Index width = 2 * columns;
  const bool parameters = dgamma || dbeta;
  Scratch<T> partial(parameters ? items * pieces * width : 0);
  parallel_for(items * pieces, std::max<Index>(1, rows_per_task(columns) / piece), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index task = begin; task < end; ++task) {
        const Index item = task / pieces, first = task % pieces * piece, count = std::min(piece, rows - first);
        T* sums = parameters ? partial.data() + task * width : nullptr;
        if (sums) std::fill_n(sums, width, T(0));
        for (Index r = item * rows + first; r < item * rows + first + count; ++r) {
          row_norm_backward(columns, x + r * columns, base, gamma ? gamma + item * columns : nullptr,
                            mean ? mean[r] : T(0), rstd[r], dy + r * columns, dx ? dx + r * columns : nullptr,
                            dgamma ? sums : nullptr, dbeta ? sums + columns : nullptr, mean != nullptr);
        }
      }
    });
  });
  auto combine = [&](T* out, Index offset) {
    for (Index item = 0; out && item < items; ++item) {
      const T* p = partial.data() + item * pieces * width + offset;
      add_partial_sums(pieces, columns, p, width, out + item * columns);
    }
  };
  combine(dgamma, 0);
  combine(dbeta, columns);
}

}  // namespace detail

/// mean, rstd: (items · rows)
template <class T>
void layer_norm_forward(Index items, Index rows, Index columns, const T* x, T base, const T* gamma, const T* beta,
                        T eps, T* y, T* mean, T* rstd) {
  parallel_for(items * rows, detail::rows_per_task(columns), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) {
        const T* row = x + r * columns;
        const Index own = r / rows * columns;
        const double total =
            detail::sum_blocks_wide<T>(columns, [&](Index i, Index count, detail::Block<T>& v)
                                                    INKLING_LAMBDA_INLINE { detail::load_block(v, row + i, count); });
        T center = static_cast<T>(total / static_cast<double>(columns));
        const T square = detail::mean_square(columns, row, center);
        T scale = T(1) / std::sqrt(square + eps);
        if (!(square <= std::numeric_limits<T>::max())) {
          const auto wide = detail::wide_moments(Index{1}, columns, columns, row, true, eps);
          center = wide[0], scale = wide[1];
        }
        detail::normalize_row(columns, row, center, scale, base, gamma ? gamma + own : nullptr,
                              beta ? beta + own : nullptr, y + r * columns);
        if (mean) mean[r] = center;
        if (rstd) rstd[r] = scale;
      }
    });
  });
}

template <class T>
void layer_norm_backward(Index items, Index rows, Index columns, const T* x, T base, const T* gamma, const T* mean,
                         const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  detail::norm_rows_backward(items, rows, columns, x, base, gamma, mean, rstd, dy, dx, dgamma, dbeta);
}

/// rstd: (rows)
template <class T>
void rms_norm_forward(Index rows, Index columns, const T* x, const T* gamma, T eps, T* y, T* rstd) {
  parallel_for(rows, detail::rows_per_task(columns), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) {
        const T* row = x + r * columns;
        const T square = detail::mean_square(columns, row, T(0));
        T scale = T(1) / std::sqrt(square + eps);
        if (!(square <= std::numeric_limits<T>::max())) {
          scale = detail::wide_moments(Index{1}, columns, columns, row, false, eps)[1];
        }
        detail::normalize_row<T>(columns, row, T(0), scale, T(0), gamma, nullptr, y + r * columns);
        if (rstd) rstd[r] = scale;
      }
    });
  });
}

template <class T>
void rms_norm_backward(Index rows, Index columns, const T* x, const T* gamma, const T* rstd, const T* dy, T* dx,
                       T* dgamma) {
  detail::norm_rows_backward<T>(1, rows, columns, x, T(0), gamma, nullptr, rstd, dy, dx, dgamma, nullptr);
}

}  // namespace ink::kernels
