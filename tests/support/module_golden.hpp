// Whole modules against golden files: the result, and the gradients of the inputs and of every parameter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "../golden/golden.hpp"

namespace golden {

/// A parameter, its golden value and its golden gradient.
template <class P, std::size_t N>
struct Weight {
  P& parameter;
  const double (&value)[N];
  const double (&gradient)[N];

  Weight(P& p, const double (&v)[N], const double (&g)[N]) : parameter(p), value(v), gradient(g) {}
};

/// An input and its golden gradient.
template <class X, std::size_t N>
struct Input {
  X value;
  const double (&gradient)[N];

  Input(const X& v, const double (&g)[N]) : value(v), gradient(g) {}
};

/// Sets the parameters, evaluates f(inputs…) on a tape, and returns the largest difference from what is golden.
template <class F, std::size_t N, class... Inputs, class... Weights>
double module_error(F f, const double (&y)[N], const double (&dy)[N], const std::tuple<Inputs...>& inputs,
                    const Weights&... weights) {
  const auto set = [](const auto& w) {
    using T = typename std::decay_t<decltype(w.parameter)>::value_type;
    w.parameter.value = tensor<T>(w.parameter.shape(), w.value);
  };
  (set(weights), ...);
  return std::apply([&](const auto&... input) {
    ink::Tape tape;
    const auto leaves = std::make_tuple(tape.variable(input.value)...);
    const auto result = std::apply(f, leaves);
    using T = ink::scalar_t<decltype(result)>;
    const auto gradients = tape.backward(contract(result, tensor<T>(result.shape(), dy)));
    double worst = difference(result.value(), y);
    std::apply([&](const auto&... leaf) {
      ((worst = std::max(worst, difference(gradients[leaf], input.gradient))), ...);
    }, leaves);
    ((worst = std::max(worst, difference(gradients.of(weights.parameter), weights.gradient))), ...);
    return worst;
  }, inputs);
}

}  // namespace golden
