// Classifier: a small convolutional network that names digits, and that measures what generators make.
//
//   two strided stages of convolution, group norm and SiLU (28 → 14 → 7), the mean over the image, a linear layer
//
// Shapes: images (N, H, W, channels) in [−1, 1] -> logits (N, classes); features (N, 4·width).
//
// Errors: those of the layers.
//
// Example:
//     models::Classifier<float> net({.width = 16}, Key{1});
//     auto logits = net(normal<float>(Shape{4, 28, 28, 1}, Key{2}));           // (4, 10)
#pragma once

#include "inkling/nn/conv.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/norm.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace ink::models {

template <class T = float>
class Classifier {
 public:
  using value_type = T;

  struct Options {
    Index channels = 1, classes = 10;
    Index width = 16;
  };

  Classifier(const Options& o, Key key)
      : conv1_({.in = o.channels, .out = o.width, .kernel = 5}, key.fold(0)),
        norm1_({.channels = o.width, .groups = 4}),
        conv2_({.in = o.width, .out = 2 * o.width, .stride = 2}, key.fold(1)),
        norm2_({.channels = 2 * o.width, .groups = 4}),
        conv3_({.in = 2 * o.width, .out = 4 * o.width, .stride = 2}, key.fold(2)),
        norm3_({.channels = 4 * o.width, .groups = 4}),
        conv4_({.in = 4 * o.width, .out = 4 * o.width}, key.fold(3)),
        norm4_({.channels = 4 * o.width, .groups = 4}),
        head_({.in = 4 * o.width, .out = o.classes}, key.fold(4)) {}

  /// What the last layer decides by: one vector per image.
  template <TensorLikeOfRank<4> X>
  auto features(const X& images) const {
    const auto h1 = norm1_.silu(conv1_(images));
    const auto h2 = norm2_.silu(conv2_(h1));
    const auto h3 = norm3_.silu(conv3_(h2));
    return mean<1, 2>(norm4_.silu(conv4_(h3)));
  }

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& images) const {
    return head_(features(images));
  }

  static void visit(auto& self, auto&& f) {
    f("conv1", self.conv1_);
    f("norm1", self.norm1_);
    f("conv2", self.conv2_);
    f("norm2", self.norm2_);
    f("conv3", self.conv3_);
    f("norm3", self.norm3_);
    f("conv4", self.conv4_);
    f("norm4", self.norm4_);
    f("head", self.head_);
  }

 private:
  Conv2d<T> conv1_;
  GroupNorm<T> norm1_;
  Conv2d<T> conv2_;
  GroupNorm<T> norm2_;
  Conv2d<T> conv3_;
  GroupNorm<T> norm3_;
  Conv2d<T> conv4_;
  GroupNorm<T> norm4_;
  Linear<T> head_;
};

}  // namespace ink::models
