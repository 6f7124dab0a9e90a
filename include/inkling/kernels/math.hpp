// exp, log, tanh, sigmoid and erf as branch-free scalar code, so that a loop over them vectorises.
//
// The C library's functions are calls, one number at a time. These are polynomials and bit operations with selections
// in place of branches; inlined into a blocked loop (kernels/elementwise.hpp) they run on whole vectors.
//
//   vexp      2 ulp     x = n·ln 2 + r, polynomial in r, exponent bits
//   vlog      2 ulp     exponent and mantissa, atanh or polynomial
//   vsoftplus 2 ulp     max(x, 0) + ln(1 + e^{−|x|}), the logarithm without forming 1 + e
//   vtanh     3 ulp     polynomial near 0, exponential elsewhere
//   vsigmoid  3 ulp     e^{−|x|}, so that nothing overflows
//   verf      4 ulp     rational near 0, exponential elsewhere
//   vgauss    3 ulp     e^{−x²}, with what is lost in rounding x²
//   vnormal   9 ulp     one exponential times Mills' ratio, in both tails; float and double
//
// So it is over all finite arguments, for float and double, on every instruction set: ./dev sweep compares all floats
// with long double, values and slopes (tests/sweep/formulas.hpp has the table of bounds). Results below the smallest
// normal number are 0 (those of vnormal may be subnormal). Infinities and NaN behave as in the C library. Coefficients
// of the minimax approximations: S. Moshier, "Methods and programs for mathematical functions", 1989, and W. Cody,
// "Rational Chebyshev approximations for the error function", 1969.
//
// Example:
//     double y = kernels::vexp(1.0);
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "inkling/config.hpp"

