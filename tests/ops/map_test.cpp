#include "inkling/ops/map.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "inkling/ops/elementwise.hpp"
#include "operation_checks.hpp"

namespace map_test {

using namespace ink;
using namespace ink::testing;

namespace {

constexpr auto one = [](auto v) { return v * sigmoid(v) + 3.0 * exp(-v); };
constexpr auto two = [](auto u, auto v) { return u * tanh(v) - v / (2.0 + square(u)); };
constexpr auto three = [](auto u, auto v, auto w) { return select(u < v, u * w, v - w) + sin(u * v); };

constexpr auto smooth = [](auto u, auto v, auto w) { return u * tanh(v) * w - w / (2.0 + square(u)); };

double reference(double u, double v, double w) { return (u < v ? u * w : v - w) + std::sin(u * v); }

}  // namespace

TEST_CASE("map: gradients of formulas of one input") {
  for (const auto& shape : {Shape{3, 5}, Shape{1, 7}, Shape{1, 1}, Shape{0, 4}, Shape{65, 1}}) {
    CHECK(gradcheck([](const auto& x) { return map(one, x); }, normal<double>(shape, Key{1})) < 1e-8);
  }
  CHECK(gradcheck([](const auto& x) { return map(one, x); }, Tensor<double, 0>(0.3)) < 1e-8);
}

TEST_CASE("map: gradients of formulas of two inputs, broadcast") {
  struct Shapes {
    Shape<3> u;
    Shape<2> v;
  };
  for (const auto& [u, v] : {Shapes{{2, 3, 5}, {3, 5}},
                             {{2, 3, 5}, {1, 5}},
                             {{2, 1, 5}, {3, 1}},
                             {{1, 1, 1}, {3, 7}},
                             {{2, 3, 1}, {1, 1}},
                             {{2, 0, 3}, {1, 3}},
                             {{2, 1, 3}, {0, 1}}}) {
    const auto f = [](const auto& x, const auto& y) { return map(two, x, y); };
    const auto a = normal<double>(u, Key{1});
    const auto b = normal<double>(v, Key{2});
    CHECK(gradcheck(f, a, b) < 1e-8);
    CHECK(gradcheck(f, b, a) < 1e-8);
  }
}

TEST_CASE("map: gradients of inputs that are repeated along neighbouring axes") {
  const auto f = [](const auto& x, const auto& y, const auto& z) { return map(smooth, x, y, z); };
  const auto whole = normal<double>(Shape{3, 4, 2, 17}, Key{1});
  // Alike, so that both are added up on the way: in the middle, in front; rows of 16 at least, and shorter.
  CHECK(gradcheck(f, whole, normal<double>(Shape{3, 1, 1, 17}, Key{2}), normal<double>(Shape{3, 1, 1, 17}, Key{3})) <
        1e-8);
  CHECK(gradcheck(f, whole, normal<double>(Shape{17}, Key{2}), normal<double>(Shape{1, 1, 17}, Key{3})) < 1e-8);
  CHECK(gradcheck(f, whole, normal<double>(Shape{3, 1, 1, 1}, Key{2}), normal<double>(Shape{1}, Key{3})) < 1e-8);
  // Unlike.
  CHECK(gradcheck(f, whole, normal<double>(Shape{3, 1, 1, 17}, Key{2}), normal<double>(Shape{17}, Key{3})) < 1e-8);
  CHECK(gradcheck(f, whole, normal<double>(Shape{1, 4, 1, 17}, Key{2}), normal<double>(Shape{2, 17}, Key{3})) < 1e-8);
  CHECK(gradcheck(f, normal<double>(Shape{0, 4, 17}, Key{1}), normal<double>(Shape{17}, Key{2}),
                  normal<double>(Shape{17}, Key{3})) < 1e-8);
}

TEST_CASE("map: a long repetition is added up in pieces, the same at any number of threads") {
  const auto x = normal<float>(Shape{3, 700, 100}, Key{1}), dy = normal<float>(Shape{3, 700, 100}, Key{2});
  const auto g = normal<float>(Shape{3, 1, 100}, Key{3});
  const auto f = [](const auto& v, const auto& w) { return map(two, v, w); };
  const auto wide = [](const auto& t) { return t.template cast<double>(); };
  const auto exact = forward_backward(f, wide(dy), wide(x), wide(g));
  const auto once = forward_backward(f, dy, x, g);
  CHECK(max(abs(wide(std::get<2>(once)) - std::get<2>(exact))).item() < 1e-3);
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    const auto again = forward_backward(f, dy, x, g);
    CHECK(same_bits(std::get<1>(again), std::get<1>(once)));
    CHECK(same_bits(std::get<2>(again), std::get<2>(once)));
  }
  set_thread_count(1);
}

TEST_CASE("map: gradients of formulas of three inputs, of different ranks") {
  const auto f = [](const auto& x, const auto& y, const auto& z) { return map(three, x, y, z); };
  CHECK(gradcheck(f, normal<double>(Shape{2, 1, 3}, Key{1}), normal<double>(Shape{5, 1}, Key{2}),
                  normal<double>(Shape{1}, Key{3})) < 1e-8);
  CHECK(gradcheck(f, normal<double>(Shape{2, 3, 2, 5}, Key{1}), normal<double>(Shape{2, 1, 1, 5}, Key{2}),
                  normal<double>(Shape{3, 1, 1}, Key{3})) < 1e-8);
  CHECK(gradcheck(f, Tensor<double, 0>(0.5), normal<double>(Shape{7}, Key{2}), normal<double>(Shape{3, 7}, Key{3})) <
        1e-8);
}

