// The formulas of the element-wise operations (ops/elementwise.hpp), as function objects for `map`.
//
// They stand outside of the operations because a lambda inside of a template is a type of its own for every tensor
// type: so each formula is one type, and its loops are compiled once for tensors of all ranks.
#pragma once

#include "inkling/autograd/dual.hpp"

namespace ink::detail::formula {

inline constexpr auto plus = [](auto u, auto v) INKLING_LAMBDA_INLINE { return u + v; };
inline constexpr auto minus = [](auto u, auto v) INKLING_LAMBDA_INLINE { return u - v; };
inline constexpr auto times = [](auto u, auto v) INKLING_LAMBDA_INLINE { return u * v; };
inline constexpr auto over = [](auto u, auto v) INKLING_LAMBDA_INLINE { return u / v; };
inline constexpr auto larger = [](auto u, auto v) INKLING_LAMBDA_INLINE { return max(u, v); };
inline constexpr auto smaller = [](auto u, auto v) INKLING_LAMBDA_INLINE { return min(u, v); };
inline constexpr auto choice = [](auto m, auto u, auto v) INKLING_LAMBDA_INLINE { return select(m.v != 0, u, v); };
inline constexpr auto sum_with_product = [](auto u, auto s, auto v) INKLING_LAMBDA_INLINE { return u + s * v; };
inline constexpr auto minus_square_error = [](auto u, auto v) INKLING_LAMBDA_INLINE { return -square(v - u); };

inline constexpr auto negative = [](auto v) INKLING_LAMBDA_INLINE { return -v; };
inline constexpr auto of_exp = [](auto v) INKLING_LAMBDA_INLINE { return exp(v); };
inline constexpr auto of_log = [](auto v) INKLING_LAMBDA_INLINE { return log(v); };
inline constexpr auto of_sqrt = [](auto v) INKLING_LAMBDA_INLINE { return sqrt(v); };
inline constexpr auto of_square = [](auto v) INKLING_LAMBDA_INLINE { return v * v; };
inline constexpr auto of_reciprocal = [](auto v) INKLING_LAMBDA_INLINE { return reciprocal(v); };
inline constexpr auto of_abs = [](auto v) INKLING_LAMBDA_INLINE { return abs(v); };
inline constexpr auto of_tanh = [](auto v) INKLING_LAMBDA_INLINE { return tanh(v); };
inline constexpr auto of_sigmoid = [](auto v) INKLING_LAMBDA_INLINE { return sigmoid(v); };
inline constexpr auto of_softplus = [](auto v) INKLING_LAMBDA_INLINE { return softplus(v); };
inline constexpr auto of_erf = [](auto v) INKLING_LAMBDA_INLINE { return erf(v); };
inline constexpr auto of_sin = [](auto v) INKLING_LAMBDA_INLINE { return sin(v); };
inline constexpr auto of_cos = [](auto v) INKLING_LAMBDA_INLINE { return cos(v); };
inline constexpr auto of_relu = [](auto v) INKLING_LAMBDA_INLINE { return relu(v); };
inline constexpr auto of_silu = [](auto v) INKLING_LAMBDA_INLINE { return silu(v); };
inline constexpr auto of_gelu = [](auto v) INKLING_LAMBDA_INLINE { return gelu(v); };
inline constexpr auto of_gelu_tanh = [](auto v) INKLING_LAMBDA_INLINE { return gelu_tanh(v); };

/// With a number of the tensor's element type.
template <class T>
auto plus_number(T c) {
  return [c](auto v) INKLING_LAMBDA_INLINE { return v + c; };
}
template <class T>
auto number_minus(T c) {
  return [c](auto v) INKLING_LAMBDA_INLINE { return c - v; };
}
template <class T>
auto times_number(T c) {
  return [c](auto v) INKLING_LAMBDA_INLINE { return v * c; };
}
template <class T>
auto over_number(T c) {
  return [c](auto v) INKLING_LAMBDA_INLINE { return v / c; };
}
template <class T>
auto number_over(T c) {
  return [c](auto v) INKLING_LAMBDA_INLINE { return c / v; };
}
template <class T>
auto to_the(T exponent) {
  return [exponent](auto v) INKLING_LAMBDA_INLINE { return pow(v, exponent); };
}
template <class T>
auto clamped(T low, T high) {
  return [low, high](auto v) INKLING_LAMBDA_INLINE { return clamp(v, low, high); };
}
template <class T>
auto filled(T fill) {
  return [fill](auto m, auto v) INKLING_LAMBDA_INLINE { return select(m.v != 0, decltype(v)(fill), v); };
}

/// a·u + b·v
template <class T>
auto combination(T a, T b) {
  return [a, b](auto u, auto v) INKLING_LAMBDA_INLINE { return a * u + b * v; };
}

}  // namespace ink::detail::formula
