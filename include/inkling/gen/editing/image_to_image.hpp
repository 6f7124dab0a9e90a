// image_to_image: other images like the given ones. Noise them up to a chosen time, and sample from there.
//
//   x_t = α_t·x₀ + σ_t·ε, then the sampler's steps below t
//
// The more noise, the more is made up: at the largest time nothing is left of the images. C. Meng et al., "SDEdit",
// 2021, arXiv:2108.01073.
//
// Shapes: images (N, H, W, C) -> (N, H, W, C), as `sample` leaves them. Any sampler will do.
//
// Errors: ValueError for a time that is not above the last and at most the first of the sampler's times.
//
// Example:
//     auto redraw = [](const auto& model, const Tensor<float, 4>& images) {
//       return image_to_image(Ddim{.steps = 20}, model, images, 0.6, Key{1});
//     };
#pragma once

#include <utility>
#include <vector>

#include "inkling/gen/noised.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/at_times.hpp"

namespace ink {

template <class S, class M, class X, class K, class C = Unconditional>
X image_to_image(const S& sampler, const M& model, const X& images, double time, const K& key,
                 const C& condition = {}) {
  const std::vector<double> all = sampler.times(model, images);
  if (!(time > all.back() && time <= all.front())) {
    throw ValueError(text("image_to_image: time is ", time, "; it must be in (", all.back(), ", ", all.front(), "]"));
  }
  std::vector<double> path{time};
  for (const double t : all) {
    if (t < time) path.push_back(t);
  }
  const X start = noised(images, model.scales(time), key.fold(0));
  return sample(AtTimes<S>{sampler, std::move(path)}, model, start, key.fold(1), condition);
}

}  // namespace ink
