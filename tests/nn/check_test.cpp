#include "inkling/nn/check.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "inkling/nn/attention.hpp"
#include "inkling/nn/causal_conv.hpp"
#include "inkling/nn/conv.hpp"
#include "inkling/nn/gated.hpp"
#include "inkling/nn/mlp.hpp"

namespace check_test {

using namespace ink;
using testing::message_of;

namespace {

constexpr bool fits() {
  detail::require_positive("layer", "width", 1);
  detail::require_divides("layer", "heads", 2, "width", 6);
  detail::require_extent("layer", Shape<2>{8, 6}, -1, "width", 6);
  return true;
}
static_assert(fits(), "what holds may be checked while compiling");

}  // namespace

TEST_CASE("check: messages name the layer, the values and the rule") {
  CHECK(message_of<ValueError>([] { detail::require_positive("layer", "width", 0); }) ==
        "layer: width is 0; it must be at least 1");
  CHECK(message_of<ValueError>([] { detail::require_divides("layer", "heads", 4, "width", 6); }) ==
        "layer: width is 6, heads is 4; heads must divide width");
  CHECK(message_of<ValueError>([] { detail::require_divides("layer", "heads", 0, "width", 6); }) ==
        "layer: heads is 0; it must be at least 1");
  CHECK(message_of<ShapeError>([] { detail::require_extent("layer", Shape<2>{8, 6}, -1, "width", 5); }) ==
        "layer: x is (8, 6), width is 5; x[1] must equal width");
}

TEST_CASE("check: extents that layers work out of options do not wrap around") {
  for (const Index absurd :
       {Index{1} << 31, (Index{1} << 62) + 1, (Index{1} << 61) + 1, std::numeric_limits<Index>::max() - 1}) {
    CHECK_THROWS_AS(Mlp<float>({.width = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(SwiGlu<float>({.width = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(SelfAttention<float>({.width = absurd, .heads = 1}, Key{1}), ShapeError);
    CHECK_THROWS_AS(GatedBlock<float>({.width = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(GatedTwoStackBlock<float>({.width = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(Conv2d<float>({.in = 1, .out = 1, .kernel = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(Conv2d<float>({.in = absurd, .out = absurd}, Key{1}), ShapeError);
    CHECK_THROWS_AS(CausalConv2d<float>({.in = 1, .out = 1, .kernel = absurd | 1}, Key{1}), ShapeError);
    CHECK_THROWS_AS(Upsample<float>::out_shape({.in = 1, .out = 1, .factor = absurd}, {1, absurd, absurd, 1}),
                    ShapeError);
  }
  const Index most = std::numeric_limits<Index>::max();
  CHECK_THROWS_AS(Conv2d<float>({.in = 1, .out = 1, .padding = most}, Key{1}), ShapeError);
  CHECK_THROWS_AS(Conv2d<float>({.in = 1, .out = 1, .dilation = most}, Key{1}), ShapeError);
  CHECK_THROWS_AS(CausalConv2d<float>({.in = 1, .out = 1, .dilation = most}, Key{1}), ShapeError);
  CHECK_THROWS_AS(Conv2d<float>::out_shape({.in = 1, .out = 1}, {1, most, most, 1}), ShapeError);
}

}  // namespace check_test
