// Softmax, log-softmax, log-sum-exp and cross-entropy along the rows of a matrix, forward and backward.
//
//   softmax      p_j = exp(x_j - m) / sum_k exp(x_k - m), m = max x
//   logsumexp    m + log sum_k exp(x_k - m);  log-softmax  x_j - logsumexp
//   cross-entropy of class t  loss = logsumexp - x_t,  dlogits = (softmax - onehot_t) g
//
// A log-sum-exp is kept as its two parts where exponentials are formed from it again: rounded to one number it would
// cost every probability as many digits as the maximum is large.
//
// A row stays in the first-level cache while it is read for its maximum, exponentials and sum; cross-entropy stores two
// numbers a row instead of its probabilities. A row with a NaN is NaN throughout. A row of nothing but -inf has no
// distribution: p is 0 and logsumexp -inf. Sums run in an order of the row's length alone. Results may overwrite their
// input (x and y, dp and dx).
//
// In use:
//     kernels::cross_entropy_forward(batch, classes, logits, target, loss, top, log_total);
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

/// A row's maximum, and ln sum exp(x_j - maximum).
template <class T>
struct LogSumExp {
  T top, log_total;
};

template <class T>
INKLING_INLINE LogSumExp<T> row_logsumexp(Index n, const T* x) {
  const T top = row_shift(n, x);
  return {top, vlog(exponentials<T>(n, x, top, nullptr))};
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

/// y = exp(x - logsumexp) * scale
template <class T>
INKLING_INLINE void scaled_softmax(Index n, const T* x, T top, T log_total, T scale, T* y) {
  map_row(n, x, y, [top, log_total, scale](T v) INKLING_LAMBDA_INLINE {
    return vexp_nonpositive((v - top) - log_total) * scale;
  });
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

/// out is top + log_total; the parts are what the backward pass needs.
template <class T>
void logsumexp_rows(Index rows, Index columns, const T* x, T* out, T* top, T* log_total) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const auto parts = detail::row_logsumexp(columns, x + r * columns);
    out[r] = parts.top + parts.log_total;
    top[r] = parts.top;
    log_total[r] = parts.log_total;
  });
}

/// dx = exp(x - logsumexp) * dy, and 0 in a row of nothing but -inf.
template <class T>
void logsumexp_backward_rows(Index rows, Index columns, const T* x, const T* top, const T* log_total, const T* dy,
                             T* dx) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    T* out = dx + r * columns;
    if (log_total[r] == -std::numeric_limits<T>::infinity()) {
      for (Index c = 0; c < columns; ++c) out[c] = T(0);
    } else {
      detail::scaled_softmax(columns, x + r * columns, top[r], log_total[r], dy[r], out);
    }
  });
}

template <class T>
void log_softmax_rows(Index rows, Index columns, const T* x, T* y) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T* in = x + r * columns;
    const auto parts = detail::row_logsumexp(columns, in);
    detail::map_row(columns, in, y + r * columns,
                    [parts](T v) INKLING_LAMBDA_INLINE { return (v - parts.top) - parts.log_total; });
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

/// loss, top and log_total of length rows; the latter are what the backward pass needs.
template <class T>
void cross_entropy_forward(Index rows, Index columns, const T* logits, const std::int32_t* target, T* loss, T* top,
                           T* log_total) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    const T* row = logits + r * columns;
    const auto parts = detail::row_logsumexp(columns, row);
    top[r] = parts.top;
    log_total[r] = parts.log_total;
    loss[r] = parts.log_total - (row[target[r]] - parts.top);  // near 0 no digits are lost to a large logit
  });
}

/// g: the gradient of each row's loss.
template <class T>
void cross_entropy_backward(Index rows, Index columns, const T* logits, const std::int32_t* target, const T* top,
                            const T* log_total, const T* g, T* dlogits) {
  detail::for_each_row(rows, columns, [=](Index r) INKLING_LAMBDA_INLINE {
    T* out = dlogits + r * columns;
    detail::scaled_softmax(columns, logits + r * columns, top[r], log_total[r], g[r], out);
    out[target[r]] -= g[r];
  });
}

}  // namespace ink::kernels
