// Gradients of whole modules against central differences, in double: of the inputs and of every parameter.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/nn/module.hpp"

namespace ink::testing {

/// Draws every parameter anew, so that no layer hides behind zeros or ones.
template <class M>
M randomized(M module, Key key = Key{99}, double std = 0.4) {
  std::uint64_t i = 0;
  for_each_parameter(module, [&](const std::string&, auto& p) {
    p.value = normal<double>(p.shape(), key.fold(i++)).template cast<typename std::decay_t<decltype(p)>::value_type>();
    for (auto& v : p.value.mutable_values()) v *= static_cast<std::decay_t<decltype(v)>>(std);
  });
  return module;
}

/// The largest difference between f(module, inputs…) differentiated by the tape and numerically. Of a parameter with
/// more than `elements` elements, that many are checked, spread evenly.
template <class M, class F, int... R>
double module_gradcheck(M module, F f, const Tensor<double, R>&... inputs) {
  constexpr Index elements = 12;
  constexpr double h = 1e-5;
  double worst = gradcheck([&](const auto&... x) { return f(std::as_const(module), x...); }, inputs...);
  Tape tape;
  const auto gradients = tape.backward(detail::weighted_sum(f(std::as_const(module), tape.variable(inputs)...)));
  const auto loss = [&] { return detail::weighted_sum(f(std::as_const(module), inputs...)).item(); };
  for_each_parameter(module, [&](const std::string&, auto& p) {
    const auto analytic = gradients.of(p);
    const Index step = std::max<Index>(1, p.value.size() / elements);
    for (Index i = 0; i < p.value.size(); i += step) {
      const double at = p.value.data()[i];
      p.value.mutable_data()[i] = at + h;
      const double above = loss();
      p.value.mutable_data()[i] = at - h;
      const double below = loss();
      p.value.mutable_data()[i] = at;
      const double numeric = (above - below) / (2 * h), a = analytic.data()[i];
      const double difference = std::abs(a - numeric) / std::max({1.0, std::abs(a), std::abs(numeric)});
      if (!(difference <= worst)) worst = std::isnan(difference) ? HUGE_VAL : difference;
    }
  });
  return worst;
}

}  // namespace ink::testing
