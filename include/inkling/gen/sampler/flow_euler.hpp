// FlowEuler: Euler's method along the flow u = ε − x₀, or its stochastic form.
//
//   dy/dτ = û,   y = x/(α + σ),   τ = σ/(α + σ):   y_s = y_t + (τ_s − τ_t)·û,   û = ε̂ − x̂₀
//   stochastic: x_s = α_s·x̂₀ + σ_s·z
//
// For rectified flow, α = 1 − t and σ = t, that is x_s = x_t + (s − t)·û. Euler, in other coordinates, is the same
// step; the stochastic form is Renoise, with its bias. X. Liu, C. Gong, Q. Liu 2022, arXiv:2209.03003; Y. Lipman et al.
// 2022, arXiv:2210.02747.
//
// Example:
//     FlowEuler straight{.steps = 30};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct FlowEuler {
  int steps = 50;
  bool stochastic = false;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::stochastic_step(x, clean, from, to, stochastic ? to.sigma * to.sigma : 0, key);
  }
};

}  // namespace ink
