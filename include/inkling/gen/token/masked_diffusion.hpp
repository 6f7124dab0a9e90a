// MaskedDiffusion: diffusion that removes whole pixels at random (absorbing diffusion, masked diffusion).
//
//   q(x_t | x_0)    every pixel is kept with probability α_t, and missing otherwise
//   −log p(x_0) ≤ ∫₀¹ −α'_t/(1 − α_t)·E[Σ_missing −log p(x_j | x_t)] dt
//   q(x_s | x_t, x_0), s < t: a missing pixel is told with probability (α_s − α_t)/(1 − α_t)
//
// J. Austin et al., "Structured denoising diffusion models in discrete state-spaces" (D3PM), 2021, arXiv:2107.03006;
// J. Shi et al., "Simplified and generalized masked diffusion" (MD4), 2024, arXiv:2406.04329; S. Sahoo et al. (MDLM),
// 2024, arXiv:2406.07524.
//
// The bound is that of any-order autoregression, whatever the schedule: given that m of D pixels are missing, which
// they are is uniformly random, and the mean of the weight over t is AnyOrder's. So one network serves both; it is told
// the fraction of pixels that are missing, not t, in which x_t says nothing more. The weight here has heavy tails
// (1/t at small t): to train, AnyOrder's has the lower variance.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     MaskedDiffusion model(net, Quantizer{2}, CosineMasking{});
//     auto images = generate(DiscreteAncestral{.steps = 8}, model, Shape{4, 8, 8, 1}, Key{1});
#pragma once

#include <utility>
#include <vector>

#include "inkling/gen/schedule.hpp"
#include "inkling/gen/token/masking_schedule.hpp"
#include "inkling/gen/token/token_model.hpp"

namespace ink {

template <class Network, MaskingSchedule Schedule = LinearMasking, class Head = CategoricalHead>
class MaskedDiffusion : public RevealingModel<Network, Head> {
 public:
  using typename RevealingModel<Network, Head>::T;
  using typename RevealingModel<Network, Head>::Example;

  Schedule schedule;

  MaskedDiffusion(Network n, Quantizer q, Schedule s = {}, Head h = {})
      : RevealingModel<Network, Head>(std::move(n), q, h), schedule(s) {}

  auto corrupt(const Tensor<T, 4>& images, Key key) const { return this->corrupted(*this, images, key); }

  /// Image n at time t = u(n).
  auto corrupt_tokens(const Tokens& tokens, const Tensor<double, 1>& u, Key key) const {
    const Index rows = tokens.extent(0), places = tokens.extent(1) * tokens.extent(2);
    const auto draw = uniform<double>(tokens.shape(), key);
    Tokens state = tokens, target = tokens;
    Tensor<T, 1> weight(u.shape());
    std::int32_t *left = state.mutable_data(), *wanted = target.mutable_data();
    for (Index n = 0; n < rows; ++n) {
      const double kept = schedule(u(n));
      for (Index i = n * places; i < (n + 1) * places; ++i) (draw.data()[i] < kept ? wanted : left)[i] = missing_token;
      weight(n) = static_cast<T>(schedule.weight(u(n)));
    }
    return Example{this->shown(state), this->missing_level(state), std::move(target), std::move(weight)};
  }

  /// What the missing pixels are expected to be.
  template <class C>
  auto posterior(const Tokens& x, double, const C& condition) const {
    return this->predict(this->shown(x), this->missing_level(x), condition);
  }

  template <RandomKey K>
  Tokens prior(const Shape<4>& shape, const K&) const {
    return this->all_missing(shape);
  }

  std::vector<double> times(int steps) const { return detail::even_times(steps); }

  /// Draws x_s given x_t and the clean image.
  template <RandomKey K>
  Tokens reverse(Tokens x, const Tokens& clean, double t, double s, const K& key) const {
    const double told = (schedule(s) - schedule(t)) / (1 - schedule(t));
    const auto draw = uniform<double>(x.shape(), key);
    std::int32_t* pixel = x.mutable_data();
    for (Index i = 0; i < x.size(); ++i) {
      if (pixel[i] == missing_token && draw.data()[i] < told) pixel[i] = clean.data()[i];
    }
    return x;
  }

  /// The same generator with another network.
  template <class Other>
  auto with_network(Other other) const {
    MaskedDiffusion<Other, Schedule, Head> made(std::move(other), this->quantizer, schedule, this->head);
    made.drop_condition = this->drop_condition;
    return made;
  }
};

}  // namespace ink
