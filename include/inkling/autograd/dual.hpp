// Dual numbers: a value together with its derivatives along N directions.
//
// Forward-mode differentiation (W. Clifford, 1873): arithmetic on a + b·d with d² = 0 carries derivatives along. The
// library runs one element-wise formula on Dual<T, 0> (plain numbers) for the forward pass and on Dual<T, N> for the
// backward pass of its N inputs, so that a formula is written once. Every function here is free of branches, so that
// loops over it vectorise.
//
// Values and slopes are right to a few units of the last place for all finite arguments (tests/sweep/formulas.hpp has
// the bounds). A NaN stays one, in value and slope, in every function and in either argument; `select` alone looks at
// nothing but what it takes.
//
// Functions, found by argument-dependent lookup: exp log sqrt square reciprocal abs max min clamp pow sin cos tanh
// sigmoid softplus erf relu silu gelu gelu_tanh select. Comparisons compare values; select(c, a, b) is c ? a : b.
//
// Example:
//     auto f = [](auto x) { return x * sigmoid(x); };
//     Dual<double, 1> x = Dual<double, 1>::variable(0.5, 0);
//     double slope = f(x).d[0];                             // 0.7399…
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "inkling/config.hpp"
#include "inkling/kernels/math.hpp"

namespace ink {

template <class T, int N>
struct Dual {
  using value_type = T;

  T v{};
  std::array<T, static_cast<std::size_t>(N)> d{};

  constexpr Dual() = default;
  template <class U>
    requires std::is_arithmetic_v<U>
  INKLING_INLINE constexpr Dual(U value) : v(static_cast<T>(value)) {}

  /// The i-th independent variable.
  INKLING_INLINE static constexpr Dual variable(T value, int i) {
    Dual x(value);
    if constexpr (N > 0) x.d[static_cast<std::size_t>(i)] = T{1};
    return x;
  }

  /// value, with f(0) … f(N − 1) as derivatives. Unrolled by hand: a loop here would keep loops over duals scalar.
  template <class F>
  INKLING_INLINE static constexpr Dual with(T value, F f) {
    Dual y(value);
    [&]<std::size_t... I>(std::index_sequence<I...>)
        INKLING_LAMBDA_INLINE { ((y.d[I] = f(I)), ...); }(std::make_index_sequence<static_cast<std::size_t>(N)>{});
    return y;
  }

  /// f(x) given f's value and slope at x: the chain rule.
  INKLING_INLINE constexpr Dual chain(T value, T slope) const {
    return with(value, [&](std::size_t i) INKLING_LAMBDA_INLINE { return slope * d[i]; });
  }

