// Dirac: all probability on one value. What a regression network predicts.
//
//   log p(x) = −‖x − m‖²          per row, up to scale and constant: the limit of a narrow Gaussian around m
//
// With it, the negative log-probability of the target is the squared error, so that regression, diffusion and
// autoregression share one loss.
//
// Shapes: the value (N, …); log_prob takes x of the same shape and gives (N).
//
// Errors: ShapeError for an x of another shape.
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

/// Throws unless x has the distribution's shape: the fused formulas below would stretch an axis of 1.
template <TensorLike M, TensorLike X>
void check_outcome(const char* distribution, const M& mean, const X& x) {
  if (!(value(mean).shape() == value(x).shape())) {
    throw ShapeError(text(distribution, ".log_prob: x is ", value(x).shape(), ", mean is ", value(mean).shape(),
                          "; both must be equal"));
  }
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
    detail::check_outcome("dirac", value_, x);
    return detail::row_totals(map(detail::formula::minus_square_error, value_, x));
  }

 private:
  X value_;
};

}  // namespace ink
