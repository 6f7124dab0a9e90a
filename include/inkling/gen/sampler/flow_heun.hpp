// FlowHeun: the flow u = ε − x₀ to second order.
//
//   y_s = y_t + (τ_s − τ_t)·½(û_t + û_s),   y = x/(α + σ),   τ = σ/(α + σ),   û = ε̂ − x̂₀
//
// For rectified flow, α = 1 − t and σ = t, y is x and τ is t. Unlike Heun's σ/α, τ is finite in pure noise. Two
// evaluations a step, one in the last. X. Liu, C. Gong, Q. Liu 2022, arXiv:2209.03003; Y. Lipman et al. 2022,
// arXiv:2210.02747.
//
// Example:
//     FlowHeun straight{.steps = 15};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct FlowHeun {
  int steps = 18;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K&, const C& condition) const {
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::trapezium(model, x, clean, t, s, condition, detail::flow_mix);
  }
};

}  // namespace ink
