// Loss weights: how much an error counts at each noise level.
//
// With different targets and weights, losses are one loss:
//
//   w·‖x₀ − x̂₀‖² = (w/g)·‖y − ŷ‖²,     g = ((α·b − σ·a)/σ)² for the target y = a·x₀ + b·ε
//
// so that a weight is defined once, for errors of the clean image, and `loss_weight` turns it into the weight of the
// target's own error. With SNR = α²/σ²:
//
// SimpleWeight        1 for the target's own error, whatever it is: the usual choice
// UniformIn<Target>   1 for the error of another target: g of that target, as SNR for noise
// MinSnr              min(SNR, γ)             T. Hang et al. 2023, arXiv:2303.09556
// SoftMinSnr          SNR·γ/(SNR + γ)         K. Crowson et al. 2024, arXiv:2401.11605
// EdmWeight           SNR + 1/σ_d²            T. Karras et al. 2022, arXiv:2206.00364
// VariationalWeight   −½·dSNR/dt: for times drawn uniformly the loss is the bound on the likelihood, in nats
//                                             D. Kingma et al. 2021, arXiv:2107.00630
// DiscreteVariationalWeight   ½·(SNR_s − SNR_t), s = t − 1/T: one of the T terms of the bound of a chain
//                                             J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239
//
// A weight is any type with a const operator()(Scales), or operator()(schedule, t) where it depends on more.
//
// Errors: ValueError where the error of x̂₀ does not show in the target, as for noise at α = 0.
//
// Example (declarations):
//     struct TruncatedSnr {                                  // a weight of the user's
//       double operator()(Scales s) const { return std::max(1.0, 1 / (s.ratio() * s.ratio())); }
//     };
// Example:
//     double w = loss_weight(MinSnr{.gamma = 5}, VelocityTarget{}, Cosine{}, 0.3);       // min(SNR, 5)/(SNR + 1)
//     double u = loss_weight(UniformIn<NoiseTarget>{}, CleanTarget{}, Cosine{}, 0.3);    // SNR
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <utility>

#include "inkling/gen/schedule/log_snr.hpp"
#include "inkling/gen/target.hpp"

namespace ink {
namespace detail {

inline double signal_to_noise(Scales s) { return s.alpha * s.alpha / (s.sigma * s.sigma); }

/// g: ‖y − ŷ‖² = g·‖x₀ − x̂₀‖² at one noisy image.
inline double target_gain(Mix y, Scales s) {
  const double root = (s.alpha * y.noise - s.sigma * y.clean) / s.sigma;
  return root * root;
}

template <PredictionTarget P>
double positive_target_gain(const P& target, double t, Scales s) {
  const double gain = target_gain(target_mix(target, t, s), s);
  if (!(gain > 0 && std::isfinite(gain))) {
    throw ValueError(text("loss_weight: alpha is ", s.alpha, ", sigma is ", s.sigma,
                          "; an error of the clean image does not show in this target at this signal-to-noise ratio"));
  }
  return gain;
}

}  // namespace detail

struct SimpleWeight {};

template <class W, class Schedule>
concept LossWeight = std::same_as<W, SimpleWeight> || requires(const W& weight, Scales s) {
  { weight(s) } -> std::convertible_to<double>;
} || requires(const W& weight, const Schedule& schedule, double t) {
  { weight(schedule, t) } -> std::convertible_to<double>;
};

template <PredictionTarget Target>
struct UniformIn {
  Target target;

  explicit UniformIn(Target t = Target{}) : target(std::move(t)) {}

  double operator()(const auto& schedule, double t) const {
    const Scales s = schedule(t);
    return detail::target_gain(target_mix(target, t, s), s);
  }
};

struct MinSnr {
  double gamma = 5;

  double operator()(Scales s) const { return std::min(detail::signal_to_noise(s), gamma); }
};

struct SoftMinSnr {
  double gamma = 4;

  double operator()(Scales s) const { return gamma / (1 + gamma / detail::signal_to_noise(s)); }
};

struct EdmWeight {
  double data_deviation = 0.6162;  ///< σ_d; this is MNIST's in [−1, 1]

  double operator()(Scales s) const { return detail::signal_to_noise(s) + 1 / (data_deviation * data_deviation); }
};

struct VariationalWeight {
  double earliest = 1e-3;  ///< times before it weigh as much as it does: the derivative grows without bound towards 0

  double operator()(const auto& schedule, double time) const {
    const double t = std::max(time, earliest), snr = detail::signal_to_noise(schedule(t));
    return snr > 0 ? -snr * log_snr_slope(schedule, t) : 0;
  }
};

struct DiscreteVariationalWeight {
  int steps = 1000;

  /// The last step has no s: there a Gaussian decoder takes its place, as wide as the noise that is left.
  double operator()(const auto& schedule, double t) const {
    const double step = std::max(1.0, std::ceil(t * steps - 1e-9));
    const double after = step > 1 ? detail::signal_to_noise(schedule(step / steps)) : 0;
    return 0.5 * (detail::signal_to_noise(schedule(std::max(step - 1, 1.0) / steps)) - after);
  }
};

/// The weight of the target's own squared error at time t.
template <PredictionTarget P, NoiseSchedule S, LossWeight<S> W>
double loss_weight(const W& weight, const P& target, const S& schedule, double t) {
  if constexpr (std::same_as<W, SimpleWeight>) {
    return 1;
  } else {
    const Scales s = schedule(t);
    const double gain = detail::positive_target_gain(target, t, s);
    if constexpr (requires { weight(s); }) {
      return weight(s) / gain;
    } else {
      return weight(schedule, t) / gain;
    }
  }
}

}  // namespace ink
