// Gpt: a causal transformer over the pixels of an image in raster order, or over groups of neighbouring ones.
//
//   p(group t | groups before t) for every t in one evaluation; the pixels of one group are predicted together, each
//   from the earlier groups only: group = 1 is a model of single pixels, group = columns one of rows.
//
// M. Chen et al., "Generative pretraining from pixels", 2020; A. Radford et al. 2018. Single pixels enter through an
// embedding of their level, groups through a linear layer. The first token says the class, or that none is told, and
// the mean of the caption, if captions are read.
//
// Shapes: tokens (N, height, columns), int32 in [0, levels) -> logits (N, height, columns, levels), or the parameters
// of another distribution (N, height, columns, outputs). Condition: Unconditional; ClassLabels if `classes` > 0,
// Captions if `vocabulary` > 0, or both as Conditions.
//
// Errors: ShapeError for other extents; ValueError for tokens outside [0, levels), a group that does not divide the
// pixels, positions that are not asked for in order, or being told what the options leave out.
//
// Example:
//     models::Gpt<float> net({.levels = 4, .width = 16, .layers = 2, .heads = 2, .height = 4, .columns = 4}, Key{1});
//     Tensor<std::int32_t, 3> tokens(Shape{2, 4, 4}, 3);
//     auto logits = net(tokens, Unconditional{});                      // (2, 4, 4, 4)
//     auto cache = net.cache(2, Unconditional{});
//     auto first = net.logits_at(tokens, 0, cache);                    // (2, 4), the same as logits(:, 0, 0, :)
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "inkling/models/text_encoder.hpp"
#include "inkling/models/transformer.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::models {

template <class T = float>
class Gpt {
 public:
  using value_type = T;
  using Block = TransformerBlock<T>;
  using Tokens = Tensor<std::int32_t, 3>;

  struct Options {
    Index levels = 256;  ///< of a token
    Index outputs = 0;   ///< numbers per pixel; 0: as many as levels
    Index width = 128, layers = 4, heads = 4;
    Index group = 1;  ///< neighbouring pixels per token
    Index height = 28, columns = 28;
    Index classes = 0;     ///< 0: no class is told
    Index vocabulary = 0;  ///< of captions; 0: none are told
    Index caption_length = 16, text_width = 64;
    bool recompute = false;  ///< of the blocks: less than half the memory, 1.3 times the time
  };

  struct Cache {
    typename TransformerBody<T, Block>::Cache body;
    Tensor<T, 3> next_input;  ///< (N, 1, width), what the body has not seen yet
    Tensor<T, 3> group;       ///< (N, group, outputs), of the newest group
    Index position = 0;       ///< the next that may be asked for
  };

  Gpt(const Options& o, Key key)
      : start_({.classes = std::max<Index>(o.classes, 1), .width = o.width}, key.fold(0)),
        body_(groups(o), {.width = o.width, .heads = o.heads, .causal = true}, o.layers, key.fold(1), o.recompute),
        norm_({.width = o.width}),
        head_({.in = o.width,
               .out = detail::checked_product("gpt", "group x outputs", o.group, outputs(o)),
               .bias = false},
              key.fold(2)),
        options_(o) {
    if (o.group == 1) {
      pixel_.emplace(typename Embedding<T>::Options{.count = o.levels, .width = o.width, .std = 0.02}, key.fold(3));
    } else {
      pixels_.emplace(typename Linear<T>::Options{.in = o.group, .out = o.width}, key.fold(3));
    }
    if (o.vocabulary > 0) {
      text_.emplace(
          typename TextEncoder<T>::Options{
              .vocabulary = o.vocabulary, .length = o.caption_length, .width = o.text_width},
          key.fold(4));
      text_mean_.emplace(typename Linear<T>::Options{.in = o.text_width, .out = o.width}, key.fold(5));
    }
  }

  template <TensorLikeOfRank<3> X, class C>
  auto operator()(const X& tokens, const C& condition) const {
    const auto& o = options_;
    const Tokens& ids = value(tokens);
    check_extents(ids.shape());
    check_range(ids, 0, o.height * o.columns);
    const Index n = ids.extent(0), count = groups(o);
    // Token t is told group t − 1; the last group is told to nobody.
    const auto seen = slice(inputs(tokens, ids.reshape(Shape<3>{n, count, o.group})), 1, 0, count - 1);
    const auto first = reshape(start(tokens, condition), Shape<3>{n, 1, o.width});
    const auto logits = head_(norm_(body_(concat(1, first, seen))));
    return reshape(logits, Shape<4>{n, o.height, o.columns, outputs(o)});
  }

  template <class C>
  Cache cache(Index batch, const C& condition) const {
    const Tokens like({batch, 1, 1});
    return {body_.cache(batch), start(like, condition).reshape(Shape<3>{batch, 1, options_.width}), {}, 0};
  }

