// Losses: how far a prediction is from its target. Likelihoods are negative logarithms in nats.
//
//   cross_entropy    −log softmax(logits)[target], without ever computing the probabilities
//   mse              mean of (x − y)²
//   weighted_mse     mean of w · (x − y)²
//   bernoulli        −t log p − (1 − t) log(1 − p) with p = sigmoid(l), as l (1 − t) or −l t, by the sign of l, plus
//                    log(1 + exp(−|l|)): a small loss and a small gradient keep their digits
//
// The forms named `…_rows` return one loss per row, the others the mean over every element, of rank 0.
//
// Shapes: cross_entropy_rows  logits (…, K), targets int32 (…) in [0, K) -> (…)
//         mse                 x and y of one shape
//         weighted_mse        w: one weight per row, (N), or of x's rank, stretched to x where its extents are 1
//         bernoulli_rows      logits and targets (N, …) -> (N): the sum over everything but the first axis
//         bernoulli_loss      the mean over every element
//
// Errors: ShapeError if the shapes differ or there is nothing to average; ValueError for a target outside its range,
// with its row.
//
// Example:
//     auto logits = normal<float>(Shape{4, 10}, Key{1});
//     Tensor<std::int32_t, 1> labels(Shape{4}, {3, 1, 4, 1});
//     auto per_row = cross_entropy_rows(logits, labels);   // (4)
//     auto loss = cross_entropy(logits, labels);           // rank 0
//     auto weights = uniform<float>(Shape{4}, Key{2});
//     auto error = weighted_mse(logits, Tensor<float, 2>(Shape{4, 10}), weights);
//     auto nats = bernoulli_rows(logits, Tensor<float, 2>(Shape{4, 10}, 1.0f));
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/kernels/softmax.hpp"
#include "inkling/ops/map.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/ops/rows.hpp"

