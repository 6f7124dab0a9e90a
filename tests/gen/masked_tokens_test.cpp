#include "inkling/gen/token/masked_tokens.hpp"

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

namespace masked_tokens_test {

using namespace ink;

TEST_CASE("A missing pixel is not shown as grey") {
  const Tensor<std::int32_t, 3> tokens(Shape{1, 1, 4}, {0, missing_token, 2, 1});
  CHECK(known_pixels<float>(tokens, 3) == Tensor<float, 4>(Shape{1, 1, 4, 2}, {-1, 1, 0, 0, 1, 1, 0, 1}));
}

TEST_CASE("Tokens that no level has are refused") {
  const Tensor<std::int32_t, 3> tokens(Shape{1, 2, 1}, {0, 3});
  CHECK_THROWS_WITH(known_pixels<float>(tokens, 3),
                    "known_pixels: tokens(0, 1, 0) is 3; it must be in [0, 3), or missing_token");
  CHECK_THROWS_AS(known_pixels<float>(tokens, 1), ValueError);
}

TEST_CASE("The highest priority is filled in first, of equal ones the first, and NaN last") {
  const Tensor<std::int32_t, 3> tokens(Shape{1, 1, 6}, missing_token), drawn(Shape{1, 1, 6}, {0, 1, 2, 3, 4, 5});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor<double, 3> priority(Shape{1, 1, 6}, {1, nan, 2, 1, 3, nan});
  const Index order[] = {4, 2, 0, 3, 1, 5};
  auto expected = tokens;
  for (Index n = 0; n < 6; ++n) {
    CHECK(detail::fill_missing(tokens, drawn, priority, [&](const auto&) { return n; }) == expected);
    expected(0, 0, order[n]) = static_cast<std::int32_t>(order[n]);
  }
}

}  // namespace masked_tokens_test
