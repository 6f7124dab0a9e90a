// Plms: the pseudo linear multistep method: Ddim's step along a fixed combination of the last four noise estimates.
//
//   ε̄ = (55·ε_t − 59·ε_{t−1} + 37·ε_{t−2} − 9·ε_{t−3})/24,   x_s as in Ddim with ε̄
//
// Adams and Bashforth's coefficients, of lower order while there are fewer; the first step is Heun's, with two
// evaluations. They are exact for even steps in σ/α; on other grids the method has order 2.
// L. Liu, Y. Ren, Z. Lin, Z. Zhao, "Pseudo numerical methods for diffusion models on manifolds", 2022,
// arXiv:2202.09778.
//
// Example:
//     Plms fast{.steps = 50};
#pragma once

#include "inkling/gen/sampler/multistep.hpp"

namespace ink {

struct Plms {
  int steps = 50;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K&,
         const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition);
    const bool first = history.size() == 0;
    const double number = first ? 0 : history.places[0] + 1;  // of the step
    history.push(number, detail::mixed(x, clean, from, detail::noise_mix), 4);
    if (first && !detail::all_noise(from))
      return detail::trapezium(model, x, clean, t, s, condition, detail::noise_mix);
    const X noise = detail::from_history(history, 4, number, number + 1, 0);
    return detail::along_noise(x, clean, noise, from, to);
  }
};

}  // namespace ink
