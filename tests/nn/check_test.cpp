#include "inkling/nn/check.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"

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

}  // namespace check_test
