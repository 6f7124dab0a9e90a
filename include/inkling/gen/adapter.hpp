// Adapters: a model whose expected clean image is another model's, changed. One adapter a file: gen/adapter/*.hpp.
//
//   scales, times, prior, images       the model's
//   posterior(x, t, condition)         the adapter's
//
// Samplers compute the noise estimate from x_t and the expected clean image, so that it follows the change by itself.
// Adapters nest: Clipped{Guided…}.
//
// Example (declarations):
//     template <class Model>
//     struct Darker : ModelAdapter<Model> {                     // an adapter of the user's
//       explicit Darker(Model m) : ModelAdapter<Model>(std::move(m)) {}
//       template <class X, class C>
//       auto posterior(const X& x, double t, const C& condition) const {
//         const auto posterior = this->model.posterior(x, t, condition);
//         return with_mean(posterior, X(posterior.mean() - 0.1));
//       }
//     };
#pragma once

#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/dist/dirac.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

template <class Model>
class ModelAdapter {
 public:
  Model model;

  explicit ModelAdapter(Model m) : model(std::forward<Model>(m)) {}

  Scales scales(double t) const { return model.scales(t); }
  std::vector<double> times(int steps) const { return model.times(steps); }

  template <RandomKey K>
  auto prior(const Shape<4>& shape, const K& key) const {
    return model.prior(shape, key);
  }

  template <class X>
  auto images(const X& x) const {
    return model.images(x);
  }
};

/// The posterior with another mean. What else it says (a learned variance) stays if it has with_mean(mean).
template <class P, class X>
auto with_mean(const P& posterior, X mean) {
  if constexpr (requires { posterior.with_mean(std::move(mean)); }) {
    return posterior.with_mean(std::move(mean));
  } else {
    return Dirac(std::move(mean));
  }
}

}  // namespace ink
