// DpmPlusPlus2S: DPM-Solver++ of order 2 in single steps, by the clean image half of the way in the log-SNR.
//
//   x_m = (σ_m/σ_t)·x_t − α_m·(e^{−h/2} − 1)·x̂₀,   λ_m = λ_t + h/2,   h = λ_s − λ_t,   λ = ln(α/σ)
//   x_s = (σ_s/σ_t)·x_t − α_s·(e^{−h} − 1)·x̂₀(x_m, m)
//
// Two evaluations a step, one in the last. C. Lu et al., "DPM-Solver++", 2022, arXiv:2211.01095, algorithm 1, r = ½.
//
// Example:
//     DpmPlusPlus2S accurate{.steps = 20};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct DpmPlusPlus2S {
  int steps = 20;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K&, const C& condition) const {
    const auto middle = detail::midpoint(model, x, t, s, condition);
    return detail::toward_clean(x, middle.clean, model.scales(t), model.scales(s), 0);
  }
};

}  // namespace ink
