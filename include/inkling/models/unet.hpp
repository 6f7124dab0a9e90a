// UNet: the usual network of image diffusion: down to a coarse image and up again, with the fine detail carried across.
//
//   down    per level: residual blocks, attention on the coarse levels; a strided convolution between levels
//   middle  residual block, attention, residual block
//   up      per level: residual blocks that also take what the way down had at that point; upsampling between levels
//
// O. Ronneberger, P. Fischer, T. Brox 2015, arXiv:1505.04597; J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239. Every
// residual block is told the noise level, the class and the mean of the caption: e = SiLU(time + class + caption).
// Where pixels attend to each other, they attend to the caption's tokens afterwards (R. Rombach et al. 2021,
// arXiv:2112.10752). A sketch is one more channel of x (C. Saharia et al., "Palette", 2021, arXiv:2111.05826).
//
// Shapes: x (N, H, W, channels), level (N) -> (N, H, W, outputs). H and W are divisible by 2^(levels − 1): 28 → 14
// → 7. Condition: Unconditional; ClassLabels if `classes` > 0, Captions if `vocabulary` > 0, Sketch if `sketch`, or
// several of them as Conditions.
//
// Errors: ShapeError if x does not fit the options; ValueError for options that make no network, and for being told
// what the options leave out.
//
// Example:
//     models::UNet<float> net({.channels = 1, .width = 16, .multipliers = {1, 2}, .blocks = 1, .classes = 10}, Key{1});
//     auto x = normal<float>(Shape{2, 8, 8, 1}, Key{2});
//     auto y = net(x, Tensor<float, 1>(Shape{2}, 500.0f), ClassLabels{Tensor<std::int32_t, 1>(Shape{2}, 7)});
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "inkling/autograd/recompute.hpp"
#include "inkling/models/text_encoder.hpp"
#include "inkling/nn/cross_attention.hpp"
#include "inkling/nn/embedding.hpp"
#include "inkling/nn/image_blocks.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::models {

template <class T = float>
class UNet {
 public:
  using value_type = T;

  struct Options {
    Index channels = 1;
    Index outputs = 0;                           ///< channels of the answer; 0: as many as of x
    Index width = 32;                            ///< channels of the finest level
    std::vector<Index> multipliers = {1, 2, 2};  ///< of the width, one per level
    Index blocks = 2;                            ///< residual blocks per level on the way down; one more on the way up
    Index attention_levels = 1;                  ///< how many of the coarsest levels attend
    Index heads = 4, groups = 8;
    Index classes = 0;     ///< 0: no class is told
    Index vocabulary = 0;  ///< of captions; 0: none are told
    Index caption_length = 16, text_width = 64;
    bool sketch = false;     ///< is a sketch told?
    bool recompute = false;  ///< of the blocks: half the memory, 1.3 times the time
  };

