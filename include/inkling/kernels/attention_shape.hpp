// The extents and strides of an attention: q, out (batch, tq, heads, dim), k, v (batch, tk, heads, dim).
#pragma once

#include "inkling/core/shape.hpp"

namespace ink::kernels {

/// Distances in elements; the `dim` elements of a head are neighbours.
struct AttentionStrides {
  Index batch = 0, token = 0, head = 0;

  /// Of a dense (batch, tokens, heads, dim) tensor.
  static AttentionStrides dense(Index tokens, Index heads, Index dim) {
    return {tokens * heads * dim, heads * dim, dim};
  }
};

struct AttentionShape {
  Index batch = 1, heads = 1, tq = 1, tk = 1, dim = 1;
  AttentionStrides q, k, v, out;

  static AttentionShape dense(Index batch, Index heads, Index tq, Index tk, Index dim) {
    const auto queries = AttentionStrides::dense(tq, heads, dim), keys = AttentionStrides::dense(tk, heads, dim);
    return {batch, heads, tq, tk, dim, queries, keys, keys, queries};
  }

  /// How many keys query i sees.
  Index visible(Index i, bool causal) const {
    const Index last = causal ? i + tk - tq + 1 : tk;
    return last < 0 ? 0 : last > tk ? tk : last;
  }
};

}  // namespace ink::kernels
