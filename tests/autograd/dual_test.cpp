#include "inkling/autograd/dual.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace dual_test {

using namespace ink;

namespace {

using D = Dual<double, 1>;

/// The slope that a formula's dual number carries at x, against given value and slope.
template <class F>
void check(const char* name, F f, double x, double expected, double slope) {
  CAPTURE(std::string(name));
  CAPTURE(x);
  const D y = f(D::variable(x, 0));
  CHECK(std::abs(y.v - expected) <= 2e-15 * std::max(1.0, std::abs(expected)));
  CHECK(std::abs(y.d[0] - slope) <= 4e-15 * std::max(1.0, std::abs(slope)));
  const Dual<double, 0> plain = f(Dual<double, 0>(x));
  CHECK(plain.v == y.v);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846); }
double distribution(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

}  // namespace

TEST_CASE("dual: arithmetic in two directions") {
  using D2 = Dual<double, 2>;
  const D2 x = D2::variable(3, 0), y = D2::variable(2, 1);
  const D2 z = (x * y - x / y) + 2 * x - y;
  CHECK(z.v == 3 * 2 - 1.5 + 6 - 2);
  CHECK(z.d[0] == 2 - 0.5 + 2);
  CHECK(z.d[1] == 3 + 3.0 / 4 - 1);
  CHECK((-x).d[0] == -1);
  CHECK((x > y));
  CHECK((y <= 2));
}

TEST_CASE("dual: values and slopes of the functions, against their closed forms") {
  for (const double x : {-2.5, -0.5, 0.3, 1.7}) {
    const double s = logistic(x), t = std::tanh(x);
    check("exp", [](auto v) { return exp(v); }, x, std::exp(x), std::exp(x));
    check("square", [](auto v) { return square(v); }, x, x * x, 2 * x);
    check("reciprocal", [](auto v) { return reciprocal(v); }, x, 1 / x, -1 / (x * x));
    check("abs", [](auto v) { return abs(v); }, x, std::abs(x), x < 0 ? -1 : 1);
    check("sin", [](auto v) { return sin(v); }, x, std::sin(x), std::cos(x));
    check("cos", [](auto v) { return cos(v); }, x, std::cos(x), -std::sin(x));
    check("tanh", [](auto v) { return tanh(v); }, x, t, 1 - t * t);
    check("sigmoid", [](auto v) { return sigmoid(v); }, x, s, s * (1 - s));
    check("softplus", [](auto v) { return softplus(v); }, x, std::log1p(std::exp(x)), s);
    check("erf", [](auto v) { return erf(v); }, x, std::erf(x), 2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x));
    check("relu", [](auto v) { return relu(v); }, x, x > 0 ? x : 0, x > 0 ? 1 : 0);
    check("silu", [](auto v) { return silu(v); }, x, x * s, s + x * s * (1 - s));
    check("gelu", [](auto v) { return gelu(v); }, x, x * distribution(x), distribution(x) + x * density(x));
    const double c = std::sqrt(2 / std::acos(-1.0)), u = std::tanh(c * (x + 0.044715 * x * x * x));
    check("gelu_tanh", [](auto v) { return gelu_tanh(v); }, x, 0.5 * x * (1 + u),
          0.5 * (1 + u) + 0.5 * x * (1 - u * u) * c * (1 + 3 * 0.044715 * x * x));
    check("clamp", [](auto v) { return clamp(v, -1.0, 1.0); }, x, std::min(std::max(x, -1.0), 1.0),
          std::abs(x) < 1 ? 1 : 0);
    check("max", [](auto v) { return max(v, decltype(v)(0.1)); }, x, std::max(x, 0.1), x > 0.1 ? 1 : 0);
    check("min", [](auto v) { return min(v, decltype(v)(0.1)); }, x, std::min(x, 0.1), x > 0.1 ? 0 : 1);
  }
  for (const double x : {0.3, 4.0}) {
    check("log", [](auto v) { return log(v); }, x, std::log(x), 1 / x);
    check("sqrt", [](auto v) { return sqrt(v); }, x, std::sqrt(x), 0.5 / std::sqrt(x));
    check("pow", [](auto v) { return pow(v, 2.5); }, x, std::pow(x, 2.5), 2.5 * std::pow(x, 1.5));
  }
}

