// DdimInversion: the noise that DDIM turns into a given image; a sampler that runs from image to noise.
//
//   x_s = (x_t + sin δ·v̂(x_s, s))/cos δ,   v̂ = α_s·ε̂ − σ_s·x̂₀,   δ the angle from (α_t, σ_t) to (α_s, σ_s),   s after t
//
// That is the step of DDIM (η = 0) from s to t, solved for where it came from; schedules that do not preserve the
// variance are scaled to it. x_s is on both sides: it is found by `iterations` of putting the last guess in on the
// right, the first being x_t. One iteration costs one evaluation a step, as what is usually meant by DDIM inversion
// (J. Song, C. Meng, S. Ermon 2020, arXiv:2010.02502); the round trip through Ddim with as many steps is then right to
// first order. More approach an exact round trip (Z. Pan et al. 2023, arXiv:2309.04907), where they settle.
//
// Shapes: clean images (N, H, W, C) -> their noise. No randomness: the key is not used.
//
// Errors: ValueError for fewer than one iteration, or a step from a clean image to pure noise, which forgets the image.
//
// Example:
//     auto round_trip = [](const auto& model, const Tensor<float, 4>& images) {
//       const auto noise = sample(DdimInversion{.steps = 20, .iterations = 3}, model, images, Key{1});
//       return sample(Ddim{.steps = 20}, model, noise, Key{1});
//     };
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/sampler.hpp"

namespace ink {

struct DdimInversion {
  int steps = 50;
  int iterations = 1;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    if (iterations < 1) {
      throw ValueError(text("DdimInversion: iterations is ", iterations, "; it must be at least 1"));
    }
    const std::vector<double> down = model.times(steps);
    return {down.rbegin(), down.rend()};
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K&, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const double length = std::hypot(to.alpha, to.sigma), scale = length / std::hypot(from.alpha, from.sigma);
    const double angle = std::atan2(to.sigma, to.alpha), turn = angle - std::atan2(from.sigma, from.alpha);
    if (!(std::cos(turn) > 1e-9)) {
      throw ValueError(text("DdimInversion: steps is ", steps, "; a step from the image to pure noise forgets it"));
    }
    const double slope = std::tan(turn) / std::sin(angle);
    X there = x * scale;
    for (int i = 0; i < iterations; ++i) {
      const X clean = model.posterior(there, s, condition).mean();
      const X velocity = detail::combine(std::cos(angle), there, -length, clean);  // times sin(angle)
      there = detail::combine(scale / std::cos(turn), x, slope, velocity);
    }
    return there;
  }
};

}  // namespace ink
