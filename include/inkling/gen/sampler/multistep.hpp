// Multistep methods: a step along a weighted mean of what was predicted in this step and in those before it.
//
//   p̄ = ∫ P(u)·e^{ρu} du / ∫ e^{ρu} du = Σ_j w_j·p_j,   Σ_j w_j = 1
//
// P is the polynomial through the predictions p_j, made at the places u_j; the integrals run over the step, from u_t to
// u_s, and are exact. The axis u, what is predicted and the rate ρ make the method:
//
//   p    u            ρ
//   ε̂    σ/α          0     linear multistep                            Lms
//   ε̂    step         0     Adams and Bashforth's coefficients          Plms, Pndm
//   ε̂    λ = ln(α/σ)  −1    exponential, of the noise                   Deis
//   x̂₀   λ            1     exponential, of the clean image             DpmPlusPlus3M, UniPc's corrector
//   x̂₀   λ            0     the same, to second order                   DpmPlusPlus2M, UniPc's predictor
//
// A place at infinity (no signal, or no noise), or one that was there before, says nothing and is left out; a step from
// or to infinity takes the newest prediction alone. So the first steps have the order of the history that there is.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "inkling/gen/sampler.hpp"

namespace ink::detail {

/// Past predictions, the newest first, and where they were made.
template <class X>
struct History {
  std::vector<double> places;
  std::vector<X> predictions;

  std::size_t size() const { return places.size(); }

  void push(double place, X prediction, int keep) {
    places.insert(places.begin(), place);
    predictions.insert(predictions.begin(), std::move(prediction));
    const auto count = std::min(size(), static_cast<std::size_t>(keep));
    places.resize(count);
    predictions.erase(predictions.begin() + static_cast<std::ptrdiff_t>(count), predictions.end());
  }
};

template <class X>
History<X> no_history(const X&) {
  return {};
}

inline constexpr int max_order = 4;

inline void check_order(const char* sampler, int order, int most = max_order) {
  if (order < 1 || order > most) {
    throw ValueError(text(sampler, ": order is ", order, "; it must be in [1, ", most, "]"));
  }
}

/// ∫₀¹ e^{zτ}·τ^m dτ / ∫₀¹ e^{zτ} dτ for m = 0, 1, …
inline std::array<double, max_order> moments(double z) {
  std::array<double, max_order> out{};
  const double one = std::exp(std::min(z, 0.0)), zero = std::exp(-std::max(z, 0.0));  // e^{zτ} there, over the larger
  for (std::size_t m = 0; m < out.size(); ++m) {
    const auto power = static_cast<double>(m);
    if (std::abs(z) > 1) {
      out[m] = (one - (m == 0 ? zero : power * out[m - 1])) / z;
    } else {
      double term = 1;
      for (int k = 0; k < 20; ++k, term *= z / k) out[m] += term / (power + k + 1);
    }
  }
  for (std::size_t m = out.size(); m-- > 0;) out[m] /= out[0];
  return out;
}

/// The weights of the predictions at the places τ_j of a step from 0 to 1.
inline std::vector<double> polynomial_weights(const std::vector<double>& places, double z) {
  const auto moment = moments(z);
  std::vector<double> weights(places.size());
  for (std::size_t j = 0; j < places.size(); ++j) {
    std::array<double, max_order> basis{1};  // Π (τ − τ_i)/(τ_j − τ_i) by powers of τ
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (i == j) continue;
      for (std::size_t k = basis.size(); k-- > 0;) {
        basis[k] = ((k > 0 ? basis[k - 1] : 0) - places[i] * basis[k]) / (places[j] - places[i]);
      }
    }
    for (std::size_t k = 0; k < basis.size(); ++k) weights[j] += basis[k] * moment[k];
  }
  return weights;
}

/// Σ w_j·x_j
template <class X>
X weighted_sum(std::span<const double> weights, std::span<const X> x) {
  if (weights.size() == 1) return weights[0] == 1 ? x[0] : X(x[0] * weights[0]);
  X sum = combine(weights[0], x[0], weights[1], x[1]);
  for (std::size_t j = 2; j < weights.size(); ++j) sum = combine(1, sum, weights[j], x[j]);
  return sum;
}

/// The mean above over a step from `start` to `end`, by the `order` newest predictions.
template <class X>
X from_history(const History<X>& history, int order, double start, double end, double rate) {
  std::vector<double> places;
  std::vector<X> used;
  const auto newest = std::min(history.size(), static_cast<std::size_t>(order));
  for (std::size_t j = 0; j < newest; ++j) {
    const double place = (history.places[j] - start) / (end - start);
    if (!std::isfinite(place) || std::find(places.begin(), places.end(), place) != places.end()) continue;
    places.push_back(place);
    used.push_back(history.predictions[j]);
  }
  if (places.empty() || !std::isfinite(end)) return history.predictions.front();
  return weighted_sum<X>(polynomial_weights(places, rate * (end - start)), used);
}

/// What the clean image is expected to be over the step from t to s, by this step's and those before it, in λ.
template <class M, class X, class C>
X mean_clean(const M& model, const X& x, double t, double s, History<X>& history, const C& condition, int order,
             double rate) {
  const double lambda = log_snr(model.scales(t));
  history.push(lambda, expected_clean(model, x, t, condition), order);
  return from_history(history, order, lambda, log_snr(model.scales(s)), rate);
}

/// The step from t to s along the mean of the noise of this step and those before it; axis(scales) is the place.
template <class M, class X, class C, class Axis>
X along_mean_noise(const M& model, const X& x, double t, double s, History<X>& history, const C& condition, Axis axis,
                   int order, double rate) {
  const Scales from = model.scales(t), to = model.scales(s);
  const X clean = expected_clean(model, x, t, condition);
  history.push(axis(from), mixed(x, clean, from, noise_mix), order);
  return along_noise(x, clean, from_history(history, order, axis(from), axis(to), rate), from, to);
}

}  // namespace ink::detail
