// Sketches from picture files: which is ink, where it goes, and that all writers' files of one digit give one sketch
// (tests/golden/make_sketches.sh).
#include "common/sketch_file.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/data/dataset.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/sketch_overlap.hpp"

namespace sketch_file_test {

using namespace ink;

std::string scratch(const std::string& name) { return std::string(INKLING_TEST_TMP) + "/sketch_file_" + name; }

/// A seven of strokes so thick, on a canvas of this size: white on black.
Tensor<std::uint8_t, 3> seven(Index height, Index width, Index thick) {
  Tensor<std::uint8_t, 3> image({height, width, 1});
  const Index top = height / 4, bottom = height * 3 / 4, left = width / 4, right = width * 3 / 4;
  const auto dot = [&](Index y, Index x) {
    for (Index v = 0; v < thick; ++v) {
      for (Index u = 0; u < thick; ++u) image(y + v, x + u, Index{0}) = 255;
    }
  };
  for (Index x = left; x < right; ++x) dot(top, x);
  for (Index y = top; y < bottom; ++y) dot(y, right - (right - left) * (y - top) / (2 * (bottom - top)));
  return image;
}

Tensor<std::uint8_t, 3> inverse(Tensor<std::uint8_t, 3> image) {
  for (auto& v : image.mutable_values()) v = static_cast<std::uint8_t>(255 - v);
  return image;
}

/// The smallest box around what is not 0, as top, bottom, left, right.
std::vector<Index> box_of(const Tensor<std::uint8_t, 4>& lines) {
  std::vector<Index> box{28, -1, 28, -1};
  for (Index y = 0; y < 28; ++y) {
    for (Index x = 0; x < 28; ++x) {
      if (lines(Index{0}, y, x, Index{0}) == 0) continue;
      box = {std::min(box[0], y), std::max(box[1], y), std::min(box[2], x), std::max(box[3], x)};
    }
  }
  return box;
}

Tensor<std::uint8_t, 4> sketch_of(const Tensor<std::uint8_t, 3>& image, std::optional<bool> inverted = {}) {
  io::write_png(scratch("one.png"), image);
  return read_sketch(scratch("one.png"), inverted).lines;
}

bool same(const Tensor<std::uint8_t, 4>& a, const Tensor<std::uint8_t, 4>& b) {
  return std::equal(a.values().begin(), a.values().end(), b.values().begin(), b.values().end());
}

TEST_CASE("dark on light and light on dark give the same sketch") {
  const auto light = sketch_of(seven(200, 300, 24));
  CHECK(same(light, sketch_of(inverse(seven(200, 300, 24)))));
  CHECK(same(light, sketch_of(inverse(seven(200, 300, 24)), true)));
}

TEST_CASE("the longer side fills the box of 20 pixels, and lines are one pixel wide") {
  for (const Index thick : {2, 12, 40}) {
    const auto lines = sketch_of(seven(400, 300, thick));
    const auto box = box_of(lines);
    CHECK(box[1] - box[0] + 1 >= 16);
    CHECK(box[1] - box[0] + 1 <= 20);
    CHECK(box[0] >= 2);
    CHECK(box[1] <= 26);
    CHECK(same(data::skeleton(lines), lines));
    Index ink = 0;
    for (const auto v : lines.values()) ink += v != 0;
    CHECK(ink >= 22);  // a bar and a stem
    CHECK(ink <= 60);
  }
}

TEST_CASE("a file of 28 by 28 pixels is taken as it is, and forced polarity counts") {
  const auto image = seven(28, 28, 3);
  const Tensor<std::uint8_t, 4> lines = sketch_of(image);
  CHECK(same(lines, data::skeleton(image.reshape(Shape<4>{1, 28, 28, 1}))));
  CHECK_THROWS_AS(sketch_of(image, true), IoError);  // nothing is darker than black
}

TEST_CASE("a picture without ink is refused") {
  CHECK_THROWS_WITH_AS(sketch_of(Tensor<std::uint8_t, 3>({40, 40, 1}, 200)), doctest::Contains("has no ink"), IoError);
}

TEST_CASE("files of other writers: palettes, 16 bits, interlaced, transparent") {
  const std::string folder = std::string(INKLING_SOURCE_DIR) + "/tests/golden/data/sketch/";
  const auto lines = read_sketch(folder + "grey8.png").lines;
  for (const std::string name :
       {"palette4", "grey16", "interlaced", "rgb8", "black_on_nothing", "white_on_nothing", "white_on_black"}) {
    CAPTURE(name);
    CHECK(metrics::intersection_over_union(read_sketch(folder + name + ".png").lines, lines, 1)(0) > 0.95);
  }
}

}  // namespace sketch_file_test
