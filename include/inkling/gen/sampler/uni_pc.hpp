// UniPc: predictor and corrector in one evaluation a step (UniPC-2, B₂(h) = e^h − 1, clean-image prediction).
//
//   D_k = (m_k − m₀)/r_k,   r_k = (λ_k − λ_t)/h,   h = λ_s − λ_t,   B = e^{−h} − 1,   λ = ln(α/σ)
//   predict   x_s = (σ_s/σ_t)·x_t − α_s·B·(m₀ + ½·D_prev)
//   correct   x_s = (σ_s/σ_t)·x_t − α_s·B·(m₀ + ρ₁·D_prev + ρ₂·(m_s − m₀)),   m_s = x̂₀ at the predicted x_s
//
// ρ₁ and ρ₂ make the corrector exact for a parabola through the three; ρ₂ = ½ in the first step. m_s, of the predicted
// x_s, is the next m₀. The predictor is DpmPlusPlus2M. The last step, and one from pure noise, is not corrected.
// W. Zhao et al., "UniPC", 2023, arXiv:2302.04867.
//
// Example:
//     UniPc fast{.steps = 10};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct UniPc {
  int steps = 20;
  bool corrector = true;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const double lambda = log_snr(from), end = log_snr(to);
    if (history.size() == 0 || history.places[0] != lambda) {
      history.push(lambda, detail::expected_clean(model, x, t, condition), 2);
    }
    const X predicted = detail::toward_clean(x, detail::from_history(history, 2, lambda, end, 0), from, to, 0);
    if (to.sigma == 0) return predicted;
    history.push(end, detail::expected_clean(model, predicted, s, condition), 3);
    if (!corrector || detail::all_noise(from)) return predicted;
    const double rate = history.size() == 2 ? 0 : 1;
    return detail::toward_clean(x, detail::from_history(history, 3, lambda, end, rate), from, to, 0);
  }
};

}  // namespace ink
