// Residual blocks of a UNet: ResidualBlock (convolutions, told the time) and AttentionBlock (over all pixels).
//
//   ResidualBlock    h = conv1(SiLU(GroupNorm(x))) + time(e);  y = skip(x) + conv2(dropout(SiLU(GroupNorm(h))))
//                    skip is a 1×1 convolution if the channels differ, else nothing
//   AttentionBlock   y = x + SelfAttention(GroupNorm(x)), the pixels being the tokens
//
// As in J. Ho, A. Jain, P. Abbeel, "Denoising diffusion probabilistic models", 2020, arXiv:2006.11239. e is used as it
// comes: an activated TimeEmbedding. Dropout happens only when a key is given: training passes one, sampling does not.
//
// Shapes: x (N, H, W, in) -> (N, H, W, out), e (N, time); AttentionBlock (N, H, W, channels) -> the same.
//
// Errors: those of the layers; ShapeError if e is not (N, time); ValueError if a block with a time is called without.
//
// Example:
//     ResidualBlock<float> block({.in = 32, .out = 64, .time = 128}, Key{1});
//     AttentionBlock<float> attend({.channels = 64}, Key{2});
//     auto e = normal<float>(Shape{8, 128}, Key{3});
//     auto y = attend(block(normal<float>(Shape{8, 16, 16, 32}, Key{4}), e));
#pragma once

#include <optional>

#include "inkling/nn/attention.hpp"
#include "inkling/nn/conv.hpp"
#include "inkling/nn/norm.hpp"
#include "inkling/ops/dropout.hpp"

namespace ink {

template <class T = float>
struct ResidualBlock {
  struct Options {
    Index in = 0, out = 0;
    Index time = 0;  ///< width of e; 0: there is none
    Index groups = 8;
    double dropout = 0;
    bool zero_init = false;  ///< of the last convolution: the block starts as its skip
  };

  GroupNorm<T> norm1;
  Conv2d<T> conv1;
  std::optional<Linear<T>> time;
  GroupNorm<T> norm2;
  Conv2d<T> conv2;
  std::optional<Conv2d<T>> skip;
  double dropout;

  ResidualBlock(const Options& o, Key key)
      : norm1({.channels = o.in, .groups = o.groups}),
        conv1({.in = o.in, .out = o.out}, key.fold(0)),
        norm2({.channels = o.out, .groups = o.groups}),
        conv2({.in = o.out, .out = o.out, .zero_init = o.zero_init}, key.fold(1)),
        dropout(o.dropout) {
    if (o.time > 0) time.emplace(typename Linear<T>::Options{.in = o.time, .out = o.out}, key.fold(2));
    if (o.in != o.out) skip.emplace(typename Conv2d<T>::Options{.in = o.in, .out = o.out, .kernel = 1}, key.fold(3));
  }

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    GroupNorm<T>::out_shape({.channels = o.in, .groups = o.groups}, x);
    return GroupNorm<T>::out_shape({.channels = o.out, .groups = o.groups},
                                   Conv2d<T>::out_shape({.in = o.in, .out = o.out}, x));
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    if (time) throw ValueError("residual_block: no time is given; this block needs one");
    return finish(x, conv1(norm1.silu(x)), {});
  }

  template <TensorLikeOfRank<4> X, TensorLikeOfRank<2> E>
  auto operator()(const X& x, const E& e, std::optional<Key> key = {}) const {
    if (!time) throw ValueError("residual_block: time is 0; this block takes none");
    const Shape<4> shape = value(x).shape();
    const Shape<2> given = value(e).shape();
    if (given[0] != shape[0] || given[1] != time->weight.shape()[0]) {
      throw ShapeError(
          text("residual_block: x is ", shape, ", e is ", given, "; e must be (x[0], ", time->weight.shape()[0], ")"));
    }
    const auto shift = reshape((*time)(e), Shape<4>{given[0], 1, 1, time->weight.shape()[1]});
    return finish(x, conv1(norm1.silu(x)) + shift, key);
  }

  static void visit(auto& self, auto&& f) {
    f("norm1", self.norm1);
    f("conv1", self.conv1);
    f("time", self.time);
    f("norm2", self.norm2);
    f("conv2", self.conv2);
    f("skip", self.skip);
  }

 private:
  template <class X, class H>
  auto finish(const X& x, const H& h, const std::optional<Key>& key) const {
    auto a = norm2.silu(h);
    if (key) a = ink::dropout(a, dropout, *key);
    auto y = conv2(a);
    return skip ? (*skip)(x) + std::move(y) : x + std::move(y);
  }
};

template <class T = float>
struct AttentionBlock {
  struct Options {
    Index channels = 0;
    Index heads = 4;
    Index groups = 8;
  };

  GroupNorm<T> norm;
  SelfAttention<T> attention;

  AttentionBlock(const Options& o, Key key)
      : norm({.channels = o.channels, .groups = o.groups}), attention({.width = o.channels, .heads = o.heads}, key) {}

  static constexpr Shape<4> out_shape(const Options& o, const Shape<4>& x) {
    return GroupNorm<T>::out_shape({.channels = o.channels, .groups = o.groups}, x);
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    const Shape<4> shape = value(x).shape();
    const auto y = attention(reshape(norm(x), Shape<3>{shape[0], shape[1] * shape[2], shape[3]}));
    return x + reshape(y, shape);
  }

  static void visit(auto& self, auto&& f) {
    f("norm", self.norm);
    f("attention", self.attention);
  }
};

}  // namespace ink
