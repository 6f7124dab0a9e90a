// Diffusion: a generator that removes a little information from every pixel at once, by adding noise, and learns to
// take it away again.
//
//   corrupt    x_t = α_t·x₀ + σ_t·ε at a random time t, one per image
//   predict    the network's answer to (c_in·x_t, level): the target a·x₀ + b·ε
//   posterior  what x₀ is expected to be, given x_t
//
// The loss is the mean of w_t·‖y − ŷ‖²: the weight w and the draw of t are w = 1 and stratified unless others are given
// (gen/target/loss_weight.hpp, gen/schedule/time_draw.hpp).
//
// J. Sohl-Dickstein et al. 2015, arXiv:1503.03585; J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239; T. Karras et al.
// 2022, arXiv:2206.00364. Schedule, target and network are replaceable types (gen/schedule.hpp, gen/target.hpp).
//
// Shapes: images and states (N, H, W, C), in [−1, 1] when clean; times are numbers.
//
// Example (declarations):
//     struct Nothing {                                          // a network that always answers 0
//       using value_type = float;
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const Tensor<float, 1>&, const C&) const { return 0.0f * x; }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     auto model = KarrasDenoiser(Nothing{});
//     auto cosine = Diffusion(Nothing{}, Cosine{}, VelocityTarget{});
//     auto weighted = Diffusion(Nothing{}, Cosine{}, NoiseTarget{}, MinSnr{.gamma = 5}, LogNormalTimes{});
//     auto noise = model.prior(Shape{4, 28, 28, 1}, Key{1});
//     auto guess = cosine.posterior(noise, 0.5, Unconditional{}).mean();
#pragma once

#include <utility>
#include <vector>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/time_draw.hpp"
#include "inkling/gen/target.hpp"
#include "inkling/gen/target/loss_weight.hpp"
#include "inkling/nn/module.hpp"

namespace ink {
namespace detail {

inline constexpr auto mixture = [](auto x, auto e, auto a, auto b) INKLING_LAMBDA_INLINE { return a * x + b * e; };
inline constexpr auto scaled_mixture = [](auto x, auto e, auto a, auto b, auto c)
                                           INKLING_LAMBDA_INLINE { return c * (a * x + b * e); };

}  // namespace detail

template <class Network, NoiseSchedule Schedule, PredictionTarget Target, LossWeight<Schedule> Weight = SimpleWeight,
          TimeDraw Draw = StratifiedTimes>
class Diffusion {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;
  using Images = Tensor<T, 4>;

  Network network;
  Schedule schedule;
  Target target;
  Weight weight;
  Draw draw;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  Diffusion(Network n, Schedule s, Target p, Weight w = Weight{}, Draw d = Draw{})
      : network(std::move(n)), schedule(std::move(s)), target(std::move(p)), weight(std::move(w)), draw(std::move(d)) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  /// The times at which `corrupt` looks at n images, with the same key.
  Tensor<double, 1> training_times(Index n, Key key) const { return draw_times(draw, schedule, n, key.fold(0)); }

  Corruption<T, Images, Images> corrupt(const Images& images, Key key) const {
    const Index n = images.extent(0);
    const Shape<4> per_image{n, 1, 1, 1};
    const auto times = training_times(n, key);
    const auto noise = normal<T>(images.shape(), key.fold(1));
    Images alpha(per_image), sigma(per_image), clean(per_image), noisy(per_image), scale(per_image);
    Tensor<T, 1> level(Shape{n}), weights(Shape{n});
    for (Index i = 0; i < n; ++i) {
      const double t = times(i);
      const Scales s = schedule(t);
      const Mix mix = target_mix(target, t, s);
      alpha(i, 0, 0, 0) = static_cast<T>(s.alpha);
      sigma(i, 0, 0, 0) = static_cast<T>(s.sigma);
      clean(i, 0, 0, 0) = static_cast<T>(mix.clean);
      noisy(i, 0, 0, 0) = static_cast<T>(mix.noise);
      scale(i, 0, 0, 0) = static_cast<T>(input_scale(target, s));
      level(i) = static_cast<T>(network_level(target, t, s));
      weights(i) = static_cast<T>(loss_weight(weight, target, schedule, t));
    }
    auto input = map(detail::scaled_mixture, images, noise, alpha, sigma, scale);
    auto asked = drawn(map(detail::mixture, images, noise, clean, noisy), times, key.fold(2));
    return {std::move(input), std::move(level), std::move(asked), std::move(weights)};
  }

  /// The network's answer to a scaled input.
  template <TensorLike X, class C>
  auto predict(const X& input, const Tensor<T, 1>& level, const C& condition) const {
    return Dirac(network(input, level, condition));
  }

  Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

  /// The network's answer to the state x at time t.
  template <TensorLike X, class C>
  X answer(const X& x, double t, const C& condition) const {
    const Scales s = schedule(t);
    const auto scale = static_cast<T>(input_scale(target, s));
    const Tensor<T, 1> level(Shape{x.extent(0)}, static_cast<T>(network_level(target, t, s)));
    return network(scale == 1 ? x : X(x * scale), level, condition);
  }

  /// The clean image behind x that follows from an answer.
  template <TensorLike X>
  X clean_behind(const X& x, double t, const X& answer) const {
    const Scales s = schedule(t);
    const CleanEstimate estimate = clean_estimate(target_mix(target, t, s), s);
    return map(detail::formula::combination(static_cast<T>(estimate.input), static_cast<T>(estimate.output)), x,
               answer);
  }

  /// The clean image that the network expects behind x_t, which may be a variable.
  template <TensorLike X, class C>
  auto posterior(const X& x, double t, const C& condition) const {
    return Dirac(clean_behind(x, t, answer(x, t, condition)));
  }

  /// Pure noise, as strong as the schedule's strongest.
  template <RandomKey K>
  Images prior(const Shape<4>& shape, const K& key) const {
    const Scales s = schedule(schedule.times(1).front());
    return normal<T>(shape, key) * s.sigma;
  }

  /// A finished state as images in [−1, 1].
  Images images(const Images& x) const { return clamp(x, -1, 1); }

  /// The same generator with another network.
  template <class Other>
  auto with_network(Other other) const {
    Diffusion<Other, Schedule, Target, Weight, Draw> made(std::move(other), schedule, target, weight, draw);
    made.drop_condition = drop_condition;
    return made;
  }

 private:
  /// What is asked for, with the fresh noise of a target that has some.
  Images drawn(Images asked, [[maybe_unused]] const Tensor<double, 1>& times, [[maybe_unused]] Key key) const {
    if constexpr (requires(Scales s) { target.deviation(0.0, s); }) {
      Images deviation(Shape<4>{times.size(), 1, 1, 1});
      for (Index i = 0; i < times.size(); ++i) {
        deviation(i, 0, 0, 0) = static_cast<T>(target.deviation(times(i), schedule(times(i))));
      }
      return map(detail::formula::sum_with_product, asked, deviation, normal<T>(asked.shape(), key));
    } else {
      return asked;
    }
  }
};

/// Preconditioned denoising of T. Karras et al. 2022: unit-variance input and target at every noise level.
template <class Network>
auto KarrasDenoiser(Network network, const Karras& schedule = {}, const KarrasTarget& target = {}) {
  return Diffusion(std::move(network), schedule, target);
}

}  // namespace ink
