// Prediction targets: what the network is asked for.
//
// With x_t = α·x₀ + σ·ε, every target is a sum y = a·x₀ + b·ε, so one pair of numbers says what it is, and one formula
// turns the network's answer back into the clean image and the noise:
//
//   x̂₀ = (b·x_t − σ·y)/(α·b − σ·a),     ε̂ = (α·y − a·x_t)/(α·b − σ·a)
//
// A target is any type with a const operator()(Scales) that returns Mix{a, b}. It may also have
//   mix(t, Scales)           in place of operator(), where the mix depends on the time
//   deviation(t, Scales)     of fresh noise that training adds to what is asked for; none if absent
//   input_scale(Scales)      what the network's input is multiplied by; 1 if absent
//   level(t, Scales)         what the network is told about the time; 1000·t if absent
// target_mix, input_scale and network_level(target, …) give what a target has, or else what stands for it.
//
// NoiseTarget      y = ε               J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239
// CleanTarget      y = x₀
// VelocityTarget   y = α·ε − σ·x₀      T. Salimans, J. Ho 2022, arXiv:2202.00512
// FlowTarget       y = ε − x₀, the direction of a straight line from image to noise
//                                      X. Liu, C. Gong, Q. Liu 2022, arXiv:2209.03003
// ScoreTarget      y = −ε/σ, the gradient of ln p(x_t | x₀); weigh it with UniformIn<NoiseTarget>, for it grows without
//                  bound where σ is small.   Y. Song et al. 2021, arXiv:2011.13456
// KarrasTarget     y = (x₀ − c_skip·x_t)/c_out, unit variance at every noise level, c_skip = σ_d²/(σ² + σ_d²),
//                  c_out = σ·σ_d/√(σ² + σ_d²), input scale 1/√(σ² + σ_d²), for α = 1; told 1000·c_noise,
//                  c_noise = ¼·ln σ.   T. Karras et al. 2022, arXiv:2206.00364
//
// The next less noisy image is in gen/target/previous.hpp; from one target to another: gen/target/conversion.hpp.
//
// Errors: ValueError where the clean image does not follow from the answer, as for noise at α = 0.
//
// Example (declarations):
//     struct ResidualTarget {                                // y = x_t − x₀
//       Mix operator()(Scales s) const { return {s.alpha - 1, s.sigma}; }
//     };
// Example:
//     Mix velocity = VelocityTarget{}(Scales{0.8, 0.6});     // −0.6·x₀ + 0.8·ε
#pragma once

#include <cmath>
#include <concepts>

#include "inkling/core/error.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

/// y = clean·x₀ + noise·ε
struct Mix {
  double clean, noise;
};

template <class P>
concept PredictionTarget = requires(const P& target, Scales scales) {
  { target(scales) } -> std::same_as<Mix>;
} || requires(const P& target, double t, Scales scales) {
  { target.mix(t, scales) } -> std::same_as<Mix>;
};

struct NoiseTarget {
  Mix operator()(Scales) const { return {0, 1}; }
};

struct CleanTarget {
  Mix operator()(Scales) const { return {1, 0}; }
};

struct VelocityTarget {
  Mix operator()(Scales s) const { return {-s.sigma, s.alpha}; }
};

struct FlowTarget {
  Mix operator()(Scales) const { return {-1, 1}; }
};

struct ScoreTarget {
  Mix operator()(Scales s) const { return {0, -1 / s.sigma}; }
};

struct KarrasTarget {
  double data_deviation = 0.6162;  ///< σ_d; this is MNIST's in [−1, 1]

  Mix operator()(Scales s) const {
    const double total = std::hypot(s.sigma, data_deviation);
    return {s.sigma / (data_deviation * total), -data_deviation / total};
  }
  double input_scale(Scales s) const { return 1 / std::hypot(s.sigma, data_deviation); }
  double level(double, Scales s) const { return 250 * std::log(s.sigma); }
};

/// x̂₀ = input·x_t + output·y for a network answer y.
struct CleanEstimate {
  double input, output;
};

inline CleanEstimate clean_estimate(Mix y, Scales s) {
  const double determinant = s.alpha * y.noise - s.sigma * y.clean;
  if (!(std::abs(determinant) > 0 && std::isfinite(determinant))) {
    throw ValueError(text("target: alpha is ", s.alpha, ", sigma is ", s.sigma,
                          "; the clean image cannot be told from this target at this signal-to-noise ratio"));
  }
  return {y.noise / determinant, -s.sigma / determinant};
}

template <PredictionTarget P>
CleanEstimate clean_estimate(const P& target, Scales s) {
  return clean_estimate(target(s), s);
}

/// What a target is at time t, of whichever of its members there are.
template <PredictionTarget P>
Mix target_mix(const P& target, double t, Scales s) {
  if constexpr (requires { target.mix(t, s); }) {
    return target.mix(t, s);
  } else {
    return target(s);
  }
}

template <PredictionTarget P>
double input_scale(const P& target, Scales s) {
  if constexpr (requires { target.input_scale(s); }) {
    return target.input_scale(s);
  } else {
    return 1;
  }
}

template <PredictionTarget P>
double network_level(const P& target, double t, Scales s) {
  if constexpr (requires { target.level(t, s); }) {
    return target.level(t, s);
  } else {
    return 1000 * t;
  }
}

}  // namespace ink
