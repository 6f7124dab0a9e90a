// Stroke shape: how thick, how slanted, how wide and how tall the ink of an image is.
//
// As in D. C. Castro, J. Tan, B. Kainz, E. Konukoglu, B. Glocker, "Morpho-MNIST: quantitative assessment and
// diagnostics for representation learning", JMLR 20, 2019, arXiv:1809.10780, with a thickness that is cheaper to
// measure. Ink are the pixels of at least `ink_level`; a pixel is a unit square.
//
//   thickness   2 A / P, in pixels: A is the area and P the length of the outline, both of the grey image g in [0, 1],
//                 A = sum g,   P = sum |grad g|  over the corners where four pixels meet,
//               where g is 0 but for the ink and its eight neighbours. A closed stroke of thickness t gives t, an open
//               one of length L gives t / (1 + t / L), within 8 % from two pixels on; thinner ones come out thicker
//   slant       atan(-mu_xy / mu_yy), in radians, of the central second moments of the ink's area, y downwards: the
//               angle from the vertical of the line that fits x to y; positive leans right, like /
//   width       in pixels, of the smallest box of whole pixels around the ink; columns at the left, and at the right,
//               are left out as long as they hold no more than a hundredth of the ink: specks are no strokes
//   height      likewise, of rows
//   aspect()    width / height
//
// (N, H, W, 1) bytes, or floats in [-1, 1] -> N shapes; all zero for an image without ink. Errors: ShapeError for more
// than one channel, ValueError for floats that are not finite.
//
// Example:
//     Tensor<std::uint8_t, 4> digits({10, 28, 28, 1});
//     std::vector<data::StrokeShape> shapes = data::stroke_shapes(digits);
//     double degrees = shapes[0].slant * 57.2957795;
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/data/dataset.hpp"
#include "inkling/data/skeleton.hpp"

namespace ink {
namespace data {

struct StrokeShape {
  double thickness = 0;  ///< pixels
  double slant = 0;      ///< radians, positive leans right
  double width = 0;      ///< pixels
  double height = 0;     ///< pixels

  double aspect() const { return height > 0 ? width / height : 0; }
};

}  // namespace data

namespace detail {

/// Calls f(y, x) for every pixel of ink.
template <class F>
void for_each_ink(const InkMap& ink, F f) {
  for (Index y = 0; y < ink.height(); ++y) {
    for (Index x = 0; x < ink.width(); ++x) {
      if (ink(y, x)) f(y, x);
    }
  }
}

/// The extent of ink with these numbers of pixels in its columns, or rows, without a hundredth of it at either end.
inline double robust_extent(const std::vector<Index>& counts, double area) {
  Index places = 0;
  double before = 0;
  for (const Index count : counts) {
    const double after = before + static_cast<double>(count);
    places += after > area / 100 && before < area - area / 100;
    before = after;
  }
  return static_cast<double>(places);
}

/// Twice the area over the outline.
inline double stroke_thickness(const std::uint8_t* image, const InkMap& ink) {
  const Index height = ink.height(), width = ink.width();
  const auto grey = [&](Index y, Index x) -> double {
    if (y < 0 || y >= height || x < 0 || x >= width || !(ink(y, x) || ink.neighbours(y, x) != 0)) return 0;
    return image[y * width + x];
  };
  double area = 0, outline = 0;
  for (Index y = 0; y <= height; ++y) {
    double upper = 0, lower = 0;  // the pixels before the corner at the upper left of pixel (y, x)
    for (Index x = 0; x <= width; ++x) {
      const double above = grey(y - 1, x), here = grey(y, x);
      const double across = above + here - upper - lower, down = lower + here - upper - above;
      area += here;
      outline += std::sqrt(across * across + down * down) / 2;
      upper = above;
      lower = here;
    }
  }
  return outline > 0 ? 2 * area / outline : 0;
}

inline data::StrokeShape stroke_shape(const std::uint8_t* image, Index height, Index width) {
  const InkMap ink(image, height, width);
  double area = 0, sum_x = 0, sum_y = 0, sum_xy = 0, sum_yy = 0;
  std::vector<Index> columns(static_cast<std::size_t>(width)), rows(static_cast<std::size_t>(height));
  for_each_ink(ink, [&](Index y, Index x) {
    const auto dx = static_cast<double>(x), dy = static_cast<double>(y);
    area += 1;
    sum_x += dx;
    sum_y += dy;
    sum_xy += dx * dy;
    sum_yy += dy * dy;
    ++columns[static_cast<std::size_t>(x)];
    ++rows[static_cast<std::size_t>(y)];
  });
  if (area == 0) return {};
  const double mu_xy = sum_xy / area - sum_x / area * (sum_y / area);
  const double mu_yy = sum_yy / area - sum_y / area * (sum_y / area) + 1.0 / 12;  // a pixel is as tall as it is wide
  return {.thickness = stroke_thickness(image, ink),
          .slant = std::atan2(-mu_xy, mu_yy),
          .width = robust_extent(columns, area),
          .height = robust_extent(rows, area)};
}

}  // namespace detail

namespace data {

inline std::vector<StrokeShape> stroke_shapes(const Tensor<std::uint8_t, 4>& images) {
  detail::check_grey("stroke_shapes", images.shape());
  const Index height = images.extent(1), width = images.extent(2);
  std::vector<StrokeShape> shapes(static_cast<std::size_t>(images.extent(0)));
  parallel_for(images.extent(0), 16, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      shapes[static_cast<std::size_t>(n)] = detail::stroke_shape(images.data() + n * height * width, height, width);
    }
  });
  return shapes;
}

template <class T>
  requires std::is_floating_point_v<T>
std::vector<StrokeShape> stroke_shapes(const Tensor<T, 4>& images) {
  return stroke_shapes(denormalize(images));
}

}  // namespace data
}  // namespace ink
