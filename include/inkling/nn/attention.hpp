// SelfAttention and CrossAttention: multi-head attention with its projections, and KvCache for decoding.
//
//   SelfAttention    out(attention(q, k, v)),  [q | k | v] = qkv(x), q and k rotated by their position if `rope` is set
//   CrossAttention   out(attention(query(x), key(context), value(context)))
//
// A. Vaswani et al., "Attention is all you need", 2017, arXiv:1706.03762.
//
// Decoding: `attention(x_new, cache)` appends the keys and values of the new tokens to the cache and attends to
// everything in it. Token by token or some at a time, the results are bit by bit those of the causal evaluation of the
// whole sequence, at the cost of the new tokens alone.
//
// Padding: with `lengths`, what item n attends to are the first lengths[n] tokens alone, of x or of the context; the
// rest changes nothing.
//
// Shapes: x (N, T, width) -> the same; context (N, S, context); lengths (N); cache.k (N, heads, dim, max_tokens), as a
// query meets it, cache.v (N, heads, max_tokens, dim).
//
// Errors: ValueError if heads do not divide the width, a cache is used without `causal`, or the cache is full;
// ShapeError if x or the context has another width, or the cache was made for another batch or module.
//
// Example:
//     SelfAttention<float> attend({.width = 64, .heads = 4, .causal = true, .rope = Rope{}}, Key{1});
//     auto x = normal<float>(Shape{2, 16, 64}, Key{2});
//     auto y = attend(x);
//     auto cache = attend.cache(2, 16);
//     auto first = attend(Tensor<float, 3>(Shape{2, 1, 64}), cache);       // cache.length is 1
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "inkling/kernels/attention_decode.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/rope.hpp"
#include "inkling/ops/attention.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/ops/self_attention.hpp"

namespace ink {

/// Keys and values of the first `length` tokens of every sequence of a batch. A value: copying it branches a decoding.
template <class T = float>
struct KvCache {
  Tensor<T, 4> k, v;
  Index length = 0;

  KvCache(Index batch, Index max_tokens, Index heads, Index dim)
      : k(Shape<4>{batch, heads, dim, max_tokens}), v(Shape<4>{batch, heads, max_tokens, dim}) {}

  Index capacity() const { return k.shape()[3]; }
};

template <class T = float>
struct SelfAttention {
  struct Options {
    Index width = 0;
    Index heads = 4;
    bool causal = false;
    bool bias = true;
    std::optional<Rope> rope = {};
  };

  Linear<T> qkv, out;
  Index heads;
  bool causal;
  std::optional<Rope> rope;

  SelfAttention(const Options& o, Key key)
      : qkv({.in = checked(o),
             .out = detail::checked_product("self_attention", "3 x width", 3, o.width),
             .bias = o.bias},
            key.fold(0)),
        out({.in = o.width, .out = o.width, .bias = o.bias}, key.fold(1)),
        heads(o.heads),
        causal(o.causal),
        rope(o.rope) {}

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x) {
    detail::require_extent("self_attention", x, 2, "width", checked(o));
    return x;
  }

  Index width() const { return qkv.weight.shape()[0]; }

  KvCache<T> cache(Index batch, Index max_tokens) const { return {batch, max_tokens, heads, width() / heads}; }

  template <TensorLikeOfRank<3> X>
  auto operator()(const X& x, const Tensor<std::int32_t, 1>& lengths = {}) const {
    auto packed = project(x, 0);
    return finish(self_attention(packed, {.causal = causal, .lengths = lengths}));
  }

  Tensor<T, 3> operator()(const Tensor<T, 3>& x_new, KvCache<T>& cache) const {
    check(x_new.shape(), cache);
    const Index batch = x_new.extent(0), tokens = x_new.extent(1), dim = width() / heads;
    const Tensor<T, 4> packed = project(x_new, cache.length);
    cache.length += tokens;
    const kernels::AttentionStrides query{tokens * 3 * width(), 3 * width(), dim};
    const Index capacity = cache.capacity();
    const kernels::AttentionStrides keys{capacity * width(), capacity, dim * capacity};
    const kernels::AttentionStrides values{capacity * width(), dim, capacity * dim};
    const kernels::AttentionStrides result{tokens * width(), width(), dim};
    const kernels::AttentionShape shape{batch, heads, tokens, cache.length, dim, query, keys, values, result, true};
    auto y = Tensor<T, 4>::uninitialized({batch, tokens, heads, dim});
    const auto scale = static_cast<T>(1 / std::sqrt(static_cast<double>(dim)));
    if (!y.empty()) {
      const T* q = packed.data();
      kernels::attention_decode(shape, q, q + width(), q + 2 * width(), cache.k.mutable_data(), cache.v.mutable_data(),
                                scale, y.mutable_data());
    }
    return finish(y);
  }

