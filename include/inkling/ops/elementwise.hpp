// Element-wise operations with broadcasting: + − * /, and the functions of autograd/dual.hpp on whole tensors.
//
// All are `map` of a formula (ops/map.hpp). Numbers mix freely with tensors. Shapes broadcast as in `map`.
//
// Errors: ShapeError if extents neither agree nor are 1.
//
// Example:
//     auto x = normal<float>(Shape{4, 3}, Key{1});
//     auto y = 2.0 * silu(x) - x / 3.0 + 1.0;
//     auto positive = where(greater(x, 0.0), x, exp(x));
#pragma once

#include <cstdint>
#include <type_traits>

#include "inkling/ops/formulas.hpp"
#include "inkling/ops/map.hpp"

namespace ink {
namespace detail {

template <class N>
concept Number = std::is_arithmetic_v<N>;

}  // namespace detail

namespace detail {

/// Whether what A&& refers to is a temporary of this rank.
template <class A, int R>
inline constexpr bool temporary_of_rank =
    !std::is_reference_v<A> && !std::is_const_v<A> && rank_v<std::remove_cvref_t<A>> == R;

template <class T, int R>
Tensor<T, R> taken(Tensor<T, R>& x) {
  return std::move(x);
}
template <class T, int R>
Tensor<T, R> taken(Var<T, R>& x) {
  return std::move(x).take();
}

template <TensorLike A, TensorLike B>
auto record_sum(Tensor<scalar_t<A>, std::max(rank_v<A>, rank_v<B>)> sum, const Shape<rank_v<A>>& sa,
                const Shape<rank_v<B>>& sb, const A& a, const B& b) {
  return record(std::move(sum), [sa, sb](const auto& dy, auto da, auto db) {
    da.add([&] { return sum_to(dy, sa); });
    db.add([&] { return sum_to(dy, sb); });
  }, a, b);
}

}  // namespace detail

/// A sum's gradient is dy itself, so it is passed on without a loop. The sum of a temporary that no one else sees is
/// written over it.
template <class A, class B>
  requires TensorLike<std::remove_cvref_t<A>> && TensorLike<std::remove_cvref_t<B>>
auto operator+(A&& a, B&& b) {
  const auto sa = value(a).shape();
  const auto sb = value(b).shape();
  const auto shape = detail::broadcast_shape("add", sa, sb);
  constexpr int rank = std::remove_cvref_t<decltype(shape)>::rank;
  if constexpr (detail::temporary_of_rank<A, rank>) {
    if (sa == shape)
      return detail::record_sum(detail::map_over(detail::taken(a), detail::formula::plus, value(b)), sa, sb, a, b);
  }
  if constexpr (detail::temporary_of_rank<B, rank>) {
    if (sb == shape)
      return detail::record_sum(detail::map_over(detail::taken(b), detail::formula::plus, value(a)), sa, sb, a, b);
  }
  return detail::record_sum(detail::map_values(shape, detail::formula::plus, value(a), value(b)), sa, sb, a, b);
}

template <TensorLike A, TensorLike B>
auto operator-(const A& a, const B& b) {
  return detail::map_named("subtract", detail::formula::minus, a, b);
}
template <TensorLike A, TensorLike B>
auto operator*(const A& a, const B& b) {
  return detail::map_named("multiply", detail::formula::times, a, b);
}
template <TensorLike A, TensorLike B>
auto operator/(const A& a, const B& b) {
  return detail::map_named("divide", detail::formula::over, a, b);
}

template <TensorLike A>
auto operator+(const A& a, detail::Number auto b) {
  return map(detail::formula::plus_number(static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator+(detail::Number auto b, const A& a) {
  return a + b;
}
template <TensorLike A>
auto operator-(const A& a, detail::Number auto b) {
  return map(detail::formula::plus_number(-static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator-(detail::Number auto b, const A& a) {
  return map(detail::formula::number_minus(static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator*(const A& a, detail::Number auto b) {
  return map(detail::formula::times_number(static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator*(detail::Number auto b, const A& a) {
  return a * b;
}
template <TensorLike A>
auto operator/(const A& a, detail::Number auto b) {
  return map(detail::formula::over_number(static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator/(detail::Number auto b, const A& a) {
  return map(detail::formula::number_over(static_cast<scalar_t<A>>(b)), a);
}
template <TensorLike A>
auto operator-(const A& a) {
  return map(detail::formula::negative, a);
}

template <TensorLike X>
auto exp(const X& x) {
  return map(detail::formula::of_exp, x);
}
template <TensorLike X>
auto log(const X& x) {
  return map(detail::formula::of_log, x);
}
template <TensorLike X>
auto sqrt(const X& x) {
  return map(detail::formula::of_sqrt, x);
}
template <TensorLike X>
auto square(const X& x) {
  return map(detail::formula::of_square, x);
}
template <TensorLike X>
auto reciprocal(const X& x) {
  return map(detail::formula::of_reciprocal, x);
}
template <TensorLike X>
auto abs(const X& x) {
  return map(detail::formula::of_abs, x);
}
template <TensorLike X>
auto tanh(const X& x) {
  return map(detail::formula::of_tanh, x);
}
template <TensorLike X>
auto sigmoid(const X& x) {
  return map(detail::formula::of_sigmoid, x);
}
template <TensorLike X>
auto softplus(const X& x) {
  return map(detail::formula::of_softplus, x);
}
template <TensorLike X>
auto erf(const X& x) {
  return map(detail::formula::of_erf, x);
}
template <TensorLike X>
auto sin(const X& x) {
  return map(detail::formula::of_sin, x);
}
template <TensorLike X>
auto cos(const X& x) {
  return map(detail::formula::of_cos, x);
}
template <TensorLike X>
auto relu(const X& x) {
  return map(detail::formula::of_relu, x);
}
template <TensorLike X>
auto silu(const X& x) {
  return map(detail::formula::of_silu, x);
}
template <TensorLike X>
auto gelu(const X& x) {
  return map(detail::formula::of_gelu, x);
}
template <TensorLike X>
auto gelu_tanh(const X& x) {
  return map(detail::formula::of_gelu_tanh, x);
}
template <TensorLike X>
auto pow(const X& x, detail::Number auto exponent) {
  return map(detail::formula::to_the(static_cast<scalar_t<X>>(exponent)), x);
}
template <TensorLike X>
auto clamp(const X& x, detail::Number auto low, detail::Number auto high) {
  using T = scalar_t<X>;
  return map(detail::formula::clamped(static_cast<T>(low), static_cast<T>(high)), x);
}
template <TensorLike A, TensorLike B>
auto maximum(const A& a, const B& b) {
  return map(detail::formula::larger, a, b);
}
template <TensorLike A, TensorLike B>
auto minimum(const A& a, const B& b) {
  return map(detail::formula::smaller, a, b);
}

/// 1 where x is above the bound, else 0.
template <TensorLike X>
Tensor<std::uint8_t, rank_v<X>> greater(const X& x, detail::Number auto bound) {
  auto mask = Tensor<std::uint8_t, rank_v<X>>::uninitialized(value(x).shape());
  std::uint8_t* out = mask.mutable_data();
  for (Index i = 0; i < mask.size(); ++i) out[i] = value(x).data()[i] > static_cast<scalar_t<X>>(bound);
  return mask;
}

/// a where the mask is not zero, else b; the gradient goes to the one that was taken.
template <int R, TensorLike A, TensorLike B>
auto where(const Tensor<std::uint8_t, R>& mask, const A& a, const B& b) {
  using T = scalar_t<A>;
  return detail::map_named("where", detail::formula::choice, mask.template cast<T>(), a, b);
}

/// x, with `fill` where the mask is not zero; no gradient flows there.
template <TensorLike X, int R>
auto masked_fill(const X& x, const Tensor<std::uint8_t, R>& mask, detail::Number auto fill) {
  using T = scalar_t<X>;
  return detail::map_named("masked_fill", detail::formula::filled(static_cast<T>(fill)), mask.template cast<T>(), x);
}

}  // namespace ink
