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
  const auto plus = [](auto u, auto v) INKLING_LAMBDA_INLINE { return u + v; };
  const auto sa = value(a).shape();
  const auto sb = value(b).shape();
  const auto shape = detail::broadcast_shape("add", sa, sb);
  constexpr int rank = std::remove_cvref_t<decltype(shape)>::rank;
  if constexpr (detail::temporary_of_rank<A, rank>) {
    if (sa == shape) return detail::record_sum(detail::map_over(detail::taken(a), plus, value(b)), sa, sb, a, b);
  }
  if constexpr (detail::temporary_of_rank<B, rank>) {
    if (sb == shape) return detail::record_sum(detail::map_over(detail::taken(b), plus, value(a)), sa, sb, a, b);
  }
  return detail::record_sum(detail::map_values(shape, plus, value(a), value(b)), sa, sb, a, b);
}

template <TensorLike A, TensorLike B>
auto operator-(const A& a, const B& b) {
  return detail::map_named("subtract", [](auto u, auto v) INKLING_LAMBDA_INLINE { return u - v; }, a, b);
}
template <TensorLike A, TensorLike B>
auto operator*(const A& a, const B& b) {
  return detail::map_named("multiply", [](auto u, auto v) INKLING_LAMBDA_INLINE { return u * v; }, a, b);
}
template <TensorLike A, TensorLike B>
auto operator/(const A& a, const B& b) {
  return detail::map_named("divide", [](auto u, auto v) INKLING_LAMBDA_INLINE { return u / v; }, a, b);
}

template <TensorLike A>
auto operator+(const A& a, detail::Number auto b) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return v + c; }, a);
}
template <TensorLike A>
auto operator+(detail::Number auto b, const A& a) {
  return a + b;
}
template <TensorLike A>
auto operator-(const A& a, detail::Number auto b) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return v - c; }, a);
}
template <TensorLike A>
auto operator-(detail::Number auto b, const A& a) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return c - v; }, a);
}
template <TensorLike A>
auto operator*(const A& a, detail::Number auto b) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return v * c; }, a);
}
template <TensorLike A>
auto operator*(detail::Number auto b, const A& a) {
  return a * b;
}
template <TensorLike A>
auto operator/(const A& a, detail::Number auto b) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return v / c; }, a);
}
template <TensorLike A>
auto operator/(detail::Number auto b, const A& a) {
  return map([c = static_cast<scalar_t<A>>(b)](auto v) INKLING_LAMBDA_INLINE { return c / v; }, a);
}
template <TensorLike A>
auto operator-(const A& a) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return -v; }, a);
}

template <TensorLike X>
auto exp(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return exp(v); }, x);
}
template <TensorLike X>
auto log(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return log(v); }, x);
}
template <TensorLike X>
auto sqrt(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return sqrt(v); }, x);
}
template <TensorLike X>
auto square(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return v * v; }, x);
}
template <TensorLike X>
auto reciprocal(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return reciprocal(v); }, x);
}
template <TensorLike X>
auto abs(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return abs(v); }, x);
}
template <TensorLike X>
auto tanh(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return tanh(v); }, x);
}
template <TensorLike X>
auto sigmoid(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return sigmoid(v); }, x);
}
template <TensorLike X>
auto softplus(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return softplus(v); }, x);
}
template <TensorLike X>
auto erf(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return erf(v); }, x);
}
template <TensorLike X>
auto sin(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return sin(v); }, x);
}
template <TensorLike X>
auto cos(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return cos(v); }, x);
}
template <TensorLike X>
auto relu(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return relu(v); }, x);
}
template <TensorLike X>
auto silu(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return silu(v); }, x);
}
template <TensorLike X>
auto gelu(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return gelu(v); }, x);
}
template <TensorLike X>
auto gelu_tanh(const X& x) {
  return map([](auto v) INKLING_LAMBDA_INLINE { return gelu_tanh(v); }, x);
}
template <TensorLike X>
auto pow(const X& x, detail::Number auto exponent) {
  return map([p = static_cast<scalar_t<X>>(exponent)](auto v) INKLING_LAMBDA_INLINE { return pow(v, p); }, x);
}
template <TensorLike X>
auto clamp(const X& x, detail::Number auto low, detail::Number auto high) {
  using T = scalar_t<X>;
  return map(
      [l = static_cast<T>(low), h = static_cast<T>(high)](auto v) INKLING_LAMBDA_INLINE { return clamp(v, l, h); }, x);
}
template <TensorLike A, TensorLike B>
auto maximum(const A& a, const B& b) {
  return map([](auto u, auto v) INKLING_LAMBDA_INLINE { return max(u, v); }, a, b);
}
template <TensorLike A, TensorLike B>
auto minimum(const A& a, const B& b) {
  return map([](auto u, auto v) INKLING_LAMBDA_INLINE { return min(u, v); }, a, b);
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
  return detail::map_named("where", [](auto m, auto u, auto v) INKLING_LAMBDA_INLINE { return select(m.v != 0, u, v); },
                           mask.template cast<T>(), a, b);
}

/// x, with `fill` where the mask is not zero; no gradient flows there.
template <TensorLike X, int R>
auto masked_fill(const X& x, const Tensor<std::uint8_t, R>& mask, detail::Number auto fill) {
  using T = scalar_t<X>;
  return detail::map_named("masked_fill", [c = static_cast<T>(fill)](auto m, auto v) INKLING_LAMBDA_INLINE {
    return select(m.v != 0, decltype(v)(c), v);
  }, mask.template cast<T>(), x);
}

}  // namespace ink
