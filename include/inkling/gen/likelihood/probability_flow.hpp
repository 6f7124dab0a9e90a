// ProbabilityFlow: the density of a diffusion model, by following its deterministic flow from image to noise.
//
//   dy/d(ln ς) = y − x̂₀,   y = x_t/α_t,   ς = σ_t/α_t
//   ln p(x₀) = ln N(y_max; 0, (max(1, σ_T)/α_T)²·I) + ∫ ∇·(y − x̂₀) d(ln ς),     y = x₀ at the least noise
//
// The density is that of the data with the least noise still on it. The divergence is D − Σ vᵀ(∂x̂₀/∂y)v: one product
// with the Jacobian, by the tape, for every direction v. The integral is taken by Runge-Kutta's method of order 4 in
// even steps of ln ς: 4 evaluations a step.
//
//   Hutchinson        `probes` random directions of ±1, averaged: right on average. M. Hutchinson 1989
//   ExactDivergence   every direction of the axes: D evaluations, for a few dimensions
//
// Y. Song et al., "Score-based generative modeling through stochastic differential equations", 2020, arXiv:2011.13456;
// W. Grathwohl et al., "FFJORD", 2018, arXiv:1810.01367. Images of whole grey levels get uniform noise as wide as a
// level first (`dequantized`), which bounds their probability from below: L. Theis, A. van den Oord, M. Bethge 2015,
// arXiv:1511.01844.
//
// Shapes: x (N, H, W, C) -> (N), in nats. Row n depends on row n and the key.
//
// They ask of a model: scales(t), times(n), and posterior(x, t, condition).mean(), x a variable.
//
// Errors: ValueError for fewer than one step, one probe or 2 levels, or noise that does not fall.
//
// Example:
//     ProbabilityFlow<> flow{.steps = 20, .divergence = {.probes = 4}};
//     auto nats = [&](const auto& model, const Tensor<float, 4>& images) {
//       return flow.negative_log_likelihood(model, images, Unconditional{}, Key{1});
//     };
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/dist/gaussian.hpp"
#include "inkling/gen/likelihood/noise_range.hpp"
#include "inkling/gen/sampler.hpp"

namespace ink {

struct Hutchinson {
  int probes = 1;

  template <class X>
  std::vector<X> directions(const Shape<4>& shape, Key key) const {
    if (probes < 1) throw ValueError(text("Hutchinson: probes is ", probes, "; it must be at least 1"));
    std::vector<X> all;
    for (int i = 0; i < probes; ++i) {
      const auto half = uniform<scalar_t<X>>(shape, key.fold(static_cast<std::uint64_t>(i)));
      all.push_back(
          map([](auto u) INKLING_LAMBDA_INLINE { return select(u < 0.5, decltype(u)(-1), decltype(u)(1)); }, half));
    }
    return all;
  }

  double weight() const { return 1.0 / probes; }
};

struct ExactDivergence {
  template <class X>
  static std::vector<X> directions(const Shape<4>& shape, Key) {
    const Index dimensions = shape[1] * shape[2] * shape[3];
    std::vector<X> all;
    for (Index axis = 0; axis < dimensions; ++axis) {
      X& v = all.emplace_back(shape);
      for (Index n = 0; n < shape[0]; ++n) v.mutable_data()[n * dimensions + axis] = 1;
    }
    return all;
  }

  static double weight() { return 1; }
};

/// Images on `levels` even levels in [−1, 1], spread evenly over the width of a level.
template <class T>
Tensor<T, 4> dequantized(const Tensor<T, 4>& images, int levels, Key key) {
  if (levels < 2) throw ValueError(text("dequantized: levels is ", levels, "; it must be at least 2"));
  const double half = 1.0 / (levels - 1);
  return images + uniform<T>(images.shape(), key, -half, half);
}

template <class Divergence = Hutchinson>
struct ProbabilityFlow {
  int steps = 50;
  Divergence divergence = {};

  /// ln p(x), a density.
  template <class M, class X, class C>
  Tensor<double, 1> log_density(const M& model, const X& x, const C& condition, Key key) const {
    if (steps < 1) throw ValueError(text("ProbabilityFlow: steps is ", steps, "; it must be at least 1"));
    const NoiseRange range(model);
    const auto directions = divergence.template directions<X>(x.shape(), key);
    const double h = range.width() / steps;
    const auto slope = [&](double place, const X& y) {
      return flow_slope(model, y, range.time(model, range.ratio(place / steps)), directions, condition);
    };
    X y = x;
    Tensor<double, 1> change(Shape{x.extent(0)});
    for (int i = 0; i < steps; ++i) {
      const Slope<X> k1 = slope(i, y);
      const Slope<X> k2 = slope(i + 0.5, detail::combine(1, y, h / 2, k1.y));
      const Slope<X> k3 = slope(i + 0.5, detail::combine(1, y, h / 2, k2.y));
      const Slope<X> k4 = slope(i + 1, detail::combine(1, y, h, k3.y));
      const X ends = k1.y + k4.y, middle = k2.y + k3.y;
      y = y + detail::combine(h / 6, ends, h / 3, middle);
      change = change + (k1.divergence + k4.divergence) * (h / 6) + (k2.divergence + k3.divergence) * (h / 3);
    }
    const Scales most = model.scales(range.last);
    const Gaussian prior(X(x.shape()), detail::prior_deviation(most) / most.alpha);
    return prior.log_prob(y).template cast<double>() + change;
  }

  /// −ln P(images) at most, on average over the key; images on `levels` even levels in [−1, 1].
  template <class M, class X, class C>
  Tensor<double, 1> negative_log_likelihood(const M& model, const X& images, const C& condition, Key key,
                                            int levels = 256) const {
    const X x = dequantized(images, levels, key.fold(0));
    const double volume = detail::image_size(images) * std::log(2.0 / (levels - 1));
    return -(log_density(model, x, condition, key.fold(1)) + volume);
  }

 private:
  /// d/d(ln ς) of y, and of the log-density along the way.
  template <class X>
  struct Slope {
    X y;
    Tensor<double, 1> divergence;
  };

  template <class M, class X, class C>
  Slope<X> flow_slope(const M& model, const X& y, double t, const std::vector<X>& directions,
                      const C& condition) const {
    Slope<X> slope{y, Tensor<double, 1>(Shape{y.extent(0)}, detail::image_size(y))};
    for (const X& v : directions) {
      Tape tape;
      const auto here = tape.variable(y);
      const auto clean = model.posterior(here * model.scales(t).alpha, t, condition).mean();
      const X product = tape.backward(sum(clean * v))[here];  // vᵀ ∂x̂₀/∂y
      slope.divergence =
          slope.divergence - detail::row_totals(product * v).template cast<double>() * divergence.weight();
      slope.y = y - value(clean);
    }
    return slope;
  }
};

}  // namespace ink
