// Small images for tests: from lines of text, and bars and rings of known size, drawn with soft edges.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "inkling/core/tensor.hpp"

namespace ink::testing {

/// One image, 255 where a line has '#'.
inline Tensor<std::uint8_t, 4> drawing(const std::vector<std::string>& lines) {
  const auto height = static_cast<Index>(lines.size()), width = static_cast<Index>(lines.at(0).size());
  Tensor<std::uint8_t, 4> image({1, height, width, 1});
  for (Index y = 0; y < height; ++y) {
    for (Index x = 0; x < width; ++x) {
      if (lines.at(static_cast<std::size_t>(y)).at(static_cast<std::size_t>(x)) == '#') image(0, y, x, 0) = 255;
    }
  }
  return image;
}

/// An image of side x side pixels; a pixel's grey is the part of its area where inside(x, y), of 8 x 8 points.
template <class Inside>
Tensor<std::uint8_t, 4> painted(Index side, Inside inside) {
  Tensor<std::uint8_t, 4> image({1, side, side, 1});
  for (Index y = 0; y < side; ++y) {
    for (Index x = 0; x < side; ++x) {
      int hits = 0;
      for (int i = 0; i < 64; ++i) {
        hits += inside(static_cast<double>(x) + (i % 8 + 0.5) / 8, static_cast<double>(y) + (i / 8 + 0.5) / 8);
      }
      image(0, y, x, 0) = static_cast<std::uint8_t>(hits * 255 / 64);
    }
  }
  return image;
}

/// A bar around the image's middle, turned from the vertical by `slant` radians, to the right if positive.
inline Tensor<std::uint8_t, 4> bar(Index side, double thickness, double length, double slant) {
  const double middle = static_cast<double>(side) / 2;
  return painted(side, [=](double x, double y) {
    const double dx = x - middle, up = middle - y;
    return std::abs(dx * std::sin(slant) + up * std::cos(slant)) <= length / 2 &&
           std::abs(dx * std::cos(slant) - up * std::sin(slant)) <= thickness / 2;
  });
}

/// A ring around the image's middle; `radius` is that of the line along its middle.
inline Tensor<std::uint8_t, 4> ring(Index side, double thickness, double radius) {
  const double middle = static_cast<double>(side) / 2;
  return painted(
      side, [=](double x, double y) { return std::abs(std::hypot(x - middle, y - middle) - radius) <= thickness / 2; });
}

}  // namespace ink::testing
