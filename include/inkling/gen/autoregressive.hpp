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
// Shapes: images (N, H, W, 1), tokens (N, H, W).
//
// Example (declarations):
//     struct Even {                                             // a network: every level as likely as the others
//       using value_type = float;
//       template <class C>
//       Tensor<float, 4> operator()(const Tokens& x, const C&) const {
//         return Tensor<float, 4>({x.extent(0), x.extent(1), x.extent(2), 16});
//       }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     Autoregressive model(Even{}, Quantizer{16});
//     auto example = model.corrupt(uniform<float>(Shape{4, 28, 28, 1}, Key{1}, -1, 1), Key{2});
//     auto pixels = model.predict(example.state, example.level, Unconditional{});
//     auto nats = pixels.log_prob(example.target);              // (4)
#pragma once

#include <utility>
#include <vector>

#include "inkling/gen/token/token_model.hpp"
#include "inkling/nn/condition.hpp"

namespace ink {

template <class Network, class Head = CategoricalHead>
class Autoregressive : public TokenModel<Network, Head> {
 public:
  using typename TokenModel<Network, Head>::T;
  using TokenModel<Network, Head>::TokenModel;

  Corruption<T, Tokens, Tokens> corrupt(const Tensor<T, 4>& images, Key key) const {
    const Shape<1> n{images.extent(0)};
    const Tokens tokens = this->quantizer.tokens(images, key);
    return {tokens, Tensor<T, 1>(n), tokens, Tensor<T, 1>(n, T{1})};
  }

  /// The distribution of every pixel given those before it.
  template <TensorLike X, class C>
  auto predict(const X& tokens, const Tensor<T, 1>&, const C& condition) const {
    return this->distribution(this->network(tokens, condition));
  }

  /// Steps of the sampler: the number of pixels known.
  std::vector<double> positions(const Tokens& x) const {
    std::vector<double> known;
    for (Index i = 0; i <= x.extent(1) * x.extent(2); ++i) known.push_back(static_cast<double>(i));
    return known;
  }

  /// An image of which no pixel is known.
  template <RandomKey K>
  Tokens prior(const Shape<4>& shape, const K&) const {
    return Tokens({shape[0], shape[1], shape[2]}, missing_token);
  }

  /// The same generator with another network.
  template <class Other>
  Autoregressive<Other, Head> with_network(Other other) const {
    Autoregressive<Other, Head> made(std::move(other), this->quantizer, this->head);
    made.drop_condition = this->drop_condition;
    return made;
  }
};

template <class Network, class Head = CategoricalHead>
Autoregressive(Network, Quantizer, Head = {}) -> Autoregressive<Network, Head>;

}  // namespace ink
