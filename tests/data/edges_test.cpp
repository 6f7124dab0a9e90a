#include "inkling/data/edges.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "../support/drawing.hpp"
#include "inkling/core/view.hpp"

namespace edges_test {

using namespace ink;
using data::edges;
using Images = Tensor<std::uint8_t, 4>;

namespace {

Index count(const Images& image) { return std::count(image.values().begin(), image.values().end(), std::uint8_t{255}); }

/// Black, and white from column `from` up to `to`.
Images stripe(Index from, Index to, std::uint8_t level = 255) {
  Images image({1, 12, 20, 1});
  for (Index y = 0; y < 12; ++y) {
    for (Index x = from; x < to; ++x) image(0, y, x, 0) = level;
  }
  return image;
}

}  // namespace

TEST_CASE("a step is one line, at the step") {
  const auto found = edges(stripe(8, 20));
  CHECK(count(found) == 12);
  for (Index y = 0; y < 12; ++y) CHECK(int{found(0, y, 7, 0)} == 255);
  const auto turned = edges(dense(view(stripe(8, 20)).permute({0, 2, 1, 3})));
  CHECK(turned == dense(view(found).permute({0, 2, 1, 3})));
}

TEST_CASE("a white line has two edges") {
  const auto found = edges(stripe(9, 10));
  CHECK(count(found) == 24);
  for (Index y = 0; y < 12; ++y) {
    CHECK(int{found(0, y, 8, 0)} == 255);
    CHECK(int{found(0, y, 10, 0)} == 255);
  }
}

TEST_CASE("thresholds are grey levels per pixel") {
  CHECK(count(edges(stripe(8, 20), {.low = 79, .high = 79})) == 12);  // a step: 255 (11 - 1) / 16 / 2 = 79.7
  CHECK(count(edges(stripe(8, 20), {.low = 80, .high = 80})) == 0);
  CHECK(count(edges(stripe(9, 10), {.low = 39, .high = 39})) == 24);  // a line: 255 (6 - 1) / 16 / 2 = 39.8
  CHECK(count(edges(stripe(9, 10), {.low = 40, .high = 40})) == 0);
  CHECK(count(edges(stripe(8, 20, 51), {.low = 15, .high = 15})) == 12);  // a fifth of the contrast
  CHECK(count(edges(stripe(8, 20, 51), {.low = 16, .high = 16})) == 0);
}

TEST_CASE("weak edges count where they hang on strong ones") {
  Images fading({1, 12, 20, 1});  // a step that is strong above and weak below
  for (Index y = 0; y < 12; ++y) {
    for (Index x = 10; x < 20; ++x) fading(0, y, x, 0) = static_cast<std::uint8_t>(255 - 6 * y);
  }
  const auto below = [](const Images& found) {
    Index n = 0;
    for (Index y = 7; y < 12; ++y) n += found(0, y, 9, 0) == 255 || found(0, y, 10, 0) == 255;
    return n;
  };
  CHECK(below(edges(fading, {.low = 50, .high = 70})) == 5);
  CHECK(below(edges(fading, {.low = 68, .high = 70})) == 0);
  CHECK(count(edges(stripe(10, 20, 200), {.low = 50, .high = 70})) == 0);  // weak alone
}

TEST_CASE("the edge of a disc is its circle") {
  const auto disc = ink::testing::painted(28, [](double x, double y) { return std::hypot(x - 14, y - 14) <= 8; });
  const auto found = edges(disc);
  Index near = 0;
  for (Index y = 0; y < 28; ++y) {
    for (Index x = 0; x < 28; ++x) {
      if (found(0, y, x, 0) == 0) continue;
      const double radius = std::hypot(static_cast<double>(x) - 13.5, static_cast<double>(y) - 13.5);
      CHECK(std::abs(radius - 8) <= 1.1);
      ++near;
    }
  }
  CHECK(near >= 38);  // a closed line of 8-neighbours around it has about 8 r / sqrt(2) = 45 pixels
  CHECK(near <= 60);
}

TEST_CASE("flat and empty images have no edges, and options are checked") {
  CHECK(count(edges(Images({2, 28, 28, 1}))) == 0);
  CHECK(count(edges(Images({2, 28, 28, 1}, 255))) == 0);
  CHECK(count(edges(Images({1, 1, 1, 1}, 255))) == 0);
  CHECK(edges(Images({0, 28, 28, 1})).shape() == Shape{0, 28, 28, 1});
  CHECK(edges(Images({2, 0, 28, 1})).shape() == Shape{2, 0, 28, 1});
  CHECK_THROWS_WITH_AS(edges(Images({1, 28, 28, 2})), "edges: images are (1, 28, 28, 2); they must be (N, H, W, 1)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(edges(Images({1, 2, 2, 1}), {.low = 40, .high = 30}),
                       "edges: low is 40, high is 30; 0 < low <= high <= 255 must hold", ValueError);
  CHECK_THROWS_AS(edges(Images({1, 2, 2, 1}), {.low = 0, .high = 30}), ValueError);
}

}  // namespace edges_test
