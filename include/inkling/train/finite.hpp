// What is not finite, and where: asked before a checkpoint is written and when a loss has failed, never in a step.
//
// Example:
//     Tensor<float, 2> w(Shape{2, 3});
//     w(1, 2) = std::numeric_limits<float>::infinity();
//     std::string found = detail::not_finite("w", w);      // "w(1, 2) is inf"
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "inkling/autograd/gradients.hpp"
#include "inkling/core/tensor.hpp"
#include "inkling/nn/module.hpp"

namespace ink::detail {

/// The place of the first element that is infinite or NaN, or -1. It reads as fast as memory gives.
template <std::floating_point T>
Index first_not_finite(const T* x, Index count) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  constexpr Index block = 4096, lanes = 8;
  for (Index begin = 0; begin < count; begin += block) {
    const Index end = count - begin < block ? count : begin + block;
    // One more than an exponent of ones carries into the sign's place; than that of a finite number, it does not.
    Bits lane[lanes] = {};
    Index i = begin;
    constexpr Bits one = Bits{1} << (std::numeric_limits<T>::digits - 1);
    for (; i + lanes <= end; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] |= (std::bit_cast<Bits>(x[i + k]) & infinity) + one;
    }
    for (; i < end; ++i) lane[0] |= (std::bit_cast<Bits>(x[i]) & infinity) + one;
    Bits all = 0;
    for (const Bits part : lane) all |= part;
    if (!(all & ~(~Bits{0} >> 1))) continue;
    for (i = begin; i < end; ++i) {
      if (!std::isfinite(x[i])) return i;
    }
  }
  return -1;
}

/// Without the sign that a NaN has by chance.
inline std::string plain_number(double x) { return std::isnan(x) ? "nan" : text(x); }

/// "name(1, 2) is nan", or nothing if every element is finite.
template <class T, int R>
std::string not_finite(const std::string& name, const Tensor<T, R>& tensor) {
  if constexpr (std::floating_point<T>) {
    const Index at = first_not_finite(tensor.data(), tensor.size());
    if (at < 0) return "";
    const std::string element = R > 0 ? element_text(name.c_str(), tensor.shape(), at) : name;
    return text(element, " is ", plain_number(static_cast<double>(tensor.data()[at])));
  }
  return "";
}

/// The first of the model's parameters that is not finite.
template <class M>
std::string not_finite_parameter(const M& model) {
  std::string found;
  for_each_parameter(model, [&](const std::string& name, const auto& p) {
    if (found.empty()) found = not_finite(name, p.value);
  });
  return found;
}

template <class M>
std::string not_finite_gradient(const M& model, const Gradients& gradients) {
  std::string found;
  for_each_parameter(model, [&](const std::string& name, const auto& p) {
    if (found.empty() && gradients.has(p)) found = not_finite(name, gradients.of(p));
  });
  return found;
}

template <class M>
double largest_weight(const M& model) {
  double largest = 0;
  for_each_parameter(model, [&](const auto&, const auto& p) {
    for (const auto x : p.value.values()) largest = std::fmax(largest, std::abs(static_cast<double>(x)));
  });
  return largest;
}

/// Why a loss may not be finite: because of the weights, the batch, or neither, and what helps.
template <class M, class Batch>
std::string cause_of_bad_loss(const M& model, const Batch& batch, Index number) {
  const char* shorter = "a lower lr or a longer warmup may help";
  if (const auto weight = not_finite_parameter(model); !weight.empty()) {
    return text("the weight ", weight, ": an earlier step was too long (", shorter, ")");
  }
  const auto of_batch = [&](const std::string& name, const auto& tensor) {
    const auto found = not_finite(name, tensor);
    return found.empty() ? found : text(found, " in batch ", number, ": the data must be finite");
  };
  std::string found;
  const char* known = "weights are finite";
  if constexpr (requires { not_finite("images", batch.images); }) {
    found = of_batch("images", batch.images);
    known = "weights and images are finite";
  } else if constexpr (requires { not_finite("data", batch); }) {
    found = of_batch("data", batch);
    known = "weights and data are finite";
  }
  if (!found.empty()) return found;
  return text("the ", known, ", the largest weight is ", largest_weight(model), "; look into batch ", number,
              " and the loss, or, if weights have grown, ", shorter);
}

}  // namespace ink::detail
