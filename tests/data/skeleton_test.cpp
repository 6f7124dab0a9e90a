#include "inkling/data/skeleton.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "../support/drawing.hpp"
#include "inkling/core/random.hpp"
#include "inkling/core/view.hpp"

namespace skeleton_test {

using namespace ink;
using data::skeleton;
using ink::testing::drawing;
using Images = Tensor<std::uint8_t, 4>;

namespace {

/// The connected pieces of ink (neighbours by edge or corner) or of the background around and within it (by edge).
int pieces(const Images& image, bool of_ink) {
  const Index height = image.extent(1) + 2, width = image.extent(2) + 2;
  std::vector<char> open(static_cast<std::size_t>(height * width), of_ink ? 0 : 1);
  for (Index y = 0; y < image.extent(1); ++y) {
    for (Index x = 0; x < image.extent(2); ++x) {
      open[static_cast<std::size_t>((y + 1) * width + x + 1)] = (image(0, y, x, 0) >= 128) == of_ink;
    }
  }
  int count = 0;
  std::vector<Index> stack;
  for (Index start = 0; start < height * width; ++start) {
    if (!open[static_cast<std::size_t>(start)]) continue;
    ++count;
    stack.assign(1, start);
    open[static_cast<std::size_t>(start)] = 0;
    while (!stack.empty()) {
      const Index y = stack.back() / width, x = stack.back() % width;
      stack.pop_back();
      for (Index dy = -1; dy <= 1; ++dy) {
        for (Index dx = -1; dx <= 1; ++dx) {
          const Index v = y + dy, u = x + dx;
          if ((!of_ink && dy != 0 && dx != 0) || v < 0 || v >= height || u < 0 || u >= width) continue;
          if (open[static_cast<std::size_t>(v * width + u)]) {
            open[static_cast<std::size_t>(v * width + u)] = 0;
            stack.push_back(v * width + u);
          }
        }
      }
    }
  }
  return count;
}

int neighbours(const Images& image, Index y, Index x) {
  int count = 0;
  for (Index v = std::max<Index>(y - 1, 0); v <= std::min(y + 1, image.extent(1) - 1); ++v) {
    for (Index u = std::max<Index>(x - 1, 0); u <= std::min(x + 1, image.extent(2) - 1); ++u) {
      count += (v != y || u != x) && image(0, v, u, 0) != 0;
    }
  }
  return count;
}

Index ink_of(const Images& image) {
  return std::count_if(image.values().begin(), image.values().end(), [](std::uint8_t v) { return v >= 128; });
}

/// What must hold for every image: part of the ink, 0 or 255, as many pieces and holes, thin but for a few crossings.
void check_skeleton(const Images& image, int squares_at_most = 0) {
  const auto lines = skeleton(image);
  REQUIRE(lines.shape() == image.shape());
  CHECK(pieces(lines, true) == pieces(image, true));
  CHECK(pieces(lines, false) == pieces(image, false));
  int wrong = 0, squares = 0;
  for (Index i = 0; i < lines.size(); ++i) {
    const int value = lines.data()[i];
    wrong += !(value == 0 || (value == 255 && image.data()[i] >= 128));
  }
  for (Index y = 1; y < lines.extent(1); ++y) {
    for (Index x = 1; x < lines.extent(2); ++x) {
      squares += lines(0, y, x, 0) && lines(0, y, x - 1, 0) && lines(0, y - 1, x, 0) && lines(0, y - 1, x - 1, 0);
    }
  }
  CHECK(wrong == 0);
  CHECK(squares <= squares_at_most);
  CHECK(skeleton(lines) == lines);
}

}  // namespace

TEST_CASE("bars thin to their middle line") {
  for (const Index thickness : {1, 3, 5, 7}) {
    Images bar({1, 20, 30, 1});
    for (Index y = 0; y < thickness; ++y) {
      for (Index x = 5; x < 25; ++x) bar(0, 8 + y, x, 0) = 200;
    }
    const auto line = skeleton(bar);
    const Index middle = 8 + thickness / 2;
    Index left = 30, right = -1;
    for (Index y = 0; y < 20; ++y) {
      for (Index x = 0; x < 30; ++x) {
        if (line(0, y, x, 0) == 0) continue;
        CHECK(y == middle);
        left = std::min(left, x);
        right = std::max(right, x);
      }
    }
    CHECK(ink_of(line) == right - left + 1);
    // Each end is drawn back by about half the thickness.
    CHECK(left >= 5 + thickness / 2 - 1);
    CHECK(left <= 5 + thickness / 2 + 1);
    CHECK(right <= 24 - thickness / 2 + 1);
    CHECK(right >= 24 - thickness / 2 - 1);
    check_skeleton(bar);
  }
}

TEST_CASE("a ring thins to a closed line") {
  for (const double thickness : {2.0, 3.0, 5.0}) {
    const auto image = ink::testing::ring(28, thickness, 9);
    const auto line = skeleton(image);
    CHECK(pieces(line, true) == 1);
    CHECK(pieces(line, false) == 2);
    for (Index y = 0; y < 28; ++y) {
      for (Index x = 0; x < 28; ++x) {
        if (line(0, y, x, 0) == 0) continue;
        CHECK(neighbours(line, y, x) == 2);
        const double radius = std::hypot(static_cast<double>(x) - 13.5, static_cast<double>(y) - 13.5);
        CHECK(std::abs(radius - 9) < 1.3);
      }
    }
  }
}

TEST_CASE("lines of one pixel stay, staircases become diagonals") {
  const auto line = drawing({"#....", ".#...", "..###", ".....", "....."});
  CHECK(skeleton(line) == line);
  const auto tee = drawing({"#####", "..#..", "..#..", "..#..", "....."});
  CHECK(skeleton(tee) == tee);
  CHECK(skeleton(drawing({"##...", ".##..", "..##.", "...##", "....."})) ==
        drawing({"#....", ".#...", "..#..", "...##", "....."}));
}

TEST_CASE("small squares and diagonals do not vanish") {
  const auto square = drawing({"....", ".##.", ".##.", "...."});
  CHECK(ink_of(skeleton(square)) >= 1);
  check_skeleton(square);
  Images diagonal({1, 12, 12, 1});
  for (Index i = 1; i < 10; ++i) diagonal(0, i, i, 0) = diagonal(0, i, i + 1, 0) = 255;
  CHECK(ink_of(skeleton(diagonal)) >= 8);
  check_skeleton(diagonal);
}

TEST_CASE("pieces and holes are kept, whatever the image") {
  for (std::uint64_t n = 0; n < 60; ++n) {
    // Smoothed noise, so that there are blobs with holes, at three densities.
    const auto noise = uniform<double>(Shape{17, 19}, Key{n});
    Images image({1, 16, 18, 1});
    for (Index y = 0; y < 16; ++y) {
      for (Index x = 0; x < 18; ++x) {
        const double mean = (noise(y, x) + noise(y + 1, x) + noise(y, x + 1) + noise(y + 1, x + 1)) / 4;
        image(0, y, x, 0) = mean > 0.40 + 0.05 * static_cast<double>(n % 3) ? 255 : 0;
      }
    }
    check_skeleton(image, 2);
  }
}

TEST_CASE("pieces and holes are kept in every image of 4 x 3") {
  for (unsigned code = 0; code < 4096; ++code) {
    Images image({1, 4, 3, 1});
    for (unsigned i = 0; i < 12; ++i) image.mutable_data()[i] = code >> i & 1 ? 255 : 0;
    const auto lines = skeleton(image);
    if (pieces(lines, true) != pieces(image, true) || pieces(lines, false) != pieces(image, false)) {
      FAIL_CHECK("image ", code);
    }
  }
}

TEST_CASE("nothing, everything and the smallest images") {
  CHECK(skeleton(Images({2, 28, 28, 1})) == Images({2, 28, 28, 1}));
  check_skeleton(Images({1, 28, 28, 1}, 255));
  check_skeleton(Images({1, 9, 2, 1}, 255));
  CHECK(skeleton(Images({1, 1, 1, 1}, 255)) == Images({1, 1, 1, 1}, 255));
  CHECK(skeleton(Images({1, 1, 1, 1}, 127)) == Images({1, 1, 1, 1}, 0));
  CHECK(skeleton(Images({0, 28, 28, 1})).shape() == Shape{0, 28, 28, 1});
  CHECK(skeleton(Images({3, 0, 5, 1})).shape() == Shape{3, 0, 5, 1});
  CHECK_THROWS_WITH_AS(skeleton(Images({1, 28, 28, 3})),
                       "skeleton: images are (1, 28, 28, 3); they must be (N, H, W, 1)", ShapeError);
}

TEST_CASE("an image's skeleton does not depend on the others") {
  Images many({40, 28, 28, 1});
  for (Index n = 0; n < 40; ++n) {
    copy(view(ink::testing::ring(28, 2 + static_cast<double>(n % 4), 6 + static_cast<double>(n % 5))),
         mutable_view(many).slice(0, n, n + 1));
  }
  const auto all = skeleton(many);
  for (const Index n : {0, 17, 39}) {
    CHECK(dense(view(all).slice(0, n, n + 1)) == skeleton(dense(view(many).slice(0, n, n + 1))));
  }
}

}  // namespace skeleton_test
