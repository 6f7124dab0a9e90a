// PatchTransformer: a causal transformer over the patches of an image, with numbers and not levels as its input: the
// network of gen/patch_diffusion.hpp.
//
//   z_i = what patches 0, …, i − 1 say about patch i, for every i in one evaluation
//
// T. Li, Y. Tian, H. Li, M. Deng, K. He, "Autoregressive image generation without vector quantization", 2024,
// arXiv:2406.11838 (with causal attention). The first token says the class, or that none is told.
//
// Shapes: images (N, height, columns, channels) -> (N, patches, width); vector_at -> (N, width).
// Condition: Unconditional, or ClassLabels if `classes` > 0, alone or within Conditions.
//
// Errors: ShapeError for other extents; ValueError for a patch that does not divide the image, patches that are not
// asked for in order, or being told a class without `classes`.
//
// Example:
//     models::PatchTransformer<float> net({.width = 16, .layers = 2, .heads = 2, .height = 8, .columns = 8}, Key{1});
//     auto images = normal<float>(Shape{2, 8, 8, 1}, Key{2});
//     auto z = net(images, Unconditional{});                               // (2, 4, 16)
//     auto cache = net.cache(2, Unconditional{});
//     auto first = net.vector_at(images, 0, cache);                        // (2, 16), the same as z(:, 0, :)
#pragma once

#include <algorithm>

#include "inkling/models/transformer.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/ops/image.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::models {

template <class T = float>
class PatchTransformer {
 public:
  using value_type = T;
  using Block = TransformerBlock<T>;

  struct Options {
    Index channels = 1;
    Index width = 128, layers = 4, heads = 4;
    Index patch = 4;
    Index height = 28, columns = 28;
    Index classes = 0;       ///< 0: no class is told
    bool recompute = false;  ///< of the blocks
  };

  struct Cache {
    typename TransformerBody<T, Block>::Cache body;
    Tensor<T, 3> next_input;  ///< (N, 1, width), the first token
    Index position = 0;       ///< the next that may be asked for
  };

  PatchTransformer(const Options& o, Key key)
      : input_({.in = numbers(o), .out = o.width}, key.fold(0)),
        start_({.classes = std::max<Index>(o.classes, 1), .width = o.width}, key.fold(1)),
        body_(patches(o), {.width = o.width, .heads = o.heads, .causal = true}, o.layers, key.fold(2), o.recompute),
        norm_({.width = o.width}),
        options_(o) {}

  Index patch() const { return options_.patch; }

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& images, const C& condition) const {
    check_extents(value(images).shape());
    const Index n = value(images).extent(0);
    // Token t is told patch t − 1; the last patch is told to nobody.
    const auto seen = slice(input_(patchify(images, options_.patch)), 1, 0, patches(options_) - 1);
    const auto first = reshape(start(images, condition), Shape<3>{n, 1, options_.width});
    return norm_(body_(concat(1, first, seen)));
  }

  template <class C>
  Cache cache(Index batch, const C& condition) const {
    const Tensor<T, 2> like({batch, 1});
    return {body_.cache(batch), start(like, condition).reshape(Shape<3>{batch, 1, options_.width}), 0};
  }

  Tensor<T, 2> vector_at(const Tensor<T, 4>& images, Index i, Cache& cache) const {
    check_extents(images.shape());
    const Index n = images.extent(0), side = options_.patch, across = options_.columns / side;
    if (n != cache.next_input.extent(0)) {
      throw ShapeError(text("patch_transformer: images are ", images.shape(), ", the cache is for ",
                            cache.next_input.extent(0), " images; images[0] must equal that"));
    }
    if (i != cache.position || i >= patches(options_)) {
      throw ValueError(text("patch_transformer: patch is ", i, ", the cache is at ", cache.position,
                            "; patches must be asked for in order, up to ", patches(options_) - 1));
    }
    if (i > 0) {
      const Index row = (i - 1) / across * side, column = (i - 1) % across * side;
      const auto before = dense(view(images).slice(1, row, row + side).slice(2, column, column + side));
      cache.next_input = input_(patchify(before, side));
    }
    ++cache.position;
    return norm_(body_.next(cache.next_input, cache.body)).reshape(Shape<2>{n, options_.width});
  }

  static void visit(auto& self, auto&& f) {
    f("input", self.input_);
    f("start", self.start_);
    f("body", self.body_);
    f("norm", self.norm_);
  }

 private:
  static Index patches(const Options& o) {
    detail::require_not_negative("patch_transformer", "classes", o.classes);
    detail::require_divides("patch_transformer", "patch", o.patch, "height", o.height);
    detail::require_divides("patch_transformer", "patch", o.patch, "columns", o.columns);
    return detail::checked_product("patch_transformer", "patches", o.height / o.patch, o.columns / o.patch);
  }

  /// Of a patch, which is checked first.
  static Index numbers(const Options& o) {
    patches(o);
    return detail::checked_product("patch_transformer", "patch x patch x channels", o.patch, o.patch, o.channels);
  }

  void check_extents(const Shape<4>& images) const {
    const auto& o = options_;
    if (images[1] != o.height || images[2] != o.columns || images[3] != o.channels) {
      throw ShapeError(text("patch_transformer: images are ", images, "; they must be (N, ", o.height, ", ", o.columns,
                            ", ", o.channels, ")"));
    }
  }

  template <class Like, class C>
  auto start(const Like& like, const C& condition) const {
    check_told("patch_transformer", condition, Hears<ClassLabels>{"classes", options_.classes > 0});
    return options_.classes > 0 ? start_(like, part_of<ClassLabels>(condition)) : start_(like, Unconditional{});
  }

  Linear<T> input_;
  ClassEmbedding<T> start_;
  TransformerBody<T, Block> body_;
  LayerNorm<T> norm_;
  Options options_;
};

}  // namespace ink::models
