// Clipped: a model that never expects a clean image outside [−limit, limit].
//
//   x̂₀ ← clamp(x̂₀, −limit, limit)
//
// J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239 (in their code).
//
// A pixel that is infinite is no prediction but the end of a model that has diverged: it becomes NaN, not ±limit, so
// that no image of it looks healthy.
//
// Errors: ValueError for a limit that is not positive.
//
// Example (declarations):
//     struct Exact {                                            // E[x₀ | x_t] of data of variance 1
//       Scales scales(double t) const { return {1 - t, t}; }
//       auto posterior(const auto& x, double t, const auto&) const {
//         return Dirac(x * ((1 - t) / ((1 - t) * (1 - t) + t * t)));
//       }
//     };
// Example:
//     Clipped model{Exact{}, 1.0};
#pragma once

#include <utility>

#include "inkling/gen/adapter.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

template <class Model>
class Clipped : public ModelAdapter<Model> {
 public:
  double limit;

  explicit Clipped(Model m, double most = 1) : ModelAdapter<Model>(std::move(m)), limit(most) {
    if (!(limit > 0)) throw ValueError(text("Clipped: limit is ", limit, "; it must be positive"));
  }

  template <class X, class C>
  auto posterior(const X& x, double t, const C& condition) const {
    const auto posterior = this->model.posterior(x, t, condition);
    using T = scalar_t<X>;
    const auto bounded = [most = static_cast<T>(limit)](auto v) INKLING_LAMBDA_INLINE {
      return clamp(v, -most, most) + (v - v);  // v − v is 0, or NaN of what is not finite
    };
    return with_mean(posterior, X(map(bounded, posterior.mean())));
  }
};

}  // namespace ink
