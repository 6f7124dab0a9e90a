// DynamicThreshold: a model whose expected clean images are brought back into range, each by its own amount.
//
//   x̂₀ ← clamp(x̂₀, −s, s)·floor/s,   s = max(floor, the given quantile of |x̂₀| in the image)
//
// Strong guidance drives many pixels out of [−1, 1]; clipping alone would leave them saturated. `floor` is the range of
// the data. Quantiles between two pixels are interpolated. C. Saharia et al., "Photorealistic text-to-image diffusion
// models with deep language understanding", 2022, arXiv:2205.11487, section 2.3.
//
// An image with a pixel that is not finite has no quantile: it becomes NaN throughout.
//
// Errors: ValueError for a quantile outside [0, 1], or a floor that is not positive.
//
// Example (declarations):
//     struct Exact {                                            // E[x₀ | x_t] of data of variance 1
//       Scales scales(double t) const { return {1 - t, t}; }
//       auto posterior(const auto& x, double t, const auto&) const {
//         return Dirac(x * ((1 - t) / ((1 - t) * (1 - t) + t * t)));
//       }
//     };
// Example:
//     DynamicThreshold model{Exact{}, 0.995};
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "inkling/gen/adapter.hpp"

namespace ink {

template <class Model>
class DynamicThreshold : public ModelAdapter<Model> {
 public:
  double quantile, floor;

  explicit DynamicThreshold(Model m, double q = 0.995, double least = 1)
      : ModelAdapter<Model>(std::move(m)), quantile(q), floor(least) {
    if (!(quantile >= 0 && quantile <= 1 && floor > 0)) {
      throw ValueError(text("DynamicThreshold: quantile is ", quantile, ", floor is ", floor,
                            "; the quantile must be in [0, 1], the floor positive"));
    }
  }

  template <class X, class C>
  auto posterior(const X& x, double t, const C& condition) const {
    using T = typename X::value_type;
    const auto posterior = this->model.posterior(x, t, condition);
    X clean = posterior.mean();
    const Index columns = clean.extent(0) == 0 ? 0 : clean.size() / clean.extent(0);
    T* value = clean.mutable_data();
    for (T* const end = value + clean.size(); value != end; value += columns) {
      if (!std::all_of(value, value + columns, [](T v) { return std::isfinite(v); })) {
        std::fill_n(value, columns, std::numeric_limits<T>::quiet_NaN());
        continue;
      }
      const double most = std::max(floor, size_at_quantile(value, value + columns));
      for (Index i = 0; i < columns; ++i) {
        value[i] = static_cast<T>(std::clamp(static_cast<double>(value[i]), -most, most) * (floor / most));
      }
    }
    return with_mean(posterior, std::move(clean));
  }

 private:
  template <class T>
  double size_at_quantile(const T* begin, const T* end) const {
    std::vector<double> sizes(begin, end);
    for (double& size : sizes) size = std::abs(size);
    const double at = quantile * static_cast<double>(sizes.size() - 1);
    const auto below = sizes.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(sizes.begin(), below, sizes.end());
    const double above = below + 1 == sizes.end() ? *below : *std::min_element(below + 1, sizes.end());
    return *below + (at - std::floor(at)) * (above - *below);
  }
};

}  // namespace ink
