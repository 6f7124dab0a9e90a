// TextEncoder: captions as vectors, one per token and their mean, learned along with the network that reads them.
//
//   h = embedding(token) + position, then transformer blocks that see the whole caption, and a layer norm
//
// A. Vaswani et al., "Attention is all you need", 2017, arXiv:1706.03762; the pooled vector beside the tokens as in
// A. Nichol et al., "GLIDE", 2021, arXiv:2112.10741. A start token comes first, so that "not told" is something to
// attend to: a caption of null tokens is the start alone, and so is Unconditional, to the bit. Null tokens stand at the
// end; attention does not see them, so that a caption means the same however far it is padded.
//
// Shapes: Captions (N, L), ids in [0, vocabulary) or null_token, L at most `length` -> tokens (N, L + 1, width), of
// which the first lengths[n] count, mean (N, width).
//
// `like`, something of N rows, says the batch of Unconditional and whether the result is recorded.
//
// Errors: ValueError for an id outside of that, or one behind a null token; ShapeError for longer captions, or not one
// per row.
//
// Example:
//     models::TextEncoder<float> encode({.vocabulary = 40, .length = 8, .width = 32}, Key{1});
//     Captions captions{Tensor<std::int32_t, 2>(Shape{2, 3}, {4, 17, null_token, 8, 2, 39})};
//     auto read = encode(Tensor<float, 4>(Shape{2, 28, 28, 1}), captions);
//     auto vectors = read.tokens;                                          // (2, 4, 32); lengths are 3 and 4
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "inkling/nn/blocks.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/embedding.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace ink::models {

/// A caption read: its tokens' vectors, their mean, and how many of them count.
template <class X, class M>
struct Text {
  X tokens;
  M mean;
  Tensor<std::int32_t, 1> lengths;
};

template <class T = float>
struct TextEncoder {
  using value_type = T;

  struct Options {
    Index vocabulary = 0;
    Index length = 16;  ///< of the longest caption
    Index width = 64;
    Index layers = 2, heads = 4;
  };

  Embedding<T> embed;  ///< the last row is the start token
  LearnedPositions<T> positions;
  std::vector<TransformerBlock<T>> blocks;
  LayerNorm<T> norm;

  TextEncoder(const Options& o, Key key)
      : embed({.count = o.vocabulary + 1, .width = o.width, .std = 0.02}, key.fold(0)),
        positions({.tokens = o.length + 1, .width = o.width}, key.fold(1)),
        norm({.width = o.width}) {
    detail::require_positive("text_encoder", "vocabulary", o.vocabulary);
    detail::require_not_negative("text_encoder", "layers", o.layers);
    for (Index l = 0; l < o.layers; ++l) {
      blocks.emplace_back(typename TransformerBlock<T>::Options{.width = o.width, .heads = o.heads},
                          key.fold(2 + static_cast<std::uint64_t>(l)));
    }
  }

  template <TensorLike Like, class C>
  auto operator()(const Like& like, const C& condition) const {
    check_told("text_encoder", condition, Hears<Captions>{"vocabulary", true});
    auto [ids, lengths, share] = read(value(like).shape(), part_of<Captions>(condition));
    auto h = positions(embedding(embed.table.on(like), ids));
    for (const auto& block : blocks) h = block(h, lengths);
    h = norm(h);
    auto mean = sum<1>(h * share);
    return Text<decltype(h), decltype(mean)>{std::move(h), std::move(mean), std::move(lengths)};
  }

  static void visit(auto& self, auto&& f) {
    f("embed", self.embed);
    f("positions", self.positions);
    f("blocks", self.blocks);
    f("norm", self.norm);
  }

 private:
  struct Padded {
    Tensor<std::int32_t, 2> ids;  ///< the start token first, and in place of null tokens
    Tensor<std::int32_t, 1> lengths;
    Tensor<T, 3> share;  ///< of every token in the mean
  };

  std::int32_t start() const { return static_cast<std::int32_t>(embed.table.shape()[0] - 1); }

  template <int R>
  Padded read(const Shape<R>& like, const Unconditional&) const {
    return read(like, Captions{Tensor<std::int32_t, 2>(Shape<2>{like[0], 0})});
  }

  template <int R>
  Padded read(const Shape<R>& like, const Captions& captions) const {
    const auto& from = captions.ids;
    const Index n = from.extent(0), length = from.extent(1);
    if (n != like[0] || length >= positions.table.shape()[0]) {
      throw ShapeError(text("text_encoder: x is ", like, ", captions are ", from.shape(),
                            "; there must be one per x[0], of ", positions.table.shape()[0] - 1, " tokens at most"));
    }
    Padded to{Tensor<std::int32_t, 2>(Shape<2>{n, length + 1}, start()), Tensor<std::int32_t, 1>(Shape<1>{n}),
              Tensor<T, 3>(Shape<3>{n, length + 1, 1})};
    for (Index i = 0; i < n; ++i) {
      std::int32_t count = 1;
      for (Index l = 0; l < length; ++l) {
        const std::int32_t id = from(i, l);
        if (id == null_token) continue;
        if (id < 0 || id >= start() || count != l + 1) {
          throw ValueError(text("text_encoder: token ", l, " of caption ", i, " is ", id, "; it must be in [0, ",
                                start(), "), and null_token may only follow the last"));
        }
        to.ids(i, ++count - 1) = id;
      }
      to.lengths(i) = count;
      for (Index l = 0; l < count; ++l) to.share(i, l, 0) = 1 / static_cast<T>(count);
    }
    return to;
  }
};

}  // namespace ink::models
