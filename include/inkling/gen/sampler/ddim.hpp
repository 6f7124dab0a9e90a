// Ddim: the one-parameter family from the deterministic step to DDPM.
//
//   x_s = α_s·x̂₀ + √(σ_s² − σ_η²)·ε̂ + σ_η·z,   ε̂ = (x_t − α_t·x̂₀)/σ_t,   σ_η² = η²·σ_s²/σ_t²·(σ_t² − (α_t/α_s)²·σ_s²)
//
// η = 0 is deterministic, and the Euler step of the probability-flow equation; η = 1 is DDPM's posterior.
// J. Song, C. Meng, S. Ermon 2020, arXiv:2010.02502.
//
// Errors: ValueError for η outside [0, 1].
//
// Example:
//     Ddim fast{.steps = 20};
#pragma once

#include "inkling/gen/sampler.hpp"

namespace ink {

struct Ddim {
  int steps = 50;
  double eta = 0;

  auto times(const auto& model, const auto&) const {
    if (!(eta >= 0 && eta <= 1)) throw ValueError(text("Ddim: eta is ", eta, "; it must be in [0, 1]"));
    return model.times(steps);
  }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    return detail::stochastic_step(x, clean, from, to, eta * eta * detail::posterior_variance(from, to), key);
  }
};

}  // namespace ink
