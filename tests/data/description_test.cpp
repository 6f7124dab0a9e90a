#include "inkling/data/description.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support/drawing.hpp"
#include "inkling/core/view.hpp"
#include "inkling/data/mnist.hpp"

namespace description_test {

using namespace ink;
using data::Description;
using data::Thirds;

namespace {

/// Bars in nine thicknesses, slants and lengths, the same for every class.
data::ImageDataset bars() {
  Tensor<std::uint8_t, 4> images({90, 28, 28, 1});
  Tensor<std::int32_t, 1> labels(Shape{90});
  for (Index n = 0; n < 90; ++n) {
    const auto i = static_cast<double>(n % 9);
    copy(view(ink::testing::bar(28, 1.5 + 0.5 * i, 14 + i, -0.4 + 0.1 * i)), mutable_view(images).slice(0, n, n + 1));
    labels(n) = static_cast<std::int32_t>(n / 9);
  }
  return {images, labels};
}

}  // namespace

TEST_CASE("thirds have a third below and a third above") {
  const Thirds thirds = detail::thirds({9, 1, 8, 2, 7, 3, 6, 4, 5});
  CHECK(thirds == Thirds{4, 6});
  CHECK(thirds(3) == -1);
  CHECK(thirds(4) == 0);
  CHECK(thirds(5) == 0);
  CHECK(thirds(6) == 0);
  CHECK(thirds(7) == 1);
  CHECK(detail::thirds({2}) == Thirds{2, 2});
  CHECK(detail::thirds({1, 2}) == Thirds{1, 2});
}

TEST_CASE("constructed digits are described as they were drawn") {
  const auto set = bars();
  const auto thresholds = data::measure_thresholds(set);
  const auto described = data::describe(set, thresholds);
  REQUIRE(described.size() == 90);
  for (std::size_t n = 0; n < 90; ++n) {
    const int degree = n % 9 < 3 ? -1 : n % 9 < 6 ? 0 : 1;
    CAPTURE(n);
    CHECK(described[n].digit == static_cast<std::int32_t>(n / 9));
    CHECK(described[n].thickness == degree);
    CHECK(described[n].slant == degree);
  }
}

TEST_CASE("degrees are those of the class") {
  data::CaptionThresholds thresholds;
  thresholds.classes[1] = {.thickness = {1, 2}, .slant = {-0.1, 0.1}, .aspect = {0.3, 0.4}};
  thresholds.classes[7] = {.thickness = {3, 4}, .slant = {0.2, 0.3}, .aspect = {0.5, 0.5}};
  const data::StrokeShape shape{.thickness = 2.5, .slant = 0.15, .width = 10, .height = 20};
  CHECK(data::describe(1, shape, thresholds) == Description{.digit = 1, .thickness = 1, .slant = 1, .aspect = 1});
  CHECK(data::describe(7, shape, thresholds) == Description{.digit = 7, .thickness = -1, .slant = -1, .aspect = 0});
}

TEST_CASE("wrong digits and missing classes are explained") {
  CHECK_THROWS_WITH_AS(data::describe(10, data::StrokeShape{}), "describe: digit is 10; it must be in 0..9",
                       ValueError);
  CHECK_THROWS_WITH_AS(data::describe(-1, data::StrokeShape{}), "describe: digit is -1; it must be in 0..9",
                       ValueError);
  CHECK_THROWS_WITH_AS(data::measure_thresholds(bars().first(80)),
                       "measure_thresholds: there are no images of digit 9; every class needs one", ValueError);
  CHECK_THROWS_AS(data::measure_thresholds({Tensor<std::uint8_t, 4>({1, 2, 2, 1}), {Shape{1}, {11}}}), ValueError);
  CHECK(data::describe(data::ImageDataset{Tensor<std::uint8_t, 4>({0, 28, 28, 1}), Tensor<std::int32_t, 1>(Shape{0})})
            .empty());
}

TEST_CASE("MNIST's thresholds cut the shipped digits in thirds") {
  const auto set = data::mnist(std::string(INKLING_SOURCE_DIR) + "/examples/data/mnist", data::Split::train);
  std::array<std::array<double, 3>, 10> thickness{}, slant{}, aspect{};
  for (const auto& d : data::describe(set)) {
    const auto digit = static_cast<std::size_t>(d.digit);
    thickness[digit][static_cast<std::size_t>(d.thickness + 1)] += 1;
    slant[digit][static_cast<std::size_t>(d.slant + 1)] += 1;
    aspect[digit][static_cast<std::size_t>(d.aspect + 1)] += 1;
  }
  // 600 digits of each class, the first ones: few writers, so that thirds of 200 are only roughly met.
  for (std::size_t digit = 0; digit < 10; ++digit) {
    for (std::size_t degree = 0; degree < 3; ++degree) {
      CAPTURE(digit);
      CAPTURE(degree);
      CHECK(thickness[digit][degree] == doctest::Approx(200).epsilon(0.4));
      CHECK(slant[digit][degree] == doctest::Approx(200).epsilon(0.4));
    }
    for (const std::size_t end : {std::size_t{0}, std::size_t{2}}) {  // ratios of whole pixels: some are equal
      CHECK(aspect[digit][end] >= 90);
      CHECK(aspect[digit][end] <= 280);
    }
  }
}

}  // namespace description_test
