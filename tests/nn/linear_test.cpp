#include "inkling/nn/linear.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace linear_test {

using namespace ink;
using namespace ink::testing;

static_assert(Linear<>::out_shape({.in = 3, .out = 5}, Shape<3>{2, 4, 3}) == Shape<3>{2, 4, 5});

TEST_CASE("Linear: y = x W + b by hand") {
  Linear<double> layer({.in = 2, .out = 3}, Key{1});
  layer.weight.value = Tensor<double, 2>(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  layer.bias->value = Tensor<double, 1>(Shape{3}, {0.5, 0, -1});
  const Tensor<double, 2> x(Shape{2, 2}, {1, 1, 2, -1});
  CHECK(layer(x) == Tensor<double, 2>(Shape{2, 3}, {5.5, 7, 8, -1.5, -1, -1}));
  layer.bias.reset();
  CHECK(layer(x) == Tensor<double, 2>(Shape{2, 3}, {5, 7, 9, -2, -1, 0}));
}

TEST_CASE("Linear: initial values lie within 1/√in, or are zero") {
  const Linear<float> layer({.in = 16, .out = 40}, Key{2});
  float largest = 0;
  for (float w : layer.weight.value.values()) largest = std::max(largest, std::abs(w));
  CHECK(largest <= 0.25f);
  CHECK(largest > 0.24f);
  CHECK(layer.bias->value != Tensor<float, 1>(Shape{40}));
  const Linear<float> zero({.in = 4, .out = 4, .zero_init = true}, Key{2});
  CHECK(zero(normal<float>(Shape{3, 4}, Key{3})) == Tensor<float, 2>(Shape{3, 4}));
}

TEST_CASE("Linear: gradients") {
  for (bool bias : {true, false}) {
    const Linear<double> layer({.in = 3, .out = 4, .bias = bias}, Key{4});
    const auto f = [](const auto& m, const auto& x) { return m(x); };
    CHECK(module_gradcheck(layer, f, normal<double>(Shape{2, 3}, Key{5})) < 1e-8);
    CHECK(module_gradcheck(layer, f, normal<double>(Shape{2, 2, 3}, Key{5})) < 1e-8);
  }
}

TEST_CASE("Linear: shapes, names and errors") {
  const Linear<float> layer({.in = 3, .out = 4}, Key{6});
  CHECK(layer(Tensor<float, 4>(Shape{2, 1, 5, 3})).shape() ==
        Linear<>::out_shape({.in = 3, .out = 4}, Shape<4>{2, 1, 5, 3}));
  CHECK(parameter_count(layer) == 16);
  CHECK(message_of<ShapeError>([&] { layer(Tensor<float, 2>(Shape{2, 5})); }) ==
        "linear: x is (2, 5), in is 3; x[1] must equal in");
  CHECK(message_of<ShapeError>([] { Linear<>::out_shape({.in = 3, .out = 4}, Shape<2>{2, 5}); }) ==
        "linear: x is (2, 5), in is 3; x[1] must equal in");
  CHECK(message_of<ValueError>([] { Linear<float>({.out = 4}, Key{1}); }) == "linear: in is 0; it must be at least 1");
}

}  // namespace linear_test