  INKLING_INLINE friend constexpr Dual operator+(const Dual& a, const Dual& b) {
    return with(a.v + b.v, [&](std::size_t i) INKLING_LAMBDA_INLINE { return a.d[i] + b.d[i]; });
  }
  INKLING_INLINE friend constexpr Dual operator-(const Dual& a, const Dual& b) {
    return with(a.v - b.v, [&](std::size_t i) INKLING_LAMBDA_INLINE { return a.d[i] - b.d[i]; });
  }
  INKLING_INLINE friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    return with(a.v * b.v, [&](std::size_t i) INKLING_LAMBDA_INLINE { return a.d[i] * b.v + a.v * b.d[i]; });
  }
  INKLING_INLINE friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const T y = a.v / b.v;
    return with(y, [&](std::size_t i) INKLING_LAMBDA_INLINE { return (a.d[i] - y * b.d[i]) / b.v; });
  }
  INKLING_INLINE friend constexpr Dual operator-(const Dual& a) { return a.chain(-a.v, T{-1}); }
  INKLING_INLINE friend constexpr bool operator<(const Dual& a, const Dual& b) { return a.v < b.v; }
  INKLING_INLINE friend constexpr bool operator>(const Dual& a, const Dual& b) { return a.v > b.v; }
  INKLING_INLINE friend constexpr bool operator<=(const Dual& a, const Dual& b) { return a.v <= b.v; }
  INKLING_INLINE friend constexpr bool operator>=(const Dual& a, const Dual& b) { return a.v >= b.v; }

  INKLING_INLINE friend Dual exp(const Dual& x) {
    const T y = kernels::vexp(x.v);
    return x.chain(y, y);
  }
  INKLING_INLINE friend Dual log(const Dual& x) {
    return x.chain(kernels::vlog(x.v), T{1} / (x.v + T{0}));  // the sum is 0 at −0
  }
  INKLING_INLINE friend Dual sqrt(const Dual& x) {
    const T y = std::sqrt(x.v);
    return x.chain(y, T{0.5} / (y + T{0}));
  }
  INKLING_INLINE friend constexpr Dual square(const Dual& x) { return x * x; }
  INKLING_INLINE friend constexpr Dual reciprocal(const Dual& x) { return Dual(1) / x; }
  INKLING_INLINE friend Dual tanh(const Dual& x) { return x.chain(kernels::vtanh(x.v), kernels::vtanh_slope(x.v)); }
  INKLING_INLINE friend Dual sigmoid(const Dual& x) {
    return x.chain(kernels::vsigmoid(x.v), kernels::vsigmoid_and_slope(x.v)[1]);
  }
  INKLING_INLINE friend Dual erf(const Dual& x) {
    return x.chain(kernels::verf(x.v), T(1.12837916709551257390) * kernels::vgauss(x.v, T{1}));
  }
  INKLING_INLINE friend Dual sin(const Dual& x) { return x.chain(std::sin(x.v), std::cos(x.v)); }
  INKLING_INLINE friend Dual cos(const Dual& x) { return x.chain(std::cos(x.v), -std::sin(x.v)); }
  /// A NaN stays one, whatever the exponent; in the C library NaN⁰ is 1.
  INKLING_INLINE friend Dual pow(const Dual& x, T exponent) {
    const T slope = exponent == T{0} ? T{0} : exponent * std::pow(x.v, exponent - T{1});  // also at x = 0
    const T nan = x.v * exponent;
    const bool number = bool(x.v == x.v) & bool(exponent == exponent);
    return x.chain(kernels::detail::blend(number, std::pow(x.v, exponent), nan),
                   kernels::detail::blend(number, slope, nan));
  }
  /// condition ? a : b, component by component.
  INKLING_INLINE friend constexpr Dual select(bool condition, const Dual& a, const Dual& b) {
    return with(kernels::detail::blend(condition, a.v, b.v),
                [&](std::size_t i) INKLING_LAMBDA_INLINE { return kernels::detail::blend(condition, a.d[i], b.d[i]); });
  }
  INKLING_INLINE friend constexpr Dual abs(const Dual& x) {
    const T sign = kernels::detail::blend(x.v < T{0}, T{-1}, T{1});
    return x.chain(kernels::detail::magnitude(x.v), kernels::detail::nan_where(x.v != x.v, sign));
  }
  INKLING_INLINE friend constexpr Dual max(const Dual& a, const Dual& b) {
    return a.or_second(a.v<b.v, b, a.v> b.v ? a.v : b.v);
  }
  INKLING_INLINE friend constexpr Dual min(const Dual& a, const Dual& b) {
    return a.or_second(b.v < a.v, b, a.v < b.v ? a.v : b.v);
  }
  INKLING_INLINE friend constexpr Dual clamp(const Dual& x, const Dual& low, const Dual& high) {
    return min(max(x, low), high);
  }
  INKLING_INLINE friend constexpr Dual relu(const Dual& x) {
    return with(kernels::detail::blend(!(x.v <= T{0}), x.v, T{0}), [&](std::size_t i) INKLING_LAMBDA_INLINE {
      return kernels::detail::nan_where(x.v != x.v, kernels::detail::blend(x.v > T{0}, x.d[i], T{0}));
    });
  }
  INKLING_INLINE friend Dual silu(const Dual& x) {
    return x.chain(x.v * kernels::vsigmoid(x.v), kernels::vsilu_slope(x.v));
  }
  /// ln(1 + eˣ), without overflow or underflow.
  INKLING_INLINE friend Dual softplus(const Dual& x) {
    return x.chain(kernels::vsoftplus(x.v), kernels::vsigmoid(x.v));
  }
  /// x·Φ(x): D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016, arXiv:1606.08415.
  INKLING_INLINE friend Dual gelu(const Dual& x) {
    const auto n = kernels::vnormal(x.v);
    return x.chain(x.v * n[0], n[0] + x.v * n[1]);
  }
  /// The tanh approximation of gelu, x/2·(1 + tanh u) with u = √(2/π)·(x + 0.044715·x³): x·sigmoid(2u).
  INKLING_INLINE friend Dual gelu_tanh(const Dual& x) {
    constexpr T a = T(1.59576912160573071176), b = T(0.07135481627260024973);  // 2√(2/π), 0.044715·2√(2/π)
    constexpr T far = 900;                                                     // where the sigmoid has long been 0 or 1
    const T raw = x.v * x.v, square = kernels::detail::blend(raw > far, far, raw), u = x.v * (a + b * square);
    const auto s = kernels::vsigmoid_and_slope(u);
    return x.chain(x.v * kernels::vsigmoid(u), s[0] + x.v * s[1] * (a + T{3} * b * square));
  }

 private:
  /// second ? b : a with the value `either`, which is b's if one is NaN; but NaN, with NaN slopes, if one is.
  INKLING_INLINE constexpr Dual or_second(bool second, const Dual& b, T either) const {
    const bool nan = bool(v != v) | bool(b.v != b.v);
    return with(kernels::detail::blend(v != v, v, either), [&](std::size_t i) INKLING_LAMBDA_INLINE {
      return kernels::detail::nan_where(nan, kernels::detail::blend(second, b.d[i], d[i]));
    });
  }
};

}  // namespace ink
