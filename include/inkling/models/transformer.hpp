// TransformerBody: learned positions and a stack of blocks, the part that a GPT and a DiT share.
//
// `causal` blocks see earlier tokens only, and can be evaluated one token at a time with the keys and values of the
// earlier ones kept in a cache. The block type says what the body is told besides its tokens: TransformerBlock nothing,
// AdaLnZeroBlock a vector per image. With `recompute` each block's intermediate values are computed again in the
// backward pass instead of being kept: the same bits, less memory, more time (autograd/recompute.hpp says how much).
//
// Shapes: tokens (N, T, width) -> the same; T is at most `tokens`.
//
// Example:
//     using Block = TransformerBlock<float>;
//     models::TransformerBody<float, Block> body(49, {.width = 32, .heads = 2, .causal = true}, 2, Key{1});
//     auto y = body(normal<float>(Shape{2, 49, 32}, Key{2}));
//     auto cache = body.cache(2);
//     auto first = body.next(normal<float>(Shape{2, 1, 32}, Key{3}), cache);
#pragma once

#include <vector>

#include "inkling/autograd/recompute.hpp"
#include "inkling/nn/blocks.hpp"
#include "inkling/nn/embedding.hpp"

namespace ink::models {

template <class T, class Block>
struct TransformerBody {
  using Cache = std::vector<KvCache<T>>;

  LearnedPositions<T> positions;
  std::vector<Block> blocks;
  bool recompute;

  TransformerBody(Index tokens, const typename Block::Options& block, Index layers, Key key, bool again = false)
      : positions({.tokens = tokens, .width = block.width}, key.fold(0)), recompute(again) {
    if (layers < 1) throw ValueError(text("transformer: layers are ", layers, "; there must be at least 1"));
    for (Index l = 0; l < layers; ++l) blocks.emplace_back(block, key.fold(1 + static_cast<std::uint64_t>(l)));
  }

  template <TensorLikeOfRank<3> X, TensorLike... Told>
  auto operator()(const X& tokens, const Told&... told) const {
    auto h = positions(tokens);
    for (const auto& block : blocks) h = recompute ? ink::recompute(block, h, told...) : block(h, told...);
    return h;
  }

  Cache cache(Index batch) const {
    Cache made;
    for (const auto& block : blocks) made.push_back(block.cache(batch, positions.table.shape()[0]));
    return made;
  }

  /// The tokens that follow those in the cache.
  template <TensorLike... Told>
  Tensor<T, 3> next(const Tensor<T, 3>& tokens, Cache& cache, const Told&... told) const {
    auto h = positions(tokens, cache.front().length);
    for (std::size_t l = 0; l < blocks.size(); ++l) h = blocks[l](h, told..., cache[l]);
    return h;
  }

  static void visit(auto& self, auto&& f) {
    f("positions", self.positions);
    f("blocks", self.blocks);
  }
};

}  // namespace ink::models
