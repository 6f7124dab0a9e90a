// Gaussian: an isotropic normal distribution around a mean.
//
//   log p(x) = −‖x − μ‖² / 2σ² − D·ln σ − (D/2)·ln 2π         per row of D elements
//
// Shapes: the mean (N, …); sample gives (N, …), log_prob (N). Row n is drawn from its own counters.
//
// Errors: ValueError unless σ is positive and finite; ShapeError for an x of another shape than the mean.
//
// Example:
//     Gaussian step{Tensor<float, 4>(Shape{4, 8, 8, 1}), 0.5};
//     auto x = step.sample(Key{1});
//     auto nats = step.log_prob(x);                          // (4)
#pragma once

#include <cmath>

#include "inkling/core/random.hpp"
#include "inkling/dist/dirac.hpp"

namespace ink {

template <TensorLike X>
class Gaussian {
 public:
  Gaussian(X mean, double deviation) : mean_(std::move(mean)), deviation_(deviation) {
    if (!(deviation > 0 && std::isfinite(deviation))) {
      throw ValueError(text("Gaussian: deviation is ", deviation, "; it must be positive and finite"));
    }
  }

  const X& mean() const { return mean_; }
  double deviation() const { return deviation_; }

  auto sample(Key key) const {
    using T = scalar_t<X>;
    return map([s = static_cast<T>(deviation_)](auto m, auto z) INKLING_LAMBDA_INLINE { return m + s * z; },
               value(mean_), normal<T>(value(mean_).shape(), key));
  }

  template <TensorLike Y>
  auto log_prob(const Y& x) const {
    detail::check_outcome("gaussian", mean_, x);
    using T = scalar_t<X>;
    const double log_norm = std::log(deviation_) + 0.91893853320467274178;  // ln σ + ½ ln 2π
    const auto inverse = static_cast<T>(1 / deviation_);
    return detail::row_totals(map([inverse, c = static_cast<T>(log_norm)](auto m, auto v) INKLING_LAMBDA_INLINE {
      return T{-0.5} * square(inverse * (v - m)) - c;
    }, mean_, x));
  }

 private:
  X mean_;
  double deviation_;
};

}  // namespace ink
