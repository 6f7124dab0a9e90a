// A sketch from a picture file: any PNG becomes what the models that are told sketches saw in training, a line drawing
// of 28 by 28 pixels.
//
//   SketchFile sketch = read_sketch("seven.png");
//   sketch.lines      (1, 28, 28, 1), 0 or 255: strokes thinned to a line
//   sketch.says       how the file was understood: "56 x 56 pixels, dark on light; 13 x 20 pixels of ink"
//
// MNIST is white on black; people draw dark on white. Which it is, the border tells, for that is paper. Ink is what
// differs from the paper; it is scaled by area averaging so that its longer side is 20 pixels, and moved so that its
// centre of mass is in the middle, as MNIST was made. Strokes that would be thinner than two pixels then are made
// thicker before, or nothing would be left of them. A file of 28 by 28 pixels is taken as it is.
//
// Errors: IoError with the path for a file that cannot be read or in which no ink is found.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inkling/data/skeleton.hpp"
#include "inkling/data/stroke_shape.hpp"
#include "inkling/io/png_reader.hpp"

struct SketchFile {
  ink::Tensor<std::uint8_t, 4> lines;
  std::string says;
};

namespace sketch_detail {

/// Grey in [0, 1].
struct Grey {
  ink::Index height = 0, width = 0;
  std::vector<double> values;

  double& at(ink::Index y, ink::Index x) { return values[static_cast<std::size_t>(y * width + x)]; }
  double at(ink::Index y, ink::Index x) const { return values[static_cast<std::size_t>(y * width + x)]; }
};

inline Grey read_grey(const std::string& path, double background) {
  const auto image = ink::io::read_png<double>(
      path, {.low = 0, .high = 1, .channels = 1, .background = background, .limit = std::uint64_t{1} << 24});
  return {image.extent(0), image.extent(1), {image.data(), image.data() + image.size()}};
}

inline double contrast(const Grey& image) {
  const auto [low, high] = std::minmax_element(image.values.begin(), image.values.end());
  return *high - *low;
}

/// The median of the pixels at the border.
inline double paper_of(const Grey& image) {
  std::vector<double> border;
  for (ink::Index y = 0; y < image.height; ++y) {
    for (ink::Index x = 0; x < image.width; ++x) {
      if (y == 0 || x == 0 || y == image.height - 1 || x == image.width - 1) border.push_back(image.at(y, x));
    }
  }
  std::nth_element(border.begin(), border.begin() + static_cast<std::ptrdiff_t>(border.size() / 2), border.end());
  return border[border.size() / 2];
}

/// The paper becomes 0 and the strongest ink 1. False if there is none.
inline bool stretch(Grey& image, double paper) {
  double most = 0;
  for (double& v : image.values) {
    v = std::max(0.0, v - paper);
    most = std::max(most, v);
  }
  if (most < 0.1) return false;
  for (double& v : image.values) v /= most;
  return true;
}

/// The smallest box around the ink.
inline Grey cropped(const Grey& image) {
  constexpr double faint = 0.25;
  ink::Index top = image.height, bottom = 0, left = image.width, right = 0;
  for (ink::Index y = 0; y < image.height; ++y) {
    for (ink::Index x = 0; x < image.width; ++x) {
      if (image.at(y, x) < faint) continue;
      top = std::min(top, y);
      bottom = std::max(bottom, y + 1);
      left = std::min(left, x);
      right = std::max(right, x + 1);
    }
  }
  Grey box{bottom - top, right - left, std::vector<double>(static_cast<std::size_t>((bottom - top) * (right - left)))};
  for (ink::Index y = 0; y < box.height; ++y) {
    for (ink::Index x = 0; x < box.width; ++x) box.at(y, x) = image.at(top + y, left + x);
  }
  return box;
}

inline double thickness(const Grey& image) {
  ink::Tensor<float, 4> pixels({1, image.height, image.width, 1});
  std::transform(image.values.begin(), image.values.end(), pixels.mutable_data(),
                 [](double v) { return static_cast<float>(2 * v - 1); });
  return ink::data::stroke_shapes(pixels).front().thickness;
}

/// Every pixel becomes the largest within `reach` along one axis, in a larger image.
inline Grey widened_along(const Grey& image, ink::Index reach, bool rows) {
  const ink::Index more = 2 * reach;
  Grey out{image.height + (rows ? more : 0), image.width + (rows ? 0 : more), {}};
  out.values.resize(static_cast<std::size_t>(out.height * out.width));
  for (ink::Index y = 0; y < image.height; ++y) {
    for (ink::Index x = 0; x < image.width; ++x) {
      const double v = image.at(y, x);
      if (v == 0) continue;
      for (ink::Index i = 0; i <= more; ++i) {
        double& to = rows ? out.at(y + i, x) : out.at(y, x + i);
        to = std::max(to, v);
      }
    }
  }
  return out;
}

/// With strokes of at least two pixels once the longer side is 20.
inline Grey thick_enough(const Grey& box) {
  const double pixel = static_cast<double>(std::max(box.height, box.width)) / 20;
  const double missing = 2 * pixel - thickness(box);
  if (missing <= 0.5 * pixel) return box;
  const auto reach = static_cast<ink::Index>(std::ceil(missing / 2));
  return widened_along(widened_along(box, reach, true), reach, false);
}

/// How much of [i, i + 1) of a line of `pieces` is [begin, end) of one of `size`: the rows of an averaging by area.
inline double share(ink::Index piece, ink::Index pieces, ink::Index i, ink::Index size) {
  const double step = static_cast<double>(size) / static_cast<double>(pieces);
  const double begin = step * static_cast<double>(piece), end = begin + step, at = static_cast<double>(i);
  return std::max(0.0, std::min(end, at + 1) - std::max(begin, at)) / step;
}

inline Grey scaled(const Grey& image, ink::Index height, ink::Index width) {
  Grey rows{height, image.width, std::vector<double>(static_cast<std::size_t>(height * image.width))};
  for (ink::Index i = 0; i < height; ++i) {
    for (ink::Index y = i * image.height / height; y < image.height; ++y) {
      const double part = share(i, height, y, image.height);
      if (part == 0) break;
      for (ink::Index x = 0; x < image.width; ++x) rows.at(i, x) += part * image.at(y, x);
    }
  }
  Grey out{height, width, std::vector<double>(static_cast<std::size_t>(height * width))};
  for (ink::Index j = 0; j < width; ++j) {
    for (ink::Index x = j * image.width / width; x < image.width; ++x) {
      const double part = share(j, width, x, image.width);
      if (part == 0) break;
      for (ink::Index y = 0; y < height; ++y) out.at(y, j) += part * rows.at(y, x);
    }
  }
  return out;
}

/// Scaled to 20 pixels, and its centre of mass in the middle of 28 by 28.
inline Grey as_digit(const Grey& ink_box) {
  const double factor = 20.0 / static_cast<double>(std::max(ink_box.height, ink_box.width));
  const auto pixels = [&](ink::Index size) {
    return std::clamp<ink::Index>(std::lround(factor * static_cast<double>(size)), 1, 20);
  };
  const Grey box = scaled(ink_box, pixels(ink_box.height), pixels(ink_box.width));
  double sum = 0, down = 0, across = 0;
  for (ink::Index y = 0; y < box.height; ++y) {
    for (ink::Index x = 0; x < box.width; ++x) {
      sum += box.at(y, x);
      down += box.at(y, x) * (static_cast<double>(y) + 0.5);
      across += box.at(y, x) * (static_cast<double>(x) + 0.5);
    }
  }
  const ink::Index top = std::clamp<ink::Index>(std::lround(14 - down / sum), 0, 28 - box.height);
  const ink::Index left = std::clamp<ink::Index>(std::lround(14 - across / sum), 0, 28 - box.width);
  Grey digit{28, 28, std::vector<double>(784)};
  for (ink::Index y = 0; y < box.height; ++y) {
    for (ink::Index x = 0; x < box.width; ++x) digit.at(top + y, left + x) = box.at(y, x);
  }
  return digit;
}

inline ink::Tensor<std::uint8_t, 4> as_bytes(const Grey& digit) {
  ink::Tensor<std::uint8_t, 4> out({1, digit.height, digit.width, 1});
  std::transform(digit.values.begin(), digit.values.end(), out.mutable_data(),
                 [](double v) { return static_cast<std::uint8_t>(std::lround(255 * v)); });
  return out;
}

}  // namespace sketch_detail

