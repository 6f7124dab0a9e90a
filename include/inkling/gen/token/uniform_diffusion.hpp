// UniformDiffusion: diffusion that replaces pixels by random ones, so that none of them can be trusted.
//
//   q(x_t | x_0) = α_t·[x_t = x_0] + (1 − α_t)/K                          per pixel, K levels
//   q(x_s | x_t, x_0) ∝ (r·[x_s = x_t] + (1 − r)/K)·(α_s·[x_s = x_0] + (1 − α_s)/K),   r = α_t/α_s, s < t
//
// The network predicts the clean image, p(x_0 | x_t), and is trained by its cross-entropy at a random time; a step is
// Σ_{x_0} q(x_s | x_t, x_0)·p(x_0 | x_t), drawn by drawing x_0 first. E. Hoogeboom et al. 2021, arXiv:2102.05379;
// J. Austin et al. 2021, arXiv:2107.03006 (D3PM).
//
// Trap: D3PM's step is ∝ q(x_t | x_s)·Σ_{x_0} q(x_s | x_0)·p(x_0 | x_t), normalised once, after the sum. For the exact
// p(x_0 | x_t) that is not Bayes' rule, and the images that it draws are biased; for one pixel the sum above is exact
// in any number of steps.
//
// with_known(tokens) is the same generator of images of which some pixels are known (the others are missing_token): in
// every step x̂_0 is what is known there, so that they arrive at it along the forward process. The network takes them at
// each time for as unsure as all others, so that what is drawn in one pass fits them too little; passes of Repeated
// (gen/editing/repeated.hpp) come near the exact conditional.
//
// Shapes: states (N, H, W), whole numbers in [0, K); none is missing. The network is told 1000·t.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     UniformDiffusion model(net, Quantizer{2});
//     auto images = generate(DiscreteAncestral{.steps = 8}, model, Shape{4, 8, 8, 1}, Key{1});
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "inkling/gen/adapter.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/token/masking_schedule.hpp"
#include "inkling/gen/token/token_model.hpp"

namespace ink {
namespace detail {

/// A model of discrete diffusion that is told of some pixels what they will be.
template <class Model>
class Holding : public ModelAdapter<const Model&> {
 public:
  Holding(const Model& model, Tokens known) : ModelAdapter<const Model&>(model), known_(std::move(known)) {}

  auto posterior(const Tokens& x, double t, const auto& condition) const {
    return this->model.posterior(x, t, condition);
  }
  template <RandomKey K>
  Tokens reverse(Tokens x, Tokens clean, double t, double s, const K& key) const {
    std::int32_t* token = clean.mutable_data();
    for (Index i = 0; i < clean.size(); ++i) {
      if (known_.data()[i] != missing_token) token[i] = known_.data()[i];
    }
    return this->model.reverse(std::move(x), clean, t, s, key);
  }
  template <RandomKey K>
  Tokens noised(const Tokens& x, double from, double to, const K& key) const {
    return this->model.noised(x, from, to, key);
  }

 private:
  Tokens known_;
};

}  // namespace detail

template <class Network, MaskingSchedule Schedule = LinearMasking, class Head = CategoricalHead>
class UniformDiffusion : public RevealingModel<Network, Head> {
 public:
  using typename RevealingModel<Network, Head>::T;
  using typename RevealingModel<Network, Head>::Example;

  Schedule schedule;

  UniformDiffusion(Network n, Quantizer q, Schedule s = {}, Head h = {})
      : RevealingModel<Network, Head>(std::move(n), q, h), schedule(s) {}

  auto corrupt(const Tensor<T, 4>& images, Key key) const { return this->corrupted(*this, images, key); }

  /// Image n at time t = u(n).
  auto corrupt_tokens(const Tokens& tokens, const Tensor<double, 1>& u, Key key) const {
    Tensor<T, 1> level(u.shape());
    for (Index n = 0; n < u.size(); ++n) level(n) = static_cast<T>(1000 * u(n));
    return Example{this->shown(noised(tokens, u, key)), std::move(level), tokens, Tensor<T, 1>(u.shape(), T{1})};
  }

  /// Draws x_t given the clean image, image n at time t = u(n).
  Tokens noised(const Tokens& tokens, const Tensor<double, 1>& u, Key key) const {
    const Index places = tokens.extent(1) * tokens.extent(2);
    const auto draw = uniform<double>(tokens.shape(), key.fold(0));
    const Tokens noise = prior({tokens.extent(0), tokens.extent(1), tokens.extent(2), 1}, key.fold(1));
    Tokens state = tokens;
    std::int32_t* x = state.mutable_data();
    for (Index i = 0; i < tokens.size(); ++i) {
      if (!(draw.data()[i] < schedule(u(i / places)))) x[i] = noise.data()[i];
    }
    return state;
  }

  /// Draws the image at time `to`, given it at an earlier one.
  template <RandomKey K>
  Tokens noised(Tokens x, double from, double to, const K& key) const {
    const double kept = schedule(to) / schedule(from);
    const auto draw = uniform<double>(x.shape(), key.fold(0));
    const Tokens noise = prior({x.extent(0), x.extent(1), x.extent(2), 1}, key.fold(1));
    std::int32_t* token = x.mutable_data();
    for (Index i = 0; i < x.size(); ++i) {
      if (!(draw.data()[i] < kept)) token[i] = noise.data()[i];
    }
    return x;
  }

  /// What the clean pixels are expected to be.
  template <class C>
  auto posterior(const Tokens& x, double t, const C& condition) const {
    return this->predict(this->shown(x), Tensor<T, 1>(Shape{x.extent(0)}, static_cast<T>(1000 * t)), condition);
  }

  /// Every pixel any level.
  template <RandomKey K>
  Tokens prior(const Shape<4>& shape, const K& key) const {
    const auto u = uniform<double>(Shape{shape[0], shape[1], shape[2]}, key, 0, this->quantizer.levels);
    return u.template cast<std::int32_t>();
  }

  std::vector<double> times(int steps) const { return detail::even_times(steps); }

  /// Draws x_s given x_t and the clean image.
  template <RandomKey K>
  Tokens reverse(Tokens x, const Tokens& clean, double t, double s, const K& key) const {
    // The product of two sums has four terms; which of them a pixel is from says what it is.
    const double levels = this->quantizer.levels, kept = schedule(s), r = schedule(t) / kept;
    const double same = r * kept, stay = r * (1 - kept) / levels, back = (1 - r) * kept / levels;
    const double any = (1 - r) * (1 - kept) / levels;
    const auto draw = uniform<double>(x.shape(), key.fold(0));
    const Tokens noise = prior({x.extent(0), x.extent(1), x.extent(2), 1}, key.fold(1));
    std::int32_t* pixel = x.mutable_data();
    for (Index i = 0; i < x.size(); ++i) {
      const double keep = stay + (pixel[i] == clean.data()[i] ? same : 0);
      const double u = draw.data()[i] * (keep + back + any);
      if (u >= keep) pixel[i] = u < keep + any ? noise.data()[i] : clean.data()[i];
    }
    return x;
  }

  /// The same generator of images of which some pixels are known; it refers to this one.
  auto with_known(Tokens known) const { return detail::Holding(*this, std::move(known)); }

  /// The same generator with another network.
  template <class Other>
  auto with_network(Other other) const {
    UniformDiffusion<Other, Schedule, Head> made(std::move(other), this->quantizer, schedule, this->head);
    made.drop_condition = this->drop_condition;
    return made;
  }
};

}  // namespace ink
