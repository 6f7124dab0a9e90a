#include "inkling/metrics/sketch_overlap.hpp"

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "../support/drawing.hpp"

namespace sketch_overlap_test {

using namespace ink;
using ink::testing::drawing;
using metrics::intersection_over_union;
using Images = Tensor<std::uint8_t, 4>;

namespace {

/// A vertical line through a whole image.
Images line(Index column) {
  Images image({1, 10, 12, 1});
  for (Index y = 0; y < 10; ++y) image(0, y, column, 0) = 255;
  return image;
}

}  // namespace

TEST_CASE("overlap by hand") {
  const auto a = drawing({"##..", "##..", "...."}), b = drawing({".##.", ".##.", "...."});
  CHECK(intersection_over_union(a, b)(0) == doctest::Approx(2.0 / 6));
  CHECK(intersection_over_union(a, a)(0) == 1);
  CHECK(intersection_over_union(a, Images({1, 3, 4, 1}))(0) == 0);
  CHECK(intersection_over_union(Images({1, 3, 4, 1}), Images({1, 3, 4, 1}))(0) == 1);
  // Widened by one and cut off at the border, a is 3 x 3 at the left and b all of it.
  CHECK(intersection_over_union(a, b, 1)(0) == doctest::Approx(9.0 / 12));
}

TEST_CASE("the tolerance of a moved line") {
  const auto moved = [](Index by, Index tolerance) {
    return intersection_over_union(line(4), line(4 + by), tolerance)(0);
  };
  CHECK(moved(1, 0) == 0);
  CHECK(moved(0, 1) == 1);
  CHECK(moved(1, 1) == doctest::Approx(1.0 / 2));
  CHECK(moved(2, 1) == doctest::Approx(1.0 / 5));
  CHECK(moved(3, 1) == 0);
  CHECK(moved(3, 2) == doctest::Approx(2.0 / 8));
}

TEST_CASE("images do not touch each other") {
  Images a({2, 3, 3, 1}), b({2, 3, 3, 1});
  a(0, 2, 2, 0) = 1;  // any value but 0
  b(0, 2, 2, 0) = 200;
  b(1, 0, 0, 0) = 255;
  CHECK(intersection_over_union(a, b, 1) == Tensor<double, 1>(Shape{2}, {1, 0}));
  CHECK(intersection_over_union(a, b, std::numeric_limits<Index>::max())(0) == 1);
  CHECK(intersection_over_union(Images({0, 3, 3, 1}), Images({0, 3, 3, 1}), 1).empty());
}

TEST_CASE("overlap says what does not fit") {
  CHECK_THROWS_WITH_AS(intersection_over_union(Images({1, 3, 3, 1}), Images({1, 3, 4, 1})),
                       "intersection_over_union: a is (1, 3, 3, 1), b is (1, 3, 4, 1); both must be the same "
                       "(N, H, W, 1)",
                       ShapeError);
  CHECK_THROWS_AS(intersection_over_union(Images({1, 3, 3, 2}), Images({1, 3, 3, 2})), ShapeError);
  CHECK_THROWS_WITH_AS(intersection_over_union(Images({1, 3, 3, 1}), Images({1, 3, 3, 1}), -1),
                       "intersection_over_union: tolerance is -1; it must not be negative", ValueError);
}

}  // namespace sketch_overlap_test
