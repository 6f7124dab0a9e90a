#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "inkling/ops/elementwise.hpp"
#include "operation_checks.hpp"

namespace elementwise_functions_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// Values against `reference`, gradients against central differences, float against double; odd, single and empty axes.
template <class F, class Reference>
void check(F f, Reference reference, double low = -3, double high = 3) {
  const auto points = uniform<double>(Shape{9, 11}, Key{1}, low, high);
  auto expected = points;
  for (double& v : expected.mutable_values()) v = reference(v);
  CHECK(difference(f(points), expected) < 1e-14);
  for (const auto& shape : {Shape{3, 5}, Shape{1, 7}, Shape{65, 1}, Shape{0, 4}}) {
    check_gradients(f, uniform<float>(shape, Key{2}, low, high));
  }
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("exp, log, sqrt, square, reciprocal: values and gradients") {
  check([](const auto& x) { return exp(x); }, [](double x) { return std::exp(x); });
  check([](const auto& x) { return log(x); }, [](double x) { return std::log(x); }, 0.1, 5);
  check([](const auto& x) { return sqrt(x); }, [](double x) { return std::sqrt(x); }, 0.1, 5);
  check([](const auto& x) { return square(x); }, [](double x) { return x * x; });
  check([](const auto& x) { return reciprocal(x); }, [](double x) { return 1 / x; }, 0.3, 3);
  check([](const auto& x) { return reciprocal(x); }, [](double x) { return 1 / x; }, -3, -0.3);
}

TEST_CASE("tanh, sigmoid, softplus, erf: values and gradients") {
  check([](const auto& x) { return tanh(x); }, [](double x) { return std::tanh(x); });
  check([](const auto& x) { return sigmoid(x); }, logistic);
  check([](const auto& x) { return softplus(x); }, [](double x) { return std::log1p(std::exp(x)); });
  check([](const auto& x) { return erf(x); }, [](double x) { return std::erf(x); });
}

TEST_CASE("sin, cos, abs, relu: values and gradients") {
  check([](const auto& x) { return sin(x); }, [](double x) { return std::sin(x); });
  check([](const auto& x) { return cos(x); }, [](double x) { return std::cos(x); });
  check([](const auto& x) { return abs(x); }, [](double x) { return std::abs(x); });
  check([](const auto& x) { return relu(x); }, [](double x) { return std::max(x, 0.0); });
}

TEST_CASE("silu, gelu, gelu_tanh: values and gradients") {
  check([](const auto& x) { return silu(x); }, [](double x) { return x * logistic(x); });
  check([](const auto& x) { return gelu(x); }, [](double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; });
  check([](const auto& x) { return gelu_tanh(x); },
        [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))); });
}

TEST_CASE("functions of very large numbers neither overflow nor lose their slope") {
  const Tensor<float, 1> x(Shape{4}, {-1000.0f, -100.0f, 100.0f, 1000.0f});
  const auto run = [&](auto f) { return forward_backward(f, Tensor<float, 1>(Shape{4}, 1.0f), x); };
  const auto is = [](const auto& pair, const Tensor<float, 1>& y, const Tensor<float, 1>& slope) {
    return difference(std::get<0>(pair), y) < 1e-6 && difference(std::get<1>(pair), slope) < 1e-6;
  };
  const Tensor<float, 1> step(Shape{4}, {0.0f, 0.0f, 1.0f, 1.0f}), ramp(Shape{4}, {0.0f, 0.0f, 100.0f, 1000.0f});
  const Tensor<float, 1> flat(Shape{4}), sign(Shape{4}, {-1.0f, -1.0f, 1.0f, 1.0f});
  CHECK(is(run([](const auto& v) { return softplus(v); }), ramp, step));
  CHECK(is(run([](const auto& v) { return silu(v); }), ramp, step));
  CHECK(is(run([](const auto& v) { return gelu(v); }), ramp, step));
  CHECK(is(run([](const auto& v) { return gelu_tanh(v); }), ramp, step));
  CHECK(is(run([](const auto& v) { return relu(v); }), ramp, step));
  CHECK(is(run([](const auto& v) { return sigmoid(v); }), step, flat));
  CHECK(is(run([](const auto& v) { return tanh(v); }), sign, flat));
  CHECK(is(run([](const auto& v) { return erf(v); }), sign, flat));
}

TEST_CASE("functions let NaN through") {
  const Tensor<float, 1> nan(Shape{1}, {std::numeric_limits<float>::quiet_NaN()});
  for (const auto& y : {exp(nan), log(nan), tanh(nan), sigmoid(nan), softplus(nan), erf(nan), silu(nan), gelu(nan)}) {
    CHECK(std::isnan(y(0)));
  }
}

}  // namespace elementwise_functions_test
