// Dirac: all probability on one value. What a regression network predicts.
//
//   log p(x) = −‖x − m‖²          per row, up to scale and constant: the limit of a narrow Gaussian around m
//
// With it, the negative log-probability of the target is the squared error, so that regression, diffusion and
// autoregression share one loss.
//
// Shapes: the value (N, …); log_prob gives (N).
//
// Example:
//     Dirac posterior{normal<float>(Shape{4, 8, 8, 1}, Key{1})};
//     auto error = posterior.log_prob(normal<float>(Shape{4, 8, 8, 1}, Key{2}));     // (4)
#pragma once

#include "inkling/core/philox.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {
namespace detail {

/// Σ of everything but the first axis: (N, …) → (N).
template <TensorLike X>
auto row_totals(const X& x) {
  const Index rows = value(x).extent(0), columns = rows == 0 ? 1 : value(x).size() / rows;
  return sum<1>(reshape(x, Shape<2>{rows, columns}));
}

}  // namespace detail

template <TensorLike X>
class Dirac {
 public:
  explicit Dirac(X value) : value_(std::move(value)) {}

  const X& mean() const { return value_; }
  const X& sample(Key) const { return value_; }

  template <TensorLike Y>
  auto log_prob(const Y& x) const {
    return detail::row_totals(map([](auto m, auto v) INKLING_LAMBDA_INLINE { return -square(v - m); }, value_, x));
  }

 private:
  X value_;
};

}  // namespace ink