/// `inverted` says whether the ink is darker than the paper; nothing: the border tells.
inline SketchFile read_sketch(const std::string& path, std::optional<bool> inverted = {}) {
  using namespace sketch_detail;
  Grey image = read_grey(path, 1);
  if (contrast(image) < 0.1) image = read_grey(path, 0);  // white ink on nothing
  double paper = paper_of(image);
  const bool dark_ink = inverted ? *inverted : paper >= 0.5;
  if (dark_ink) {
    for (double& v : image.values) v = 1 - v;
    paper = 1 - paper;
  }
  if (!stretch(image, paper)) {
    throw ink::IoError(path, std::string("has no ink: nothing in it is clearly ") + (dark_ink ? "darker" : "lighter") +
                                 " than its border" + (inverted ? "" : "; --invert and --no-invert say which it is"));
  }
  SketchFile sketch;
  const auto size = [](const Grey& g) {
    return std::to_string(g.width) + " x " + std::to_string(g.height) + " pixels";
  };
  sketch.says = size(image) + ", " + (dark_ink ? "dark on light" : "light on dark");
  if (image.height != 28 || image.width != 28) {
    const Grey box = cropped(image);
    sketch.says += "; " + size(box) + " of ink, scaled to 20";
    image = as_digit(thick_enough(box));
  }
  sketch.lines = ink::data::skeleton(as_bytes(image));
  if (std::all_of(sketch.lines.values().begin(), sketch.lines.values().end(), [](auto v) { return v == 0; })) {
    throw ink::IoError(path, "has no strokes that are left when it is scaled to 28 by 28 pixels");
  }
  return sketch;
}
