// DiscreteAncestral: runs a discrete diffusion backwards: in every step the clean image is drawn from what the model
// expects, pixel by pixel, and with it the image at the next, less noisy time.
//
//   x̂_0 ~ p(x_0 | x_t),     x_s ~ q(x_s | x_t, x̂_0)
//
// For MaskedDiffusion that tells every missing pixel with probability (α_s − α_t)/(1 − α_t); for UniformDiffusion it
// may change any. J. Austin et al. 2021, arXiv:2107.03006. `steps` network evaluations; many steps draw from the
// model's distribution, few draw pixels together that depend on each other.
//
// They need of a model: times(n), posterior(x, t, condition), reverse(x, clean, t, s, key).
//
// Errors: ValueError for fewer than one step; of MaskedDiffusion for a token outside of [0, levels) that is not
// missing, or an x of nothing but zeros.
//
// Example:
//     DiscreteAncestral plain{.steps = 64};
#pragma once

#include <utility>
#include <vector>

#include "inkling/dist/quantizer.hpp"
#include "inkling/dist/truncation.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/token/masked_tokens.hpp"

namespace ink {

struct DiscreteAncestral {
  int steps = 64;
  Truncation truncation = {};

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    truncation.check();
    if constexpr (requires { model.quantizer.levels; } && !requires { model.with_known(x); }) {
      detail::check_start(x, model.quantizer.levels);
    }
    return model.times(steps);
  }

  template <class M, class C>
  NoMemory begin(const M&, const Tokens&, const C&) const {
    return {};
  }

  template <class M, RandomKey K, class C>
  Tokens step(const M& model, Tokens x, double t, double s, NoMemory&, const K& key, const C& condition) const {
    const Tokens clean = truncation.sample(model.posterior(x, t, condition), key.fold(0));
    return model.reverse(std::move(x), clean, t, s, key.fold(1));
  }
};

}  // namespace ink
