#include "inkling/data/stroke_shape.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "../support/drawing.hpp"
#include "inkling/core/view.hpp"

namespace stroke_shape_test {

using namespace ink;
using data::stroke_shapes;
using Images = Tensor<std::uint8_t, 4>;

namespace {

data::StrokeShape shape_of(const Images& image) { return stroke_shapes(image).at(0); }

Images rectangle(Index height, Index width) {
  Images image({1, 28, 28, 1});
  for (Index y = 0; y < height; ++y) {
    for (Index x = 0; x < width; ++x) image(0, 5 + y, 4 + x, 0) = 255;
  }
  return image;
}

}  // namespace

TEST_CASE("upright rectangles: the box is exact, the slant is zero") {
  for (const auto& [height, width] : {std::pair<Index, Index>{20, 3}, {3, 20}, {1, 9}, {9, 1}, {6, 6}, {1, 1}}) {
    const auto shape = shape_of(rectangle(height, width));
    CHECK(shape.width == static_cast<double>(width));
    CHECK(shape.height == static_cast<double>(height));
    CHECK(shape.slant == doctest::Approx(0));
  }
}

TEST_CASE("thickness of bars, whatever their direction") {
  for (const double thickness : {1.5, 2.0, 2.5, 3.0, 4.0, 5.0}) {
    for (const double slant : {-1.2, -0.8, -0.4, -0.2, 0.0, 0.1, 0.3, 0.6, 1.0, 1.5}) {
      const auto shape = shape_of(ink::testing::bar(32, thickness, 24, slant));
      CAPTURE(thickness);
      CAPTURE(slant);
      CHECK(shape.thickness == doctest::Approx(thickness / (1 + thickness / 24)).epsilon(thickness < 2 ? 0.35 : 0.08));
    }
  }
}

TEST_CASE("thickness of rectangles and rings") {
  CHECK(shape_of(rectangle(20, 3)).thickness == doctest::Approx(60.0 / 23).epsilon(0.03));
  CHECK(shape_of(rectangle(2, 20)).thickness == doctest::Approx(40.0 / 22).epsilon(0.03));
  CHECK(shape_of(rectangle(8, 8)).thickness == doctest::Approx(4).epsilon(0.05));
  for (const double thickness : {2.0, 3.0, 4.0}) {
    CHECK(shape_of(ink::testing::ring(28, thickness, 8)).thickness == doctest::Approx(thickness).epsilon(0.05));
  }
}

TEST_CASE("faint grey far from the ink does not count") {
  auto image = rectangle(20, 3);
  const double clean = shape_of(image).thickness;
  for (Index i = 0; i < image.size(); ++i) {
    if (image.data()[i] == 0 && i % 28 > 12) image.mutable_data()[i] = static_cast<std::uint8_t>(i % 3 * 20);
  }
  CHECK(shape_of(image).thickness == clean);
}

TEST_CASE("slant of bars") {
  for (const double slant : {-0.6, -0.3, -0.1, 0.0, 0.1, 0.3, 0.6}) {
    const auto shape = shape_of(ink::testing::bar(32, 2, 24, slant));
    CAPTURE(slant);
    CHECK(shape.slant == doctest::Approx(slant).epsilon(0.02).scale(1));
    CHECK(shape.height == doctest::Approx(24 * std::cos(slant) + 2 * std::abs(std::sin(slant))).epsilon(0.08));
    CHECK(shape.width == doctest::Approx(24 * std::abs(std::sin(slant)) + 2 * std::cos(slant)).epsilon(0.1).scale(10));
  }
  // A slash and a backslash.
  CHECK(shape_of(ink::testing::drawing({"..#", ".#.", "#.."})).slant > 0.5);
  CHECK(shape_of(ink::testing::drawing({"#..", ".#.", "..#"})).slant < -0.5);
}

TEST_CASE("specks do not stretch the box, and strokes do") {
  auto image = rectangle(20, 6);  // 120 pixels
  image(0, 1, 26, 0) = 255;
  CHECK(shape_of(image).width == 6);
  CHECK(shape_of(image).height == 20);
  for (Index x = 10; x < 14; ++x) image(0, 10, x, 0) = 255;
  CHECK(shape_of(image).width == 10);  // the speck is a hundredth of the ink, the speck and a column are not
  CHECK(shape_of(image).aspect() == doctest::Approx(10.0 / 20));
  CHECK(data::StrokeShape{}.aspect() == 0);
}

TEST_CASE("shapes move with the ink") {
  const auto small = ink::testing::bar(20, 3, 14, 0.3);
  Images moved({1, 28, 28, 1});
  copy(view(small), mutable_view(moved).slice(1, 7, 27).slice(2, 2, 22));
  const auto a = shape_of(small), b = shape_of(moved);
  CHECK(a.thickness == b.thickness);
  CHECK(a.slant == doctest::Approx(b.slant));
  CHECK(a.width == b.width);
  CHECK(a.height == b.height);
}

TEST_CASE("floats are measured as the bytes they stand for") {
  const auto bytes = ink::testing::ring(28, 3, 8);
  const auto a = shape_of(bytes);
  const auto b = stroke_shapes(data::normalize<float>(bytes)).at(0);
  CHECK(a.thickness == b.thickness);
  CHECK(a.slant == b.slant);
  CHECK(a.width == b.width);
  CHECK(a.height == b.height);
  CHECK(stroke_shapes(Tensor<double, 4>({1, 4, 4, 1}, 7.0)).at(0).width == 4);  // beyond the range is white
  CHECK_THROWS_AS(stroke_shapes(Tensor<float, 4>({1, 4, 4, 1}, std::numeric_limits<float>::quiet_NaN())), ValueError);
}

TEST_CASE("nothing, everything and wrong shapes") {
  const auto nothing = shape_of(Images({1, 28, 28, 1}));
  CHECK(nothing.thickness == 0);
  CHECK(nothing.slant == 0);
  CHECK(nothing.width == 0);
  CHECK(nothing.height == 0);
  const auto everything = shape_of(Images({1, 28, 28, 1}, 255));
  CHECK(everything.width == 28);
  CHECK(everything.height == 28);
  CHECK(everything.slant == doctest::Approx(0));
  CHECK(everything.thickness == doctest::Approx(14).epsilon(0.03));
  CHECK(stroke_shapes(Images({0, 28, 28, 1})).empty());
  CHECK(stroke_shapes(Images({2, 0, 28, 1})).size() == 2);
  CHECK_THROWS_WITH_AS(stroke_shapes(Images({1, 28, 28, 3})),
                       "stroke_shapes: images are (1, 28, 28, 3); they must be (N, H, W, 1)", ShapeError);
}

}  // namespace stroke_shape_test
