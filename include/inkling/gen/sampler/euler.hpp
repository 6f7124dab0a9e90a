// Euler: the probability-flow equation to first order.
//
//   dy/dς = ε̂,   y = x/α,   ς = σ/α:   y_s = y_t + (ς_s − ς_t)·ε̂
//
// Ddim with η = 0 is the same: the step is linear in x̂₀ and ε̂, so it does not depend on the coordinates.
// T. Karras et al. 2022, arXiv:2206.00364, algorithm 1 without its correction.
//
// Example:
//     Euler plain{.steps = 100};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Euler {
  int steps = 50;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K&, const C& condition) const {
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::toward_clean(x, clean, model.scales(t), model.scales(s), 0);
  }
};

}  // namespace ink
