#include "inkling/kernels/math.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/kernels/elementwise.hpp"
#include "kernel_test.hpp"

namespace math_test {

using namespace ink;
using kernel_test::on_every_isa;

namespace {

// What a result is compared with is computed in more digits.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

constexpr auto exp_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vexp(x); };
constexpr auto exp_negated = [](auto x) INKLING_LAMBDA_INLINE {
  return kernels::vexp_nonpositive(kernels::detail::blend(x < 0, x, -x));
};
constexpr auto log_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vlog(x); };
constexpr auto tanh_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vtanh(x); };
constexpr auto sigmoid_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vsigmoid(x); };
constexpr auto erf_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::verf(x); };
constexpr auto softplus_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vsoftplus(x); };
constexpr auto gauss_ = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vgauss(x, decltype(x)(1)); };

constexpr auto std_exp = [](auto x) { return std::exp(x); };
constexpr auto std_exp_negated = [](auto x) { return std::exp(-std::abs(x)); };
constexpr auto std_log = [](auto x) { return std::log(x); };
constexpr auto std_tanh = [](auto x) { return std::tanh(x); };
constexpr auto std_sigmoid = [](auto x) { return 1 / (1 + std::exp(-x)); };
constexpr auto std_softplus = [](auto x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); };
constexpr auto std_gauss = [](auto x) { return std::exp(-x * x); };
constexpr auto std_erf = [](auto x) { return std::erf(x); };

/// The distance in units of the last place of T at `expected`; where that is below the normal numbers, 0 will do too.
template <class T>
double ulps(T actual, Wide<T> expected) {
  const T rounded = static_cast<T>(expected);
  if (std::isnan(expected)) return std::isnan(actual) ? 0 : INFINITY;
  if (std::isinf(rounded) || std::isinf(actual)) return actual == rounded ? 0 : INFINITY;
  if (actual == 0 && std::abs(expected) < std::numeric_limits<T>::min()) return 0;
  int exponent = 0;
  std::frexp(rounded, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent) - std::numeric_limits<T>::digits;
  const double distance =
      static_cast<double>(std::abs(static_cast<Wide<T>>(actual) - expected) / std::ldexp(Wide<T>{1}, exponent));
  return std::isnan(distance) ? INFINITY : distance;
}

/// Evenly over [low, high], and over all magnitudes of both signs.
template <class T>
std::vector<T> arguments(double low, double high) {
  constexpr int count = 8000;
  std::vector<T> x;
  for (int i = 0; i <= count; ++i) x.push_back(static_cast<T>(low + (high - low) * i / count));
  const int last = std::numeric_limits<T>::max_exponent - 1;
  for (int e = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits; e <= last; ++e) {
    for (T m : {T(1), T(1.1), T(1.41), T(1.42), T(1.9)}) {
      x.push_back(std::ldexp(m, e));
      x.push_back(-std::ldexp(m, e));
    }
  }
  using Limits = std::numeric_limits<T>;
  for (T v : {T(0), -T(0), Limits::denorm_min(), Limits::min(), Limits::epsilon(), Limits::max(), Limits::lowest(),
              Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    x.push_back(v);
  }
  return x;
}

template <class T, class F, class Reference>
void check(F f, Reference reference, double bound, double low, double high) {
  const auto x = arguments<T>(low, high);
  std::vector<Wide<T>> expected;
  for (T v : x) expected.push_back(reference(static_cast<Wide<T>>(v)));
  on_every_isa([&] {
    std::vector<T> y(x.size());
    kernels::apply_serial(static_cast<Index>(x.size()), f, y.data(), x.data());
    double worst = 0;
    T at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double distance = ulps<T>(y[i], expected[i]);
      if (distance > worst) {
        worst = distance;
        at = x[i];
      }
    }
    CAPTURE(static_cast<int>(kernels::isa()));
    CAPTURE(at);
    CHECK(worst <= bound);
    CHECK(worst > 0);  // a bound that nothing comes near is no check
  });
}

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

}  // namespace

TEST_CASE_TEMPLATE("vexp is within 2 ulp", T, float, double) {
  check<T>(exp_, std_exp, 2, sizeof(T) == 4 ? -90 : -710, sizeof(T) == 4 ? 90 : 711);
  check<T>(exp_, std_exp, 2, -1, 1);
}

