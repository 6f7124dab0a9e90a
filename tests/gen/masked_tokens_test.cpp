#include "inkling/gen/token/masked_tokens.hpp"

#include <cstdint>

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

}  // namespace masked_tokens_test
