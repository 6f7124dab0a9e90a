#include "inkling/nn/mlp.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace mlp_test {

using namespace ink;
using namespace ink::testing;

static_assert(Mlp<>::hidden({.width = 8}) == 32);
static_assert(SwiGlu<>::hidden({.width = 96}) == 256);
static_assert(SwiGlu<>::hidden({.width = 128}) == 344);  // 8/3 · 128 = 341.3
static_assert(SwiGlu<>::out_shape({.width = 8}, Shape<3>{2, 3, 8}) == Shape<3>{2, 3, 8});

namespace {

constexpr auto call = [](const auto& m, const auto& x) { return m(x); };

}  // namespace

TEST_CASE("Mlp: down(activation(up(x)))") {
  const auto x = normal<double>(Shape{2, 3}, Key{1});
  const Mlp<double, Relu> layer({.width = 3, .hidden = 5}, Key{2});
  CHECK(layer(x) == layer.down(relu(layer.up(x))));
  CHECK(parameter_count(layer) == 3 * 5 + 5 + 5 * 3 + 3);
}

TEST_CASE("Mlp and SwiGlu: gradients") {
  const auto x = normal<double>(Shape{2, 3, 3}, Key{3});
  CHECK(module_gradcheck(randomized(Mlp<double>({.width = 3}, Key{4})), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(Mlp<double, GeluTanh>({.width = 3}, Key{4})), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(Mlp<double, Silu>({.width = 3}, Key{4})), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(SwiGlu<double>({.width = 3}, Key{4})), call, x) < 1e-7);
}

TEST_CASE("SwiGlu: down(silu(gate(x)) · up(x)), without biases") {
  const auto x = normal<double>(Shape{2, 3}, Key{5});
  const SwiGlu<double> layer({.width = 3, .hidden = 4}, Key{6});
  const auto expected = layer.down(silu(layer.gate(x)) * layer.up(x)), y = layer(x);
  for (Index i = 0; i < y.size(); ++i) CHECK(y.data()[i] == doctest::Approx(expected.data()[i]).epsilon(1e-12));
  CHECK(parameter_count(layer) == 3 * 3 * 4);
}

TEST_CASE("Mlp: errors") {
  CHECK(message_of<ValueError>([] { Mlp<float>({}, Key{1}); }) == "linear: in is 0; it must be at least 1");
  CHECK(message_of<ShapeError>([] { Mlp<float>::out_shape({.width = 4}, Shape<2>{1, 3}); }) ==
        "mlp: x is (1, 3), width is 4; x[1] must equal width");
}

}  // namespace mlp_test
