// uniform_bound: the likelihood that a UniformDiffusion is sure to reach, in nats per image.
//
//   −log p(x_0) ≤ Σ_steps E_q KL(q(x_s | x_t, x_0) ‖ p(x_s | x_t))
//   p(x_s | x_t) = Σ_c q(x_s | x_t, c)·p(x_0 = c | x_t)
//
// The last step, s = 0, is −log p(x_0 | x_t). Divergences are exact sums over the levels of every pixel; x_t is drawn
// once for every step, so that the result is an unbiased estimate of the bound of a chain of as many steps. One
// evaluation of the network a step. With the exact p(x_0 | x_t) of a single pixel the bound is −log p(x_0), in any
// number of steps. J. Austin et al. 2021, arXiv:2107.03006.
//
// Shapes: tokens (N, H, W), as of model.quantizer.tokens(images, key) -> (N).
//
// Errors: ValueError for fewer than one step.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     UniformDiffusion model(net, Quantizer{2});
//     auto nats = uniform_bound(model, Tokens({4, 8, 8}), Unconditional{}, 20, Key{1});
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/token/uniform_diffusion.hpp"
#include "inkling/ops/softmax.hpp"

namespace ink {

template <class M, class C>
Tensor<double, 1> uniform_bound(const M& model, const Tokens& tokens, const C& condition, int steps, Key key) {
  const Index rows = tokens.extent(0), places = tokens.extent(1) * tokens.extent(2);
  const int levels = model.quantizer.levels;
  const std::vector<double> times = model.times(steps);
  Tensor<double, 1> nats(Shape{rows});
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const double t = times[i], kept_t = model.schedule(t), kept_s = model.schedule(times[i + 1]);
    const Tokens noisy = model.noised(tokens, Tensor<double, 1>(Shape{rows}, t), key.fold(i));
    const auto p = softmax(model.posterior(noisy, t, condition).as_categorical().logits());
    for (Index place = 0; place < tokens.size(); ++place) {
      const int x = noisy.data()[place], clean = tokens.data()[place];
      const auto* chance = p.data() + place * levels;
      const double r = kept_t / kept_s, other_s = (1 - kept_s) / levels, other_t = (1 - kept_t) / levels;
      const auto to_x = [&](int c) { return (c == x ? kept_t : 0) + other_t; };  // q(x_t | x_0 = c)
      const auto from = [&](int k, int c) { return ((k == c ? kept_s : 0) + other_s) / to_x(c); };
      double all = 0;
      for (int c = 0; c < levels; ++c) all += static_cast<double>(chance[c]) / to_x(c);
      for (int k = 0; k < levels; ++k) {
        const double truth = from(k, clean);
        if (truth == 0) continue;
        const double model_says = kept_s * static_cast<double>(chance[k]) / to_x(k) + other_s * all;
        const double between = (k == x ? r : 0) + (1 - r) / levels;  // q(x_t | x_s = k)
        nats(place / places) += between * truth * std::log(truth / model_says);
      }
    }
  }
  return nats;
}

}  // namespace ink