  static void visit(auto& self, auto&& f) {
    f("qkv", self.qkv);
    f("out", self.out);
  }

 private:
  static constexpr Index checked(const Options& o) {
    detail::require_divides("self_attention", "heads", o.heads, "width", o.width);
    return o.width;
  }

  /// (N, T, 3·heads, dim) with queries and keys turned to their positions.
  template <TensorLikeOfRank<3> X>
  auto project(const X& x, Index offset) const {
    const Shape<3> shape = value(x).shape();
    detail::require_extent("self_attention", shape, 2, "width", width());
    auto packed = reshape(qkv(x), Shape<4>{shape[0], shape[1], 3 * heads, width() / heads});
    return rope ? detail::rope_heads(packed, *rope, offset, 2 * heads) : packed;
  }

  template <TensorLikeOfRank<4> Y>
  auto finish(const Y& y) const {
    const Shape<4> shape = value(y).shape();
    return out(reshape(y, Shape<3>{shape[0], shape[1], width()}));
  }

  void check(const Shape<3>& x, const KvCache<T>& cache) const {
    if (!causal) throw ValueError("self_attention: causal is false; a cache needs causal attention");
    const Index dim = width() / heads;
    if (cache.k.shape() != Shape<4>{x[0], heads, dim, cache.capacity()} ||
        cache.v.shape() != Shape<4>{x[0], heads, cache.capacity(), dim}) {
      throw ShapeError(text("self_attention: x is ", x, ", cache.k is ", cache.k.shape(), ", cache.v is ",
                            cache.v.shape(), "; they must be (x[0], ", heads, ", ", dim, ", max_tokens) and (x[0], ",
                            heads, ", max_tokens, ", dim, ")"));
    }
    if (cache.length < 0 || cache.length + x[1] > cache.capacity()) {
      throw ValueError(text("self_attention: cache holds ", cache.length, " of ", cache.capacity(),
                            " tokens, x brings ", x[1], "; they must fit"));
    }
  }
};

template <class T = float>
struct CrossAttention {
  struct Options {
    Index width = 0;
    Index heads = 4;
    Index context = 0;
    bool bias = true;
  };

  Linear<T> query, key, value, out;
  Index heads;

  CrossAttention(const Options& o, Key k)
      : query({.in = checked(o), .out = o.width, .bias = o.bias}, k.fold(0)),
        key({.in = o.context, .out = o.width, .bias = o.bias}, k.fold(1)),
        value({.in = o.context, .out = o.width, .bias = o.bias}, k.fold(2)),
        out({.in = o.width, .out = o.width, .bias = o.bias}, k.fold(3)),
        heads(o.heads) {}

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x, const Shape<3>& context) {
    detail::require_extent("cross_attention", x, 2, "width", checked(o));
    detail::require_extent("cross_attention", context, 2, "context", o.context, "context");
    return x;
  }

  template <TensorLikeOfRank<3> X, TensorLikeOfRank<3> C>
  auto operator()(const X& x, const C& context, const Tensor<std::int32_t, 1>& lengths = {}) const {
    const Shape<3> shape = ink::value(x).shape(), from = ink::value(context).shape();
    const Index width = query.weight.shape()[0], dim = width / heads;
    detail::require_extent("cross_attention", shape, 2, "width", width);
    detail::require_extent("cross_attention", from, 2, "context", key.weight.shape()[0], "context");
    // Where x lives decides where the parameters do: a plain context beside a recorded x becomes a constant.
    const auto split = [&](const auto& layer, const auto& input, const Shape<3>& s) {
      return reshape(layer(input), Shape<4>{s[0], s[1], heads, dim});
    };
    const auto attended = [&](const auto& c) {
      const auto q = split(query, x, shape);
      return attention(q, split(key, c, from), split(value, c, from), {.lengths = lengths});
    };
    const auto joined = [&](const auto& y) { return out(reshape(y, shape)); };
    if constexpr (Recorded<X> && !Recorded<C>) {
      return joined(attended(constant_on(x, context)));
    } else {
      return joined(attended(context));
    }
  }

  static void visit(auto& self, auto&& f) {
    f("query", self.query);
    f("key", self.key);
    f("value", self.value);
    f("out", self.out);
  }

 private:
  static constexpr Index checked(const Options& o) {
    detail::require_divides("cross_attention", "heads", o.heads, "width", o.width);
    detail::require_positive("cross_attention", "context", o.context);
    return o.width;
  }
};

}  // namespace ink