  UNet(const Options& o, Key key) : UNet(check(o), Keys{key}) {}

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& x, const Tensor<T, 1>& level, const C& condition) const {
    check_input(value(x).shape());
    const auto [words, e, lengths] = told(x, level, condition);
    auto h = input_(with_sketch(x, condition));
    detail::PoolVector<decltype(h)> across{h};
    for (const auto& stage : down_) {
      for (const auto& block : stage.blocks) across.push_back(h = run(block, h, e, words, lengths));
      if (stage.resize) across.push_back(h = (*stage.resize)(h));
    }
    h = run(middle_attention_, run(middle1_, h, e));
    if (middle_cross_) h = run(*middle_cross_, h, words, lengths);
    h = run(middle2_, h, e);
    for (const auto& stage : up_) {
      for (const auto& block : stage.blocks) {
        // With the block, so that what is computed again is not kept: the concatenation repeats what `across` holds.
        h = run([&block](const auto& coarse, const auto& fine, const auto&... told) {
          return block(concat(3, coarse, fine), told...);
        }, h, across.back(), e, words, lengths);
        across.pop_back();
      }
      if (stage.resize) h = (*stage.resize)(h);
    }
    return output_(norm_.silu(h));
  }

  static void visit(auto& self, auto&& f) {
    f("time", self.time_);
    f("label", self.label_);
    f("text", self.text_);
    f("text_mean", self.text_mean_);
    f("input", self.input_);
    f("down", self.down_);
    f("middle1", self.middle1_);
    f("middle_attention", self.middle_attention_);
    f("middle_cross", self.middle_cross_);
    f("middle2", self.middle2_);
    f("up", self.up_);
    f("norm", self.norm_);
    f("output", self.output_);
  }

 private:
  /// A fresh key for every layer.
  struct Keys {
    Key key;
    std::uint64_t used = 0;
    Key next() { return key.fold(used++); }
  };

  struct Block {
    ResidualBlock<T> residual;
    std::optional<AttentionBlock<T>> attention;
    std::optional<CrossAttentionBlock<T>> cross;

    template <class X, class E, class Words>
    auto operator()(const X& x, const E& e, const Words& words, const Tensor<std::int32_t, 1>& lengths) const {
      auto h = residual(x, e);
      if (attention) h = (*attention)(h);
      return cross ? (*cross)(h, words, lengths) : h;
    }
    static void visit(auto& self, auto&& f) {
      f("residual", self.residual);
      f("attention", self.attention);
      f("cross", self.cross);
    }
  };

  template <class Resize>
  struct Stage {
    std::vector<Block> blocks;
    std::optional<Resize> resize;

    static void visit(auto& self, auto&& f) {
      f("blocks", self.blocks);
      f("resize", self.resize);
    }
  };

  UNet(const Options& o, Keys keys)
      : time_({.features = o.width, .width = detail::checked_product("unet", "4 x width", 4, o.width)}, keys.next()),
        input_({.in = o.channels + o.sketch, .out = o.width}, keys.next()),
        middle1_(residual(o, coarsest(o), coarsest(o)), keys.next()),
        middle_attention_({.channels = coarsest(o), .heads = o.heads, .groups = o.groups}, keys.next()),
        middle2_(residual(o, coarsest(o), coarsest(o)), keys.next()),
        norm_({.channels = o.width * o.multipliers.front(), .groups = o.groups}),
        output_(
            {.in = o.width * o.multipliers.front(), .out = o.outputs > 0 ? o.outputs : o.channels, .zero_init = true},
            keys.next()),
        channels_(o.channels),
        sketch_(o.sketch),
        smallest_(Index{1} << (o.multipliers.size() - 1)),
        recompute_(o.recompute) {
    if (o.classes > 0) {
      // As large as the noise level's part of e: smaller, and the class is learned late.
      label_.emplace(typename ClassEmbedding<T>::Options{.classes = o.classes, .width = 4 * o.width, .std = 1},
                     keys.next());
    }
    if (o.vocabulary > 0) {
      text_.emplace(
          typename TextEncoder<T>::Options{
              .vocabulary = o.vocabulary, .length = o.caption_length, .width = o.text_width},
          keys.next());
      text_mean_.emplace(typename Linear<T>::Options{.in = o.text_width, .out = 4 * o.width}, keys.next());
      middle_cross_.emplace(cross(o, coarsest(o)), keys.next());
    }
    const auto levels = static_cast<Index>(o.multipliers.size());
    std::vector<Index> across{o.width};
    Index now = o.width;
    for (Index l = 0; l < levels; ++l) {
      auto& stage = down_.emplace_back();
      const Index out = o.width * o.multipliers[static_cast<std::size_t>(l)];
      for (Index b = 0; b < o.blocks; ++b) {
        stage.blocks.push_back(block(o, now, out, l, keys));
        across.push_back(now = out);
      }
      if (l + 1 < levels) {
        stage.resize.emplace(typename Conv2d<T>::Options{.in = now, .out = now, .stride = 2}, keys.next());
        across.push_back(now);
      }
    }
    for (Index l = levels; l-- > 0;) {
      auto& stage = up_.emplace_back();
      const Index out = o.width * o.multipliers[static_cast<std::size_t>(l)];
      for (Index b = 0; b <= o.blocks; ++b) {
        stage.blocks.push_back(block(o, now + across.back(), out, l, keys));
        across.pop_back();
        now = out;
      }
      if (l > 0) stage.resize.emplace(typename Upsample<T>::Options{.in = now, .out = now}, keys.next());
    }
  }

  static const Options& check(const Options& o) {
    if (o.multipliers.empty() || o.blocks < 1 || o.width < 2 || o.width % 2 != 0) {
      throw ValueError(text("unet: width is ", o.width, ", blocks are ", o.blocks, ", levels are ",
                            o.multipliers.size(), "; the width must be even, and there must be a block and a level"));
    }
    detail::require_not_negative("unet", "outputs", o.outputs);
    detail::require_not_negative("unet", "attention_levels", o.attention_levels);
    detail::require_not_negative("unet", "classes", o.classes);
    detail::require_not_negative("unet", "vocabulary", o.vocabulary);
    // More levels than an extent can be halved, or channels than a tensor can have, are no network.
    if (o.multipliers.size() > 48) {
      throw ValueError(text("unet: levels are ", o.multipliers.size(), "; the most is 48"));
    }
    for (const Index m : o.multipliers) detail::checked_product("unet", "width x multiplier", o.width, m);
    return o;
  }

  static Index coarsest(const Options& o) { return o.width * o.multipliers.back(); }

  static typename ResidualBlock<T>::Options residual(const Options& o, Index in, Index out) {
    return {.in = in, .out = out, .time = 4 * o.width, .groups = o.groups};
  }

  static typename CrossAttentionBlock<T>::Options cross(const Options& o, Index channels) {
    return {.channels = channels, .context = o.text_width, .heads = o.heads, .groups = o.groups};
  }

  static Block block(const Options& o, Index in, Index out, Index level, Keys& keys) {
    Block made{ResidualBlock<T>(residual(o, in, out), keys.next()), {}, {}};
    if (level >= static_cast<Index>(o.multipliers.size()) - o.attention_levels) {
      made.attention.emplace(typename AttentionBlock<T>::Options{.channels = out, .heads = o.heads, .groups = o.groups},
                             keys.next());
      if (o.vocabulary > 0) made.cross.emplace(cross(o, out), keys.next());
    }
    return made;
  }

  template <class M, class... X>
  auto run(M&& module, const X&... x) const {
    return recompute_ ? recompute(std::forward<M>(module), x...) : module(x...);
  }

  void check_input(const Shape<4>& x) const {
    if (x[3] == channels_ && x[1] % smallest_ == 0 && x[2] % smallest_ == 0) return;
    throw ShapeError(text("unet: x is ", x, "; x[3] must be ", channels_, ", x[1] and x[2] divisible by ", smallest_));
  }

  template <class X, class C>
  X with_sketch(const X& x, const C& condition) const {
    if (!sketch_) return x;
    return concat(3, x, constant_on(x, detail::sketch_channel<T>("unet", value(x).shape(), condition)));
  }

  /// What every block is told: the vector e, and the caption's tokens, if there is one.
  template <class X, class C>
  auto told(const X& x, const Tensor<T, 1>& level, const C& condition) const {
    check_told("unet", condition, Hears<ClassLabels>{"classes", label_.has_value()},
               Hears<Captions>{"vocabulary", text_.has_value()}, Hears<Sketch>{"sketch", sketch_});
    auto e = time_(constant_on(x, level));
    if (label_) e = e + (*label_)(x, part_of<ClassLabels>(condition));
    auto words = constant_on(x, Tensor<T, 3>());
    if (!text_) return Text<decltype(words), decltype(e)>{std::move(words), silu(e), {}};
    auto read = (*text_)(x, part_of<Captions>(condition));
    return decltype(read){std::move(read.tokens), silu(e + (*text_mean_)(read.mean)), std::move(read.lengths)};
  }

  TimeEmbedding<T> time_;
  std::optional<ClassEmbedding<T>> label_;
  std::optional<TextEncoder<T>> text_;
  std::optional<Linear<T>> text_mean_;
  Conv2d<T> input_;
  std::vector<Stage<Conv2d<T>>> down_;
  ResidualBlock<T> middle1_;
  AttentionBlock<T> middle_attention_;
  std::optional<CrossAttentionBlock<T>> middle_cross_;
  ResidualBlock<T> middle2_;
  std::vector<Stage<Upsample<T>>> up_;
  GroupNorm<T> norm_;
  Conv2d<T> output_;
  Index channels_;
  bool sketch_;
  Index smallest_;
  bool recompute_;
};

}  // namespace ink::models
