#include "inkling/data/dataset.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace dataset_test {

using namespace ink;
using data::ImageDataset;

namespace {

ImageDataset small() {
  return {Tensor<std::uint8_t, 4>({3, 1, 2, 1}, {0, 1, 2, 3, 4, 5}), Tensor<std::int32_t, 1>(Shape{3}, {7, 8, 9})};
}

}  // namespace

TEST_CASE("take gathers rows in the order asked for") {
  const std::vector<Index> rows{2, 0, 2};
  const auto taken = small().take(rows);
  CHECK(taken.size() == 3);
  CHECK(taken.images == Tensor<std::uint8_t, 4>({3, 1, 2, 1}, {4, 5, 0, 1, 4, 5}));
  CHECK(taken.labels == Tensor<std::int32_t, 1>(Shape{3}, {9, 7, 9}));
  CHECK(small().first(1).labels == Tensor<std::int32_t, 1>(Shape{1}, {7}));
  CHECK(small().take({}).images.shape() == Shape{0, 1, 2, 1});
  CHECK_THROWS_WITH_AS(small().take(std::vector<Index>{0, 3}), "take: rows[1] is 3; it must be in [0, 3)", ValueError);
  CHECK_THROWS_WITH_AS(small().take(std::vector<Index>{-1}), "take: rows[0] is -1; it must be in [0, 3)", ValueError);
  CHECK_THROWS_WITH_AS(small().first(4), "first: count is 4; it must be in [0, 3]", ValueError);
}

TEST_CASE("images and labels must agree") {
  CHECK_THROWS_WITH_AS(
      ImageDataset(Tensor<std::uint8_t, 4>({3, 1, 2, 1}), Tensor<std::int32_t, 1>(Shape{3}, {1, -1, -2})),
      "dataset: the label of row 2 is -2; it must not be negative, or -1 for none", ValueError);
  CHECK_THROWS_WITH_AS(ImageDataset(Tensor<std::uint8_t, 4>({3, 1, 2, 1}), Tensor<std::int32_t, 1>(Shape{2})),
                       "dataset: images are (3, 1, 2, 1), labels are (2); images[0] must equal labels[0]", ShapeError);
}

TEST_CASE_TEMPLATE("bytes and numbers convert both ways", T, float, double) {
  Tensor<std::uint8_t, 1> bytes(Shape{256});
  for (Index i = 0; i < 256; ++i) bytes(i) = static_cast<std::uint8_t>(i);
  const auto numbers = data::normalize<T>(bytes);
  CHECK(numbers(0) == T(-1));
  CHECK(numbers(255) == T(1));
  CHECK(numbers(51) == doctest::Approx(-0.6));
  CHECK(data::denormalize(numbers) == bytes);
  CHECK(data::denormalize(Tensor<T, 1>(Shape{4}, {T(-3), T(9), T(0), T(0.999)})) ==
        Tensor<std::uint8_t, 1>(Shape{4}, {0, 255, 128, 255}));
  CHECK_THROWS_WITH_AS(data::denormalize(Tensor<T, 2>(Shape{1, 2}, {0, std::numeric_limits<T>::infinity()})),
                       "denormalize: numbers(0, 1) is inf; all must be finite", ValueError);
}

}  // namespace dataset_test
