// gradcheck: compares the gradient that the tape returns with central differences, in double.
//
//   |analytic − numeric| ≤ tolerance · max(1, |analytic|, |numeric|),   numeric = (L(x+h) − L(x−h)) / 2h
//
// A result that is not a scalar is reduced to one by a fixed random weighting, so that every output counts. Returns the
// largest scaled difference, so that a test can say `CHECK(gradcheck(f, x, y) < 1e-6)`.
//
// Example:
//     double worst = gradcheck([](auto x) { return x * x; }, normal<double>(Shape{3}, Key{1}));
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/core/random.hpp"

namespace ink {
namespace detail {

/// Σ wᵢ yᵢ with fixed weights.
template <TensorLike Y>
auto weighted_sum(const Y& y) {
  constexpr int R = rank_v<Y>;
  const Tensor<double, R> weights = uniform<double>(value(y).shape(), Key{0x67726164}, 0.5, 1.5);
  double total = 0;
  for (Index i = 0; i < weights.size(); ++i) total += weights.data()[i] * value(y).data()[i];
  return record(Tensor<double, 0>(total), [weights](const auto& dy, auto sink) {
    sink.add([&] {
      Tensor<double, R> g = weights;
      for (double& v : g.mutable_values()) v *= dy.item();
      return g;
    });
  }, y);
}

}  // namespace detail

template <class F, int... R>
double gradcheck(F f, const Tensor<double, R>&... inputs) {
  constexpr double h = 1e-5;
  std::tuple<Tensor<double, R>...> x{inputs...};
  Tape tape;
  std::tuple<Var<double, R>...> variables{tape.variable(inputs)...};
  const auto gradients =
      tape.backward(std::apply([&](const auto&... v) { return detail::weighted_sum(f(v...)); }, variables));
  // Evaluated on tensors: this checks at the same time that both ways of calling agree.
  const auto loss = [&] {
    return std::apply([&](const auto&... v) { return detail::weighted_sum(f(v...)).item(); }, x);
  };

  double worst = 0;
  const auto check = [&](auto& tensor, const auto& analytic) {
    for (Index i = 0; i < tensor.size(); ++i) {
      const double at = tensor.data()[i];
      tensor.mutable_data()[i] = at + h;
      const double above = loss();
      tensor.mutable_data()[i] = at - h;
      const double below = loss();
      tensor.mutable_data()[i] = at;
      const double numeric = (above - below) / (2 * h), a = analytic.data()[i];
      const double difference = std::abs(a - numeric) / std::max({1.0, std::abs(a), std::abs(numeric)});
      worst = std::isnan(difference) ? difference : std::max(worst, difference);
      if (std::isnan(worst)) return;
    }
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (check(std::get<I>(x), gradients[std::get<I>(variables)]), ...);
  }(std::index_sequence_for<std::integral_constant<int, R>...>{});
  return worst;
}

}  // namespace ink
