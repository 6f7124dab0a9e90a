// CrossAttentionBlock: every pixel of an image attends to the tokens of a context, a text for instance.
//
//   y = x + CrossAttention(GroupNorm(x), context),     the pixels ask, the tokens answer
//
// As in R. Rombach et al., "High-resolution image synthesis with latent diffusion models", 2021, arXiv:2112.10752.
//
// Shapes: x (N, H, W, channels), context (N, L, context), lengths (N) -> (N, H, W, channels). Of context n, the first
// lengths[n] tokens are attended to; empty lengths: all.
//
// Errors: those of the layers.
//
// Example:
//     CrossAttentionBlock<float> attend({.channels = 64, .context = 32}, Key{1});
//     auto x = normal<float>(Shape{2, 7, 7, 64}, Key{2});
//     auto words = normal<float>(Shape{2, 5, 32}, Key{3});
//     auto y = attend(x, words, Tensor<std::int32_t, 1>(Shape{2}, {5, 3}));
#pragma once

#include <cstdint>

#include "inkling/nn/attention.hpp"
#include "inkling/nn/norm.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {

template <class T = float>
struct CrossAttentionBlock {
  struct Options {
    Index channels = 0;
    Index context = 0;  ///< width of a token
    Index heads = 4;
    Index groups = 8;
  };

  GroupNorm<T> norm;
  CrossAttention<T> attention;

  CrossAttentionBlock(const Options& o, Key key)
      : norm({.channels = o.channels, .groups = o.groups}),
        attention({.width = o.channels, .heads = o.heads, .context = o.context}, key) {}

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    return GroupNorm<T>::out_shape({.channels = o.channels, .groups = o.groups}, x);
  }

  template <TensorLikeOfRank<4> X, TensorLikeOfRank<3> C>
  auto operator()(const X& x, const C& context, const Tensor<std::int32_t, 1>& lengths = {}) const {
    const Shape<4> shape = value(x).shape();
    const auto pixels = reshape(norm(x), Shape<3>{shape[0], shape[1] * shape[2], shape[3]});
    return x + reshape(attention(pixels, context, lengths), shape);
  }

  static void visit(auto& self, auto&& f) {
    f("norm", self.norm);
    f("attention", self.attention);
  }
};

}  // namespace ink
