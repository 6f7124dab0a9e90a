// Edges: the outlines of what is in an image, one pixel wide.
//
// J. Canny, "A computational approach to edge detection", IEEE Transactions on Pattern Analysis and Machine
// Intelligence 8(6), 1986, in whole numbers, so that every platform finds the same edges:
//
//   smoothing     1 4 6 4 1 over 16 along both axes: nearly a Gaussian, standard deviation 1; the border is repeated
//   gradient      Sobel's 1 2 1 across and -1 0 1 along, over 8: grey levels per pixel
//   maxima        a pixel stays if its gradient is larger than the neighbour's on one side and not smaller than that on
//                 the other, along the nearest of the four directions to the gradient's
//   hysteresis    maxima of at least `high` are edges, and those of at least `low` that hang on one
//
// A step from black to white has a gradient of 80 levels per pixel, a white line one pixel wide 40 on both of its
// sides.
//
// (N, H, W, 1) bytes -> (N, H, W, 1) bytes, 0 or 255. Errors: ShapeError for more than one channel; ValueError for
// thresholds that are not 0 < low <= high <= 255.
//
// Example:
//     Tensor<std::uint8_t, 4> digits({10, 28, 28, 1});
//     Tensor<std::uint8_t, 4> outlines = data::edges(digits);
//     Tensor<std::uint8_t, 4> strong = data::edges(digits, {.low = 30, .high = 60});
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/data/skeleton.hpp"

namespace ink {
namespace data {

struct EdgeOptions {
  std::int32_t low = 10, high = 30;  ///< grey levels per pixel
};

}  // namespace data

namespace detail {

/// One plane of whole numbers; what lies outside is the nearest pixel.
struct Plane {
  Index height, width;
  std::vector<std::int32_t> values;

  Plane(Index h, Index w) : height(h), width(w), values(static_cast<std::size_t>(h * w)) {}
  std::int32_t& at(Index y, Index x) { return values[static_cast<std::size_t>(y * width + x)]; }
  std::int32_t operator()(Index y, Index x) const {
    y = std::clamp<Index>(y, 0, height - 1);
    x = std::clamp<Index>(x, 0, width - 1);
    return values[static_cast<std::size_t>(y * width + x)];
  }
};

/// sum_k weights[k] plane(y, x + k - middle), or along y.
template <std::size_t K>
Plane filtered(const Plane& plane, const std::array<std::int32_t, K>& weights, bool along_y) {
  Plane out(plane.height, plane.width);
  constexpr auto middle = static_cast<Index>(K / 2);
  for (Index y = 0; y < plane.height; ++y) {
    for (Index x = 0; x < plane.width; ++x) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < K; ++k) {
        const Index shift = static_cast<Index>(k) - middle;
        sum += weights[k] * (along_y ? plane(y + shift, x) : plane(y, x + shift));
      }
      out.at(y, x) = sum;
    }
  }
  return out;
}

/// The step (dy, dx) to the neighbour in the direction of the gradient, to 45 degrees; its sign does not matter.
inline std::array<Index, 2> gradient_step(std::int64_t gy, std::int64_t gx) {
  const std::int64_t ay = std::abs(gy), ax = std::abs(gx);
  if (70 * ay < 29 * ax) return {0, 1};  // tan 22.5 degrees is 29 / 70, to 0.00007
  if (70 * ax < 29 * ay) return {1, 0};
  return (gy > 0) == (gx > 0) ? std::array<Index, 2>{1, 1} : std::array<Index, 2>{1, -1};
}

/// Squared gradients where they are largest across the edge, 0 elsewhere.
inline std::vector<std::int64_t> gradient_maxima(const Plane& gx, const Plane& gy) {
  const Index height = gx.height, width = gx.width;
  const auto squared = [&](Index y, Index x) -> std::int64_t {
    if (y < 0 || y >= height || x < 0 || x >= width) return 0;
    const std::int64_t across = gx(y, x), down = gy(y, x);
    return across * across + down * down;
  };
  std::vector<std::int64_t> maxima(static_cast<std::size_t>(height * width));
  for (Index y = 0; y < height; ++y) {
    for (Index x = 0; x < width; ++x) {
      const auto here = squared(y, x);
      const auto [dy, dx] = gradient_step(gy(y, x), gx(y, x));
      if (here > squared(y - dy, x - dx) && here >= squared(y + dy, x + dx)) {
        maxima[static_cast<std::size_t>(y * width + x)] = here;
      }
    }
  }
  return maxima;
}

/// Marks in `out` what is at least `high`, and what is at least `low` and hangs on it.
inline void hysteresis(const std::vector<std::int64_t>& strength, std::int64_t low, std::int64_t high, Index height,
                       Index width, std::uint8_t* out) {
  std::vector<Index> open;
  const auto take = [&](Index place, std::int64_t least) {
    if (out[place] == 0 && strength[static_cast<std::size_t>(place)] >= least) {
      out[place] = 255;
      open.push_back(place);
    }
  };
  for (Index place = 0; place < height * width; ++place) take(place, high);
  while (!open.empty()) {
    const Index y = open.back() / width, x = open.back() % width;
    open.pop_back();
    for (Index v = std::max<Index>(y - 1, 0); v <= std::min(y + 1, height - 1); ++v) {
      for (Index u = std::max<Index>(x - 1, 0); u <= std::min(x + 1, width - 1); ++u) take(v * width + u, low);
    }
  }
}

}  // namespace detail

namespace data {

inline Tensor<std::uint8_t, 4> edges(const Tensor<std::uint8_t, 4>& images, const EdgeOptions& options = {}) {
  detail::check_grey("edges", images.shape());
  if (!(0 < options.low && options.low <= options.high && options.high <= 255)) {
    throw ValueError(
        text("edges: low is ", options.low, ", high is ", options.high, "; 0 < low <= high <= 255 must hold"));
  }
  const Index height = images.extent(1), width = images.extent(2);
  Tensor<std::uint8_t, 4> out(images.shape());
  if (out.empty()) return out;
  std::uint8_t* marks = out.mutable_data();
  constexpr std::array<std::int32_t, 5> smooth{1, 4, 6, 4, 1};
  constexpr std::array<std::int32_t, 3> across{1, 2, 1}, slope{-1, 0, 1};
  const auto squared = [](std::int64_t levels) { return (levels * 16 * 16 * 8) * (levels * 16 * 16 * 8); };
  parallel_for(images.extent(0), 16, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      detail::Plane grey(height, width);
      std::copy_n(images.data() + n * height * width, height * width, grey.values.begin());
      grey = detail::filtered(detail::filtered(grey, smooth, false), smooth, true);
      const auto gx = detail::filtered(detail::filtered(grey, slope, false), across, true);
      const auto gy = detail::filtered(detail::filtered(grey, slope, true), across, false);
      detail::hysteresis(detail::gradient_maxima(gx, gy), squared(options.low), squared(options.high), height, width,
                         marks + n * height * width);
    }
  });
  return out;
}

}  // namespace data
}  // namespace ink
