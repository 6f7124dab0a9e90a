// Lms: the linear multistep method, the probability-flow equation along the noise of this step and those before.
//
//   y_s = y_t + ∫ P(ς) dς,   y = x/α,   ς = σ/α from ς_t to ς_s
//
// P is the polynomial through the newest `order` noise estimates, integrated exactly: Adams and Bashforth's method on
// an uneven grid. One evaluation a step. k-diffusion's "lms" (K. Crowson).
//
// Errors: ValueError for an order outside [1, 4].
//
// Example:
//     Lms smooth{.steps = 50, .order = 3};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct Lms {
  int steps = 50;
  int order = 4;

  auto times(const auto& model, const auto&) const {
    detail::check_order("Lms", order);
    return model.times(steps);
  }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const auto axis = [](Scales at) { return at.ratio(); };
    return detail::along_mean_noise(model, x, t, s, history, condition, axis, order, 0);
  }
};

}  // namespace ink
