// The table of the sweep: every element-wise formula of one argument, what it must be, and how far from it it may be.
//
// A reference gives value and slope in a type R of more digits, by whatever form cancels nothing. Bounds are in units
// of the last place (ulp) of the right result, over all finite arguments.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "inkling/ops/formulas.hpp"

namespace sweep {

/// How far from the right result a result may be.
struct Bound {
  double ulps;         ///< in units of the last place; 0 is exact
  double tiny = 1;     ///< below so many times the smallest normal number it may be 0, and ulps are those of there
  double per_log = 0;  ///< so many ulps more for every −ln of the result
  double low = 0, high = 0, scale = 0;  ///< in [low, high], about a root, ulps are those of `scale` at least
};

/// The bounds of float and double.
struct Bounds {
  Bound value, slope;
};

template <class F, class R>
struct Formula {
  const char* name;
  F formula;
  R reference;  ///< x -> {value, slope}
  Bounds in_float, in_double;
};

template <class F, class R>
Formula(const char*, F, R, Bounds, Bounds) -> Formula<F, R>;

template <class R>
using Pair = std::array<R, 2>;

template <class R>
R logistic(R x) {
  const R e = std::exp(-std::abs(x));
  return (x < 0 ? e : R{1}) / (1 + e);
}

template <class R>
Pair<R> gelu(R x) {
  const R root_half = std::sqrt(R{0.5}), pi = std::acos(R{-1});
  const R below = std::erfc(-x * root_half) / 2, density = std::exp(-x * x / 2) / std::sqrt(2 * pi);
  return {below == 0 ? R{0} : x * below, density == 0 ? below : below + x * density};
}

template <class R>
Pair<R> gelu_tanh(R x) {
  const R pi = std::acos(R{-1}), a = 2 * std::sqrt(2 / pi), b = R{44715} / 1000000 * a;
  if (std::abs(x) > 1000) return {x < 0 ? R{0} : x, x < 0 ? R{0} : R{1}};
  const R u = x * (a + b * x * x), s = logistic(u);
  return {x * s, s + x * s * logistic(-u) * (a + 3 * b * x * x)};
}

/// x to the p
template <int Numerator, int Denominator>
inline constexpr auto power = [](auto x) {
  using R = decltype(x);
  constexpr R p = R{Numerator} / R{Denominator};
  return Pair<R>{std::pow(x, p), p * std::pow(x, p - 1)};
};

namespace f = ink::detail::formula;

/// x·e^{−|x|} is computed from an exponential that is 0 below the smallest normal number: |x| of them may be missing.
inline constexpr double missing_float = 95, missing_double = 750;

inline const auto formulas = std::tuple{
    Formula{"negative", f::negative, [](auto x) { return Pair<decltype(x)>{-x, -1}; }, {{0}, {0}}, {{0}, {0}}},
    Formula{"abs",
            f::of_abs,
            [](auto x) { return Pair<decltype(x)>{std::abs(x), decltype(x)(x < 0 ? -1 : 1)}; },
            {{0}, {0}},
            {{0}, {0}}},
    Formula{"relu",
            f::of_relu,
            [](auto x) { return Pair<decltype(x)>{x > 0 ? x : 0, decltype(x)(x > 0 ? 1 : 0)}; },
            {{0}, {0}},
            {{0}, {0}}},
    Formula{"clamp to [-1, 1]",
            [](auto v) INKLING_LAMBDA_INLINE { return clamp(v, -1, 1); },
            [](auto x) {
  return Pair<decltype(x)>{x < -1 ? -1 : x > 1 ? 1 : x, decltype(x)(std::abs(x) <= 1 ? 1 : 0)};
},
            {{0}, {0}},
            {{0}, {0}}},
    Formula{
        "square", f::of_square, [](auto x) { return Pair<decltype(x)>{x * x, 2 * x}; }, {{0.501}, {0}}, {{0.501}, {0}}},
    Formula{"reciprocal",
            f::of_reciprocal,
            [](auto x) { return Pair<decltype(x)>{1 / x, -1 / x / x}; },
            {{0.501}, {2}},
            {{0.501}, {2}}},
    Formula{"sqrt",
            f::of_sqrt,
            [](auto x) { return Pair<decltype(x)>{std::sqrt(x), 1 / (2 * std::sqrt(x) + 0)}; },
            {{0.501}, {2}},
            {{0.501}, {2}}},
    Formula{
        "exp", f::of_exp, [](auto x) { return Pair<decltype(x)>{std::exp(x), std::exp(x)}; }, {{2}, {2}}, {{2}, {2}}},
    Formula{"log",
            f::of_log,
            [](auto x) { return Pair<decltype(x)>{std::log(x), 1 / (x + 0)}; },
            {{2}, {0.501}},
            {{2}, {0.501}}},
    Formula{"tanh",
            f::of_tanh,
            [](auto x) {
  const auto c = std::cosh(x);
  return Pair<decltype(x)>{std::tanh(x), 1 / c / c};
},
            {{3}, {5, 5}},
            {{3}, {5, 5}}},
    Formula{"sigmoid",
            f::of_sigmoid,
            [](auto x) { return Pair<decltype(x)>{logistic(x), logistic(x) * logistic(-x)}; },
            {{3}, {5}},
            {{3}, {5}}},
    Formula{"softplus",
            f::of_softplus,
            [](auto x) { return Pair<decltype(x)>{(x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))), logistic(x)}; },
            {{3}, {3}},
            {{3}, {3}}},
    Formula{"erf",
            f::of_erf,
            [](auto x) {
  using R = decltype(x);
  return Pair<R>{std::erf(x), 2 / std::sqrt(std::acos(R{-1})) * std::exp(-x * x)};
},
            {{4}, {4, 2}},
            {{4}, {4, 2}}},
    Formula{
        "sin", f::of_sin, [](auto x) { return Pair<decltype(x)>{std::sin(x), std::cos(x)}; }, {{1}, {1}}, {{1}, {1}}},
    Formula{
        "cos", f::of_cos, [](auto x) { return Pair<decltype(x)>{std::cos(x), -std::sin(x)}; }, {{1}, {1}}, {{1}, {1}}},
    Formula{"silu",
            f::of_silu,
            [](auto x) {
  const auto s = logistic(x);
  return Pair<decltype(x)>{s == 0 ? 0 : x * s, s == 0 ? 0 : s * (1 + x * logistic(-x))};
},
            {{4, missing_float}, {7, missing_float, 0, -3, -0.5, 0.125}},
            {{4, missing_double}, {7, missing_double, 0, -3, -0.5, 0.125}}},
    Formula{"gelu",
            f::of_gelu,
            [](auto x) { return gelu(x); },
            {{9, missing_float}, {10, missing_float, 0, -2, -0.3, 0.25}},
            {{9, missing_double}, {10, missing_double, 0, -2, -0.3, 0.25}}},
    // Its cubic is rounded before it is exponentiated, which costs as many ulps as the exponent is large.
    Formula{"gelu_tanh",
            f::of_gelu_tanh,
            [](auto x) { return gelu_tanh(x); },
            {{8, missing_float, 3}, {12, 10 * missing_float, 3, -2, -0.3, 0.25}},
            {{8, missing_double, 3}, {12, 10 * missing_double, 3, -2, -0.3, 0.25}}},
    Formula{"pow(x, 2)", [](auto v) INKLING_LAMBDA_INLINE { return pow(v, 2); }, power<2, 1>, {{1}, {1}}, {{1}, {1}}},
    Formula{
        "pow(x, 0.5)", [](auto v) INKLING_LAMBDA_INLINE { return pow(v, 0.5f); }, power<1, 2>, {{1}, {2}}, {{1}, {2}}},
    Formula{"pow(x, -1.5)",
            [](auto v) INKLING_LAMBDA_INLINE { return pow(v, -1.5f); },
            power<-3, 2>,
            {{1}, {2}},
            {{1}, {2}}},
};