TEST_CASE("dual: where formulas could overflow or divide by zero") {
  check("softplus", [](auto v) { return softplus(v); }, 800.0, 800, 1);
  check("softplus", [](auto v) { return softplus(v); }, -800.0, 0, 0);
  check("sigmoid", [](auto v) { return sigmoid(v); }, -800.0, 0, 0);
  check("sigmoid", [](auto v) { return sigmoid(v); }, 800.0, 1, 0);
  check("tanh", [](auto v) { return tanh(v); }, 800.0, 1, 0);
  check("pow 0", [](auto v) { return pow(v, 0.0); }, 0.0, 1, 0);
  check("pow 2", [](auto v) { return pow(v, 2.0); }, 0.0, 0, 0);
  check("relu", [](auto v) { return relu(v); }, 0.0, 0, 0);
}

TEST_CASE_TEMPLATE("dual: NaN stays NaN in every function, value and slope", T, float, double) {
  using One = Dual<T, 1>;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  int kept = 0, functions = 0;
  const auto keeps = [&](auto f) {
    ++functions;
    const One y = f(One::variable(nan, 0));
    kept += std::isnan(y.v) && std::isnan(y.d[0]) && std::isnan(f(Dual<T, 0>(nan)).v);
  };
  keeps([](auto x) { return exp(x); });
  keeps([](auto x) { return log(x); });
  keeps([](auto x) { return sqrt(x); });
  keeps([](auto x) { return square(x); });
  keeps([](auto x) { return reciprocal(x); });
  keeps([](auto x) { return abs(x); });
  keeps([](auto x) { return sin(x); });
  keeps([](auto x) { return cos(x); });
  keeps([](auto x) { return tanh(x); });
  keeps([](auto x) { return sigmoid(x); });
  keeps([](auto x) { return softplus(x); });
  keeps([](auto x) { return erf(x); });
  keeps([](auto x) { return relu(x); });
  keeps([](auto x) { return silu(x); });
  keeps([](auto x) { return gelu(x); });
  keeps([](auto x) { return gelu_tanh(x); });
  keeps([](auto x) { return clamp(x, -1, 1); });
  keeps([](auto x) { return pow(x, 2); });
  keeps([](auto x) { return pow(x, 0); });
  CHECK(functions == 19);
  CHECK(kept == functions);

  using Two = Dual<T, 2>;
  for (const auto [a, b] : {std::array{nan, T(1)}, {T(1), nan}, {nan, nan}, {nan, -nan}}) {
    const Two u = Two::variable(a, 0), v = Two::variable(b, 1);
    for (const Two& y : {max(u, v), min(u, v), u + v, u - v, u * v, u / v}) CHECK(std::isnan(y.v));
    for (const Two& y : {max(u, v), min(u, v)}) {
      CHECK(std::isnan(y.d[0]));
      CHECK(std::isnan(y.d[1]));
    }
  }
  CHECK(select(true, One(T(2)), One(nan)).v == 2);
}

TEST_CASE("dual: signed zeros and the largest numbers") {
  const auto slope = [](auto f, float x) { return f(Dual<float, 1>::variable(x, 0)).d[0]; };
  const float infinity = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
  CHECK(!std::signbit(abs(Dual<float, 0>(-0.0f)).v));
  CHECK(slope([](auto x) { return sqrt(x); }, -0.0f) == infinity);
  CHECK(slope([](auto x) { return log(x); }, -0.0f) == infinity);
  CHECK(slope([](auto x) { return gelu_tanh(x); }, largest) == 1);  // not infinity times 0
  CHECK(slope([](auto x) { return gelu_tanh(x); }, -largest) == 0);
  CHECK(slope([](auto x) { return silu(x); }, -largest) == 0);
  CHECK(slope([](auto x) { return gelu(x); }, largest) == 1);
  CHECK(softplus(Dual<float, 0>(largest)).v == largest);
  CHECK(slope([](auto x) { return tanh(x); }, 12.0f) == doctest::Approx(1.510005e-10).epsilon(1e-6));
  CHECK(slope([](auto x) { return sigmoid(x); }, 30.0f) == doctest::Approx(9.357623e-14).epsilon(1e-6));
}

TEST_CASE("dual: select takes value and slope from one side") {
  const D a = D::variable(2, 0), b(5);
  CHECK(select(true, a, b).d[0] == 1);
  CHECK(select(false, a, b).v == 5);
  CHECK(select(false, a, b).d[0] == 0);
}

}  // namespace dual_test