  Tensor<T, 2> logits_at(const Tokens& tokens, Index position, Cache& cache) const {
    const auto& o = options_;
    check_extents(tokens.shape());
    if (tokens.extent(0) != cache.next_input.extent(0)) {
      throw ShapeError(text("gpt: tokens are ", tokens.shape(), ", the cache is for ", cache.next_input.extent(0),
                            " images; tokens[0] must equal that"));
    }
    if (position != cache.position || position >= o.height * o.columns) {
      throw ValueError(text("gpt: position is ", position, ", the cache is at ", cache.position,
                            "; positions must be asked for in order, up to ", o.height * o.columns - 1));
    }
    const Index n = tokens.extent(0), within = position % o.group;
    const auto rows = view(tokens.reshape(Shape<2>{n, o.height * o.columns}));
    if (within == 0) {
      if (position > 0) {
        check_range(tokens, position - o.group, position);
        const Tokens before = dense(rows.slice(1, position - o.group, position)).reshape(Shape<3>{n, 1, o.group});
        cache.next_input = inputs(before, before);
      }
      cache.group = head_(norm_(body_.next(cache.next_input, cache.body))).reshape(Shape<3>{n, o.group, outputs(o)});
    }
    ++cache.position;
    return dense(view(cache.group).slice(1, within, within + 1)).reshape(Shape<2>{n, outputs(o)});
  }

  static void visit(auto& self, auto&& f) {
    f("pixel", self.pixel_);
    f("pixels", self.pixels_);
    f("start", self.start_);
    f("text", self.text_);
    f("text_mean", self.text_mean_);
    f("body", self.body_);
    f("norm", self.norm_);
    f("head", self.head_);
  }

 private:
  static Index outputs(const Options& o) { return o.outputs > 0 ? o.outputs : o.levels; }

  static Index groups(const Options& o) {
    detail::require_not_negative("gpt", "outputs", o.outputs);
    detail::require_not_negative("gpt", "classes", o.classes);
    detail::require_not_negative("gpt", "vocabulary", o.vocabulary);
    const Index pixels = detail::checked_product("gpt", "height x columns", o.height, o.columns);
    if (o.group < 1 || pixels % o.group != 0 || o.levels < 2) {
      throw ValueError(text("gpt: group is ", o.group, ", pixels are ", pixels, ", levels are ", o.levels,
                            "; the group must divide the pixels, and there must be 2 levels or more"));
    }
    return pixels / o.group;
  }

  void check_extents(const Shape<3>& tokens) const {
    const auto& o = options_;
    if (tokens[1] != o.height || tokens[2] != o.columns) {
      throw ShapeError(text("gpt: tokens are ", tokens, "; they must be (N, ", o.height, ", ", o.columns, ")"));
    }
  }

  /// Of the pixels begin, …, end − 1 of every image.
  void check_range(const Tokens& tokens, Index begin, Index end) const {
    const Index pixels = options_.height * options_.columns;
    for (Index n = 0; n < tokens.extent(0); ++n) {
      for (Index i = n * pixels + begin; i < n * pixels + end; ++i) {
        const std::int32_t id = tokens.data()[i];
        if (id >= 0 && id < options_.levels) continue;
        throw ValueError(text("gpt: ", detail::element_text("tokens", tokens.shape(), i), " is ", id,
                              "; it must be in [0, ", options_.levels, ")"));
      }
    }
  }

  /// (N, t, group) tokens -> (N, t, width)
  template <class Like>
  auto inputs(const Like& like, const Tokens& ids) const {
    const Index n = ids.extent(0), t = ids.extent(1);
    if (pixel_) return embedding(pixel_->table.on(like), ids.reshape(Shape<2>{n, t}));
    const T scale = T{2} / static_cast<T>(options_.levels - 1);
    return (*pixels_)(constant_on(like, Tensor<T, 3>(ids.template cast<T>() * scale - 1)));
  }

  template <class Like, class C>
  auto start(const Like& like, const C& condition) const {
    check_told("gpt", condition, Hears<ClassLabels>{"classes", options_.classes > 0},
               Hears<Captions>{"vocabulary", text_.has_value()});
    const auto label = options_.classes > 0 ? start_(like, part_of<ClassLabels>(condition))  //
                                            : start_(like, Unconditional{});
    return text_ ? label + (*text_mean_)((*text_)(like, part_of<Captions>(condition)).mean) : label;
  }

  std::optional<Embedding<T>> pixel_;
  std::optional<Linear<T>> pixels_;
  ClassEmbedding<T> start_;
  std::optional<TextEncoder<T>> text_;
  std::optional<Linear<T>> text_mean_;
  TransformerBody<T, Block> body_;
  LayerNorm<T> norm_;
  Linear<T> head_;
  Options options_;
};

}  // namespace ink::models
