// Inpaint: fills in what is not known of an image; a sampler around any other.
//
//   every step from t to s      x_s ← the sampler's step; where a pixel is known, x_s ← α_s·x₀ + σ_s·z
//   `passes` above 1            every `jump` steps, noise is added again as far back as `jump` steps ago, and they are
//                               taken anew, until each stretch was taken `passes` times
//
// One pass is the replacement method (Y. Song et al. 2020, arXiv:2011.13456): the unknown pixels of a step do not see
// the known ones that replace it, and fit them badly. More passes are RePaint, which mends that: A. Lugmayr et al.
// 2022, arXiv:2201.09865, there with jump 10 and 10 passes over 250 steps; with fewer steps, shorter jumps fit better.
// At the end the known pixels are the image's own; if none is known, one pass is the sampler itself, bit for bit. A
// sampler with a memory begins anew after every jump.
//
// Shapes: image (N, H, W, C), as the x that is sampled; known (N, H, W, C), not 0 where a pixel is known; any of its
// extents may be 1.
//
// Errors: ShapeError if they do not fit; ValueError for a jump or passes below 1, and for a sampler that runs from the
// image to the noise.
//
// Example:
//     Tensor<float, 4> image(Shape{4, 8, 8, 1}, 1.0f);
//     Tensor<std::uint8_t, 4> known(Shape{1, 8, 8, 1});
//     known(0, 3, 3, 0) = 1;
//     Inpaint fill(Ddim{.steps = 20, .eta = 1}, image, known, {.jump = 5, .passes = 4});
//     auto filled = [&](const auto& model) { return sample(fill, model, model.prior(image.shape(), Key{1}), Key{2}); };
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "inkling/gen/editing/repeated.hpp"
#include "inkling/gen/noised.hpp"

namespace ink {

template <class S, class X>
class Inpaint {
 public:
  using Mask = Tensor<std::uint8_t, 4>;

  Inpaint(S sampler, X image, Mask known, const InpaintOptions& options = {})
      : sampler_(std::move(sampler)), image_(std::move(image)), known_(std::move(known)), options_(options) {
    detail::check_passes("Inpaint", options);
    for (int axis = 0; axis < 4; ++axis) {
      if (known_.extent(axis) != 1 && known_.extent(axis) != image_.extent(axis)) {
        throw ShapeError(text("Inpaint: known is ", known_.shape(), ", image is ", image_.shape(), "; known[", axis,
                              "] must be 1 or equal to image[", axis, "]"));
      }
    }
  }

  template <class M>
  std::vector<double> times(const M& model, const X& x) const {
    if (!(x.shape() == image_.shape())) {
      throw ShapeError(text("Inpaint: x is ", x.shape(), ", image is ", image_.shape(), "; both must be equal"));
    }
    return detail::repeated_path("Inpaint", sampler_.times(model, x), options_);
  }

  template <class M, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    return detail::StretchMemory(sampler_.begin(model, x, condition));
  }

  template <class M, class Memory, class K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    if (s > t) {
      memory.now = memory.fresh;
      return noised(x, from, to, key);
    }
    x = sampler_.step(model, std::move(x), t, s, memory.now, key, condition);
    return where(known_, noised(image_, to, key.fold(~std::uint64_t{0})), x);
  }

 private:
  S sampler_;
  X image_;
  Mask known_;
  InpaintOptions options_;
};

}  // namespace ink
