// Autoregressive: a generator that removes whole pixels, all but those before one place in an order, and learns to
// predict that pixel.
//
//   −log p(x) = Σ_i −log p(x_i | x_1 … x_{i−1})
//
// A causal network predicts every pixel from those before it in one evaluation, so that training needs no separate
// corruption: the state is the image itself, and causality hides the rest. The order is raster order: rows from the
// top, pixels from the left; Reordered (gen/reordered.hpp) makes it any other. H. Larochelle, I. Murray, "The neural
// autoregressive distribution estimator", 2011; A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, "Pixel recurrent
// neural networks", 2016, arXiv:1601.06759.
//
// The network answers with the parameters of a distribution of every pixel: (N, H, W, K). Which one is said by the head
// (gen/head.hpp), which the constructor takes last: a Categorical of K = levels logits by default.
//
// Pixels are whole numbers in [0, levels). Images in [−1, 1] are rounded to them, but for 2 levels they are drawn:
// black or white with the probability that the grey value names, anew for every batch ("dynamic binarisation").
//
// Shapes: images (N, H, W, 1), tokens (N, H, W).
//
// Errors: ValueError for fewer than 2 levels; ShapeError for images with more than one channel.
//
// Example:
//     Quantizer grey{16};
//     auto tokens = grey.tokens(uniform<float>(Shape{4, 28, 28, 1}, Key{1}, -1, 1), Key{2});
//     auto images = grey.images<float>(tokens);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "inkling/gen/corruption.hpp"
#include "inkling/gen/head.hpp"
#include "inkling/nn/module.hpp"

namespace ink {

using Tokens = Tensor<std::int32_t, 3>;

/// Between images in [−1, 1] and whole numbers.
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
      if (std::isnan(x[i])) throw ValueError(text("Quantizer: image value ", i, " is nan; it must be a number"));
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

template <class Network, class Head = CategoricalHead>
class Autoregressive {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;

  Network network;
  Quantizer quantizer;
  Head head;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  Autoregressive(Network n, Quantizer q, Head h = {}) : network(std::move(n)), quantizer(q), head(h) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  Corruption<T, Tokens, Tokens> corrupt(const Tensor<T, 4>& images, Key key) const {
    const Shape<1> n{images.extent(0)};
    const Tokens tokens = quantizer.tokens(images, key);
    return {tokens, Tensor<T, 1>(n), tokens, Tensor<T, 1>(n, T{1})};
  }

  /// The distribution of every pixel given those before it.
  template <TensorLike X, class C>
  auto predict(const X& tokens, const Tensor<T, 1>&, const C& condition) const {
    return distribution(network(tokens, condition));
  }

  /// The distribution that parameters (N, …, K) stand for.
  template <TensorLike P>
  auto distribution(P parameters) const {
    return head(std::move(parameters), quantizer.levels);
  }

  /// Steps of the sampler: the number of pixels known.
  std::vector<double> positions(const Tokens& x) const {
    std::vector<double> known;
    for (Index i = 0; i <= x.extent(1) * x.extent(2); ++i) known.push_back(static_cast<double>(i));
    return known;
  }

  /// An image of which no pixel is known.
  Tokens prior(const Shape<4>& shape, Key) const { return Tokens({shape[0], shape[1], shape[2]}); }

  Tensor<T, 4> images(const Tokens& x) const { return quantizer.template images<T>(x); }
};

}  // namespace ink
