// Residual blocks of transformers: TransformerBlock (GPT, ViT), AdaLnZeroBlock and AdaLnHead (DiT).
//
//   TransformerBlock   x += Attention(Norm(x));  [x += CrossAttention(Norm(x), context);]  x += Feed(Norm(x))
//                      with the norm first: R. Xiong et al., 2020, arXiv:2002.04745
//   AdaLnZeroBlock     x += g₁ · Attention((1 + γ₁) · LN(x) + β₁);  x += g₂ · Feed((1 + γ₂) · LN(x) + β₂)
//                      (γ₁, β₁, g₁, γ₂, β₂, g₂) = Linear(SiLU(c)), zero at first: the block starts as the identity.
//                      W. Peebles, S. Xie, "Scalable diffusion models with transformers", 2022, arXiv:2212.09748
//   AdaLnHead          Linear((1 + γ) · LN(x) + β), (γ, β) = Linear(SiLU(c)), zero at first
//
// With `causal`, both blocks decode with a KvCache exactly as SelfAttention does (nn/attention.hpp).
//
// Shapes: x (N, T, width) -> the same, AdaLnHead (N, T, out); context (N, S, context); c (N, condition).
//
// Errors: those of the layers, and ShapeError if c is not (N, condition); ValueError if a block with cross-attention is
// called without a context or the reverse.
//
// Example:
//     TransformerBlock<float> gpt({.width = 64, .heads = 4, .causal = true}, Key{1});
//     AdaLnZeroBlock<float> dit({.width = 64, .heads = 4}, Key{2});
//     auto x = normal<float>(Shape{2, 49, 64}, Key{3});
//     auto y = dit(gpt(x), normal<float>(Shape{2, 64}, Key{4}));
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "inkling/nn/attention.hpp"
#include "inkling/nn/mlp.hpp"
#include "inkling/nn/norm.hpp"
#include "inkling/ops/map.hpp"

namespace ink {

template <class T = float, class Norm = LayerNorm<T>, class Feed = Mlp<T>>
struct TransformerBlock {
  struct Options {
    Index width = 0;
    Index heads = 4;
    Index hidden = 0;  ///< of the feed-forward network; 0: its own default
    bool causal = false;
    std::optional<Rope> rope = {};
    Index context = 0;  ///< width of a context to attend to; 0: none
  };

  struct Cross {
    Norm norm;
    CrossAttention<T> attention;

    static void visit(auto& self, auto&& f) {
      f("norm", self.norm);
      f("attention", self.attention);
    }
  };

  Norm norm1;
  SelfAttention<T> attention;
  std::optional<Cross> cross;
  Norm norm2;
  Feed feed;

  TransformerBlock(const Options& o, Key key)
      : norm1({.width = o.width}, key.fold(0)),
        attention(inner(o), key.fold(1)),
        norm2({.width = o.width}, key.fold(2)),
        feed({.width = o.width, .hidden = o.hidden}, key.fold(3)) {
    if (o.context > 0) {
      cross.emplace(Cross{Norm({.width = o.width}, key.fold(4)),
                          CrossAttention<T>({.width = o.width, .heads = o.heads, .context = o.context}, key.fold(5))});
    }
  }

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x) {
    return SelfAttention<T>::out_shape(inner(o), x);
  }

  KvCache<T> cache(Index batch, Index max_tokens) const { return attention.cache(batch, max_tokens); }

  /// `lengths`: of every sequence, so many tokens are seen; see nn/attention.hpp. Empty: all.
  template <TensorLikeOfRank<3> X>
  auto operator()(const X& x, const Tensor<std::int32_t, 1>& lengths = {}) const {
    check(false);
    return forward(x + attention(norm1(x), lengths));
  }

  template <TensorLikeOfRank<3> X, TensorLikeOfRank<3> C>
  auto operator()(const X& x, const C& context) const {
    check(true);
    const auto h = x + attention(norm1(x));
    return forward(h + cross->attention(cross->norm(h), context));
  }

  Tensor<T, 3> operator()(const Tensor<T, 3>& x_new, KvCache<T>& cache) const {
    check(false);
    return forward(x_new + attention(norm1(x_new), cache));
  }

  Tensor<T, 3> operator()(const Tensor<T, 3>& x_new, KvCache<T>& cache, const Tensor<T, 3>& context) const {
    check(true);
    const auto h = x_new + attention(norm1(x_new), cache);
    return forward(h + cross->attention(cross->norm(h), context));
  }

  static void visit(auto& self, auto&& f) {
    f("norm1", self.norm1);
    f("attention", self.attention);
    f("cross", self.cross);
    f("norm2", self.norm2);
    f("feed", self.feed);
  }

 private:
  static constexpr typename SelfAttention<T>::Options inner(const Options& o) {
    return {.width = o.width, .heads = o.heads, .causal = o.causal, .rope = o.rope};
  }

  template <TensorLikeOfRank<3> X>
  auto forward(const X& h) const {
    return h + feed(norm2(h));
  }

  void check(bool with_context) const {
    if (with_context == cross.has_value()) return;
    throw ValueError(with_context ? "transformer_block: context is 0; a context needs cross-attention"
                                  : "transformer_block: no context is given; cross-attention needs one");
  }
};

namespace detail {

/// Linear(SiLU(c)), cut into `parts` pieces of x's width.
template <class T>
struct Modulation {
  Linear<T> linear;
  Index width;

