// TokenModel: what the generators of whole-number pixels share: Autoregressive (gen/autoregressive.hpp), AnyOrder,
// MaskedDiffusion and UniformDiffusion (gen/token/*.hpp).
//
// Their networks answer with the parameters of one distribution per pixel (gen/head.hpp; by default a Categorical, K =
// levels). Those of the last three are not causal: they are shown the pixels and which of them are known, and are told
// how much is gone:
//
//   network(known_pixels (N, H, W, 2), level (N), condition) -> (N, H, W, K)
//
// The three differ in what they remove from an image, and in nothing else, so that a network moves from one to another
// as it is, and is sampled as either. Each of them has
//   corrupt(images, key)               one training example per image
//   corrupt_tokens(tokens, u, key)     the same of tokens, for amounts u in (0, 1) that are given
//   posterior(x, t, condition)         what every pixel is expected to be, given x: a distribution
//   prior(shape, key), images(x)       where sampling begins; a finished state as images in [−1, 1]
//
// A state says by itself what is known: pixels that are missing_token are to be drawn, the others stay as they are. So
// every sampler completes an image of which some pixels are known (gen/editing/complete.hpp). UniformDiffusion alone
// has states in which nothing is missing and nothing is sure.
//
// Shapes: images (N, H, W, 1), tokens and states (N, H, W).
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     RevealingModel model(net, Quantizer{2});
//     auto shown = known_pixels<float>(Tokens({4, 8, 8}), 2);
//     auto pixels = model.predict(shown, Tensor<float, 1>(Shape{4}), Unconditional{});
//     auto drawn = pixels.sample(Key{1});                       // (4, 8, 8)
#pragma once

#include <utility>

#include "inkling/dist/quantizer.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/head.hpp"
#include "inkling/gen/token/masked_tokens.hpp"
#include "inkling/nn/module.hpp"

namespace ink {

template <class Network, class Head = CategoricalHead>
class TokenModel {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;

  Network network;
  Quantizer quantizer;
  Head head;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  TokenModel(Network n, Quantizer q, Head h = {}) : network(std::move(n)), quantizer(q), head(h) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  /// The distribution that parameters (N, …, K) stand for.
  template <TensorLike P>
  auto distribution(P parameters) const {
    return head(std::move(parameters), quantizer.levels);
  }

  /// Pixels that are missing still are grey.
  Tensor<T, 4> images(const Tokens& x) const {
    auto out = quantizer.template images<T>(x);
    T* pixel = out.mutable_data();
    for (Index i = 0; i < x.size(); ++i) {
      if (x.data()[i] == missing_token) pixel[i] = 0;
    }
    return out;
  }
};

/// Of networks that are not causal.
template <class Network, class Head = CategoricalHead>
class RevealingModel : public TokenModel<Network, Head> {
 public:
  using typename TokenModel<Network, Head>::T;
  using TokenModel<Network, Head>::TokenModel;

  /// The distribution of every pixel, given what is shown (N, H, W, 2).
  template <TensorLike X, class C>
  auto predict(const X& shown, const Tensor<T, 1>& level, const C& condition) const {
    return this->distribution(this->network(shown, level, condition));
  }

 protected:
  /// corrupt_tokens of the images' tokens, with stratified amounts: any image may get any.
  static auto corrupted(const auto& model, const Tensor<T, 4>& images, Key key) {
    return model.corrupt_tokens(model.quantizer.tokens(images, key.fold(0)), stratified(images.extent(0), key.fold(1)),
                                key.fold(2));
  }

  using Example = Corruption<T, Tensor<T, 4>, Tokens>;

  Tensor<T, 4> shown(const Tokens& x) const { return known_pixels<T>(x, this->quantizer.levels); }

  /// How much of every image is missing: 1000 × the fraction of its pixels.
  static Tensor<T, 1> missing_level(const Tokens& x) {
    Tensor<T, 1> level(Shape{x.extent(0)});
    const auto places = static_cast<double>(x.extent(1) * x.extent(2));
    for (Index n = 0; n < level.size(); ++n) {
      level(n) = static_cast<T>(1000 * static_cast<double>(detail::missing_in_row(x, n)) / places);
    }
    return level;
  }

  static Tokens all_missing(const Shape<4>& shape) { return Tokens({shape[0], shape[1], shape[2]}, missing_token); }
};

template <class Network, class Head = CategoricalHead>
RevealingModel(Network, Quantizer, Head = {}) -> RevealingModel<Network, Head>;

}  // namespace ink
