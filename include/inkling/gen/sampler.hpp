// Samplers of diffusion models: from noise at time t to less noise at time s, given what the clean image is expected to
// be.
//
// Ddim   x_s = α_s·x̂₀ + √(σ_s² − σ_η²)·ε̂ + σ_η·z,   ε̂ = (x_t − α_t·x̂₀)/σ_t,   σ_η² = η²·σ_s²/σ_t²·(σ_t² −
// (α_t/α_s)²·σ_s²)
//        η = 0 is deterministic (J. Song, C. Meng, S. Ermon 2020, arXiv:2010.02502), and the Euler step of the
//        probability-flow equation; η = 1 is DDPM's posterior.
// Ddpm   the mean of η = 1 with the variance of the posterior ("small") or of the forward step ("large"):
//        J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239. No noise in the last step.
// Heun   the probability-flow equation to second order, dy/dς = ε̂ with y = x/α and ς = σ/α, with optional churn (noise
//        added and taken away again): T. Karras et al. 2022, arXiv:2206.00364, algorithm 2. Two evaluations a step, one
//        in the last. A step from pure noise, α = 0, averages x̂₀ in place of ε̂.
//
// `clip` bounds the expected clean image to [−clip, clip] before it is used (0: not at all); the noise estimate
// follows.
//
// They need of a model: scales(t), times(n), posterior(x, t, condition).mean(). `steps` is the number of steps.
//
// Errors: ValueError for fewer than one step, or η outside [0, 1].
//
// Example:
//     Ddim fast{.steps = 20};
//     Ddpm full{.steps = 1000, .variance = Ddpm::Variance::large};
//     Heun accurate{.steps = 18};
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <utility>
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

struct Ddim {
  int steps = 50;
  double eta = 0;
  double clip = 0;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    if (!(eta >= 0 && eta <= 1)) throw ValueError(text("Ddim: eta is ", eta, "; it must be in [0, 1]"));
    return model.times(steps);
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, Key key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition, clip);
    const double variance = eta * eta * detail::posterior_variance(from, to);
    return detail::add_noise(detail::toward_clean(x, clean, from, to, variance), std::sqrt(variance), key);
  }
};

struct Ddpm {
  enum class Variance { small, large };

  int steps = 1000;
  Variance variance = Variance::small;
  double clip = 0;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    return model.times(steps);
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, NoMemory&, Key key, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition, clip);
    const double small = detail::posterior_variance(from, to);
    // β = 1 − ᾱ_t/ᾱ_s for a variance-preserving schedule, in the units of x_s.
    const double r = from.alpha / to.alpha;
    const double large = from.sigma * from.sigma - r * r * to.sigma * to.sigma;
    const double filled = variance == Variance::small || to.sigma == 0 ? small : large;
    return detail::add_noise(detail::toward_clean(x, clean, from, to, small), std::sqrt(filled), key);
  }
};

struct Heun {
  int steps = 18;
  double churn = 0, churn_min = 0.05, churn_max = 50, churn_noise = 1.003;  ///< S_churn, S_min, S_max, S_noise
  double clip = 0;

  template <class M, class X>
  std::vector<double> times(const M& model, const X&) const {
    return model.times(steps);
  }

  template <class M, class X, class C>
  NoMemory begin(const M&, const X&, const C&) const {
    return {};
  }

  template <class M, class X, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, X x, double t, double s, NoMemory&, Key key, const C& condition) const {
    const double ratio = model.scales(t).ratio();
    if (churn > 0 && ratio >= churn_min && ratio <= churn_max) {
      const double risen = ratio * (1 + std::min(churn / steps, std::sqrt(2.0) - 1));
      const double before = t;
      t = time_at_ratio(model, risen, t);
      const double added = std::sqrt(std::max(0.0, risen * risen - ratio * ratio)) * churn_noise;
      // x/α gains the noise; then back to x at the new time.
      const double alpha = model.scales(t).alpha;
      x = detail::combine(alpha / model.scales(before).alpha, x, alpha * added, normal<scalar_t<X>>(x.shape(), key));
    }
    const Scales from = model.scales(t), to = model.scales(s);
    const X clean = detail::expected_clean(model, x, t, condition, clip);
    X euler = detail::toward_clean(x, clean, from, to, 0);
    if (to.sigma == 0) return euler;
    // ½(ε̂_t + ε̂_s) in place of ε̂_t: correct the Euler step by half of the difference.
    const X clean_there = detail::expected_clean(model, euler, s, condition, clip);
    // From pure noise ς is infinite: there x̂₀ is averaged, with d(x/σ)/d(α/σ) = x̂₀.
    if (from.alpha == 0) return euler + detail::combine(0.5 * to.alpha, clean_there, -0.5 * to.alpha, clean);
    const double half = 0.5 * to.alpha * (to.ratio() - from.ratio());
    const X noise_here = detail::combine(1 / from.sigma, x, -from.alpha / from.sigma, clean);
    const X noise_there = detail::combine(1 / to.sigma, euler, -to.alpha / to.sigma, clean_there);
    return euler + detail::combine(half, noise_there, -half, noise_here);
  }

 private:
  /// The time, later than t, at which σ/α has the given value; found by bisection.
  template <class M>
  static double time_at_ratio(const M& model, double ratio, double t) {
    double low = t, high = 2 * t;
    for (int i = 0; i < 200 && model.scales(high).ratio() < ratio; ++i) high *= 1.5;
    for (int i = 0; i < 100; ++i) {
      const double middle = 0.5 * (low + high);
      (model.scales(middle).ratio() < ratio ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }
};

}  // namespace ink