TEST_CASE_TEMPLATE("vexp_nonpositive is within 2 ulp, and keeps NaN", T, float, double) {
  check<T>(exp_negated, std_exp_negated, 2, sizeof(T) == 4 ? -90 : -710, 0);
  CHECK(kernels::vexp_nonpositive(T(0)) == 1);
  CHECK(kernels::vexp_nonpositive(-infinity<T>) == 0);
  CHECK(kernels::vexp_nonpositive(T(sizeof(T) == 4 ? -88 : -709)) == 0);
  CHECK(std::abs(kernels::vexp_nonpositive(T(0.5)) - std::exp(T(0.5))) < T(1e-6));  // a little above is no harm
  CHECK(std::isnan(kernels::vexp_nonpositive(std::numeric_limits<T>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("vlog is within 2 ulp", T, float, double) {
  check<T>(log_, std_log, 2, 0, 100);
  check<T>(log_, std_log, 2, 0.7, 1.45);
}

TEST_CASE_TEMPLATE("vtanh is within 3 ulp", T, float, double) {
  check<T>(tanh_, std_tanh, 3, -20, 20);
  check<T>(tanh_, std_tanh, 3, -0.7, 0.7);
}

TEST_CASE_TEMPLATE("vsigmoid is within 3 ulp", T, float, double) {
  check<T>(sigmoid_, std_sigmoid, 3, sizeof(T) == 4 ? -89 : -709, 40);
  check<T>(sigmoid_, std_sigmoid, 3, -40, 5);
}

TEST_CASE_TEMPLATE("verf is within 4 ulp", T, float, double) {
  check<T>(erf_, std_erf, 4, -7, 7);
  check<T>(erf_, std_erf, 4, -1.1, 1.1);
}

TEST_CASE_TEMPLATE("vtanh_and_sigmoid are within 4 ulp of both", T, float, double) {
  constexpr auto tanh_part = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vtanh_and_sigmoid(x, x)[0]; };
  constexpr auto sigmoid_part = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vtanh_and_sigmoid(-x, x)[1]; };
  check<T>(tanh_part, std_tanh, 4, -10, 10);
  check<T>(sigmoid_part, std_sigmoid, 4, -20, 20);
}

TEST_CASE_TEMPLATE("the slopes of a gate's halves are within 7 ulp, also where both are 0 or 1 but for a rounding", T,
                   float, double) {
  constexpr auto tanh_slope = [](auto x)
                                  INKLING_LAMBDA_INLINE { return kernels::vtanh_and_sigmoid_with_slopes(x, x)[2]; };
  constexpr auto sigmoid_slope = [](auto x)
                                     INKLING_LAMBDA_INLINE { return kernels::vtanh_and_sigmoid_with_slopes(-x, x)[3]; };
  constexpr auto std_tanh_slope = [](auto x) { return 1 / (std::cosh(x) * std::cosh(x)); };
  constexpr auto std_sigmoid_slope = [](auto x) { return 1 / (4 * std::cosh(x / 2) * std::cosh(x / 2)); };
  check<T>(tanh_slope, std_tanh_slope, 7, -40, 40);
  check<T>(sigmoid_slope, std_sigmoid_slope, 7, -80, 80);
}

TEST_CASE_TEMPLATE("vsoftplus is within 3 ulp, also where it is e^x", T, float, double) {
  check<T>(softplus_, std_softplus, 3, sizeof(T) == 4 ? -87 : -708, 40);
  check<T>(softplus_, std_softplus, 3, -3, 3);
  CHECK(std::abs(kernels::vsoftplus(-15.0f) / 3.0590227e-7f - 1) < 1e-6f);  // ln(1 + e⁻¹⁵)
  CHECK(std::abs(kernels::vsoftplus(-38.0) / 3.139132792048029e-17 - 1) < 1e-14);
  CHECK(kernels::vsoftplus(std::numeric_limits<T>::max()) == std::numeric_limits<T>::max());
}

TEST_CASE_TEMPLATE("vgauss is within 3 ulp: rounding the square costs nothing", T, float, double) {
  check<T>(gauss_, std_gauss, 3, sizeof(T) == 4 ? -9.3 : -26.6, 5);
}

TEST_CASE_TEMPLATE("vnormal is within 9 ulp in both tails", T, float, double) {
  constexpr auto std_cdf = [](auto x) { return std::erfc(-x * std::sqrt(decltype(x)(0.5))) / 2; };
  constexpr auto std_density = [](auto x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(decltype(x)(-1))); };
  constexpr auto cdf = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vnormal(x)[0]; };
  constexpr auto density = [](auto x) INKLING_LAMBDA_INLINE { return kernels::vnormal(x)[1]; };
  check<T>(cdf, std_cdf, 9, sizeof(T) == 4 ? -12.5 : -37, 20);
  check<T>(cdf, std_cdf, 9, -2, 2);
  check<T>(density, std_density, 4, sizeof(T) == 4 ? -13 : -37, 13);
}

