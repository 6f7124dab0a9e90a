// noised: the corruption of diffusion, forward: images as they are at one time, or later if they are noisy already.
//
//   x_s = r·x_t + √(σ_s² − r²·σ_t²)·z,   r = α_s/α_t,   z ~ N(0, I);      from clean images, x_s = α_s·x₀ + σ_s·z
//
// Shapes: (N, …) -> (N, …). Row n is drawn from the key and n.
//
// Example:
//     auto some = noised(Tensor<float, 4>(Shape{4, 8, 8, 1}), Scales{0.8, 0.6}, Key{1});
//     auto more = noised(some, Scales{0.8, 0.6}, Scales{0.6, 0.8}, Key{2});
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/gen/sampler.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

template <class X, class K>
X noised(const X& x, Scales from, Scales to, const K& key) {
  const double r = to.alpha / from.alpha;
  const double variance = to.sigma * to.sigma - r * r * from.sigma * from.sigma;
  return detail::add_noise(X(x * r), std::sqrt(std::max(0.0, variance)), key);
}

template <class X, class K>
X noised(const X& images, Scales to, const K& key) {
  return noised(images, Scales{1, 0}, to, key);
}

}  // namespace ink
