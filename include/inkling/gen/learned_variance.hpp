// LearnedVariance: a diffusion model that also learns how wide its steps are.
//
//   ln Σ = v·ln β + (1 − v)·ln β̃,     β̃ the variance of x_s given x_t and x₀, β = β̃·σ_t²/σ_s² that of the step itself
//   L = w·‖y − ŷ‖² + λ·T·KL(N(μ̃, β̃) ‖ N(μ̂, Σ)),     s = t − 1/T,     per number of the image, in nats
//
// The network answers twice the channels: first the target, then v, for every number of the image. The second term
// teaches v alone: it does not change the mean. A step of any length may be taken with the learned v: the posterior has
// variance(β̃, β), which the sampler LearnedDdpm asks for (gen/sampler/learned_ddpm.hpp).
//
// The last step, s = 0, has no β̃. It is given that of the step before, here and in what is learned of it.
// A. Nichol, P. Dhariwal, "Improved denoising diffusion probabilistic models", 2021, arXiv:2102.09672. Their code takes
// 2v − 1 from the network, and counts the second term in bits.
//
// Shapes: images (N, H, W, C), the network's answer (N, H, W, 2C).
//
// Errors: ShapeError unless the network answers 2C channels; ValueError for fewer than two steps.
//
// Example (declarations):
//     struct Twice {                                            // a network that always answers 0, for target and v
//       using value_type = float;
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const Tensor<float, 1>&, const C&) const { return 0.0f * concat(3, x, x); }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     LearnedVariance model(Diffusion(Twice{}, Cosine{}, NoiseTarget{}), {.steps = 1000});
//     auto posterior = model.posterior(model.prior(Shape{4, 28, 28, 1}, Key{1}), 0.5, Unconditional{});
//     auto variance = posterior.variance(0.001, 0.002);         // 0.001, where v is 0
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/target/previous.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {

struct HybridLoss {
  int steps = 1000;     ///< T
  double bound = 1e-3;  ///< λ
};

/// What the network is asked for, and per image what the width of its step depends on.
template <class T>
struct LearnedTarget {
  Tensor<T, 4> answer;
  Tensor<T, 4> weight;     ///< w
  Tensor<T, 4> range;      ///< ln β − ln β̃
  Tensor<T, 4> precision;  ///< of the mean: ‖μ̃ − μ̂‖²/β̃ for ‖y − ŷ‖² = 1

  Index extent(int axis) const { return answer.extent(axis); }
  Index size() const { return answer.size(); }
};

/// A network's answer in its two halves.
template <TensorLike X>
class LearnedPrediction {
 public:
  LearnedPrediction(X mean, X v, double bound) : mean_(std::move(mean)), v_(std::move(v)), bound_(bound) {}

  const X& mean() const { return mean_; }

  /// Minus the loss of every row.
  template <class T>
  auto log_prob(const LearnedTarget<T>& target) const {
    detail::check_outcome("LearnedVariance", mean_, target.answer);
    const auto simple = map([](auto m, auto y, auto w) INKLING_LAMBDA_INLINE { return w * square(y - m); }, mean_,
                            target.answer, target.weight);
    const auto bound = map(
        [c = static_cast<T>(0.5 * bound_)](auto v, auto m, auto y, auto range, auto precision) INKLING_LAMBDA_INLINE {
      return c * (v * range + exp(-v * range) * (1 + precision * square(y - m)) - 1);
    }, v_, detach(mean_), target.answer, target.range, target.precision);
    return -detail::row_totals(simple + bound);
  }

 private:
  X mean_, v_;
  double bound_;
};

/// The expected clean image, and how wide a step towards it is.
template <TensorLike X>
class LearnedPosterior {
 public:
  LearnedPosterior(X mean, X v) : mean_(std::move(mean)), v_(std::move(v)) {}

  const X& mean() const { return mean_; }
  LearnedPosterior with_mean(X mean) const { return {std::move(mean), v_}; }  ///< for adapters

  /// Σ of a step for which β̃ is `small` and β is `large`.
  X variance(double small, double large) const {
    using T = scalar_t<X>;
    return map([base = static_cast<T>(std::log(small)), range = static_cast<T>(std::log(large / small))](auto v)
                   INKLING_LAMBDA_INLINE { return exp(base + v * range); },
               v_);
  }

 private:
  X mean_, v_;
};

template <class Model>
class LearnedVariance : public Model {
 public:
  using T = typename Model::value_type;
  using Images = typename Model::Images;

  HybridLoss hybrid;

  explicit LearnedVariance(Model model, const HybridLoss& loss = {}) : Model(std::move(model)), hybrid(loss) {
    if (hybrid.steps < 2) {
      throw ValueError(text("LearnedVariance: steps is ", hybrid.steps, "; it must be at least 2"));
    }
  }

  Corruption<T, Images, LearnedTarget<T>> corrupt(const Images& images, Key key) const {
    auto example = Model::corrupt(images, key);
    const Index n = images.extent(0);
    const auto times = this->training_times(n, key);
    const Shape<4> per_image{n, 1, 1, 1};
    Images range(per_image), precision(per_image);
    for (Index i = 0; i < n; ++i) {
      const double t = times(i), late = std::max(t, 2.0 / hybrid.steps);
      const Scales here = this->schedule(t), there = this->schedule(detail::step_before(t, hybrid.steps));
      const Scales from = this->schedule(late), to = this->schedule(detail::step_before(late, hybrid.steps));
      const double gain = detail::target_gain(detail::posterior_mean(here, there), here) /
                          detail::positive_target_gain(this->target, t, here);
      range(i, 0, 0, 0) = static_cast<T>(2 * std::log(from.sigma / to.sigma));
      precision(i, 0, 0, 0) = static_cast<T>(gain / detail::posterior_variance(from, to));
    }
    return {std::move(example.state), std::move(example.level),
            LearnedTarget<T>{std::move(example.target), example.weight.reshape(per_image), std::move(range),
                             std::move(precision)},
            Tensor<T, 1>(Shape{n}, T{1})};
  }

  template <TensorLike X, class C>
  auto predict(const X& input, const Tensor<T, 1>& level, const C& condition) const {
    auto [mean, v] = halves(this->network(input, level, condition), value(input).shape());
    return LearnedPrediction(std::move(mean), std::move(v), hybrid.bound * hybrid.steps);
  }

  template <TensorLike X, class C>
  auto posterior(const X& x, double t, const C& condition) const {
    auto [mean, v] = halves(this->answer(x, t, condition), x.shape());
    return LearnedPosterior(this->clean_behind(x, t, mean), std::move(v));
  }

  /// The same generator with another network. One that is guided exaggerates v as it does the target.
  template <class Other>
  auto with_network(Other other) const {
    return LearnedVariance<decltype(Model::with_network(std::move(other)))>(Model::with_network(std::move(other)),
                                                                            hybrid);
  }

 private:
  template <TensorLike Y>
  static auto halves(const Y& answer, const Shape<4>& images) {
    Shape<4> expected = images;
    expected[3] *= 2;
    if (!(value(answer).shape() == expected)) {
      throw ShapeError(text("LearnedVariance: images are ", images, ", the network's answer is ", value(answer).shape(),
                            "; it must be ", expected));
    }
    return split<2>(answer, -1);
  }
};

}  // namespace ink
