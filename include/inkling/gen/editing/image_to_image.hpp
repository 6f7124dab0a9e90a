// image_to_image: other images like the given ones. Noise them up to a chosen time, and sample from there.
//
//   x_t = α_t·x₀ + σ_t·ε, then the sampler's steps below t
//
// The more noise, the more is made up: at the largest time nothing is left of the images. C. Meng et al., "SDEdit",
// 2021, arXiv:2108.01073.
//
// Shapes: images (N, H, W, C) -> (N, H, W, C), as `sample` leaves them. Any sampler will do, Inpaint and AtTimes around
// others included: each is given the part of the grid that lies below the time.
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
namespace detail {

/// A model whose grid begins at a time of its own, and goes on as the model's does below it.
template <class Model>
class Below : public ModelAdapter<const Model&> {
 public:
  Below(const Model& model, double time) : ModelAdapter<const Model&>(model), time_(time) {}

  std::vector<double> times(int steps) const { return cut(this->model.times(steps)); }
  std::vector<double> times_for(std::vector<double> grid) const {
    return cut(detail::times_for(this->model, std::move(grid)));
  }
  auto posterior(const auto& x, double t, const auto& condition) const {
    return this->model.posterior(x, t, condition);
  }

 private:
  std::vector<double> cut(const std::vector<double>& grid) const {
    std::vector<double> path{time_};
    for (const double t : grid) {
      if (t < time_) path.push_back(t);
    }
    return path;
  }

  double time_;
};

/// A sampler that begins there.
template <class S>
struct From {
  const S& sampler;
  double time;

  auto times(const auto& model, const auto& x) const { return sampler.times(Below(model, time), x); }
  auto begin(const auto& model, const auto& x, const auto& condition) const {
    return sampler.begin(Below(model, time), x, condition);
  }
  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    return sampler.step(model, std::move(x), t, s, memory, key, condition);
  }
};

}  // namespace detail

template <class S, class M, class X, class K, class C = Unconditional>
X image_to_image(const S& sampler, const M& model, const X& images, double time, const K& key,
                 const C& condition = {}) {
  const std::vector<double> all = sampler.times(model, images);
  if (!(time > all.back() && time <= all.front())) {
    throw ValueError(text("image_to_image: time is ", time, "; it must be in (", all.back(), ", ", all.front(), "]"));
  }
  const X start = noised(images, model.scales(time), key.fold(0));
  return sample(detail::From<S>{sampler, time}, model, start, key.fold(1), condition);
}

}  // namespace ink
