// Images between resolutions and between pixels and tokens.
//
//   upsample_nearest  y[n, i, j, c] = x[n, i / factor, j / factor, c]
//   patchify          cuts an image into squares of patch × patch pixels, row by row; each becomes one token that holds
//                     its pixels row by row, channels innermost (A. Dosovitskiy et al., "An image is worth 16x16
//                     words", 2020, arXiv:2010.11929)
//   unpatchify        the inverse
//
// Shapes: upsample_nearest  (N, H, W, C) -> (N, H·factor, W·factor, C)
//         patchify          (N, H, W, C) -> (N, H/patch · W/patch, patch·patch·C)
//         unpatchify        (N, H/patch · W/patch, patch·patch·C) -> (N, H, W, C)
//
// Errors: ValueError for a factor or patch below 1; ShapeError if the patch does not divide the image or the tokens do
// not make up the image asked for.
//
// Example:
//     auto x = normal<float>(Shape{2, 28, 28, 1}, Key{1});
//     auto big = upsample_nearest(x, 2);                   // (2, 56, 56, 1)
//     auto tokens = patchify(x, 4);                        // (2, 49, 16)
//     auto back = unpatchify(tokens, 4, 28, 28, 1);        // x again
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/core/view.hpp"

namespace ink {
namespace detail {

inline void check_patch(const char* operation, Index patch, const Shape<4>& image) {
  if (patch < 1) throw ValueError(text(operation, ": patch is ", patch, "; it must be at least 1"));
  check_allocatable(image);
  checked_product(operation, "patch x patch x channels", patch, patch, image[3]);
  if (image[1] % patch != 0 || image[2] % patch != 0) {
    throw ShapeError(
        text(operation, ": patch is ", patch, ", image is ", image, "; patch must divide image[1] and image[2]"));
  }
}

/// The rows of pixels of all patches, (N, H/p, p, W/p, p·C); swapping axes 2 and 3 turns pixels into tokens and back.
inline constexpr std::array<int, 5> swap_patch_rows{0, 1, 3, 2, 4};

template <class T>
Tensor<T, 3> patches_of(const Tensor<T, 4>& image, Index p) {
  const Index n = image.extent(0), h = image.extent(1) / p, w = image.extent(2) / p, row = p * image.extent(3);
  return dense(view(image.reshape(Shape{n, h, p, w, row})).permute(swap_patch_rows)).reshape(Shape{n, h * w, p * row});
}

template <class T>
Tensor<T, 4> image_of(const Tensor<T, 3>& tokens, Index p, const Shape<4>& image) {
  const Index n = image[0], h = image[1] / p, w = image[2] / p, row = p * image[3];
  return dense(view(tokens.reshape(Shape{n, h, w, p, row})).permute(swap_patch_rows)).reshape(image);
}

/// Sums every square of factor × factor pixels: the gradient of upsample_nearest.
template <class T>
Tensor<T, 4> sum_squares_of_pixels(const Tensor<T, 4>& dy, Index factor) {
  const Index n = dy.extent(0), h = dy.extent(1) / factor, w = dy.extent(2) / factor, c = dy.extent(3);
  Tensor<T, 4> dx(Shape<4>{n, h, w, c});
  T* out = dx.mutable_data();
  parallel_for(n * h, std::max<Index>(1, 4096 / std::max<Index>(1, w * c)), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      for (Index u = 0; u < factor; ++u) {
        const T* from = dy.data() + (r * factor + u) * w * factor * c;
        for (Index j = 0; j < w * factor; ++j) {
          T* to = out + (r * w + j / factor) * c;
          for (Index k = 0; k < c; ++k) to[k] += from[j * c + k];
        }
      }
    }
  });
  return dx;
}

}  // namespace detail

template <TensorLikeOfRank<4> X>
auto upsample_nearest(const X& x, Index factor) {
  using T = scalar_t<X>;
  if (factor < 1) throw ValueError(text("upsample_nearest: factor is ", factor, "; it must be at least 1"));
  const auto& shape = value(x).shape();
  const Index n = shape[0], h = shape[1], w = shape[2], c = shape[3];
  const Tensor<T, 6> pixels = value(x).reshape(Shape{n, h, Index{1}, w, Index{1}, c});
  return record(
      dense(view(pixels).broadcast(Shape{n, h, factor, w, factor, c})).reshape(Shape{n, h * factor, w * factor, c}),
      [factor](const auto& dy, auto dx) { dx.add([&] { return detail::sum_squares_of_pixels(dy, factor); }); }, x);
}

template <TensorLikeOfRank<4> X>
auto patchify(const X& x, Index patch) {
  const auto shape = value(x).shape();
  detail::check_patch("patchify", patch, shape);
  return record(detail::patches_of(value(x), patch), [shape, patch](const auto& dy, auto dx) {
    dx.add([&] { return detail::image_of(dy, patch, shape); });
  }, x);
}

template <TensorLikeOfRank<3> X>
auto unpatchify(const X& tokens, Index patch, Index height, Index width, Index channels) {
  const auto& shape = value(tokens).shape();
  const Shape<4> image{shape[0], height, width, channels};
  detail::check_patch("unpatchify", patch, image);
  if (shape != Shape<3>{shape[0], height / patch * (width / patch), patch * patch * channels}) {
    throw ShapeError(text("unpatchify: tokens are ", shape, ", patch is ", patch, ", image is ", image,
                          "; tokens must be (N, height / patch * width / patch, patch * patch * channels)"));
  }
  return record(detail::image_of(value(tokens), patch, image), [patch](const auto& dy, auto dtokens) {
    dtokens.add([&] { return detail::patches_of(dy, patch); });
  }, tokens);
}

}  // namespace ink
