// Dit: the diffusion transformer: patches as tokens, told the noise level and the class through adaptive layer norm.
//
// W. Peebles, S. Xie, "Scalable diffusion models with transformers", 2022, arXiv:2212.09748.
//
// Shapes: x (N, height, columns, channels), level (N) -> (N, height, columns, outputs). `patch` divides height and
// columns. Condition: Unconditional; ClassLabels if `classes` > 0, Sketch, as one more channel of x, if `sketch`, or
// both as Conditions.
//
// Errors: ShapeError for other extents; ValueError for options that make no network, and for being told what the
// options leave out.
//
// Example:
//     models::Dit<float> net({.width = 32, .layers = 2, .patch = 4, .height = 8, .columns = 8}, Key{1});
//     auto y = net(normal<float>(Shape{2, 8, 8, 1}, Key{2}), Tensor<float, 1>(Shape{2}, 500.0f), Unconditional{});
#pragma once

#include <optional>

#include "inkling/models/transformer.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/image.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::models {

template <class T = float>
class Dit {
 public:
  using value_type = T;
  using Block = AdaLnZeroBlock<T>;

  struct Options {
    Index channels = 1;
    Index outputs = 0;  ///< channels of the answer; 0: as many as of x
    Index width = 128, layers = 6, heads = 4;
    Index patch = 4;
    Index height = 28, columns = 28;
    Index classes = 0;       ///< 0: no class is told
    bool sketch = false;     ///< is a sketch told?
    bool recompute = false;  ///< of the blocks: a third of the memory, 1.3 times the time
  };

  Dit(const Options& o, Key key)
      : input_({.in = numbers(o, o.channels + o.sketch), .out = o.width}, key.fold(0)),
        time_({.features = o.width, .width = o.width}, key.fold(1)),
        body_(tokens(o), {.width = o.width, .heads = o.heads}, o.layers, key.fold(2), o.recompute),
        head_({.width = o.width, .out = numbers(o, outputs(o)), .zero_init = true}, key.fold(3)),
        options_(o) {
    detail::require_not_negative("dit", "outputs", o.outputs);
    detail::require_not_negative("dit", "classes", o.classes);
    if (o.classes > 0) {
      label_.emplace(typename ClassEmbedding<T>::Options{.classes = o.classes, .width = o.width}, key.fold(4));
    }
  }

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& x, const Tensor<T, 1>& level, const C& condition) const {
    const auto& o = options_;
    const Shape<4> shape = value(x).shape();
    if (shape[1] != o.height || shape[2] != o.columns || shape[3] != o.channels) {
      throw ShapeError(
          text("dit: x is ", shape, "; it must be (N, ", o.height, ", ", o.columns, ", ", o.channels, ")"));
    }
    check_told("dit", condition, Hears<ClassLabels>{"classes", o.classes > 0}, Hears<Sketch>{"sketch", o.sketch});
    const auto time = time_(constant_on(x, level));
    const auto told = label_ ? time + (*label_)(x, part_of<ClassLabels>(condition)) : time;
    const X shown = o.sketch ? concat(3, x, constant_on(x, detail::sketch_channel<T>("dit", shape, condition))) : x;
    const auto tokens = body_(input_(patchify(shown, o.patch)), told);
    return unpatchify(head_(tokens, told), o.patch, o.height, o.columns, outputs(o));
  }

  static void visit(auto& self, auto&& f) {
    f("input", self.input_);
    f("time", self.time_);
    f("label", self.label_);
    f("body", self.body_);
    f("head", self.head_);
  }

 private:
  static Index outputs(const Options& o) { return o.outputs > 0 ? o.outputs : o.channels; }

  static Index tokens(const Options& o) {
    if (o.patch < 1 || o.height % o.patch != 0 || o.columns % o.patch != 0) {
      throw ValueError(
          text("dit: patch is ", o.patch, ", image is ", o.height, " by ", o.columns, "; the patch must divide both"));
    }
    return detail::checked_product("dit", "tokens", o.height / o.patch, o.columns / o.patch);
  }

  /// Of a token; the patch is checked first.
  static Index numbers(const Options& o, Index channels) {
    tokens(o);
    return detail::checked_product("dit", "patch x patch x channels", o.patch, o.patch, channels);
  }

  Linear<T> input_;
  TimeEmbedding<T> time_;
  std::optional<ClassEmbedding<T>> label_;
  TransformerBody<T, Block> body_;
  AdaLnHead<T> head_;
  Options options_;
};

}  // namespace ink::models
