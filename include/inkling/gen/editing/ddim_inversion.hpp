// DdimInversion: the noise that DDIM turns into a given image; a sampler that runs from image to noise.
//
//   x_s = α_s·x_t/α_t + α_s·(ς_s − ς_t)·ε̂(x_s, s),   ς = σ/α,   for s after t
//
// That is the step of DDIM (η = 0) from s to t, solved for where it came from. x_s is on both sides: it is found by
// `iterations` of putting the last guess in on the right, the first being α_s·x_t/α_t. One iteration is what is usually
// meant by DDIM inversion (J. Song, C. Meng, S. Ermon 2020, arXiv:2010.02502) and costs one evaluation a step; the
// round trip through Ddim with as many steps is then right to first order. More approach an exact round trip.
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
    // To pure noise, α_s = 0, the step is solved for x_s as it follows from x̂₀.
    const bool pure = to.alpha == 0;
    if (pure && from.sigma == 0) {
      throw ValueError(text("DdimInversion: steps is ", steps, "; a step from the image to pure noise forgets it"));
    }
    const double kept = pure ? to.sigma / from.sigma : to.alpha / from.alpha;
    const double slope = pure ? 0 : 1 - from.ratio() / to.ratio();
    X there = x * kept;
    for (int i = 0; i < iterations; ++i) {
      const X clean = model.posterior(there, s, condition).mean();
      const X noise = detail::combine(slope, there, pure ? -kept * from.alpha : -slope * to.alpha, clean);
      there = detail::combine(kept, x, 1, noise);
    }
    return there;
  }
};

}  // namespace ink
