// Softmax: rows of numbers into probabilities, along the last axis.
//
//   softmax(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)        log_softmax(x)ᵢ = xᵢ − log Σⱼ exp(xⱼ)
//
// The largest element of a row is subtracted first: nothing overflows, and log_softmax keeps its digits where the
// probability itself would be zero.
//
// J. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.
//
// Shapes: (…, K) -> (…, K).
//
// Example:
//     auto logits = normal<float>(Shape{4, 10}, Key{1});
//     auto p = softmax(logits);                            // every row sums to 1
//     auto log_p = log_softmax(logits);
#pragma once

#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/softmax.hpp"
#include "inkling/ops/rows.hpp"

namespace ink {

template <TensorLike X>
  requires(rank_v<X> >= 1)
auto softmax(const X& x) {
  using Value = Tensor<scalar_t<X>, rank_v<X>>;
  auto p = Value::uninitialized(value(x).shape());
  const auto rows = detail::rows_of(p.shape());
  if (!p.empty()) kernels::softmax_rows(rows.count, rows.length, value(x).data(), p.mutable_data());
  return record(p, [p, rows](const auto& dp, auto dx) {
    dx.add([&] {
      auto g = Value::uninitialized(p.shape());
      kernels::softmax_backward_rows(rows.count, rows.length, p.data(), dp.data(), g.mutable_data());
      return g;
    });
  }, x);
}

template <TensorLike X>
  requires(rank_v<X> >= 1)
auto log_softmax(const X& x) {
  using Value = Tensor<scalar_t<X>, rank_v<X>>;
  auto log_p = Value::uninitialized(value(x).shape());
  const auto rows = detail::rows_of(log_p.shape());
  if (!log_p.empty()) kernels::log_softmax_rows(rows.count, rows.length, value(x).data(), log_p.mutable_data());
  return record(log_p, [log_p, rows](const auto& dy, auto dx) {
    dx.add([&] {
      auto g = Value::uninitialized(log_p.shape());
      kernels::log_softmax_backward_rows(rows.count, rows.length, log_p.data(), dy.data(), g.mutable_data());
      return g;
    });
  }, x);
}

}  // namespace ink
