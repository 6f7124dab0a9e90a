// Softmax, log-softmax, log-sum-exp and cross-entropy of rows, each one pass over a row that is in the cache.
//
//   softmax(x)_k = e^{x_k − m} / Σ_j e^{x_j − m},   m = max x,   logsumexp(x) = m + ln Σ_j e^{x_j − m}
//   cross-entropy of target t: logsumexp(x) − x_t, with gradient (softmax(x) − onehot(t))·g
//
// Shapes: x (rows, cols), targets and per-row results (rows). In place is allowed where x and y have one type. A row of
// −∞ has logsumexp −∞ and softmax 0.
//
// Example:
//     std::vector<float> x{1, 2, 3}, p(3);
//     kernels::softmax_rows(Index{1}, Index{3}, x.data(), p.data());
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/lanes.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/kernels/reduce.hpp"

// See lanes.hpp: these vectors never meet a calling convention.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace ink::kernels {
namespace detail {

/// Calls body(Lanes, row) for every row, in parallel.
template <class T, class F>
void for_rows(Index rows, Index cols, F body) {
  parallel_for(rows, rows_per_task(cols), [&](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      for (Index r = begin; r < end; ++r) body(Lanes<T, Width>{}, r);
    });
  });
}

/// The maximum to subtract: 0 for a row of −∞, so that no ∞ − ∞ arises.
template <class L, class T>
INKLING_INLINE T row_shift(L, const T* x, Index cols) {
  const T m = cols ? L::max(x, cols) : T{};
  return m == -std::numeric_limits<T>::infinity() ? T{} : m;
}

template <class L, class T>
INKLING_INLINE T total(L, const T* x, Index cols) {
  return L::sum(cols, [=]<class V>(Index i, V& s) INKLING_LAMBDA_INLINE { s += load<V>(x + i); });
}

/// out = e^{x − shift}; returns the sum.
template <class L, class T>
INKLING_INLINE T exp_row(L lanes, const T* x, Index cols, T shift, T* out) {
  map_row(cols, [shift](T v) INKLING_LAMBDA_INLINE { return vexp(v - shift); }, out, x);
  return total(lanes, out, cols);
}

/// Σ e^{x − shift}, through a buffer of one block.
template <class L, class T>
INKLING_INLINE T exp_sum(L lanes, const T* x, Index cols, T shift) {
  constexpr Index block = 256;
  T buffer[block], sum{};
  for (Index i = 0; i < cols; i += block) sum += exp_row(lanes, x + i, cols - i < block ? cols - i : block, shift, buffer);
  return sum;
}

template <class L, class T>
INKLING_INLINE T logsumexp_row(L lanes, const T* x, Index cols) {
  const T shift = row_shift(lanes, x, cols);
  return shift + std::log(exp_sum(lanes, x, cols, shift));
}

template <class L, class T>
INKLING_INLINE void scale_row(L, T* y, Index cols, T factor) {
  L::each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
    const V v = load<V>(y + i) * factor;
    store(y + i, v);
  });
}

}  // namespace detail

template <class T>
void softmax_rows(Index rows, Index cols, const T* x, T* y) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    const T* in = x + r * cols;
    T* out = y + r * cols;
    const T sum = detail::exp_row(lanes, in, cols, detail::row_shift(lanes, in, cols), out);
    detail::scale_row(lanes, out, cols, sum > 0 ? T{1} / sum : T{});
  });
}

template <class T>
void logsumexp_rows(Index rows, Index cols, const T* x, T* out) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    out[r] = detail::logsumexp_row(lanes, x + r * cols, cols);
  });
}

template <class T>
void log_softmax_rows(Index rows, Index cols, const T* x, T* y) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    const T* in = x + r * cols;
    T* out = y + r * cols;
    const T lse = detail::logsumexp_row(lanes, in, cols);
    lanes.each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
      const V v = detail::load<V>(in + i) - lse;
      detail::store(out + i, v);
    });
  });
}

/// dx = p·(dp − Σ p·dp)
template <class T>
void softmax_backward_rows(Index rows, Index cols, const T* p, const T* dp, T* dx) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    const T *pr = p + r * cols, *dr = dp + r * cols;
    T* out = dx + r * cols;
    const T s = lanes.sum(cols, [=]<class V>(Index i, V& t) INKLING_LAMBDA_INLINE {
      t += detail::load<V>(pr + i) * detail::load<V>(dr + i);
    });
    lanes.each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
      const V v = detail::load<V>(pr + i) * (detail::load<V>(dr + i) - s);
      detail::store(out + i, v);
    });
  });
}

/// dx = dy − e^{log p}·Σ dy
template <class T>
void log_softmax_backward_rows(Index rows, Index cols, const T* logp, const T* dy, T* dx) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    const T *lr = logp + r * cols, *dr = dy + r * cols;
    T* out = dx + r * cols;
    const T s = detail::total(lanes, dr, cols);
    constexpr Index block = 256;
    T p[block];
    for (Index i = 0; i < cols; i += block) {
      const Index n = cols - i < block ? cols - i : block;
      detail::exp_row(lanes, lr + i, n, T{}, p);
      lanes.each(n, [&, i]<class V>(Index j) INKLING_LAMBDA_INLINE {
        const V v = detail::load<V>(dr + i + j) - detail::load<V>(p + j) * s;
        detail::store(out + i + j, v);
      });
    }
  });
}

/// loss[r] = logsumexp(logits[r]) − logits[r, target[r]]
template <class T>
void cross_entropy_forward(Index rows, Index cols, const T* logits, const std::int32_t* target, T* loss, T* lse) {
  logsumexp_rows(rows, cols, logits, lse);
  for (Index r = 0; r < rows; ++r) loss[r] = lse[r] - logits[r * cols + target[r]];
}

/// dlogits = (softmax(logits) − onehot(target))·g
template <class T>
void cross_entropy_backward(Index rows, Index cols, const T* logits, const std::int32_t* target, const T* lse,
                            const T* g, T* dlogits) {
  detail::for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    T* out = dlogits + r * cols;
    detail::exp_row(lanes, logits + r * cols, cols, lse[r], out);
    detail::scale_row(lanes, out, cols, g[r]);
    out[target[r]] -= g[r];
  });
}

}  // namespace ink::kernels

#pragma GCC diagnostic pop
