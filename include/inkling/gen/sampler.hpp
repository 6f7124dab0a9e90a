// Samplers of diffusion models: from noise at time t to less noise at time s, given what the clean image is expected to
// be. One sampler a file: gen/sampler/*.hpp. This file has what they share.
//
//   x_s = α_s·x̂₀ + √(σ_s² − v)·ε̂ + √v·z,   ε̂ = (x_t − α_t·x̂₀)/σ_t
//
// They need of a model: scales(t), times(n), posterior(x, t, condition).mean(). `steps` is the number of steps. What
// changes the expected clean image (clipping, guidance) is an adapter around the model (gen/adapter/*.hpp): the noise
// estimate follows by itself.
//
// The ends. Without noise, σ_s = 0, x_s is the expected clean image, whatever the method: the noise estimate there is
// 0/0. In pure noise, α_t = 0, σ/α is infinite, and where α_t < σ_t/100 it is so large that estimates of the noise,
// which it multiplies, are worth nothing: methods that follow the noise follow the clean image in such a step.
//
// Errors: ValueError for fewer than one step.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/gen/schedule/log_snr.hpp"
#include "inkling/gen/target.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

/// The memory of samplers that remember nothing.
struct NoMemory {};

/// What samplers ask of a diffusion model.
template <class M, class X, class C>
concept Denoiser = requires(const M& model, const X& x, double t, int steps, const C& condition) {
  { model.scales(t) } -> std::same_as<Scales>;
  { model.times(steps) } -> std::same_as<std::vector<double>>;
  model.posterior(x, t, condition).mean();
};

namespace detail {

template <class M, class X, class C>
X expected_clean(const M& model, const X& x, double t, const C& condition) {
  return model.posterior(x, t, condition).mean();
}

/// a·x + b·y
template <class X>
X combine(double a, const X& x, double b, const X& y) {
  using T = scalar_t<X>;
  return map(formula::combination(static_cast<T>(a), static_cast<T>(b)), x, y);
}

template <class X, RandomKey K>
X add_noise(const X& x, double deviation, const K& key) {
  return deviation > 0 ? combine(1, x, deviation, normal<scalar_t<X>>(x.shape(), key)) : x;
}

/// Variance of x_s given x_t and x₀.
inline double posterior_variance(Scales t, Scales s) {
  const double r = t.alpha / s.alpha;
  return std::max(0.0, s.sigma * s.sigma / (t.sigma * t.sigma) * (t.sigma * t.sigma - r * r * s.sigma * s.sigma));
}

/// α_s·x̂₀ + √(σ_s² − variance)·ε̂: where the step goes before `variance` is filled up with fresh noise.
template <class X>
X toward_clean(const X& x, const X& clean, Scales t, Scales s, double variance) {
  const double noise = std::sqrt(std::max(0.0, s.sigma * s.sigma - variance)) / t.sigma;
  return combine(noise, x, s.alpha - noise * t.alpha, clean);
}

/// The whole step of the formula above.
template <class X, RandomKey K>
X stochastic_step(const X& x, const X& clean, Scales t, Scales s, double variance, const K& key) {
  return add_noise(toward_clean(x, clean, t, s, variance), std::sqrt(variance), key);
}

/// y = mix.clean·x̂₀ + mix.noise·ε̂
template <class X>
X mixed(const X& x, const X& clean, Scales t, Mix mix) {
  return combine(mix.noise / t.sigma, x, mix.clean - mix.noise * t.alpha / t.sigma, clean);
}

/// Whether x_t is noise and next to nothing else.
inline bool all_noise(Scales t) { return t.alpha < 0.01 * t.sigma; }

inline constexpr Mix noise_mix{0, 1}, clean_mix{1, 0}, flow_mix{-1, 1};

/// x_s if ε̂ is `noise` on the whole way; at either end, if x̂₀ is `clean`.
template <class X>
X along_noise(const X& x, const X& clean, const X& noise, Scales t, Scales s) {
  if (all_noise(t) || s.sigma == 0) return toward_clean(x, clean, t, s, 0);
  return combine(s.alpha / t.alpha, x, s.sigma - s.alpha / t.alpha * t.sigma, noise);
}

/// The trapezium rule for dy/du = a·x̂₀ + b·ε̂, in the coordinates in which that is the probability flow: y = x/c, where
/// c = b·α − a·σ. In the last step, where there is nothing to average with, x̂₀.
template <class M, class X, class C>
X trapezium(const M& model, const X& x, const X& clean, double t, double s, const C& condition, Mix mix) {
  const Scales from = model.scales(t), to = model.scales(s);
  const X euler = toward_clean(x, clean, from, to, 0);
  if (to.sigma == 0) return euler;
  // Half of the difference between the slopes, times c_s·(u_s − u_t), corrects the Euler step.
  const double half =
      0.5 * (from.alpha * to.sigma - to.alpha * from.sigma) / (mix.noise * from.alpha - mix.clean * from.sigma);
  const X there = mixed(euler, expected_clean(model, euler, s, condition), to, mix);
  return euler + combine(half, there, -half, mixed(x, clean, from, mix));
}

/// An Euler step half of the way in the log-SNR, from noise alone in α/σ, and what the clean image is expected to be
/// there. Half of the way to no noise at all is the beginning itself.
template <class X>
struct Midpoint {
  X x, clean;
  Scales at;
};

template <class M, class X, class C>
Midpoint<X> midpoint(const M& model, const X& x, double t, double s, const C& condition) {
  const Scales from = model.scales(t), to = model.scales(s);
  X clean = expected_clean(model, x, t, condition);
  if (to.sigma == 0) return {x, std::move(clean), from};
  const double lambda = all_noise(from) ? std::log(0.5 * (from.alpha / from.sigma + to.alpha / to.sigma))
                                        : 0.5 * (log_snr(from) + log_snr(to));
  const double middle = time_at_log_snr(model, lambda);
  const Scales at = model.scales(middle);
  X there = toward_clean(x, clean, from, at, 0);
  clean = expected_clean(model, there, middle, condition);
  return {std::move(there), std::move(clean), at};
}

}  // namespace detail

}  // namespace ink
