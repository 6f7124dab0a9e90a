#include "inkling/ops/elementwise.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/core/random.hpp"

using namespace ink;

namespace {

/// f of tensors against the same of numbers, and its gradient; no point lies at a kink.
template <class F, class Reference>
void check(const char* name, const F& f, const Reference& reference, double low = -3.05, double high = 3.1) {
  CAPTURE(name);
  const auto x = uniform<double>(Shape{5, 3}, Key{1}, low, high);
  const auto y = f(x);
  const auto single = f(x.cast<float>());
  for (Index i = 0; i < x.size(); ++i) {
    const double expected = reference(x.data()[i]);
    CHECK(y.data()[i] == doctest::Approx(expected).epsilon(1e-12));
    CHECK(static_cast<double>(single.data()[i]) == doctest::Approx(expected).epsilon(2e-6));
  }
  CHECK(gradcheck(f, x) < 1e-7);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

#define CHECK_FUNCTION(f, reference, ...) \
  check(#f, [](const auto& x) { return f; }, [](double x) { return reference; } __VA_OPT__(, ) __VA_ARGS__)

TEST_CASE("Functions of one tensor are those of the standard library") {
  CHECK_FUNCTION(exp(x), std::exp(x));
  CHECK_FUNCTION(log(x), std::log(x), 0.1, 4.0);
  CHECK_FUNCTION(sqrt(x), std::sqrt(x), 0.1, 4.0);
  CHECK_FUNCTION(square(x), x * x);
  CHECK_FUNCTION(reciprocal(x), 1 / x, 0.2, 3.0);
  CHECK_FUNCTION(abs(x), std::abs(x));
  CHECK_FUNCTION(tanh(x), std::tanh(x));
  CHECK_FUNCTION(erf(x), std::erf(x));
  CHECK_FUNCTION(sin(x), std::sin(x));
  CHECK_FUNCTION(cos(x), std::cos(x));
  CHECK_FUNCTION(pow(x, 2.5), std::pow(x, 2.5), 0.1, 3.0);
}

TEST_CASE("Activations follow their formulas") {
  CHECK_FUNCTION(sigmoid(x), logistic(x));
  CHECK_FUNCTION(softplus(x), std::log1p(std::exp(x)));
  CHECK_FUNCTION(relu(x), x > 0 ? x : 0);
  CHECK_FUNCTION(silu(x), x * logistic(x));
  CHECK_FUNCTION(gelu(x), 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))));
  CHECK_FUNCTION(gelu_tanh(x), 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))));
  CHECK_FUNCTION(clamp(x, -1, 2), std::min(2.0, std::max(-1.0, x)));
}

TEST_CASE("Tensors and numbers mix") {
  CHECK_FUNCTION(x + 2, x + 2);
  CHECK_FUNCTION(2 - x, 2 - x);
  CHECK_FUNCTION(x - 2, x - 2);
  CHECK_FUNCTION(3 * x, 3 * x);
  CHECK_FUNCTION(x / 4, x / 4);
  CHECK_FUNCTION(1 / x, 1 / x, 0.3, 3.0);
  CHECK_FUNCTION(-x, -x);
}

TEST_CASE("Two tensors: arithmetic, extremes and choices have gradients") {
  const auto a = normal<double>(Shape{4, 3}, Key{1});
  const auto b = normal<double>(Shape{3}, Key{2}) + 3.0;
  CHECK(gradcheck([](const auto& x, const auto& y) { return x + y; }, a, b) < 1e-8);
  CHECK(gradcheck([](const auto& x, const auto& y) { return x - y; }, a, b) < 1e-8);
  CHECK(gradcheck([](const auto& x, const auto& y) { return x * y; }, a, b) < 1e-8);
  CHECK(gradcheck([](const auto& x, const auto& y) { return x / y; }, a, b) < 1e-8);
  const auto c = normal<double>(Shape{4, 3}, Key{3});
  CHECK(gradcheck([](const auto& x, const auto& y) { return maximum(x, y); }, a, c) < 1e-8);
  CHECK(gradcheck([](const auto& x, const auto& y) { return minimum(x, y); }, a, c) < 1e-8);
  const auto mask = greater(a, 0.0);
  CHECK(gradcheck([&](const auto& x, const auto& y) { return where(mask, x, y); }, a, c) < 1e-8);
  CHECK(gradcheck([&](const auto& x) { return masked_fill(x, mask, -7); }, a) < 1e-8);
  const auto chosen = where(mask, a, c), filled = masked_fill(a, mask, -7);
  for (Index i = 0; i < a.size(); ++i) {
    CHECK(chosen.data()[i] == (a.data()[i] > 0 ? a.data()[i] : c.data()[i]));
    CHECK(filled.data()[i] == (a.data()[i] > 0 ? -7 : a.data()[i]));
  }
}
