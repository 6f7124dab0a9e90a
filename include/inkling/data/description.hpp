// Descriptions: what words can say of a digit, from its label and its measured stroke shape.
//
// Thickness, slant and aspect (width / height: MNIST scales every digit to a box of 20 x 20, so that height alone tells
// nothing) each have three degrees: -1 below, 0 within and 1 above the middle third of the digits of the same class. A
// wide one is narrower than a narrow zero; and an upright nine has more ink at its upper left than an upright six,
// which the slant's second moments take for leaning. So "upright" means "as upright as most of its class".
//
//   Thirds               the bounds of a middle third
//   CaptionThresholds    those of every class and measure; by default MNIST's
//   measure_thresholds   those of a data set
//   describe             a data set -> the descriptions of its images
//
// Errors: ShapeError for more than one channel; ValueError for labels outside 0..9, and, when thresholds are measured,
// for a class without images.
//
// Example:
//     data::ImageDataset digits(Tensor<std::uint8_t, 4>({2, 28, 28, 1}, 255), {Shape{2}, {7, 1}});
//     std::vector<data::Description> all = data::describe(digits);
//     bool bold = all[0].thickness == 1;                                   // true: the image is full of ink
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/data/dataset.hpp"
#include "inkling/data/stroke_shape.hpp"

namespace ink {
namespace data {

struct Thirds {
  double low = 0, high = 0;

  /// -1 below the middle third, 1 above it, otherwise 0.
  constexpr int operator()(double value) const { return value < low ? -1 : value > high ? 1 : 0; }

  friend constexpr bool operator==(const Thirds&, const Thirds&) = default;
};

/// The thirds of every measure among the digits of one class.
struct ClassThirds {
  Thirds thickness, slant, aspect;

  friend constexpr bool operator==(const ClassThirds&, const ClassThirds&) = default;
};

/// By default `measure_thresholds(mnist("data/mnist", Split::train))` of the 60,000 training images, each third rounded
/// outwards to three decimals: thickness in pixels, slant in radians, aspect.
struct CaptionThresholds {
  std::array<ClassThirds, 10> classes{{
      {{2.485, 3.073}, {0.118, 0.304}, {0.800, 0.950}},
      {{2.240, 2.737}, {0.084, 0.342}, {0.300, 0.500}},
      {{2.365, 2.902}, {-0.020, 0.207}, {0.800, 1.000}},
      {{2.240, 2.694}, {-0.051, 0.157}, {0.700, 0.850}},
      {{2.186, 2.659}, {-0.083, 0.191}, {0.700, 0.850}},
      {{2.093, 2.510}, {0.063, 0.337}, {0.800, 1.053}},
      {{2.297, 2.837}, {-0.070, 0.121}, {0.631, 0.750}},
      {{2.239, 2.708}, {-0.081, 0.145}, {0.700, 0.800}},
      {{2.266, 2.749}, {0.066, 0.282}, {0.650, 0.800}},
      {{2.172, 2.611}, {-0.108, 0.111}, {0.600, 0.700}},
  }};
};

/// What words can say of one digit; the degrees are -1, 0 or 1.
struct Description {
  std::int32_t digit = 0;
  int thickness = 0, slant = 0, aspect = 0;

  friend constexpr bool operator==(const Description&, const Description&) = default;
};

}  // namespace data

namespace detail {

inline std::size_t checked_digit(const char* operation, std::int32_t digit) {
  if (digit < 0 || digit > 9) throw ValueError(text(operation, ": digit is ", digit, "; it must be in 0..9"));
  return static_cast<std::size_t>(digit);
}

/// The values with a third of all below and a third above.
inline data::Thirds thirds(const std::vector<double>& values) {
  const auto order = sorted_order(values.size(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const std::size_t third = values.size() / 3;
  return {values[order[third]], values[order[values.size() - 1 - third]]};
}

}  // namespace detail

namespace data {

inline CaptionThresholds measure_thresholds(const ImageDataset& digits) {
  const auto shapes = stroke_shapes(digits.images);
  std::array<std::vector<StrokeShape>, 10> of_class;
  for (Index n = 0; n < digits.size(); ++n) {
    const std::size_t digit = detail::checked_digit("measure_thresholds", digits.labels.data()[n]);
    of_class[digit].push_back(shapes[static_cast<std::size_t>(n)]);
  }
  CaptionThresholds out;
  for (std::size_t digit = 0; digit < 10; ++digit) {
    if (of_class[digit].empty()) {
      throw ValueError(text("measure_thresholds: there are no images of digit ", digit, "; every class needs one"));
    }
    std::vector<double> thickness, slant, aspect;
    for (const auto& shape : of_class[digit]) {
      thickness.push_back(shape.thickness);
      slant.push_back(shape.slant);
      aspect.push_back(shape.aspect());
    }
    out.classes[digit] = {detail::thirds(thickness), detail::thirds(slant), detail::thirds(aspect)};
  }
  return out;
}

/// The description of one digit with this shape.
inline Description describe(std::int32_t digit, const StrokeShape& shape, const CaptionThresholds& thresholds = {}) {
  const auto& thirds = thresholds.classes[detail::checked_digit("describe", digit)];
  return {.digit = digit,
          .thickness = thirds.thickness(shape.thickness),
          .slant = thirds.slant(shape.slant),
          .aspect = thirds.aspect(shape.aspect())};
}

inline std::vector<Description> describe(const ImageDataset& digits, const CaptionThresholds& thresholds = {}) {
  const auto shapes = stroke_shapes(digits.images);
  std::vector<Description> out;
  out.reserve(shapes.size());
  for (std::size_t n = 0; n < shapes.size(); ++n) {
    out.push_back(describe(digits.labels.data()[n], shapes[n], thresholds));
  }
  return out;
}

}  // namespace data
}  // namespace ink
