// DpmPlusPlus3M: DPM-Solver++ of order 3 with one evaluation a step, by the clean image of this step and the two
// before.
//
//   x_s = (σ_s/σ_t)·x_t + α_s·∫ e^{λ − λ_s}·P(λ) dλ,   λ = ln(α/σ) from λ_t to λ_s
//
// P is the parabola through the three, integrated exactly. C. Lu et al., "DPM-Solver++", 2022, arXiv:2211.01095. Where
// P = D₀ + D₁·τ + D₂·τ², the code in use elsewhere takes half of D₂'s integral, which leaves order 2: this is the
// whole.
//
// Example:
//     DpmPlusPlus3M fast{.steps = 20};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct DpmPlusPlus3M {
  int steps = 20;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const X clean = detail::mean_clean(model, x, t, s, history, condition, 3, 1);
    return detail::toward_clean(x, clean, model.scales(t), model.scales(s), 0);
  }
};

}  // namespace ink
