// Diffusion: a generator that removes a little information from every pixel at once, by adding noise, and learns to
// take it away again.
//
//   corrupt    x_t = α_t·x₀ + σ_t·ε at a random time t, one per image
//   predict    the network's answer to (c_in·x_t, level): the target a·x₀ + b·ε
//   posterior  what x₀ is expected to be, given x_t
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
//     auto noise = model.prior(Shape{4, 28, 28, 1}, Key{1});
//     auto guess = cosine.posterior(noise, 0.5, Unconditional{}).mean();
#pragma once

#include <utility>
#include <vector>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/target.hpp"
#include "inkling/nn/module.hpp"

namespace ink {

template <class Network, NoiseSchedule Schedule, PredictionTarget Target>
class Diffusion {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;
  using Images = Tensor<T, 4>;

  Network network;
  Schedule schedule;
  Target target;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  Diffusion(Network n, Schedule s, Target p) : network(std::move(n)), schedule(std::move(s)), target(std::move(p)) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  Corruption<T, Images, Images> corrupt(const Images& images, Key key) const {
    const Index n = images.extent(0);
    const Shape<4> per_image{n, 1, 1, 1};
    const auto u = stratified(n, key.fold(0));
    const auto noise = normal<T>(images.shape(), key.fold(1));
    Images alpha(per_image), sigma(per_image), clean(per_image), noisy(per_image), scale(per_image);
    Tensor<T, 1> level(Shape{n});
    for (Index i = 0; i < n; ++i) {
      const double t = schedule.time(u(i));
      const Scales s = schedule(t);
      const Mix mix = target(s);
      alpha(i, 0, 0, 0) = static_cast<T>(s.alpha);
      sigma(i, 0, 0, 0) = static_cast<T>(s.sigma);
      clean(i, 0, 0, 0) = static_cast<T>(mix.clean);
      noisy(i, 0, 0, 0) = static_cast<T>(mix.noise);
      scale(i, 0, 0, 0) = static_cast<T>(detail::input_scale(target, s));
      level(i) = static_cast<T>(detail::network_level(target, t, s));
    }
    const auto blend = [](auto x, auto e, auto a, auto b) INKLING_LAMBDA_INLINE { return a * x + b * e; };
    return {map([](auto x, auto e, auto a, auto b, auto c) INKLING_LAMBDA_INLINE { return c * (a * x + b * e); },
                images, noise, alpha, sigma, scale),
            std::move(level), map(blend, images, noise, clean, noisy), Tensor<T, 1>(Shape{n}, T{1})};
  }

  /// The network's answer to a scaled input.
  template <TensorLike X, class C>
  auto predict(const X& input, const Tensor<T, 1>& level, const C& condition) const {
    return Dirac(network(input, level, condition));
  }

  Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

  /// The clean image that the network expects behind x_t, which may be a variable.
  template <TensorLike X, class C>
  auto posterior(const X& x, double t, const C& condition) const {
    const Scales s = schedule(t);
    const auto input_scale = static_cast<T>(detail::input_scale(target, s));
    const Tensor<T, 1> level(Shape{x.extent(0)}, static_cast<T>(detail::network_level(target, t, s)));
    const X answer = network(input_scale == 1 ? x : X(x * input_scale), level, condition);
    const CleanEstimate estimate = clean_estimate(target, s);
    return Dirac(map([a = static_cast<T>(estimate.input), b = static_cast<T>(estimate.output)](auto v, auto y) {
      return a * v + b * y;
    }, x, answer));
  }

  /// Pure noise, as strong as the schedule's strongest.
  Images prior(const Shape<4>& shape, Key key) const {
    const Scales s = schedule(schedule.times(1).front());
    return normal<T>(shape, key) * s.sigma;
  }

  /// A finished state as images in [−1, 1].
  Images images(const Images& x) const { return clamp(x, -1, 1); }
};

/// Preconditioned denoising of T. Karras et al. 2022: unit-variance input and target at every noise level.
template <class Network>
auto KarrasDenoiser(Network network, const Karras& schedule = {}, const KarrasTarget& target = {}) {
  return Diffusion(std::move(network), schedule, target);
}

}  // namespace ink
