// inverse_normal(p): the standard normal deviate below which a fraction p lies.
//
// M. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37(3), 1988,
// PPND16: relative error about 1e-16 for p in (0, 1). It uses only + - * / and the square root, and a logarithm made of
// those, each rounded on its own, so that every IEEE platform gives the same bits: a compiler that fused a product with
// a sum would change the last one.
//
// inverse_normal(0) is −∞ and inverse_normal(1) ∞; of anything outside of [0, 1] it is NaN.
//
// Example:
//     double z = inverse_normal(0.975);   // 1.959963984540054
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "inkling/config.hpp"

namespace ink {
namespace detail {

/// The rounded value of an expression: keeps the compiler from fusing it with what follows.
INKLING_INLINE double rounded(double x) {
#if defined(__GNUC__) && !defined(__clang__)
  return __builtin_assoc_barrier(x);
#else
  return x;
#endif
}

template <std::size_t N>
INKLING_INLINE double rounded_polynomial(const std::array<double, N>& coefficients, double x) {
  double y = coefficients[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) {
    const double product = rounded(y * x);
    y = product + coefficients[i];
  }
  return y;
}

/// ln x for positive normal x, from log2 of the exponent and 2·atanh((m−1)/(m+1)) of the mantissa.
inline double rounded_log(double x) {
  constexpr std::uint64_t root_half = std::bit_cast<std::uint64_t>(0.70710678118654752);
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto exponent = static_cast<std::int64_t>(bits - root_half) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double s = (m - 1) / (m + 1), s2 = rounded(s * s);
  constexpr std::array<double, 11> odd = {2.0,      2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9, 2.0 / 11,
                                          2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  const double mantissa_part = rounded(s * rounded_polynomial(odd, s2));
  const double exponent_part = rounded(static_cast<double>(exponent) * 0.69314718055994530942);
  return exponent_part + mantissa_part;
}

/// For p of less than the smallest normal number, 0 or 1, or none of [0, 1].
inline double inverse_normal_end(double p) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return p == 0 ? -infinity : infinity;
  // ln Φ(z) ≈ −z²/2 − ln(−z√2π) + ln(1 − 1/z² + 3/z⁴ − 15/z⁶) for z near −38; its slope is nearly −z.
  double z = -38;
  for (int i = 0; i < 6; ++i) {
    const double square = z * z, log_mass = -square / 2 - std::log(-z * 2.50662827463100050242) +
                                            std::log1p((-1 + (3 - 15 / square) / square) / square);
    z -= (std::log(p) - log_mass) / z * (1 - 1 / square);
  }
  return z;
}

}  // namespace detail

inline double inverse_normal(double p) {
  using detail::rounded;
  using detail::rounded_polynomial;
  constexpr std::array<double, 8> a = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                       1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array<double, 8> b = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
  constexpr std::array<double, 8> c = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                       3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> d = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
  constexpr std::array<double, 8> e = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                       2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> f = {1.0,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double square = rounded(q * q), r = 0.180625 - square;
    return rounded(q * rounded_polynomial(a, r)) / rounded_polynomial(b, r);
  }
  const double tail = q < 0 ? p : 1 - p;
  if (!(tail >= std::numeric_limits<double>::min())) return detail::inverse_normal_end(p);
  const double r = std::sqrt(-detail::rounded_log(tail));
  const double z = r <= 5 ? rounded_polynomial(c, r - 1.6) / rounded_polynomial(d, r - 1.6)
                          : rounded_polynomial(e, r - 5) / rounded_polynomial(f, r - 5);
  return q < 0 ? -z : z;
}

}  // namespace ink