TEST_CASE_TEMPLATE("slopes keep their digits", T, float, double) {
  for (const T x : {T(-30), T(-3), T(0), T(3), T(30)}) {
    const Wide<T> e = std::exp(-std::abs(Wide<T>(x))), s = (x < 0 ? e : 1) / (1 + e), rest = (x < 0 ? 1 : e) / (1 + e);
    CHECK(ulps<T>(kernels::vsigmoid_and_slope(x)[0], s) <= 4);
    CHECK(ulps<T>(kernels::vsigmoid_and_slope(x)[1], s * rest) <= 5);
    CHECK(ulps<T>(kernels::vsilu_slope(x), s * (1 + Wide<T>(x) * rest)) <= 6);
    const Wide<T> c = std::cosh(Wide<T>(x));
    CHECK(ulps<T>(kernels::vtanh_slope(x), 1 / c / c) <= 5);
  }
}

TEST_CASE_TEMPLATE("math: what the ends are", T, float, double) {
  using kernels::verf, kernels::vexp, kernels::vlog, kernels::vsigmoid, kernels::vtanh;
  CHECK(vexp(T(0)) == 1);
  CHECK(vlog(T(1)) == 0);
  CHECK(vtanh(T(0)) == 0);
  CHECK(vsigmoid(T(0)) == T(0.5));
  CHECK(verf(T(0)) == 0);
  CHECK(vexp(infinity<T>) == infinity<T>);
  CHECK(vexp(-infinity<T>) == 0);
  CHECK(vexp(T(1000)) == infinity<T>);
  CHECK(vexp(T(-1000)) == 0);
  CHECK(vexp(T(sizeof(T) == 4 ? -88 : -709)) == 0);  // below the normal numbers
  CHECK(vlog(T(0)) == -infinity<T>);
  CHECK(vlog(infinity<T>) == infinity<T>);
  CHECK(std::isnan(vlog(T(-1))));
  CHECK(std::isnan(vlog(-infinity<T>)));
  for (const T big : {T(1000), infinity<T>}) {
    CHECK(vtanh(big) == 1);
    CHECK(vtanh(-big) == -1);
    CHECK(vsigmoid(big) == 1);
    CHECK(vsigmoid(-big) == 0);
    CHECK(verf(big) == 1);
    CHECK(kernels::vnormal(big)[0] == 1);
    CHECK(kernels::vnormal(-big)[0] == 0);
    CHECK(kernels::vnormal(-big)[1] == 0);
    CHECK(verf(-big) == -1);
  }
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const T y : {vexp(nan), vlog(nan), vtanh(nan), vsigmoid(nan), verf(nan), kernels::vnormal(nan)[0]}) {
    CHECK(std::isnan(y));
  }
}

TEST_CASE_TEMPLATE("math: tanh and erf are odd to the bit", T, float, double) {
  int uneven = 0;
  for (T x : arguments<T>(0, 8)) {
    if (std::isnan(x)) continue;
    uneven += kernels::vtanh(-x) != -kernels::vtanh(x);
    uneven += kernels::verf(-x) != -kernels::verf(x);
  }
  CHECK(uneven == 0);
}

TEST_CASE("math: horner and blend") {
  static_assert(kernels::detail::horner(2.0, {3.0, 5.0, 7.0}) == 3 * 4 + 5 * 2 + 7);
  static_assert(kernels::detail::blend(true, 1.5f, 2.5f) == 1.5f);
  static_assert(kernels::detail::blend(false, 1.5, 2.5) == 2.5);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(kernels::detail::blend(false, nan, 2.0f) == 2);  // what is not taken leaves no trace
}

}  // namespace math_test
