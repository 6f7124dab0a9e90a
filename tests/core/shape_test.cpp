#include "inkling/core/shape.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>

namespace shape_test {

using namespace ink;

TEST_CASE("Shape: size, strides and text") {
  constexpr Shape<4> s{64, 28, 28, 3};
  static_assert(s.size() == 150528);
  CHECK(s.strides() == std::array<Index, 4>{2352, 84, 3, 1});
  CHECK(to_string(s) == "(64, 28, 28, 3)");
  CHECK(Shape<0>{}.size() == 1);
  CHECK(to_string(Shape<0>{}) == "()");
  CHECK(to_string(Shape{5}) == "(5)");
  CHECK(Shape{2, 0, 3}.size() == 0);
  CHECK(Shape<2>{}.size() == 0);
}

TEST_CASE("Shape: equality and writing") {
  Shape s{2, 3};
  CHECK(s == Shape{2, 3});
  s[1] = 4;
  CHECK(s != Shape{2, 3});
  CHECK(s[1] == 4);
}

TEST_CASE("axis_index counts from the end and refuses the outside") {
  CHECK(detail::axis_index(0, 3) == 0);
  CHECK(detail::axis_index(-1, 3) == 2);
  CHECK(detail::axis_index(-3, 3) == 0);
  CHECK_THROWS_WITH_AS(detail::axis_index(3, 3), "axis: 3 of a rank-3 tensor; it must be in [-3, 3)", ShapeError);
  CHECK_THROWS_AS(detail::axis_index(-4, 3), ShapeError);
  CHECK_THROWS_AS(detail::axis_index(0, 0), ShapeError);
}

TEST_CASE("which shapes can be allocated") {
  constexpr Index huge = Index{1} << 62;
  CHECK(detail::is_allocatable(Shape{Index{1} << 24, Index{1} << 24}));
  CHECK(detail::is_allocatable(Shape{0, 5}));
  CHECK(!detail::is_allocatable(Shape{(Index{1} << 24) + 1, Index{1} << 24}));
  CHECK(!detail::is_allocatable(Shape{huge, 4}));  // the product wraps around to 0
  CHECK(!detail::is_allocatable(Shape{Index{0}, huge, huge}));
  CHECK(!detail::is_allocatable(Shape{-1, -1}));
  CHECK(detail::is_allocatable(Shape<0>{}));
}

TEST_CASE("The place of an element, by its number in row-major order") {
  const Shape<3> shape{2, 3, 4};
  CHECK(detail::place_in(shape, 0) == Shape{0, 0, 0});
  CHECK(detail::place_in(shape, 23) == Shape{1, 2, 3});
  CHECK(detail::place_in(shape, 17) == Shape{1, 1, 1});
  CHECK(text(detail::place_in(shape, 17)) == "(1, 1, 1)");
}

}  // namespace shape_test
