// Grids: many images in one, to look at or to write as one PNG.
//
// image_grid    (N, H, W, C) -> (rows (H + pad) + pad, columns (W + pad) + pad, C), row by row
// image_strip   one row of all images; or, from the states of a sampling run, one row for each image of the batch and
//               one column for each state
//
// Errors: ShapeError for no images, states that differ in shape, or a grid of more than 2^48 elements; ValueError for
// columns < 1 or pad < 0.
//
// Example:
//     Tensor<float, 4> images({10, 28, 28, 1});
//     Tensor<float, 3> sheet = image_grid(images, 5);                               // (62, 152, 1)
//     Tensor<float, 3> tight = image_strip(images, {.pad = 0, .fill = 1.0f});       // (28, 280, 1)
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "inkling/core/tensor.hpp"

namespace ink {

template <class T>
struct GridOptions {
  Index pad = 2;                                        ///< pixels between the images and around them
  T fill = std::is_floating_point_v<T> ? T(-1) : T(0);  ///< value of the padding and of empty places: black
};

namespace detail {

/// Places image(i) for i in [0, count) on the grid; each is a pointer to (H, W, C).
template <class T, class F>
Tensor<T, 3> place_images(Index count, Index columns, const Shape<3>& one, const GridOptions<T>& options, F image) {
  if (columns < 1) throw ValueError(text("image_grid: columns is ", columns, "; it must be at least 1"));
  if (options.pad < 0) throw ValueError(text("image_grid: pad is ", options.pad, "; it must not be negative"));
  const Index pad = options.pad, rows = (count - 1) / columns + 1;
  const Extent height = (Extent(one[0]) + pad) * rows + pad, width = (Extent(one[1]) + pad) * columns + pad;
  if (!(height * width * one[2]).fits()) {
    throw ShapeError(text("image_grid: ", count, " images are ", one, ", columns are ", columns, ", pad is ", pad,
                          "; the grid must have at most 2^48 elements"));
  }
  const Shape<3> whole{height.value(), width.value(), one[2]};
  Tensor<T, 3> grid(whole, options.fill);
  T* out = grid.mutable_data();
  const Index row_size = one[1] * one[2];
  for (Index i = 0; i < count; ++i) {
    const Index top = i / columns * (one[0] + pad) + pad, left = i % columns * (one[1] + pad) + pad;
    const T* from = image(i);
    for (Index y = 0; y < one[0]; ++y) {
      std::copy_n(from + y * row_size, row_size, out + ((top + y) * whole[1] + left) * whole[2]);
    }
  }
  return grid;
}

}  // namespace detail

template <class T>
Tensor<T, 3> image_grid(const Tensor<T, 4>& images, Index columns, const GridOptions<T>& options = {}) {
  const auto& s = images.shape();
  if (images.empty()) throw ShapeError(text("image_grid: images are ", s, "; there must be at least one pixel"));
  return detail::place_images<T>(s[0], columns, {s[1], s[2], s[3]}, options,
                                 [&](Index i) { return images.data() + i * (s[1] * s[2] * s[3]); });
}

template <class T>
Tensor<T, 3> image_strip(const Tensor<T, 4>& images, const GridOptions<T>& options = {}) {
  return image_grid(images, std::max(images.extent(0), Index{1}), options);
}

template <class T>
Tensor<T, 3> image_strip(const std::vector<Tensor<T, 4>>& states, const GridOptions<T>& options = {}) {
  if (states.empty() || states[0].empty()) throw ShapeError("image_strip: there are no states; at least one is needed");
  const auto& s = states[0].shape();
  for (const auto& state : states) {
    if (state.shape() != s) {
      throw ShapeError(text("image_strip: states are ", s, " and ", state.shape(), "; all must have one shape"));
    }
  }
  const auto columns = static_cast<Index>(states.size());
  return detail::place_images<T>(s[0] * columns, columns, {s[1], s[2], s[3]}, options, [&](Index i) {
    return states[static_cast<std::size_t>(i % columns)].data() + i / columns * (s[1] * s[2] * s[3]);
  });
}

}  // namespace ink
