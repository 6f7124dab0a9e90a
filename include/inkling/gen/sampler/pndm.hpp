// Pndm: Plms whose first three steps are pseudo Runge-Kutta, with four evaluations each.
//
//   ε̄ = (e₁ + 2e₂ + 2e₃ + e₄)/6,   x_s as in Ddim with ε̄
//
// e₁ at x_t; e₂ and e₃ at half of the time, where Ddim's step along e₁, and then along e₂, leads; e₄ at s, along e₃. A
// step from pure noise, or to the end, is Ddim's. L. Liu, Y. Ren, Z. Lin, Z. Zhao, "Pseudo numerical methods for
// diffusion models on manifolds", 2022, arXiv:2202.09778.
//
// Example:
//     Pndm fast{.steps = 20};
#pragma once

#include "inkling/gen/sampler/plms.hpp"

namespace ink {

struct Pndm {
  int steps = 50;

  auto times(const auto& model, const auto&) const { return model.times(steps); }
  auto begin(const auto&, const auto& x, const auto&) const { return detail::no_history(x); }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, detail::History<X>& history, const K& key,
         const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    if (history.size() >= 3 || detail::all_noise(from) || to.sigma == 0) {
      return Plms{}.step(model, x, t, s, history, key, condition);
    }
    X clean = detail::expected_clean(model, x, t, condition);
    X noise = detail::mixed(x, clean, from, detail::noise_mix);
    history.push(static_cast<double>(history.size()), noise, 4);
    X mean = noise;
    const auto next = [&](double at) {
      const Scales there = model.scales(at);
      const X y = detail::along_noise(x, clean, noise, from, there);
      clean = detail::expected_clean(model, y, at, condition);
      noise = detail::mixed(y, clean, there, detail::noise_mix);
    };
    const double middle = 0.5 * (t + s);
    next(middle);
    mean = detail::combine(1. / 6, mean, 1. / 3, noise);
    next(middle);
    mean = detail::combine(1, mean, 1. / 3, noise);
    next(s);
    return detail::along_noise(x, clean, detail::combine(1, mean, 1. / 6, noise), from, to);
  }
};

}  // namespace ink
