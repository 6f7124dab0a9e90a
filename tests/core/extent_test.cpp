#include "inkling/core/extent.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "inkling/core/shape.hpp"

namespace extent_test {

using namespace ink;
using detail::Extent;

namespace {

constexpr Index most = std::numeric_limits<Index>::max(), least = std::numeric_limits<Index>::min();

}  // namespace

TEST_CASE("Extent: sums and products as those of integers, up to 2^48") {
  static_assert(((Extent(28) + 2) * 5 + 2).value() == 152);
  static_assert((Extent(1 << 24) * (1 << 24)).value() == Extent::largest);
  CHECK(!(Extent(1 << 24) * ((1 << 24) + 1)).fits());
  CHECK(!(Extent(Extent::largest) + 1).fits());
  CHECK((Extent(Extent::largest) * 0 + 7).value() == 7);
  for (const Index a : {Index{0}, Index{1}, Index{3}, Index{1} << 20, Index{1} << 47, Extent::largest}) {
    for (const Index b : {Index{0}, Index{1}, Index{5}, Index{1} << 28, (Index{1} << 28) + 1, Extent::largest}) {
      const long double exact = static_cast<long double>(a) * static_cast<long double>(b);
      CHECK((Extent(a) * b).value() == (exact <= Extent::largest ? static_cast<Index>(exact) : -1));
      CHECK((Extent(a) + b).value() == (a + b <= Extent::largest ? a + b : -1));
    }
  }
}

TEST_CASE("Extent: what left the range never comes back, and nothing wraps around") {
  for (const Index bad : {Index{-1}, least, most, Extent::largest + 1}) {
    CHECK(!Extent(bad).fits());
    CHECK(!(Extent(bad) * 0).fits());
    CHECK(!(Extent(0) * bad).fits());
    CHECK(!(Extent(bad) + 1).fits());
    CHECK(!(Extent(1) + bad).fits());
  }
  CHECK(!(Extent(Index{1} << 47) * (Index{1} << 47) * 4).fits());
}

TEST_CASE("checked_product: the product, or an error with the factors") {
  static_assert(detail::checked_product("crop", "height x columns", 28, 28, 3) == 2352);
  CHECK_THROWS_WITH_AS(detail::checked_product("gpt", "height x columns", Index{1} << 32, Index{1} << 32),
                       "gpt: height x columns is 4294967296 x 4294967296; it must be in [0, 2^48]", ShapeError);
  CHECK_THROWS_WITH_AS(detail::checked_product("mlp", "4 x width", 4, -2),
                       "mlp: 4 x width is 4 x -2; it must be in [0, 2^48]", ShapeError);
}

TEST_CASE("sizes of shapes do not wrap around") {
  constexpr Index big = Index{1} << 32;
  CHECK_THROWS_WITH_AS((Shape{big, big}.size()),
                       "size: shape is (4294967296, 4294967296); the product of its extents must be below 2^63",
                       ShapeError);
  CHECK_THROWS_AS((Shape{least, Index{-1}}.size()), ShapeError);
  CHECK(Shape{big, Index{3}}.size() == 3 * big);
  CHECK(Shape{-2, 3}.size() == -6);
}

}  // namespace extent_test
