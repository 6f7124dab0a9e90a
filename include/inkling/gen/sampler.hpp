// Samplers of diffusion models: from noise at time t to less noise at time s, given what the clean image is expected to
// be. One sampler a file: gen/sampler/*.hpp. This file has what they share.
//
//   x_s = α_s·x̂₀ + √(σ_s² − v)·ε̂ + √v·z,   ε̂ = (x_t − α_t·x̂₀)/σ_t
//
// They need of a model: scales(t), times(n), posterior(x, t, condition).mean(). `steps` is the number of steps.
//
// `clip` bounds the expected clean image to [−clip, clip] before it is used (0: not at all); the noise estimate
// follows.
//
// Errors: ValueError for fewer than one step.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/gen/schedule.hpp"
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
X expected_clean(const M& model, const X& x, double t, const C& condition, double clip) {
  X clean = model.posterior(x, t, condition).mean();
  return clip > 0 ? X(clamp(clean, -clip, clip)) : clean;
}

/// a·x + b·y
template <class X>
X combine(double a, const X& x, double b, const X& y) {
  using T = scalar_t<X>;
  return map([a = static_cast<T>(a), b = static_cast<T>(b)](auto u, auto v) INKLING_LAMBDA_INLINE {
    return a * u + b * v;
  }, x, y);
}

template <class X>
X add_noise(const X& x, double deviation, Key key) {
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

}  // namespace detail

}  // namespace ink
