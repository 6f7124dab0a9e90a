// Attention: every query reads a weighted mean of the values, weighted by how well it matches their keys.
//
//   out[b, i, h] = Σⱼ p[b, h, i, j] · v[b, j, h],     p[b, h, i] = softmax over j of (scale · q[b, i, h] · k[b, j, h])
//
// With `causal`, query i sees the keys j ≤ i + Tk − Tq: the last query is aligned with the last key, so that a few new
// queries may follow keys from a cache. Hidden values have weight zero, to the bit, as long as they are finite. With
// `lengths`, item b has the first lengths[b] keys alone: the others are padding, are not read, and get gradient zero.
// The matrix p is never stored: the forward pass keeps one number per row (the logarithm of its sum) and the backward
// pass computes p again.
//
// A. Vaswani et al., "Attention is all you need", 2017, arXiv:1706.03762; M. Milakov, N. Gimelshein, "Online normalizer
// calculation for softmax", 2018, arXiv:1805.02867; T. Dao et al., "FlashAttention", 2022, arXiv:2205.14135.
//
// Shapes: q (B, Tq, heads, D), k and v (B, Tk, heads, D), lengths (B) -> (B, Tq, heads, D). Tq ≠ Tk is cross attention.
//
// Errors: ShapeError if the operands do not fit together, there are no keys, or `causal` would leave a query without a
// key (Tq > Tk); ValueError for a negative scale, a length outside [1, Tk], or lengths if `causal`.
//
// Example:
//     auto q = normal<float>(Shape{2, 16, 4, 32}, Key{1});
//     auto k = normal<float>(Shape{2, 49, 4, 32}, Key{2});
//     auto v = normal<float>(Shape{2, 49, 4, 32}, Key{3});
//     auto cross = attention(q, k, v);                     // (2, 16, 4, 32)
//     auto self = attention(k, k, v, {.causal = true});    // (2, 49, 4, 32)
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/attention.hpp"

namespace ink {

struct AttentionOptions {
  bool causal = false;
  double scale = 0;                      ///< 0 means 1 / sqrt(D)
  Tensor<std::int32_t, 1> lengths = {};  ///< keys of every item of the batch; empty: all
};

namespace detail {

inline void check_lengths(const char* operation, const AttentionOptions& options, Index batch, Index keys) {
  const auto& lengths = options.lengths;
  if (lengths.empty()) return;
  if (options.causal) throw ValueError(text(operation, ": lengths are given and causal is true; only one may be"));
  if (lengths.size() != batch) {
    throw ShapeError(text(operation, ": lengths are ", lengths.size(), ", the batch is ", batch, "; both must agree"));
  }
  for (const std::int32_t length : lengths.values()) {
    if (length < 1 || length > keys) {
      throw ValueError(text(operation, ": a length is ", length, "; it must be in [1, ", keys, "]"));
    }
  }
}

inline kernels::AttentionShape with_lengths(kernels::AttentionShape shape, const Tensor<std::int32_t, 1>& lengths) {
  shape.lengths = lengths.empty() ? nullptr : lengths.data();
  return shape;
}

inline void check_attention(const Shape<4>& q, const Shape<4>& k, const Shape<4>& v, const AttentionOptions& options) {
  const auto fail = [&](const char* rule) {
    throw ShapeError(text("attention: q is ", q, ", k is ", k, ", v is ", v, "; ", rule));
  };
  if (k != v) fail("k and v must be equal");
  if (q[0] != k[0]) fail("q[0] must equal k[0]");
  if (q[2] != k[2]) fail("q[2] must equal k[2]");
  if (q[3] != k[3]) fail("q[3] must equal k[3]");
  if (q[3] < 1) fail("q[3] must be at least 1");
  if (k[1] < 1) fail("k[1] must be at least 1");
  if (options.causal && q[1] > k[1]) fail("q[1] must not be above k[1] if causal");
  if (!(options.scale >= 0)) {
    throw ValueError(text("attention: scale is ", options.scale, "; it must be above 0, or 0 for 1 / sqrt(q[3])"));
  }
  check_lengths("attention", options, k[0], k[1]);
}

}  // namespace detail

template <TensorLikeOfRank<4> Q, TensorLikeOfRank<4> K, TensorLikeOfRank<4> V>
auto attention(const Q& q, const K& k, const V& v, const AttentionOptions& options = {}) {
  using T = scalar_t<Q>;
  using Value = Tensor<T, 4>;
  const Value &qv = value(q), &kv = value(k), &vv = value(v);
  detail::check_attention(qv.shape(), kv.shape(), vv.shape(), options);
  const Index batch = qv.extent(0), tq = qv.extent(1), heads = qv.extent(2), dim = qv.extent(3);
  const auto shape = kernels::AttentionShape::dense(batch, heads, tq, kv.extent(1), dim);
  const auto scale = static_cast<T>(options.scale > 0 ? options.scale : 1 / std::sqrt(static_cast<double>(dim)));
  const bool causal = options.causal;

  auto out = Value::uninitialized(qv.shape());
  Tensor<T, 3> lse;
  T* log_sums = nullptr;
  if constexpr (Recorded<Q> || Recorded<K> || Recorded<V>) {
    lse = Tensor<T, 3>::uninitialized({batch, heads, tq});
    log_sums = lse.mutable_data();
  }
  if (!out.empty()) {
    kernels::attention_forward(detail::with_lengths(shape, options.lengths), qv.data(), kv.data(), vv.data(), scale,
                               causal, out.mutable_data(), log_sums);
  }
  return record(out,
                [qv, kv, vv, out, lse, shape, scale, causal, lengths = options.lengths](const auto& dout, auto dq,
                                                                                        auto dk, auto dv) {
    auto gq = Value::uninitialized(qv.shape()), gk = Value::uninitialized(kv.shape());
    auto gv = Value::uninitialized(vv.shape());
    kernels::attention_backward(detail::with_lengths(shape, lengths), qv.data(), kv.data(), vv.data(), out.data(),
                                lse.data(), dout.data(), scale, causal, gq.mutable_data(), gk.mutable_data(),
                                gv.mutable_data());
    dq.add([&] { return std::move(gq); });
    dk.add([&] { return std::move(gk); });
    dv.add([&] { return std::move(gv); });
  },
                q, k, v);
}

}  // namespace ink
