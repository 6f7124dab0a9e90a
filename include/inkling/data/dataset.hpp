// A labelled set of images in memory, and the scale on which models see it.
//
// Images stay bytes, (N, H, W, C) in 0..255: 60,000 digits are 47 MB instead of 188. `normalize` brings what is needed
// to [-1, 1] by x / 127.5 - 1, so that 0 is exactly -1 and 255 exactly 1; `denormalize` goes back, rounding and
// clamping.
//
// Errors: ShapeError when images and labels differ in number; ValueError for a row outside, a label below -1 (which
// means none), and numbers that are not finite where bytes are made of them; with the place.
//
// Example:
//     Tensor<std::uint8_t, 4> images({3, 28, 28, 1});
//     data::ImageDataset set(images, {Shape{3}, {7, 2, 1}});
//     std::vector<Index> rows{2, 0};
//     data::ImageDataset two = set.take(rows);                             // labels 1, 7
//     Tensor<float, 4> x = data::normalize<float>(two.images);             // (2, 28, 28, 1), all -1
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"

namespace ink::data {

struct ImageDataset {
  Tensor<std::uint8_t, 4> images;  ///< (N, H, W, C)
  Tensor<std::int32_t, 1> labels;  ///< (N)

  ImageDataset() = default;
  ImageDataset(Tensor<std::uint8_t, 4> i, Tensor<std::int32_t, 1> l) : images(std::move(i)), labels(std::move(l)) {
    if (images.extent(0) != labels.extent(0)) {
      throw ShapeError(text("dataset: images are ", images.shape(), ", labels are ", labels.shape(),
                            "; images[0] must equal labels[0]"));
    }
    for (const std::int32_t& label : labels.values()) {
      if (label < -1) {
        throw ValueError(text("dataset: the label of row ", &label - labels.data(), " is ", label,
                              "; it must not be negative, or -1 for none"));
      }
    }
  }

  Index size() const { return images.extent(0); }

  /// The given rows, in their order; a row may occur more than once.
  ImageDataset take(std::span<const Index> rows) const {
    const auto& s = images.shape();
    const Index count = static_cast<Index>(rows.size()), row_size = s[1] * s[2] * s[3];
    ImageDataset out;
    out.images = Tensor<std::uint8_t, 4>::uninitialized({count, s[1], s[2], s[3]});
    out.labels = Tensor<std::int32_t, 1>::uninitialized({count});
    auto* pixels = out.images.mutable_data();
    auto* marks = out.labels.mutable_data();
    for (const Index row : rows) {
      if (row < 0 || row >= size()) {
        throw ValueError(
            text("take: rows[", marks - out.labels.data(), "] is ", row, "; it must be in [0, ", size(), ")"));
      }
      pixels = std::copy_n(images.data() + row * row_size, row_size, pixels);
      *marks++ = labels.data()[row];
    }
    return out;
  }

  /// The first `count` rows.
  ImageDataset first(Index count) const {
    if (count < 0 || count > size()) {
      throw ValueError(text("first: count is ", count, "; it must be in [0, ", size(), "]"));
    }
    std::vector<Index> rows(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = i;
    return take(rows);
  }
};

/// Bytes to numbers: 0..255 becomes [-1, 1].
template <class T, int R>
  requires std::is_floating_point_v<T>
Tensor<T, R> normalize(const Tensor<std::uint8_t, R>& bytes) {
  auto out = Tensor<T, R>::uninitialized(bytes.shape());
  const std::uint8_t* from = bytes.data();
  T* to = out.mutable_data();
  parallel_for(bytes.size(), 1 << 16, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) to[i] = static_cast<T>(from[i]) / T(127.5) - T(1);
  });
  return out;
}

/// Numbers to bytes: the nearest level, clamped; ValueError for numbers that are not finite.
template <class T, int R>
  requires std::is_floating_point_v<T>
Tensor<std::uint8_t, R> denormalize(const Tensor<T, R>& numbers) {
  auto out = Tensor<std::uint8_t, R>::uninitialized(numbers.shape());
  std::uint8_t* to = out.mutable_data();
  for (const T& x : numbers.values()) {
    if (!std::isfinite(x)) {
      const auto which = detail::element_text("numbers", numbers.shape(), &x - numbers.data());
      throw ValueError(text("denormalize: ", which, " is ", x, "; all must be finite"));
    }
    const T level = std::floor((x + T(1)) * T(127.5) + T(0.5));
    *to++ = static_cast<std::uint8_t>(level < 0 ? T(0) : level > 255 ? T(255) : level);
  }
  return out;
}

}  // namespace ink::data
