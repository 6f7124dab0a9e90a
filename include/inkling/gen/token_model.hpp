// TokenModel: what the generators of whole-number pixels share whose networks are not causal: AnyOrder
// (gen/any_order.hpp), MaskedDiffusion (gen/masked_diffusion.hpp) and UniformDiffusion (gen/uniform_diffusion.hpp).
//
// They differ in what they remove from an image, and in nothing else. Their networks are shown the pixels and which of
// them are known, are told how much is gone, and answer with the parameters of one distribution per pixel
// (gen/head.hpp; by default a Categorical, K = levels):
//
//   network(known_pixels (N, H, W, 2), level (N), condition) -> (N, H, W, K)
//
// So a network moves from one to another as it is, and is sampled as either. Each of them has
//   corrupt(images, key)               one training example per image
//   corrupt_tokens(tokens, u, key)     the same of tokens, for amounts u in (0, 1) that are given
//   posterior(x, t, condition)         what every pixel is expected to be, given x: a distribution
//   prior(shape, key), images(x)       where sampling begins; a finished state as images in [−1, 1]
//
// Shapes: images (N, H, W, 1), tokens and states (N, H, W).
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     TokenModel model(net, Quantizer{2});
//     auto shown = known_pixels<float>(Tokens({4, 8, 8}), 2);
//     auto pixels = model.predict(shown, Tensor<float, 1>(Shape{4}), Unconditional{});
//     auto drawn = pixels.sample(Key{1});                       // (4, 8, 8)
#pragma once

#include <utility>

#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/masked_tokens.hpp"

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

  /// The distribution of every pixel, given what is shown (N, H, W, 2).
  template <TensorLike X, class C>
  auto predict(const X& shown, const Tensor<T, 1>& level, const C& condition) const {
    return head(network(shown, level, condition), quantizer.levels);
  }

  Tensor<T, 4> images(const Tokens& x) const { return quantizer.template images<T>(x); }

 protected:
  using Example = Corruption<T, Tensor<T, 4>, Tokens>;

  Tensor<T, 4> shown(const Tokens& x) const { return known_pixels<T>(x, quantizer.levels); }

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

}  // namespace ink
