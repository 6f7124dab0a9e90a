// DpmPlusPlus2M: DPM-Solver++ of order 2 with one evaluation a step, by the clean image of this step and the one
// before.
//
//   D = (1 + 1/(2r))·x̂₀ − 1/(2r)·x̂₀_prev,   r = h_prev/h,   h = λ_s − λ_t,   λ = ln(α/σ)
//   x_s = (σ_s/σ_t)·x_t − α_s·(e^{−h} − 1)·D
//
// C. Lu et al., "DPM-Solver++", 2022, arXiv:2211.01095, algorithm 2.
//
// Example:
//     DpmPlusPlus2M fast{.steps = 20};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct DpmPlusPlus2M {
  int steps = 20;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const X clean = detail::mean_clean(model, x, t, s, history, condition, 2, 0);
    return detail::toward_clean(x, clean, model.scales(t), model.scales(s), 0);
  }
};

}  // namespace ink
