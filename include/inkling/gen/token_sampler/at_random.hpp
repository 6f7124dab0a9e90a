// AtRandom: the next pixels to be revealed are any, each as likely as the others, anew for every image.
//
// With AnyOrder or MaskedDiffusion it is the order that they were trained in. E. Hoogeboom et al. 2021,
// arXiv:2110.02037.
//
// Example:
//     Reveal four_at_a_time{AtRandom{}, EvenPlan{.pixels = 4}};
#pragma once

#include "inkling/core/random.hpp"

namespace ink {

struct AtRandom {
  template <class P, RandomKey K>
  Tensor<double, 3> operator()(const P&, const Tensor<std::int32_t, 3>& drawn, double, const K& key) const {
    return uniform<double>(drawn.shape(), key);
  }
};

}  // namespace ink
