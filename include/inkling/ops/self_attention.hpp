// self_attention: attention whose queries, keys and values come out of one matrix product, read where they lie.
//
//   out = attention(q, k, v),   qkv = [q | k | v] along the heads
//
// The same numbers as slicing qkv and calling `attention` (ops/attention.hpp), without the three copies.
//
// Shapes: qkv (B, T, 3·heads, D) -> (B, T, heads, D).
//
// Errors: ShapeError if 3 does not divide qkv[2], or there are no tokens; ValueError for a negative scale, or lengths
// as attention refuses them.
//
// Example:
//     auto qkv = normal<float>(Shape{2, 49, 12, 32}, Key{1});
//     auto y = self_attention(qkv, {.causal = true});      // (2, 49, 4, 32)
#pragma once

#include <cmath>
#include <utility>

#include "inkling/ops/attention.hpp"

namespace ink {
namespace detail {

/// The strides of q, k and v inside qkv, and those of a dense result.
inline kernels::AttentionShape packed_attention_shape(Index batch, Index heads, Index tokens, Index dim) {
  const kernels::AttentionStrides packed{tokens * 3 * heads * dim, 3 * heads * dim, dim};
  const kernels::AttentionStrides dense{tokens * heads * dim, heads * dim, dim};
  return {batch, heads, tokens, tokens, dim, packed, packed, packed, dense};
}

}  // namespace detail

template <TensorLikeOfRank<4> X>
auto self_attention(const X& qkv, const AttentionOptions& options = {}) {
  using T = scalar_t<X>;
  using Value = Tensor<T, 4>;
  const Value& xv = value(qkv);
  const Index batch = xv.extent(0), tokens = xv.extent(1), heads = xv.extent(2) / 3, dim = xv.extent(3);
  if (heads < 1 || xv.extent(2) % 3 != 0 || tokens < 1 || dim < 1) {
    throw ShapeError(
        text("self_attention: qkv is ", xv.shape(), "; 3 must divide qkv[2], and no extent but the batch may be 0"));
  }
  if (!(options.scale >= 0)) {
    throw ValueError(text("self_attention: scale is ", options.scale, "; it must be above 0, or 0 for 1 / sqrt(D)"));
  }
  detail::check_lengths("self_attention", options, batch, tokens);
  const auto shape = detail::packed_attention_shape(batch, heads, tokens, dim);
  const auto scale = static_cast<T>(options.scale > 0 ? options.scale : 1 / std::sqrt(static_cast<double>(dim)));
  const bool causal = options.causal;
  const Index part = heads * dim;

  auto out = Value::uninitialized({batch, tokens, heads, dim});
  Tensor<T, 3> lse;
  T* log_sums = nullptr;
  if constexpr (Recorded<X>) {
    lse = Tensor<T, 3>::uninitialized({batch, heads, tokens});
    log_sums = lse.mutable_data();
  }
  if (!out.empty()) {
    const T* q = xv.data();
    kernels::attention_forward(detail::with_lengths(shape, options.lengths), q, q + part, q + 2 * part, scale, causal,
                               out.mutable_data(), log_sums);
  }
  return record(out,
                [xv, out, lse, shape, scale, causal, part, lengths = options.lengths](const auto& dout, auto dqkv) {
    dqkv.add([&] {
      auto g = Value::uninitialized(xv.shape());
      const T* q = xv.data();
      T* dq = g.mutable_data();
      kernels::attention_backward(detail::with_lengths(shape, lengths), q, q + part, q + 2 * part, out.data(),
                                  lse.data(), dout.data(), scale, causal, dq, dq + part, dq + 2 * part);
      return g;
    });
  }, qkv);
}

}  // namespace ink
