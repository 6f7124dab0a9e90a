// Dpm2: DPM-Solver-2, the probability-flow equation by the noise half of the way in the log-SNR.
//
//   x_m = α_m·x̂₀ + σ_m·ε̂,   λ_m = ½(λ_t + λ_s),   λ = ln(α/σ)
//   y_s = y_t + (ς_s − ς_t)·ε̂(x_m, m),   y = x/α,   ς = σ/α
//
// Two evaluations a step, one in the last. C. Lu et al., "DPM-Solver", 2022, arXiv:2206.00927; k-diffusion's "dpm_2".
//
// Example:
//     Dpm2 accurate{.steps = 20};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Dpm2 {
  int steps = 20;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K&, const C& condition) const {
    const auto middle = detail::midpoint(model, x, t, s, condition);
    const X noise = detail::mixed(middle.x, middle.clean, middle.at, detail::noise_mix);
    return detail::along_noise(x, middle.clean, noise, model.scales(t), model.scales(s));
  }
};

}  // namespace ink