TEST_CASE_TEMPLATE("map: the values are those of a scalar loop", T, float, double) {
  const auto u = normal<T>(Shape{4, 1, 33}, Key{1});
  const auto v = normal<T>(Shape{70, 1}, Key{2});
  const auto w = normal<T>(Shape{33}, Key{3});
  const auto y = map(three, u, v, w);
  REQUIRE(y.shape() == Shape<3>{4, 70, 33});
  double worst = 0;
  for (Index i = 0; i < 4; ++i) {
    for (Index j = 0; j < 70; ++j) {
      for (Index k = 0; k < 33; ++k) {
        const auto expected = reference(u(i, 0, k), v(j, 0), w(k));
        worst = std::max(worst, std::abs(static_cast<double>(y(i, j, k)) - expected));
      }
    }
  }
  CHECK(worst < (sizeof(T) == 4 ? 2e-6 : 1e-14));
}

TEST_CASE_TEMPLATE("map: any number of elements, of any rank", T, float, double) {
  const auto check = [](const auto& x) {
    const auto y = map([](auto v) { return 2.0 * v * v - v; }, x);
    REQUIRE(y.shape() == x.shape());
    double worst = 0;
    for (Index i = 0; i < x.size(); ++i) {
      const auto v = static_cast<double>(x.data()[i]);
      worst = std::max(worst, std::abs(static_cast<double>(y.data()[i]) - (2 * v * v - v)));
    }
    CHECK(worst < (sizeof(T) == 4 ? 2e-6 : 1e-14));
  };
  for (Index n : {0, 1, 63, 64, 65, 2048, 2049, 40000}) check(uniform<T>(Shape{n}, Key{1}, -1, 1));
  check(Tensor<T, 0>(T(0.5)));
  check(uniform<T>(Shape{2, 0, 3}, Key{1}, -1, 1));
  check(uniform<T>(Shape{2, 3, 7, 5}, Key{1}, -1, 1));
}

TEST_CASE("map: the shape that all stretch to") {
  const auto shape = [](const auto&... x) { return map([](auto... v) { return (v + ...); }, x...).shape(); };
  const Tensor<float, 0> number(1.0f);
  const Tensor<float, 1> row(Shape{3}), none(Shape{0});
  const Tensor<float, 2> column(Shape{4, 1});
  CHECK(shape(number) == Shape<0>{});
  CHECK(shape(row, number) == Shape<1>{3});
  CHECK(shape(row, column) == Shape<2>{4, 3});
  CHECK(shape(column, none) == Shape<2>{4, 0});
  CHECK(shape(number, row, column) == Shape<2>{4, 3});
}

TEST_CASE("map: variables, tensors, constants and parameters side by side") {
  const auto a = normal<double>(Shape{2, 3}, Key{1});
  const auto b = normal<double>(Shape{3}, Key{2});
  const Parameter<double, 2> c(normal<double>(Shape{2, 1}, Key{3}));
  const auto whole = forward_backward([](const auto&... x) { return map(three, x...); },
                                      some_gradient<double>(Shape<2>{2, 3}), a, b, c.value);
  Tape tape;
  const auto x = tape.variable(a);
  const auto y = map(three, x, b, c.on(x));  // b: a tensor, which takes no gradient
  const auto gradients = tape.backward(pull(y, some_gradient<double>(Shape<2>{2, 3})));
  CHECK(y.value() == std::get<0>(whole));
  CHECK(gradients[x] == std::get<1>(whole));
  CHECK(gradients.of(c) == std::get<3>(whole));

  Tape other;
  const auto constant = other.constant(a);
  const auto v = other.variable(b);
  const auto z = map(three, constant, v, c.value);
  CHECK(other.backward(pull(z, some_gradient<double>(Shape<2>{2, 3})))[v] == std::get<2>(whole));
  CHECK_FALSE(map(two, constant, b).wants_gradient());
}

TEST_CASE("map: one input twice gets both gradients") {
  const auto x = normal<double>(Shape{5}, Key{1});
  Tape tape;
  const auto v = tape.variable(x);
  const auto gradient = tape.backward(pull(map([](auto p, auto q) { return p * q; }, v, v), x))[v];
  CHECK(difference(gradient, map([](auto p) { return 2.0 * p * p; }, x)) < 1e-15);
}

TEST_CASE("map: captured numbers are constants") {
  const double scale = 2.5;
  const auto x = normal<double>(Shape{5}, Key{1});
  const auto f = [scale](const auto& v) { return map([scale](auto u) { return scale * u * u; }, v); };
  CHECK(gradcheck(f, x) < 1e-8);
  CHECK(f(x)(3) == scale * x(3) * x(3));
}

TEST_CASE("map: the same bits at any number of threads and for a row alone") {
  const auto u = normal<float>(Shape{3, 90, 101}, Key{1});
  const auto v = normal<float>(Shape{3, 90, 1}, Key{2});
  const auto w = normal<float>(Shape{101}, Key{3});
  check_threads([](const auto&... x) { return map(three, x...); }, u, v, w);
  check_items<2>([&](const auto&... x) { return map(three, x..., w); }, u, v);
}

TEST_CASE("map: shapes that do not fit") {
  const auto add = [](auto u, auto v) { return u + v; };
  const Tensor<float, 2> x(Shape{2, 3});
  CHECK(message_of<ShapeError>([&] { map(add, x, Tensor<float, 1>(Shape{4})); }) ==
        "map: inputs are (2, 3) and (4); trailing extents must be equal or 1");
  CHECK_THROWS_AS(map(add, x, Tensor<float, 2>(Shape{3, 3})), ShapeError);
  CHECK_THROWS_AS(map(add, x, Tensor<float, 1>(Shape{0})), ShapeError);
  CHECK_THROWS_AS(map(add, x, Tensor<float, 1>(Shape{2})), ShapeError);
}

}  // namespace map_test
