#include "inkling/nn/norm.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace norm_test {

using namespace ink;
using namespace ink::testing;

static_assert(LayerNorm<>::out_shape({.width = 4}, Shape<3>{2, 3, 4}) == Shape<3>{2, 3, 4});
static_assert(GroupNorm<>::out_shape({.channels = 16}, Shape<4>{2, 3, 3, 16}) == Shape<4>{2, 3, 3, 16});

namespace {

constexpr auto call = [](const auto& m, const auto& x) { return m(x); };

}  // namespace

TEST_CASE("norms: closed forms at the initial values") {
  const Tensor<double, 2> x(Shape{1, 4}, {1, 2, 3, 6});  // mean 3, variance 3.5, mean square 12.5
  const LayerNorm<double> layer({.width = 4});
  CHECK(layer(x)(0, 3) == doctest::Approx(3 / std::sqrt(3.5 + 1e-5)).epsilon(1e-12));
  const RmsNorm<double> rms({.width = 4});
  CHECK(rms(x)(0, 3) == doctest::Approx(6 / std::sqrt(12.5 + 1e-6)).epsilon(1e-12));
  const GroupNorm<double> group({.channels = 4, .groups = 2});
  CHECK(group(x)(0, 3) == doctest::Approx(1.5 / std::sqrt(2.25 + 1e-5)).epsilon(1e-12));
  const LayerNorm<double> plain({.width = 4, .affine = false});
  CHECK(plain(x) == layer(x));
  CHECK(parameter_count(plain) == 0);
  CHECK(parameter_count(layer) == 8);
}

TEST_CASE("norms: gradients") {
  const auto x = normal<double>(Shape{2, 3, 4}, Key{1});
  CHECK(module_gradcheck(randomized(LayerNorm<double>({.width = 4})), call, x) < 1e-7);
  CHECK(module_gradcheck(LayerNorm<double>({.width = 4, .affine = false}), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(RmsNorm<double>({.width = 4})), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(GroupNorm<double>({.channels = 4, .groups = 2})), call, x) < 1e-7);
  CHECK(module_gradcheck(randomized(GroupNorm<double>({.channels = 4, .groups = 2})), call,
                         normal<double>(Shape{2, 2, 2, 4}, Key{1})) < 1e-7);
}

TEST_CASE("norms: errors") {
  CHECK(message_of<ShapeError>([] { LayerNorm<float>({.width = 4})(Tensor<float, 2>(Shape{2, 3})); }) ==
        "layer_norm: x is (2, 3), width is 4; x[1] must equal width");
  CHECK(message_of<ShapeError>([] { RmsNorm<float>({.width = 4})(Tensor<float, 2>(Shape{2, 3})); }) ==
        "rms_norm: x is (2, 3), width is 4; x[1] must equal width");
  CHECK(message_of<ShapeError>([] { GroupNorm<float>({.channels = 8})(Tensor<float, 2>(Shape{2, 4})); }) ==
        "group_norm: x is (2, 4), channels is 8; x[1] must equal channels");
  CHECK(message_of<ValueError>([] { GroupNorm<float>({.channels = 12}); }) ==
        "group_norm: channels is 12, groups is 8; groups must divide channels");
}

}  // namespace norm_test
