// DpmPlusPlus2MSde: DPM-Solver++ (2M) for the reverse stochastic equation.
//
//   x_s = (σ_s/σ_t)·e^{−ηh}·x_t + α_s·(1 − e^{−(1+η)h})·D + σ_s·√(1 − e^{−2ηh})·z,   h = λ_s − λ_t,   λ = ln(α/σ)
//
// D continues the clean image of this step and the one before to the middle of the step ("midpoint", D as in
// DpmPlusPlus2M), or averages the line through them exactly ("heun"), which is much worse in few steps. η = 0 has no
// noise; with midpoint it is DpmPlusPlus2M. η = 1 with one step is Ddpm.
// C. Lu et al., "DPM-Solver++", 2022, arXiv:2211.01095.
//
// Errors: ValueError for a negative η.
//
// Example:
//     DpmPlusPlus2MSde lively{.steps = 30};
#pragma once

#include <cmath>

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct DpmPlusPlus2MSde {
  enum class Variant { midpoint, heun };

  int steps = 50;
  double eta = 1;
  Variant variant = Variant::midpoint;

  auto times(const auto& model, const auto&) const {
    if (!(eta >= 0)) throw ValueError(text("DpmPlusPlus2MSde: eta is ", eta, "; it must not be negative"));
    return model.times(steps);
  }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K& key,
         const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const double rate = variant == Variant::midpoint ? 0 : 1 + eta;
    const double fresh = eta > 0 ? -std::expm1(-2 * eta * (log_snr(to) - log_snr(from))) : 0;
    const X clean = detail::mean_clean(model, x, t, s, history, condition, 2, rate);
    return detail::stochastic_step(x, clean, from, to, to.sigma * to.sigma * fresh, key);
  }
};

}  // namespace ink