namespace ink::kernels {
namespace detail {

/// The polynomial with these coefficients, the highest power first. A fold: compilers unroll no such loop at -O2, and
/// a loop inside would keep the loop around it from being vectorised.
template <class T, std::size_t N>
INKLING_INLINE constexpr T horner(T x, const T (&highest_first)[N]) {
  T y = highest_first[0];
  [&]<std::size_t... I>(std::index_sequence<I...>)
      INKLING_LAMBDA_INLINE { ((y = y * x + highest_first[I + 1]), ...); }(std::make_index_sequence<N - 1>{});
  return y;
}

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// a − b modulo 2ⁿ.
template <class B>
INKLING_INLINE constexpr B wrapping_subtract(B a, B b) {
  using Unsigned = std::make_unsigned_t<B>;
  return static_cast<B>(static_cast<Unsigned>(a) - static_cast<Unsigned>(b));
}

/// condition ? a : b with both sides computed. The conditional operator would let the compiler move the code of one
/// side behind a branch, which it may not undo, as floating-point code can raise flags.
template <class T>
INKLING_INLINE constexpr T blend(bool condition, T a, T b) {
  const Bits<T> mask = -static_cast<Bits<T>>(condition);
  return std::bit_cast<T>(
      static_cast<Bits<T>>((std::bit_cast<Bits<T>>(a) & mask) | (std::bit_cast<Bits<T>>(b) & ~mask)));
}

/// x, or a NaN where the condition holds.
template <class T>
INKLING_INLINE constexpr T nan_where(bool condition, T x) {
  return std::bit_cast<T>(static_cast<Bits<T>>(std::bit_cast<Bits<T>>(x) | -static_cast<Bits<T>>(condition)));
}

template <class T>
inline constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;

/// |x|; also of −0 and NaN.
template <class T>
INKLING_INLINE constexpr T magnitude(T x) {
  return std::bit_cast<T>(static_cast<Bits<T>>(std::bit_cast<Bits<T>>(x) & std::numeric_limits<Bits<T>>::max()));
}

/// The rounded value of a product: keeps the compiler from fusing it with what is subtracted from it.
template <class T>
INKLING_INLINE T unfused(T x) {
#if defined(__GNUC__) && !defined(__clang__)
  return __builtin_assoc_barrier(x);
#else
  return x;
#endif
}

}  // namespace detail

INKLING_INLINE float vexp(float x) {
  // e^low is just normal: what is below becomes 0 but is computed as e^low, and a subnormal number would cost a hundred
  // cycles.
  const float low = -87.33654f, high = 88.7228390f;
  const float raised = detail::blend(x < low, low, x), clamped = detail::blend(raised > high, high, raised);
  const float magic = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number in the low bits
  const float shifted = clamped * 1.44269504f + magic, n = shifted - magic;
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  const float p = detail::horner(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const float y = (p * r) * r + r + 1.0f;
  // Two halves of 2ⁿ, because n = 128 is still in range.
  const std::int32_t whole =
      detail::wrapping_subtract(std::bit_cast<std::int32_t>(shifted), std::bit_cast<std::int32_t>(magic));
  const std::int32_t half = whole >> 1;
  const float scaled = y * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((whole - half + 127) << 23);
  const float finite = detail::blend(x < low, 0.0f, scaled);
  const float result = detail::blend(x > high, std::numeric_limits<float>::infinity(), finite);
  return detail::blend(x != x, x, result);
}

/// e^x for x ≤ 0 (up to rounding), as in a softmax: no overflow to watch for, and one power of two.
INKLING_INLINE float vexp_nonpositive(float x) {
  const float low = -87.33654f, clamped = detail::blend(x < low, low, x), magic = 12582912.0f;
  const float shifted = clamped * 1.44269504f + magic, n = shifted - magic;
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  const float p = detail::horner(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const float y = (p * r) * r + r + 1.0f;  // NaN stays one, whatever it is multiplied by
  const std::int32_t whole =
      detail::wrapping_subtract(std::bit_cast<std::int32_t>(shifted), std::bit_cast<std::int32_t>(magic));
  const auto power = static_cast<std::uint32_t>(whole) + 127u;
  return detail::blend(x < low, 0.0f, y * std::bit_cast<float>(power << 23));
}

INKLING_INLINE double vexp(double x) {
  const double low = -708.3964185322639, high = 709.782712893384;
  const double raised = detail::blend(x < low, low, x), clamped = detail::blend(raised > high, high, raised);
  const double magic = 6755399441055744.0;  // 1.5·2⁵²
  const double shifted = clamped * 1.4426950408889634 + magic, n = shifted - magic;
  const double r = (clamped - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  const double p = detail::horner(r, {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                      1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5});
  const double y = (p * r) * r + r + 1.0;
  // Unsigned throughout: what a NaN leaves here may overflow.
  const std::uint64_t whole = std::bit_cast<std::uint64_t>(shifted) - std::bit_cast<std::uint64_t>(magic);
  const std::uint64_t half = ((whole + 4096) >> 1) - 2048;
  const double scaled =
      y * std::bit_cast<double>((half + 1023) << 52) * std::bit_cast<double>((whole - half + 1023) << 52);
  const double finite = detail::blend(x < low, 0.0, scaled);
  const double result = detail::blend(x > high, std::numeric_limits<double>::infinity(), finite);
  return detail::blend(x != x, x, result);
}

INKLING_INLINE double vexp_nonpositive(double x) { return vexp(x); }

template <class T>
INKLING_INLINE T vlog(T x) {
  using B = detail::Bits<T>;
  constexpr int shift = detail::mantissa_bits<T>;
  constexpr T smallest = std::numeric_limits<T>::min();
  constexpr T grow = static_cast<T>(std::int64_t{1} << (shift < 31 ? 24 : 54));
  const bool tiny = x < smallest;
  const T normal = detail::blend(tiny, x * grow, x);
  const B bits = std::bit_cast<B>(normal), root_half = std::bit_cast<B>(static_cast<T>(0.70710678118654752));
  const B exponent = detail::wrapping_subtract(bits, root_half) >> shift;
  const T m = std::bit_cast<T>(detail::wrapping_subtract(bits, static_cast<B>(exponent << shift)));
  const T e = static_cast<T>(exponent) - detail::blend(tiny, static_cast<T>(shift < 31 ? 24 : 54), T{0});
  const T f = m - T{1};
  T y;
  if constexpr (sizeof(T) == 4) {
    const T z = f * f;
    const T p =
        detail::horner(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                           -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
    const T correction = (f * z) * p + e * -2.12194440e-4f - 0.5f * z;
    y = (f + correction) + e * 0.693359375f;
  } else {
    const T s = f / (T{2} + f), s2 = s * s;
    const T p = detail::horner(
        s2, {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3});
    // ln m = f − s·(f − s²·p), which keeps the leading term exact
    y = (f - s * (f - s2 * p)) + e * -2.121944400546905827679e-4 + e * 0.693359375;
  }
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T positive = detail::blend(x == infinity, infinity, y);
  const T zero = detail::blend(x == T{0}, -infinity, positive);
  const T number = detail::blend(x < T{0}, std::numeric_limits<T>::quiet_NaN(), zero);
  return detail::blend(x != x, x, number);
}

template <class T>
INKLING_INLINE T vsigmoid(T x) {
  const T e = vexp_nonpositive(-detail::magnitude(x));
  return detail::blend(x < T{0}, e, T{1}) / (T{1} + e);
}

/// {sigmoid x, its slope} with one division. The slope is e/(1 + e)² for either sign, where s·(1 − s) has no digits
/// left once s rounds to 1.
template <class T>
INKLING_INLINE std::array<T, 2> vsigmoid_and_slope(T x) {
  const T e = vexp_nonpositive(-detail::magnitude(x)), inverse = T{1} / (T{1} + e);
  return {detail::blend(x < T{0}, e, T{1}) * inverse, e * (inverse * inverse)};
}

/// The slope of x·sigmoid x.
template <class T>
INKLING_INLINE T vsilu_slope(T x) {
  const auto s = vsigmoid_and_slope(x);
  return s[0] + x * s[1];
}

namespace detail {

/// ln(1 + e) for e in [0, 1]: minimax polynomials, 2·10⁻⁹ and 10⁻¹⁷.
template <class T>
INKLING_INLINE T log1p_of_fraction(T e) {
  if constexpr (sizeof(T) == 4) {
    return e + e * e *
                   horner(e, {2.896868755e-3f, -1.764622609e-2f, 5.024550538e-2f, -9.241685536e-2f, 1.309848947e-1f,
                              -1.638943749e-1f, 1.996175947e-1f, -2.499728053e-1f, 3.333325775e-1f, -4.999999965e-1f});
  } else {
    const T s = e / (T{2} + e), z = s * s;
    const T p = horner(z, {1.6187577019275380e-1, 8.7889817145024216e-2, 1.2003520035114896e-1, 1.3313869543269420e-1,
                           1.5385588028849866e-1, 1.8181788746116234e-1, 2.2222222732312743e-1, 2.8571428566947960e-1,
                           4.0000000000015251e-1, 6.6666666666666658e-1});
    return e - s * (e - z * p);  // 2 atanh s, which keeps the leading term exact
  }
}

/// tanh where |x| < 0.625.
template <class T>
INKLING_INLINE T tanh_near(T x) {
  const T z = x * x;
  if constexpr (sizeof(T) == 4) {
    return x + x * z *
                   horner(z, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                              -3.33332819422e-1f});
  } else {
    const T p = horner(z, {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3});
    const T q = horner(z, {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3});
    return x + x * z * (p / q);
  }
}

}  // namespace detail

/// ln(1 + eˣ), which is eˣ far to the left and x far to the right.
template <class T>
INKLING_INLINE T vsoftplus(T x) {
  return detail::blend(x > T{0}, x, T{0}) + detail::log1p_of_fraction(vexp_nonpositive(-detail::magnitude(x)));
}

template <class T>
INKLING_INLINE T vtanh(T x) {
  const T magnitude = detail::magnitude(x);
  const T e = vexp_nonpositive(T{-2} * magnitude), far = (T{1} - e) / (T{1} + e);
  return detail::blend(magnitude < T(0.625), detail::tanh_near(x), detail::blend(x < T{0}, -far, far));
}

/// 1 − tanh² x: 4e^{−2|x|}/(1 + e^{−2|x|})², which 1 − y·y is not once y rounds to 1.
template <class T>
INKLING_INLINE T vtanh_slope(T x) {
  const T e = vexp_nonpositive(T{-2} * detail::magnitude(x)), inverse = T{2} / (T{1} + e);
  return e * (inverse * inverse);
}

/// {tanh a, sigmoid b, the slope of either}, each within some ulp, with one division for all: a division takes as long
/// as half of a function. The slopes are formed of the exponentials, as those of each function alone.
template <class T>
INKLING_INLINE std::array<T, 4> vtanh_and_sigmoid_with_slopes(T a, T b) {
  const T magnitude = detail::magnitude(a);
  const T e = vexp_nonpositive(T{-2} * magnitude), f = vexp_nonpositive(-detail::magnitude(b));
  const T u = T{1} + e, v = T{1} + f, inverse = T{1} / (u * v), over_u = v * inverse, over_v = u * inverse;
  const T far = (T{1} - e) * over_u;
  return {detail::blend(magnitude < T(0.625), detail::tanh_near(a), detail::blend(a < T{0}, -far, far)),
          detail::blend(b < T{0}, f, T{1}) * over_v, T{4} * e * (over_u * over_u), f * (over_v * over_v)};
}

/// {tanh a, sigmoid b}, each within 4 ulp.
template <class T>
INKLING_INLINE std::array<T, 2> vtanh_and_sigmoid(T a, T b) {
  const auto all = vtanh_and_sigmoid_with_slopes(a, b);
  return {all[0], all[1]};
}

/// e^{−factor·x²} for a factor of 1 or ½. x² is rounded, which would cost x²/2 ulp: what it lost is computed from the
/// halves of x's digits (T. Dekker, "A floating-point technique for extending the available precision", 1971).
template <class T>
INKLING_INLINE T vgauss(T x, T factor) {
  constexpr T far = sizeof(T) == 4 ? 15 : 40;  // where nothing is left of e^{−x²/2}, and x² is still finite
  constexpr detail::Bits<T> low = (detail::Bits<T>{1} << (detail::mantissa_bits<T> / 2 + 1)) - 1;
  const T size = detail::magnitude(x), a = detail::blend(size > far, far, size);
  const T high = std::bit_cast<T>(std::bit_cast<detail::Bits<T>>(a) & ~low), rest = a - high;
  const T square = detail::unfused(a * a);
  const T lost = ((high * high - square) + T{2} * high * rest) + rest * rest;
  const T e = vexp_nonpositive(-factor * square);
  return e - e * (factor * lost);
}

INKLING_INLINE float verf(float x) {
  const float magnitude = detail::magnitude(x), a = detail::blend(magnitude < 1.0f, 1.0f, magnitude), z = x * x;
  const float near = x * detail::horner(z, {7.853861353153693e-5f, -8.010193625184903e-4f, 5.188327685732524e-3f,
                                            -2.685381193529856e-2f, 1.128358514861418e-1f, -3.761262582423300e-1f,
                                            1.128379165726710e+0f});
  const float inverse = 1.0f / a, w = inverse * inverse;
  const float middle = detail::horner(w, {2.326819970068386e-2f, -1.387039388740657e-1f, 3.687424674597105e-1f,
                                          -5.824733027278666e-1f, 6.210004621745983e-1f, -4.944515323274145e-1f,
                                          3.404879937665872e-1f, -2.741127028184656e-1f, 5.638259427386472e-1f});
  const float outer =
      detail::horner(w, {-1.047766399936249e+1f, 1.297719955372516e+1f, -7.495518717768503e+0f, 2.921019019210786e+0f,
                         -1.015265279202700e+0f, 4.218463358204948e-1f, -2.820767439740514e-1f, 5.641895067754075e-1f});
  // The exponential of x itself, not of a: whoever needs the derivative has computed it already.
  const float far = 1.0f - vgauss(x, 1.0f) * inverse * detail::blend(a < 2.0f, middle, outer);
  const float result = detail::blend(magnitude < 1.0f, near, detail::blend(x < 0, -far, far));
  return detail::blend(x != x, x, result);
}

namespace detail {

/// erfc(a)·e^{a²} for a of at least 1, in double.
INKLING_INLINE double scaled_erfc(double a) {
  const bool far = a > 8.0;
  const double t = blend(far, blend(a > 64.0, 64.0, a), a), b = blend(far, 8.0, a);
  const double p = horner(b, {2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0,
                              4.86371970985681366614e1, 1.96520832956077098242e2, 5.26445194995477358631e2,
                              9.34528527171957607540e2, 1.02755188689515710272e3, 5.57535335369399327526e2});
  const double q = horner(
      b, {1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2, 9.75708501743205489753e2,
          1.82390916687909736289e3, 2.24633760818710981792e3, 1.65666309194161350182e3, 5.57535340817727675546e2});
  const double r = horner(t, {5.64189583547755073984e-1, 1.27536670759978104416e0, 5.01905042251180477414e0,
                              6.16021097993053585195e0, 7.40974269950448939160e0, 2.97886665372100240670e0});
  const double s = horner(t, {1.0, 2.26052863220117276590e0, 9.39603524938001434673e0, 1.20489539808096656605e1,
                              1.70814450747565897222e1, 9.60896809063285878198e0, 3.36907645100081516050e0});
  return blend(far, r, p) / blend(far, s, q);
}

/// erf(x) where |x| < 1, in double.
INKLING_INLINE double erf_near(double x) {
  const double z = x * x;
  return x *
         horner(z, {9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3,
                    7.00332514112805075473e3, 5.55923013010394962768e4}) /
         horner(z, {1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3,
                    2.26290000613890934246e4, 4.92673942608635921086e4});
}

}  // namespace detail

INKLING_INLINE double verf(double x) {
  const double magnitude = detail::magnitude(x), a = detail::blend(magnitude < 1.0, 1.0, magnitude);
  const double far = 1.0 - vgauss(x, 1.0) * detail::scaled_erfc(a);
  const double result = detail::blend(magnitude < 1.0, detail::erf_near(x), detail::blend(x < 0, -far, far));
  return detail::blend(x != x, x, result);
}

/// {Φ(x), φ(x)} of the normal distribution. Φ(−a) = φ(a) · Mills' ratio of a, which is smooth in t = 1 / (1 + 0.345·a):
/// one polynomial in 1 − t (minimax, 2·10⁻⁸) serves all x, and one exponential both results. That is half of the work
/// of an error function, and small values of Φ keep their digits.
INKLING_INLINE std::array<float, 2> vnormal(float x) {
  const float e = vgauss(x, 0.5f), a = detail::magnitude(x), t = 1.0f / (1.0f + 0.345f * a);
  const float p = detail::horner(
      1.0f - t, {-2.815179713e-02f, 8.098079264e-02f, -4.776879773e-02f, -2.253792062e-02f, -7.071842253e-02f,
                 9.453391284e-02f, 2.876355648e-01f, -6.563532352e-01f, 5.000000000e-01f});
  const float tail = e * (t * p);
  return {detail::blend(x < 0, tail, 1.0f - tail), 0.398942280f * e};
}

/// Likewise from erfc, so that the lower tail keeps its digits.
INKLING_INLINE std::array<double, 2> vnormal(double x) {
  const double z = x * 0.70710678118654752440, a = detail::magnitude(z), e = vgauss(x, 0.5);
  const double tail = 0.5 * e * detail::scaled_erfc(detail::blend(a < 1.0, 1.0, a));
  const double near = 0.5 + 0.5 * detail::erf_near(z), far = detail::blend(x < 0, tail, 1.0 - tail);
  return {detail::blend(a < 1.0, near, far), 0.39894228040143267794 * e};
}

}  // namespace ink::kernels
