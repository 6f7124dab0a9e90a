#include "inkling/kernels/math.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace ink::kernels;

namespace {

/// The distance of y from the exact value in units of the last place of T.
template <class T>
double ulps(T y, long double exact) {
  const T rounded = static_cast<T>(exact);
  const T next = std::nextafter(std::abs(rounded), std::numeric_limits<T>::infinity());
  return static_cast<double>(std::abs(static_cast<long double>(y) - exact) /
                             (static_cast<long double>(next) - std::abs(static_cast<long double>(rounded))));
}

/// The worst of 100,000 places evenly spread over [low, high].
template <class T, class F, class Exact>
double worst(F f, Exact exact, double low, double high) {
  double largest = 0;
  for (int i = 0; i <= 100000; ++i) {
    const T x = static_cast<T>(low + (high - low) * i / 100000);
    largest = std::max(largest, ulps(f(x), exact(static_cast<long double>(x))));
  }
  return largest;
}

constexpr auto exact_sigmoid = [](long double x) { return 1 / (1 + std::exp(-x)); };

}  // namespace

TEST_CASE_TEMPLATE("Functions stay within the units of the last place that the header states", T, float, double) {
  const double far = sizeof(T) == 4 ? 80 : 700;
  const auto exact = [](auto f) { return [f](long double x) { return f(x); }; };
  CHECK(worst<T>([](T x) { return vexp(x); }, exact([](long double x) { return std::exp(x); }), -far, far) <= 2);
  CHECK(worst<T>([](T x) { return vexp(x); }, exact([](long double x) { return std::exp(x); }), -2, 2) <= 2);
  CHECK(worst<T>([](T x) { return vlog(x); }, exact([](long double x) { return std::log(x); }), 1e-6, 4) <= 2);
  CHECK(worst<T>([](T x) { return vlog(x); }, exact([](long double x) { return std::log(x); }), 1, 1e30) <= 2);
  CHECK(worst<T>([](T x) { return vtanh(x); }, exact([](long double x) { return std::tanh(x); }), -10, 10) <= 3);
  CHECK(worst<T>([](T x) { return vsigmoid(x); }, exact_sigmoid, -20, 20) <= 3);
  CHECK(worst<T>([](T x) { return verf(x); }, exact([](long double x) { return std::erf(x); }), -5, 5) <= 4);
}

TEST_CASE_TEMPLATE("Infinities, zeros and NaN behave as in the C library", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(vexp(infinity) == infinity);
  CHECK(vexp(-infinity) == 0);
  CHECK(vexp(T(0)) == 1);
  CHECK(vexp(T(1e4)) == infinity);
  CHECK(std::isnan(vexp(nan)));
  CHECK(vlog(T(0)) == -infinity);
  CHECK(vlog(T(1)) == 0);
  CHECK(vlog(infinity) == infinity);
  CHECK(std::isnan(vlog(T(-1))));
  CHECK(std::isnan(vlog(nan)));
  CHECK(vtanh(infinity) == 1);
  CHECK(vtanh(-infinity) == -1);
  CHECK(std::isnan(vtanh(nan)));
  CHECK(vsigmoid(infinity) == 1);
  CHECK(vsigmoid(-infinity) == 0);
  CHECK(std::isnan(vsigmoid(nan)));
  CHECK(verf(infinity) == 1);
  CHECK(verf(-infinity) == -1);
  CHECK(std::isnan(verf(nan)));
}
