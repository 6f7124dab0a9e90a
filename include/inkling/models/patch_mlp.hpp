// PatchMlp: a small denoiser of single patches, told the noise level and a vector about each: the diffusion head of
// gen/patch_diffusion.hpp.
//
//   c = time(level) + Linear(vector);   h += g·Mlp((1 + γ)·LN(h) + β) a few times, (γ, β, g) = Linear(SiLU(c)), zero at
//   first;   answer = Linear((1 + γ)·LN(h) + β)
//
// T. Li, Y. Tian, H. Li, M. Deng, K. He, "Autoregressive image generation without vector quantization", 2024,
// arXiv:2406.11838, section 3.2.
//
// Shapes: x (M, 1, 1, numbers), level (M), condition.vectors (M, context) -> as x.
//
// Example:
//     models::PatchMlp<float> net({.numbers = 16, .context = 8, .width = 32}, Key{1});
//     auto x = normal<float>(Shape{5, 1, 1, 16}, Key{2});
//     auto y = net(x, Tensor<float, 1>(Shape{5}, 500.0f), PatchVectors{normal<float>(Shape{5, 8}, Key{3})});
#pragma once

#include <vector>

#include "inkling/nn/blocks.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::models {

template <class T = float>
class PatchMlp {
 public:
  using value_type = T;

  struct Options {
    Index numbers = 16;   ///< of a patch
    Index context = 128;  ///< width of the vector about it
    Index width = 128, layers = 3;
  };

  struct Block {
    LayerNorm<T> norm;
    Mlp<T, Silu> feed;
    detail::Modulation<T> modulation;

    Block(Index width, Key key)
        : norm({.width = width, .eps = 1e-6, .affine = false}),
          feed({.width = width, .hidden = width}, key.fold(0)),
          modulation(width, width, 3, key.fold(1)) {}

    template <TensorLikeOfRank<3> X, TensorLikeOfRank<2> C>
    auto operator()(const X& x, const C& c) const {
      const auto m = modulation("patch_mlp", c, value(x).shape());
      const auto h = feed(norm.modulated(x, modulation.part(m, 0), modulation.part(m, 1)));
      return detail::add_gated(x, modulation.part(m, 2), h);
    }

    static void visit(auto& self, auto&& f) {
      f("feed", self.feed);
      f("modulation", self.modulation);
    }
  };

  PatchMlp(const Options& o, Key key)
      : input_({.in = o.numbers, .out = o.width}, key.fold(0)),
        time_({.features = o.width, .width = o.width}, key.fold(1)),
        context_({.in = o.context, .out = o.width}, key.fold(2)),
        head_({.width = o.width, .out = o.numbers, .zero_init = true}, key.fold(3)) {
    detail::require_positive("patch_mlp", "layers", o.layers);
    for (Index l = 0; l < o.layers; ++l) blocks_.emplace_back(o.width, key.fold(4 + static_cast<std::uint64_t>(l)));
  }

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& x, const Tensor<T, 1>& level, const C& condition) const {
    static_assert(requires { context_(condition.vectors); },
                  "patch_mlp: the condition must have `vectors` (M, context): PatchVectors of gen/patch_diffusion.hpp");
    const Shape<4> shape = value(x).shape();
    const auto told = time_(constant_on(x, level)) + context_(condition.vectors);
    auto h = input_(reshape(x, Shape<3>{shape[0], 1, shape[1] * shape[2] * shape[3]}));
    for (const auto& block : blocks_) h = block(h, told);
    return reshape(head_(h, told), shape);
  }

  static void visit(auto& self, auto&& f) {
    f("input", self.input_);
    f("time", self.time_);
    f("context", self.context_);
    f("blocks", self.blocks_);
    f("head", self.head_);
  }

 private:
  Linear<T> input_;
  TimeEmbedding<T> time_;
  Linear<T> context_;
  std::vector<Block> blocks_;
  AdaLnHead<T> head_;
};

}  // namespace ink::models