namespace ink {
namespace detail {

template <int R>
void check_equal_shapes(const char* operation, const char* a_name, const Shape<R>& a, const char* b_name,
                        const Shape<R>& b) {
  if (a != b)
    throw ShapeError(text(operation, ": ", a_name, " is ", a, ", ", b_name, " is ", b, "; both must be equal"));
}

template <int R>
void check_not_empty(const char* operation, const char* name, const Shape<R>& shape) {
  if (shape.size() == 0) {
    throw ShapeError(text(operation, ": ", name, " is ", shape, "; the mean needs at least one element"));
  }
}

template <class T, int R>
void check_classes(const Tensor<T, R>& logits, const Tensor<std::int32_t, R - 1>& targets) {
  for (int a = 0; a + 1 < R; ++a) {
    if (targets.shape()[a] != logits.shape()[a]) {
      throw ShapeError(text("cross_entropy: logits are ", logits.shape(), ", targets are ", targets.shape(),
                            "; targets[", a, "] must equal logits[", a, "]"));
    }
  }
  const Index classes = logits.shape()[R - 1];
  for (const std::int32_t& t : targets.values()) {
    if (t < 0 || t >= classes) {
      throw ValueError(text("cross_entropy: ", element_text("targets", targets.shape(), &t - targets.data()), " is ", t,
                            ", logits are ", logits.shape(), "; targets must be in [0, ", classes, ")"));
    }
  }
}

template <class T, int R>
void check_bernoulli(const char* operation, const Tensor<T, R>& logits, const Tensor<T, R>& targets) {
  check_equal_shapes(operation, "logits", logits.shape(), "targets", targets.shape());
  for (const T& t : targets.values()) {
    if (!(t >= 0 && t <= 1)) {
      throw ValueError(text(operation, ": ", element_text("targets", targets.shape(), &t - targets.data()), " is ", t,
                            "; targets must be in [0, 1]"));
    }
  }
}

/// −t log p − (1 − t) log(1 − p), element by element.
template <TensorLike L, TensorLike Y>
auto bernoulli_elements(const L& logits, const Y& targets) {
  return map([](auto l, auto t) {
    using D = decltype(l);
    using T = typename D::value_type;
    using kernels::detail::blend;
    const bool right = l.v > T{0};
    const T e = kernels::vexp_nonpositive(-kernels::detail::magnitude(l.v)), share = e / (T{1} + e), rest = T{1} - t.v;
    const T slope = blend(right, rest - share, share - t.v), linear = blend(right, l.v * rest, -l.v * t.v);
    return D::with(linear + kernels::detail::log1p_of_fraction(e),
                   [&](std::size_t i) INKLING_LAMBDA_INLINE { return slope * l.d[i] - l.v * t.d[i]; });
  }, logits, targets);
}

}  // namespace detail

template <TensorLike L>
  requires(rank_v<L> >= 1)
auto cross_entropy_rows(const L& logits, const Tensor<std::int32_t, rank_v<L> - 1>& targets) {
  using T = scalar_t<L>;
  constexpr int R = rank_v<L>;
  const auto& lv = value(logits);
  detail::check_classes(lv, targets);
  const auto rows = detail::rows_of(lv.shape());
  auto loss = Tensor<T, R - 1>::uninitialized(targets.shape());
  auto top = Tensor<T, R - 1>::uninitialized(targets.shape()), log_total = top;
  if (!loss.empty()) {
    kernels::cross_entropy_forward(rows.count, rows.length, lv.data(), targets.data(), loss.mutable_data(),
                                   top.mutable_data(), log_total.mutable_data());
  }
  return record(std::move(loss),
                [x = Tensor<T, R>(lv), targets, top, log_total, rows](const auto& dy, auto dlogits) mutable {
    dlogits.add([&] {
      const T* from = x.data();
      auto g = Tensor<T, R>::replacing(std::move(x));  // the logits are not needed again
      kernels::cross_entropy_backward(rows.count, rows.length, from, targets.data(), top.data(), log_total.data(),
                                      dy.data(), g.mutable_data());
      return g;
    });
  }, logits);
}

template <TensorLike L>
  requires(rank_v<L> >= 1)
auto cross_entropy(const L& logits, const Tensor<std::int32_t, rank_v<L> - 1>& targets) {
  detail::check_not_empty("cross_entropy", "logits", value(logits).shape());
  return mean(cross_entropy_rows(logits, targets));
}

template <TensorLike X, TensorLike Y>
  requires(rank_v<X> == rank_v<Y>)
auto mse(const X& x, const Y& y) {
  detail::check_equal_shapes("mse", "x", value(x).shape(), "y", value(y).shape());
  detail::check_not_empty("mse", "x", value(x).shape());
  return mean(map([](auto a, auto b) { return square(a - b); }, x, y));
}

template <TensorLike X, TensorLike Y, TensorLike W>
  requires(rank_v<X> == rank_v<Y> && (rank_v<W> == rank_v<X> || rank_v<W> == 1))
auto weighted_mse(const X& x, const Y& y, const W& w) {
  constexpr int R = rank_v<X>;
  const auto& shape = value(x).shape();
  detail::check_equal_shapes("weighted_mse", "x", shape, "y", value(y).shape());
  detail::check_not_empty("weighted_mse", "x", shape);
  const auto weighted = [](auto a, auto b, auto c) { return c * square(a - b); };
  if constexpr (rank_v<W> == R) {
    for (int a = 0; a < R; ++a) {
      const Index extent = value(w).shape()[a];
      if (extent != shape[a] && extent != 1) {
        throw ShapeError(text("weighted_mse: x is ", shape, ", w is ", value(w).shape(), "; w[", a, "] must be ",
                              shape[a], " or 1"));
      }
    }
    return mean(map(weighted, x, y, w));
  } else {
    if (value(w).extent(0) != shape[0]) {
      throw ShapeError(text("weighted_mse: x is ", shape, ", w is ", value(w).shape(), "; w[0] must equal x[0]"));
    }
    Shape<R> column;
    column.extents.fill(1);
    column[0] = shape[0];
    return mean(map(weighted, x, y, reshape(w, column)));
  }
}

template <TensorLike L, TensorLike Y>
  requires(rank_v<L> == rank_v<Y> && rank_v<L> >= 1)
auto bernoulli_rows(const L& logits, const Y& targets) {
  detail::check_bernoulli("bernoulli_rows", value(logits), value(targets));
  const auto& shape = value(logits).shape();
  Index length = 1;
  for (int a = 1; a < rank_v<L>; ++a) length *= shape[a];
  return sum<1>(reshape(detail::bernoulli_elements(logits, targets), Shape{shape[0], length}));
}

template <TensorLike L, TensorLike Y>
  requires(rank_v<L> == rank_v<Y>)
auto bernoulli_loss(const L& logits, const Y& targets) {
  detail::check_bernoulli("bernoulli_loss", value(logits), value(targets));
  detail::check_not_empty("bernoulli_loss", "logits", value(logits).shape());
  return mean(detail::bernoulli_elements(logits, targets));
}

}  // namespace ink
