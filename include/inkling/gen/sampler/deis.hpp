// Deis: exponential multistep, as Lms, but with the noise estimate a polynomial in the log-SNR.
//
//   y_s = y_t + ∫ P(λ) dς,   y = x/α,   ς = σ/α = e^{−λ}
//
// P is the polynomial through the newest `order` noise estimates; the integral is exact. One evaluation a step.
// Q. Zhang, Y. Chen, "Fast sampling of diffusion models with exponential integrator", 2022, arXiv:2204.13902 (there
// polynomials in t; in λ as diffusers has it).
//
// Errors: ValueError for an order outside [1, 4].
//
// Example:
//     Deis fast{.steps = 20};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct Deis {
  int steps = 20;
  int order = 3;

  auto times(const auto& model, const auto&) const {
    detail::check_order("Deis", order);
    return model.times(steps);
  }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const auto axis = [](Scales at) { return log_snr(at); };
    return detail::along_mean_noise(model, x, t, s, history, condition, axis, order, -1);
  }
};

}  // namespace ink
