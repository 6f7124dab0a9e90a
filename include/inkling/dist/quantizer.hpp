// Quantizer: between images in [−1, 1] and tokens, the whole numbers in [0, levels) that discrete generators draw.
//
//   token = round((x + 1)/2·(levels − 1)),     x = 2·token/(levels − 1) − 1
//
// For 2 levels tokens are drawn instead: black or white with the probability that the grey value names, anew for every
// batch ("dynamic binarisation": R. Salakhutdinov, I. Murray, "On the quantitative analysis of deep belief networks",
// 2008). Otherwise the key is not used.
//
// Shapes: images (N, H, W, 1), tokens (N, H, W).
//
// Errors: ValueError for fewer than 2 levels, or a pixel that is not finite; ShapeError for images with more than one
// channel.
//
// Example:
//     Quantizer grey{16};
//     auto tokens = grey.tokens(uniform<float>(Shape{4, 28, 28, 1}, Key{1}, -1, 1), Key{2});
//     auto images = grey.images<float>(tokens);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "inkling/core/random.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

using Tokens = Tensor<std::int32_t, 3>;

struct Quantizer {
  int levels = 256;

  template <class T>
  Tokens tokens(const Tensor<T, 4>& images, Key key) const {
    check();
    if (images.extent(3) != 1) {
      throw ShapeError(text("Quantizer: images are ", images.shape(), "; images[3] must be 1"));
    }
    Tokens out = Tokens::uninitialized({images.extent(0), images.extent(1), images.extent(2)});
    std::int32_t* token = out.mutable_data();
    const T* x = images.data();
    for (Index i = 0; i < out.size(); ++i) {
      if (!std::isfinite(x[i])) {
        throw ValueError(text("Quantizer: image value ", i, " is ", x[i], "; it must be finite"));
      }
    }
    if (levels == 2) {
      const auto u = uniform<T>(out.shape(), key);
      for (Index i = 0; i < out.size(); ++i) token[i] = u.data()[i] < (x[i] + 1) / 2;
    } else {
      for (Index i = 0; i < out.size(); ++i) {
        const double grey = (static_cast<double>(x[i]) + 1) / 2 * (levels - 1);
        token[i] = static_cast<std::int32_t>(std::lround(std::clamp(grey, 0.0, levels - 1.0)));
      }
    }
    return out;
  }

  template <class T>
  Tensor<T, 4> images(const Tokens& tokens) const {
    check();
    const T scale = T{2} / static_cast<T>(levels - 1);
    return (tokens.cast<T>() * scale - 1).reshape(Shape{tokens.extent(0), tokens.extent(1), tokens.extent(2), 1});
  }

 private:
  void check() const {
    if (levels < 2) throw ValueError(text("Quantizer: levels is ", levels, "; it must be at least 2"));
  }
};

}  // namespace ink
