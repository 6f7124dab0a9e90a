// Reading the golden files of make_golden.py: tensors of their arrays, and one call that checks value and gradients.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "inkling/autograd/var.hpp"

namespace golden {

template <class T = double, int R, class U, std::size_t N>
ink::Tensor<T, R> tensor(const ink::Shape<R>& shape, const U (&array)[N]) {
  return ink::Tensor<U, R>::from(shape, array).template cast<T>();
}

/// The largest |x − expected| / max(1, |expected|); infinite if the number of elements is another.
template <class T, int R, std::size_t N>
double difference(const ink::Tensor<T, R>& x, const double (&expected)[N]) {
  if (x.size() != static_cast<ink::Index>(N)) return HUGE_VAL;
  double worst = 0;
  for (std::size_t i = 0; i < N; ++i) {
    const double d = std::abs(static_cast<double>(x.values()[i]) - expected[i]) / std::max(1.0, std::abs(expected[i]));
    if (!(d <= worst)) worst = d;
  }
  return worst;
}

/// Σ dyᵢ yᵢ: its gradient hands dy to the operation under test.
template <class T, int R>
ink::Var<T, 0> contract(const ink::Var<T, R>& y, const ink::Tensor<T, R>& dy) {
  return ink::record(ink::Tensor<T, 0>(T{0}), [dy](const auto&, auto sink) { sink.add([&] { return dy; }); }, y);
}

/// The result of f and the gradients of its inputs for the cotangent dy: {y, {gradient of x₁, gradient of x₂, …}}.
template <class F, std::size_t N, class T, int... R>
auto evaluate(F f, const double (&dy)[N], const ink::Tensor<T, R>&... x) {
  ink::Tape tape;
  std::tuple<ink::Var<T, R>...> inputs{tape.variable(x)...};
  const auto y = std::apply(f, inputs);
  const auto gradients = tape.backward(contract(y, tensor<T>(y.shape(), dy)));
  return std::apply([&](const auto&... v) { return std::pair(y.value(), std::tuple(gradients[v]...)); }, inputs);
}

/// The largest difference of f's result and of its gradients from the golden ones, in the order of the inputs.
///   golden::error(f, g::case_y, g::case_dy, std::tie(g::case_dx, g::case_dw), x, w)
template <class F, std::size_t N, class T, class... Expected, int... R>
double error(F f, const double (&y)[N], const double (&dy)[N], const std::tuple<Expected&...>& expected,
             const ink::Tensor<T, R>&... x) {
  const auto [result, gradients] = evaluate(f, dy, x...);
  double worst = difference(result, y);
  [&, &g = gradients]<std::size_t... I>(std::index_sequence<I...>) {
    ((worst = std::max(worst, difference(std::get<I>(g), std::get<I>(expected)))), ...);
  }(std::index_sequence_for<Expected...>{});
  return worst;
}

}  // namespace golden