  Modulation(Index condition, Index w, Index parts, Key key)
      : linear({.in = condition, .out = checked_product("modulation", "parts x width", parts, w), .zero_init = true},
               key),
        width(w) {}

  template <TensorLikeOfRank<2> C>
  auto operator()(const char* layer, const C& c, const Shape<3>& x) const {
    const auto& shape = value(c).shape();
    if (shape[0] != x[0] || shape[1] != linear.weight.shape()[0]) {
      throw ShapeError(
          text(layer, ": x is ", x, ", c is ", shape, "; c must be (x[0], ", linear.weight.shape()[0], ")"));
    }
    return linear(silu(c));
  }

  template <TensorLikeOfRank<2> M>
  auto part(const M& all, Index i) const {
    return slice(all, 1, i * width, (i + 1) * width);
  }

  static void visit(auto& self, auto&& f) { decltype(self.linear)::visit(self.linear, f); }
};

/// x + g · y with g (N, C) for every token of an item. The gradient of x is that of the sum itself: no loop.
template <TensorLikeOfRank<3> X, TensorLikeOfRank<2> G, TensorLikeOfRank<3> Y>
auto add_gated(const X& x, const G& g, const Y& y) {
  const auto& shape = value(g).shape();
  const auto gate = reshape(g, Shape<3>{shape[0], 1, shape[1]});
  auto sum = map_values(value(x).shape(), formula::sum_with_product, value(x), value(gate), value(y));
  return record(
      std::move(sum),
      [operands = std::make_tuple(value(gate), value(y))](const auto& dy, const auto& dx, const auto&... sinks) {
    dx.add([&] { return dy; });
    map_gradients(dy, formula::times, operands, sinks...);
  }, x, gate, y);
}

}  // namespace detail

template <class T = float, class Feed = Mlp<T, GeluTanh>>
struct AdaLnZeroBlock {
  struct Options {
    Index width = 0;
    Index heads = 4;
    Index hidden = 0;
    Index condition = 0;  ///< width of c; 0: the width of x
    bool causal = false;
    std::optional<Rope> rope = {};
  };

  LayerNorm<T> norm;
  SelfAttention<T> attention;
  Feed feed;
  detail::Modulation<T> modulation;

  AdaLnZeroBlock(const Options& o, Key key)
      : norm({.width = o.width, .eps = 1e-6, .affine = false}),
        attention(inner(o), key.fold(0)),
        feed({.width = o.width, .hidden = o.hidden}, key.fold(1)),
        modulation(o.condition ? o.condition : o.width, o.width, 6, key.fold(2)) {}

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x) {
    return SelfAttention<T>::out_shape(inner(o), x);
  }

  KvCache<T> cache(Index batch, Index max_tokens) const { return attention.cache(batch, max_tokens); }

  template <TensorLikeOfRank<3> X, TensorLikeOfRank<2> C>
  auto operator()(const X& x, const C& c) const {
    return forward(x, c, [&](const auto& h) { return attention(h); });
  }

  Tensor<T, 3> operator()(const Tensor<T, 3>& x_new, const Tensor<T, 2>& c, KvCache<T>& cache) const {
    return forward(x_new, c, [&](const auto& h) { return attention(h, cache); });
  }

  static void visit(auto& self, auto&& f) {
    f("attention", self.attention);
    f("feed", self.feed);
    f("modulation", self.modulation);
  }

 private:
  static constexpr typename SelfAttention<T>::Options inner(const Options& o) {
    return {.width = o.width, .heads = o.heads, .causal = o.causal, .rope = o.rope};
  }

  template <class X, class C, class Attend>
  auto forward(const X& x, const C& c, const Attend& attend) const {
    const auto m = modulation("ada_ln_zero_block", c, value(x).shape());
    const auto part = [&](Index i) { return modulation.part(m, i); };
    const auto h = detail::add_gated(x, part(2), attend(norm.modulated(x, part(0), part(1))));
    return detail::add_gated(h, part(5), feed(norm.modulated(h, part(3), part(4))));
  }
};

template <class T = float>
struct AdaLnHead {
  struct Options {
    Index width = 0, out = 0;
    Index condition = 0;     ///< width of c; 0: the width of x
    bool zero_init = false;  ///< of the linear layer, so that the model starts by answering zero
  };

  LayerNorm<T> norm;
  Linear<T> linear;
  detail::Modulation<T> modulation;

  AdaLnHead(const Options& o, Key key)
      : norm({.width = o.width, .eps = 1e-6, .affine = false}),
        linear({.in = o.width, .out = o.out, .zero_init = o.zero_init}, key.fold(0)),
        modulation(o.condition ? o.condition : o.width, o.width, 2, key.fold(1)) {}

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x) {
    return Linear<T>::out_shape({.in = o.width, .out = o.out}, x);
  }

  template <TensorLikeOfRank<3> X, TensorLikeOfRank<2> C>
  auto operator()(const X& x, const C& c) const {
    const auto m = modulation("ada_ln_head", c, value(x).shape());
    return linear(norm.modulated(x, modulation.part(m, 0), modulation.part(m, 1)));
  }

  static void visit(auto& self, auto&& f) {
    f("linear", self.linear);
    f("modulation", self.modulation);
  }
};

}  // namespace ink
