// Softmax, log-softmax, log-sum-exp and cross-entropy along the rows of a matrix, forward and backward.
//
//   softmax      p_j = exp(x_j - m) / sum_k exp(x_k - m), m = max x
//   logsumexp    m + log sum_k exp(x_k - m);  log-softmax  x_j - logsumexp
//   cross-entropy of class t  loss = logsumexp - x_t,  dlogits = (softmax - onehot_t) g
//
// A row stays in the first-level cache while it is read for its maximum, exponentials and sum; cross-entropy stores one
// number a row instead of its probabilities. A row of nothing but -inf has no distribution: p is 0 and logsumexp -inf.
// Sums run in an order of the row's length alone. Results may overwrite their input (x and y, dp and dx).
//
// In use:
//     kernels::cross_entropy_forward(batch, classes, logits, target, loss, lse);
#pragma once

#include <cstdint>
#include <limits>

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::kernels {
namespace detail {

/// sum exp(x_j - top), the terms to y unless it is null.
template <class T>
INKLING_INLINE T exponentials(Index n, const T* x, T top, T* y) {
  return sum_blocks<T>(n, [&](Index i, Index count, Block<T>& v) INKLING_LAMBDA_INLINE {
    load_block(v, x + i, count, -std::numeric_limits<T>::infinity());
    for (Index l = 0; l < block_size; ++l) v[l] = vexp_nonpositive(v[l] - top);
    if (y) store_block(y + i, v, count);
  });
}

/// The number that is subtracted before exponentials: the maximum, but 0 where that is -inf.
template <class T>
INKLING_INLINE T row_shift(Index n, const T* x) {
  const T top = row_maximum(n, x);
  return top == -std::numeric_limits<T>::infinity() ? T(0) : top;
}

template <class T>
INKLING_INLINE T row_logsumexp(Index n, const T* x) {
  const T top = row_shift(n, x);
  return top + vlog(exponentials<T>(n, x, top, nullptr));
}

/// y[i] = f(x[i]) block by block.
template <class T, class F>
INKLING_INLINE void map_row(Index n, const T* x, T* y, F&& f) {
  Block<T> v;
  for (Index i = 0; i < n; i += block_size) {
    load_block(v, x + i, n - i);
    for (Index l = 0; l < block_size; ++l) v[l] = f(v[l]);
    store_block(y + i, v, n - i);
  }
}

/// Calls body(row) for all rows, in parallel, compiled for the instruction set in use.
template <class F>
void for_each_row(Index rows, Index columns, F&& body) {
  parallel_for(rows, rows_per_task(columns), [&](Index begin, Index end) {
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) body(r);
    });
  });
}

}  // namespace detail

template <class T>
void softmax_rows(Index rows, Index columns, const T* x, T* y) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T* in = x + r * columns;
    T* out = y + r * columns;
    const T total = detail::exponentials(columns, in, detail::row_shift(columns, in), out);
    const T scale = total == T(0) ? T(0) : T(1) / total;
    detail::map_row(columns, out, out, [scale](T v) INKLING_LAMBDA_INLINE { return v * scale; });
  });
}

template <class T>
void logsumexp_rows(Index rows, Index columns, const T* x, T* out) {
  detail::for_each_row(
      rows, columns, [=](Index r) INKLING_LAMBDA_INLINE { out[r] = detail::row_logsumexp(columns, x + r * columns); });
}

template <class T>
void log_softmax_rows(Index rows, Index columns, const T* x, T* y) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T* in = x + r * columns;
    const T top = detail::row_shift(columns, in);
    const T log_total = vlog(detail::exponentials<T>(columns, in, top, nullptr));
    detail::map_row(columns, in, y + r * columns,
                    [top, log_total](T v) INKLING_LAMBDA_INLINE { return (v - top) - log_total; });
  });
}

/// dx = p * (dp - sum p dp)
template <class T>
void softmax_backward_rows(Index rows, Index columns, const T* p, const T* dp, T* dx) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T *pr = p + r * columns, *dr = dp + r * columns;
    detail::Block<T> v, w;
    const T inner =
        detail::sum_blocks<T>(columns, [&](Index i, Index count, detail::Block<T>& s) INKLING_LAMBDA_INLINE {
      detail::load_block(s, pr + i, count);
      detail::load_block(w, dr + i, count);
      for (Index l = 0; l < detail::block_size; ++l) s[l] = s[l] * w[l];
    });
    for (Index i = 0; i < columns; i += detail::block_size) {
      detail::load_block(v, pr + i, columns - i);
      detail::load_block(w, dr + i, columns - i);
      for (Index l = 0; l < detail::block_size; ++l) v[l] = v[l] * (w[l] - inner);
      detail::store_block(dx + r * columns + i, v, columns - i);
    }
  });
}

/// dx = dy - exp(log p) * sum dy
template <class T>
void log_softmax_backward_rows(Index rows, Index columns, const T* log_p, const T* dy, T* dx) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T *lr = log_p + r * columns, *dr = dy + r * columns;
    detail::Block<T> v, w;
    const T total = detail::sum_blocks<T>(columns, [&](Index i, Index count, detail::Block<T>& s)
                                                       INKLING_LAMBDA_INLINE { detail::load_block(s, dr + i, count); });
    for (Index i = 0; i < columns; i += detail::block_size) {
      detail::load_block(v, lr + i, columns - i);
      detail::load_block(w, dr + i, columns - i);
      for (Index l = 0; l < detail::block_size; ++l) v[l] = w[l] - vexp(v[l]) * total;
      detail::store_block(dx + r * columns + i, v, columns - i);
    }
  });
}

/// loss and lse of length rows; lse is what the backward pass needs.
template <class T>
void cross_entropy_forward(Index rows, Index columns, const T* logits, const std::int32_t* target, T* loss, T* lse) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T* row = logits + r * columns;
    const T top = detail::row_shift(columns, row);
    const T log_total = vlog(detail::exponentials<T>(columns, row, top, nullptr));
    lse[r] = top + log_total;
    loss[r] = log_total - (row[target[r]] - top);  // near 0 no digits are lost to a large logit
  });
}

/// g: the gradient of each row's loss.
template <class T>
void cross_entropy_backward(Index rows, Index columns, const T* logits, const std::int32_t* target, const T* lse,
                            const T* g, T* dlogits) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    T* out = dlogits + r * columns;
    const T shift = lse[r], scale = g[r];
    detail::map_row(columns, logits + r * columns, out,
                    [shift, scale](T v) INKLING_LAMBDA_INLINE { return vexp(v - shift) * scale; });
    out[target[r]] -= scale;
  });
}

}  // namespace ink::kernels