template <class R>
using Triple = std::array<R, 3>;

/// Formulas of two arguments: a, b -> {value, slope in a, slope in b}.
template <class F, class R>
struct PairFormula {
  const char* name;
  F formula;
  R reference;
  Bound value, slope_a, slope_b;
};

template <class F, class R>
PairFormula(const char*, F, R, Bound, Bound, Bound) -> PairFormula<F, R>;

inline const auto pair_formulas = std::tuple{
    PairFormula{"a + b", f::plus, [](auto a, auto b) { return Triple<decltype(a)>{a + b, 1, 1}; }, {0.501}, {0}, {0}},
    PairFormula{"a - b", f::minus, [](auto a, auto b) { return Triple<decltype(a)>{a - b, 1, -1}; }, {0.501}, {0}, {0}},
    PairFormula{"a * b", f::times, [](auto a, auto b) { return Triple<decltype(a)>{a * b, b, a}; }, {0.501}, {0}, {0}},
    PairFormula{"a / b",
                f::over,
                [](auto a, auto b) { return Triple<decltype(a)>{a / b, 1 / b, -(a / b) / b}; },
                {0.501},
                {0.501},
                {2}},
    PairFormula{"maximum",
                f::larger,
                [](auto a, auto b) {
  using R = decltype(a);
  return Triple<R>{a < b ? b : a, R(a < b ? 0 : 1), R(a < b ? 1 : 0)};
},
                {0},
                {0},
                {0}},
    PairFormula{"minimum",
                f::smaller,
                [](auto a, auto b) {
  using R = decltype(a);
  return Triple<R>{b < a ? b : a, R(b < a ? 0 : 1), R(b < a ? 1 : 0)};
},
                {0},
                {0},
                {0}},
    PairFormula{"-(b - a)^2",
                f::minus_square_error,
                [](auto a, auto b) { return Triple<decltype(a)>{-(b - a) * (b - a), 2 * (b - a), -2 * (b - a)}; },
                {2},
                {0.501},
                {0.501}},
};

}  // namespace sweep
