#include "inkling/ops/map.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/ops/elementwise.hpp"

using namespace ink;

namespace {

const auto gated = [](auto x, auto g) {
  using std::exp, std::tanh;
  return tanh(x) / (1.0 + exp(-g));
};

template <int R>
void check_unary(const Shape<R>& shape) {
  const auto x = normal<double>(shape, Key{1});
  const auto f = [](auto v) {
    using std::exp;
    return v * exp(-v * v);
  };
  const auto y = map(f, x);
  for (Index i = 0; i < x.size(); ++i) CHECK(y.data()[i] == doctest::Approx(f(x.data()[i])).epsilon(1e-14));
  CHECK(gradcheck([&](const auto& v) { return map(f, v); }, x) < 1e-8);
}

}  // namespace

TEST_CASE("A formula is applied to every element, of any number of them") {
  check_unary(Shape<0>{});
  for (Index n : {0, 1, 63, 64, 65, 130}) check_unary(Shape{n});
  check_unary(Shape{3, 1, 5});
  check_unary(Shape{2, 0, 3});
}

TEST_CASE("Two inputs of one shape, and of shapes that stretch to each other") {
  const auto check = [](const auto& x, const auto& g) {
    CHECK(gradcheck([](const auto& a, const auto& b) { return map(gated, a, b); }, x, g) < 1e-8);
  };
  check(normal<double>(Shape{4, 5}, Key{1}), normal<double>(Shape{4, 5}, Key{2}));
  const auto stretched = [](const auto& x, const auto& g) {
    CHECK(gradcheck([](const auto& a, const auto& b) { return (a + b) * b / (2.0 + square(b)); }, x, g) < 1e-8);
  };
  stretched(normal<double>(Shape{4, 5}, Key{1}), normal<double>(Shape{5}, Key{2}));
  stretched(normal<double>(Shape{3, 1, 5}, Key{1}), normal<double>(Shape{3, 4, 1}, Key{2}));
  stretched(normal<double>(Shape{2, 3, 7, 5}, Key{1}), normal<double>(Shape{2, 1, 1, 5}, Key{2}));
  stretched(normal<double>(Shape{3}, Key{1}), normal<double>(Shape<0>{}, Key{2}));
  stretched(normal<double>(Shape{0, 4}, Key{1}), normal<double>(Shape{1, 4}, Key{2}));
}

TEST_CASE("Three inputs, one of them not recorded") {
  const auto x = normal<double>(Shape{3, 4}, Key{1}), y = normal<double>(Shape{3, 4}, Key{2});
  const auto fixed = normal<double>(Shape{3, 4}, Key{3});
  const auto blend = [](auto a, auto b, auto c) { return a * b + c * (a - b); };
  CHECK(gradcheck([&](const auto& a, const auto& b) { return map(blend, a, b, fixed); }, x, y) < 1e-8);
}

TEST_CASE("Shapes that do not stretch to each other are refused") {
  const Tensor<float, 2> a(Shape{2, 3}), b(Shape{2, 4});
  CHECK_THROWS_AS(a + b, ShapeError);
}
