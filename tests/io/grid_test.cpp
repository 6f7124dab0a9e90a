#include "inkling/io/grid.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace grid_test {

using namespace ink;

TEST_CASE("a grid places images row by row with padding around") {
  const Tensor<std::uint8_t, 4> images({3, 1, 2, 1}, {1, 2, 3, 4, 5, 6});
  CHECK(image_grid(images, 2, {.pad = 1, .fill = 9}) == Tensor<std::uint8_t, 3>({5, 7, 1}, {9, 9, 9, 9, 9, 9, 9,  //
                                                                                            9, 1, 2, 9, 3, 4, 9,  //
                                                                                            9, 9, 9, 9, 9, 9, 9,  //
                                                                                            9, 5, 6, 9, 9, 9, 9,  //
                                                                                            9, 9, 9, 9, 9, 9, 9}));
  CHECK(image_grid(images, 5, {.pad = 0}).shape() == Shape{1, 10, 1});
  CHECK(image_strip(images, {.pad = 0}) == Tensor<std::uint8_t, 3>({1, 6, 1}, {1, 2, 3, 4, 5, 6}));
}

TEST_CASE("channels stay together and the default padding is black") {
  const Tensor<float, 4> images({2, 1, 1, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(image_grid(images, 1, {.pad = 0}) == Tensor<float, 3>({2, 1, 3}, {1, 2, 3, 4, 5, 6}));
  const auto padded = image_grid(images, 1);
  CHECK(padded.shape() == Shape{8, 5, 3});
  CHECK(padded(0, 0, 0) == -1.0f);
  CHECK(padded(2, 2, 1) == 2.0f);
  CHECK(padded(5, 2, 2) == 6.0f);
}

TEST_CASE("a strip of states has one row an image and one column a state") {
  const std::vector<Tensor<std::uint8_t, 4>> states{Tensor<std::uint8_t, 4>({2, 1, 1, 1}, {1, 2}),
                                                    Tensor<std::uint8_t, 4>({2, 1, 1, 1}, {3, 4}),
                                                    Tensor<std::uint8_t, 4>({2, 1, 1, 1}, {5, 6})};
  CHECK(image_strip(states, {.pad = 0}) == Tensor<std::uint8_t, 3>({2, 3, 1}, {1, 3, 5, 2, 4, 6}));
  auto uneven = states;
  uneven[1] = Tensor<std::uint8_t, 4>({1, 1, 1, 1});
  CHECK_THROWS_WITH_AS(image_strip(uneven),
                       "image_strip: states are (2, 1, 1, 1) and (1, 1, 1, 1); all must have one shape", ShapeError);
  CHECK_THROWS_AS(image_strip(std::vector<Tensor<float, 4>>{}), ShapeError);
}

TEST_CASE("wrong arguments are named") {
  const Tensor<float, 4> images({2, 1, 1, 1});
  CHECK_THROWS_WITH_AS(image_grid(images, 0), "image_grid: columns is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(image_grid(images, 1, {.pad = -1}), "image_grid: pad is -1; it must not be negative",
                       ValueError);
  CHECK_THROWS_WITH_AS(image_grid(Tensor<float, 4>({0, 28, 28, 1}), 1),
                       "image_grid: images are (0, 28, 28, 1); there must be at least one pixel", ShapeError);
}

TEST_CASE("a grid that no tensor can hold is refused before anything is allocated") {
  const Tensor<float, 4> many({100000, 2, 2, 1}, 1.0f), nine({9, 2, 2, 1}, 1.0f);
  const Index big = Index{1} << 62, most = std::numeric_limits<Index>::max();
  reset_peak_memory();
  const auto before = memory_stats().peak_in_use;
  CHECK_THROWS_WITH_AS(image_grid(many, big),
                       "image_grid: 100000 images are (2, 2, 1), columns are 4611686018427387904, pad is 2; the grid "
                       "must have at most 2^48 elements",
                       ShapeError);
  CHECK_THROWS_AS(image_grid(many, most), ShapeError);
  for (const Index pad : {big, most, most / 2, Index{1} << 24, Index{1} << 32}) {
    CHECK_THROWS_AS(image_grid(nine, 3, {.pad = pad}), ShapeError);
    CHECK_THROWS_AS(image_strip(nine, {.pad = pad}), ShapeError);
    CHECK_THROWS_AS(image_strip(std::vector{nine, nine}, {.pad = pad}), ShapeError);
  }
  CHECK(memory_stats().peak_in_use == before);
  CHECK(image_grid(nine, 1000, {.pad = 1}).shape() == Shape{4, 3001, 1});  // as many columns as are asked for
}

}  // namespace grid_test
