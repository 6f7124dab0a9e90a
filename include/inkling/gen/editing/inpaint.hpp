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

#include "inkling/gen/noised.hpp"

namespace ink {

struct InpaintOptions {
  int jump = 5;    ///< steps of a stretch that is taken again
  int passes = 1;  ///< how often it is taken
};

template <class S, class X>
class Inpaint {
 public:
  using Mask = Tensor<std::uint8_t, 4>;

  template <class Inner>
  struct Memory {
    Inner fresh, now;  ///< as after begin(), and of this stretch
  };

  Inpaint(S sampler, X image, Mask known, const InpaintOptions& options = {})
      : sampler_(std::move(sampler)), image_(std::move(image)), known_(std::move(known)), options_(options) {
    for (const auto& [name, number] : {std::pair("jump", options.jump), std::pair("passes", options.passes)}) {
      if (number < 1) throw ValueError(text("Inpaint: ", name, " is ", number, "; it must be at least 1"));
    }
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
    const std::vector<double> grid = sampler_.times(model, x);
    if (!(grid.front() > grid.back())) {
      throw ValueError(text("Inpaint: the sampler's times go from ", grid.front(), " to ", grid.back(),
                            "; they must end with less noise"));
    }
    const int steps = static_cast<int>(grid.size()) - 1;
    std::vector<int> again(grid.size(), 0);  // how often to jump back from there, by the number of steps left
    for (int left = 0; left < steps - options_.jump; left += options_.jump) {
      again[static_cast<std::size_t>(left)] = options_.passes - 1;
    }
    std::vector<double> path{grid[0]};
    const auto go_to = [&](int left) { path.push_back(grid[static_cast<std::size_t>(steps - left)]); };
    for (int left = steps - 1; left >= 0; --left) {
      go_to(left);
      const auto back = static_cast<std::size_t>(steps - left - options_.jump);
      if (again[static_cast<std::size_t>(left)]-- > 0 && grid[back] > path.back()) go_to(left += options_.jump);
    }
    return path;
  }

  template <class M, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    using Inner = decltype(sampler_.begin(model, x, condition));
    const Inner fresh = sampler_.begin(model, x, condition);
    return Memory<Inner>{fresh, fresh};
  }

  template <class M, class Inner, class K, class C>
  X step(const M& model, X x, double t, double s, Memory<Inner>& memory, const K& key, const C& condition) const {
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
