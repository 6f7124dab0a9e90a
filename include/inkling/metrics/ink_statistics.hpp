// Statistics of images of strokes: what a blurry average gives away at once.
//
//   greyness         the share of ink that is not full: P(v < 0.9 | v > 0.1), v = (x + 1)/2
//   ink_density      the mean of v
//   gradient_energy  Σ (v at x + 1 − v at x)², along the rows, of an image, in the mean over the images
//
// Real digits of MNIST: greyness 0.489, gradient energy 28.4; the mean digit of a class: 0.9987 and about 3.
//
// Shapes: images (N, H, W, C) in [−1, 1]; greyness is 0 where no value is above 0.1.
//
// Errors: ValueError for no images, and for values that are not finite.
//
// Example:
//     double grey = metrics::ink_statistics(Tensor<float, 4>({2, 4, 4, 1}, 0.0f)).greyness;            // 1
#pragma once

#include <cmath>

#include "inkling/core/tensor.hpp"

namespace ink::metrics {

struct InkStatistics {
  double greyness = 0, ink_density = 0, gradient_energy = 0;
};

template <class T>
InkStatistics ink_statistics(const Tensor<T, 4>& images) {
  if (images.empty()) throw ValueError(text("ink_statistics: images are ", images.shape(), "; at least one is needed"));
  const Index line = images.extent(2) * images.extent(3), channels = images.extent(3);
  Index inked = 0, grey = 0;
  double sum = 0, energy = 0;
  for (Index i = 0; i < images.size(); ++i) {
    const double v = (static_cast<double>(images.data()[i]) + 1) / 2;
    if (!std::isfinite(v)) throw ValueError(text("ink_statistics: a value is ", v, "; all must be finite"));
    sum += v;
    inked += v > 0.1;
    grey += v > 0.1 && v < 0.9;
    if (i % line >= channels) {
      const double d = v - (static_cast<double>(images.data()[i - channels]) + 1) / 2;
      energy += d * d;
    }
  }
  return {inked == 0 ? 0 : static_cast<double>(grey) / static_cast<double>(inked),
          sum / static_cast<double>(images.size()), energy / static_cast<double>(images.extent(0))};
}

}  // namespace ink::metrics
