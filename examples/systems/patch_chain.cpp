#include "systems/patch_chain.hpp"

#include <algorithm>
#include <utility>

#include "inkling/dist/categorical.hpp"
#include "inkling/dist/quantizer.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/order.hpp"
#include "inkling/gen/token/masked_tokens.hpp"
#include "inkling/models/transformer.hpp"
#include "inkling/ops/gather.hpp"
#include "systems/settings_text.hpp"

namespace systems {
namespace {

using namespace ink;

constexpr Index count = PatchChain::patches, each = PatchChain::patch_pixels;

/// Pixels in the order of their patches: (N, 784, K) as (N, 49, 16 K).
template <class T>
Tensor<T, 3> in_patches(const Tensor<T, 3>& pixels) {
  static const Order order = orders::blocks(28, 28, 4);
  return gather(pixels, order).reshape(Shape<3>{pixels.extent(0), count, each * pixels.extent(2)});
}

Tensor<std::int32_t, 3> in_patches_of(const Tokens& tokens) {
  return in_patches(tokens.reshape(Shape<3>{tokens.extent(0), count * each, 1}));
}

struct PatchNetwork {
  using value_type = float;
  using Block = TransformerBlock<float>;

  Linear<float> show;
  Embedding<float> ask;
  models::TransformerBody<float, Block> body;
  LayerNorm<float> norm;
  Linear<float> head;

  PatchNetwork(const PatchChainSpec& s, Key key)
      : show({.in = 2 * each, .out = s.width}, key.fold(0)),
        ask({.count = count, .width = s.width, .std = 0.02}, key.fold(1)),
        body(count, {.width = s.width, .heads = s.heads, .causal = s.causal}, s.layers, key.fold(2)),
        norm({.width = s.width}),
        head({.in = s.width, .out = 2 * each}, key.fold(3)) {}

  /// shown (N, 49, 32), asked (N, 49) -> logits (N, 49, 16, 2)
  template <TensorLikeOfRank<3> X>
  auto operator()(const X& shown, const Tensor<std::int32_t, 2>& asked) const {
    const auto told = embedding(ask.table.on(shown), asked);
    return reshape(head(norm(body(show(shown) + told))), Shape<4>{value(shown).extent(0), count, each, 2});
  }

  static void visit(auto& self, auto&& f) {
    f("show", self.show);
    f("ask", self.ask);
    f("body", self.body);
    f("norm", self.norm);
    f("head", self.head);
  }
};

/// Both kinds as a generator, for the loss and the training loop of the library.
struct Chain {
  using value_type = float;
  using Example = Corruption<float, Tensor<float, 3>, Tensor<std::int32_t, 3>>;

  PatchNetwork network;
  bool causal;
  double drop_condition = 0;

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  Example corrupt(const Tensor<float, 4>& images, Key key) const {
    return corrupt_tokens(Quantizer{2}.tokens(images, key.fold(0)), stratified(images.extent(0), key.fold(1)));
  }

  /// Of image n the first ⌊49·u(n)⌋ patches stay; a causal network is given all and asked for all.
  Example corrupt_tokens(const Tokens& tokens, const Tensor<double, 1>& u) const {
    const Index n = tokens.extent(0);
    Tensor<float, 1> known(Shape{n});
    auto target = in_patches_of(tokens);
    if (causal) return {shown(tokens), known, std::move(target), Tensor<float, 1>(Shape{n}, 1.0f)};
    for (Index i = 0; i < n; ++i) {
      known(i) = static_cast<float>(std::min(count - 1, static_cast<Index>(u(i) * static_cast<double>(count))));
    }
    Tensor<float, 3> state = shown(tokens);
    std::int32_t* wanted = target.mutable_data();
    float* left = state.mutable_data();
    for (Index i = 0; i < n * count; ++i) {
      const auto k = static_cast<Index>(known(i / count)), patch = i % count;
      if (patch != k) std::fill_n(wanted + i * each, each, missing_token);
      if (patch >= k) std::fill_n(left + i * 2 * each, 2 * each, 0.0f);
    }
    return {std::move(state), known, std::move(target), Tensor<float, 1>(Shape{n}, static_cast<float>(count))};
  }

  template <TensorLike X, class C>
  auto predict(const X& state, const Tensor<float, 1>& known, const C&) const {
    Tensor<std::int32_t, 2> asked({known.size(), count});
    for (Index i = 0; i < asked.size(); ++i) {
      asked.mutable_data()[i] = static_cast<std::int32_t>(causal ? i % count : static_cast<Index>(known(i / count)));
    }
    return Categorical(network(state, asked));
  }

  /// The logits (N, 49, 16, 2) given the first `known` patches, those of patch `known` being the answer.
  Tensor<float, 4> answer(const Tokens& tokens, Index known) const {
    Tensor<float, 3> state = shown(tokens);
    const Index n = tokens.extent(0), first = (causal ? known + 1 : known) * 2 * each, all = count * 2 * each;
    for (Index i = 0; i < n; ++i)
      std::fill(state.mutable_data() + i * all + first, state.mutable_data() + (i + 1) * all, 0.0f);
    return predict(state, Tensor<float, 1>(Shape{n}, static_cast<float>(known)), Unconditional{}).logits();
  }

 private:
  /// What the tokens are shown, if nothing is removed: patch t, or of a causal network patch t − 1.
  Tensor<float, 3> shown(const Tokens& tokens) const {
    const Index n = tokens.extent(0);
    const auto all = in_patches(known_pixels<float>(tokens, 2).reshape(Shape<3>{n, count * each, 2}));
    if (!causal) return all;
    return concat(1, Tensor<float, 3>({n, 1, 2 * each}), dense(view(all).slice(1, 0, count - 1)));
  }
};

Chain make_chain(const PatchChainSpec& s, Key key) { return {PatchNetwork(s, key), s.causal}; }

Tensor<float, 3> of_patch(const Tensor<float, 4>& logits, Index patch) {
  return dense(view(logits).slice(1, patch, patch + 1)).reshape(Shape<3>{logits.extent(0), each, 2});
}

}  // namespace

struct PatchChain::Model {
  Chain chain;
};

PatchChain::PatchChain(const PatchChainSpec& spec, Key key)
    : spec_(spec), model_(std::make_shared<const Model>(Model{make_chain(spec, key)})) {}

PatchChain PatchChain::load(const std::string& path) {
  const ink::Settings s = read_settings(path);
  check_kind(s, "patch chain");
  const PatchChainSpec spec{.causal = yes_setting(s, "causal"),
                            .width = whole_setting(s, "width"),
                            .layers = whole_setting(s, "layers"),
                            .heads = whole_setting(s, "heads")};
  Chain chain = make_chain(spec, Key{0});
  load_model(path, chain);
  return {spec, std::make_shared<const Model>(Model{std::move(chain)})};
}

void PatchChain::save(const std::string& path, ink::Settings more) const {
  ink::Settings all{{"kind", "patch chain"},
                    {"causal", spec_.causal ? "1" : "0"},
                    {"width", std::to_string(spec_.width)},
                    {"layers", std::to_string(spec_.layers)},
                    {"heads", std::to_string(spec_.heads)}};
  all.insert(all.end(), more.begin(), more.end());
  save_model(path, model_->chain, all);
}

Trained PatchChain::train(const data::ImageDataset& digits, const TrainOptions& options, const OnStep& on_step) {
  Chain chain = model_->chain;
  const auto report = [&](const StepReport& step, const Chain& averaged) {
    if (on_step) on_step(step, PatchChain(spec_, std::make_shared<const Model>(Model{averaged})));
  };
  const auto result = ink::train(chain, digits, options, report);
  model_ = std::make_shared<const Model>(Model{result.ema});
  return {result.steps, result.seconds, result.interrupted};
}

Tokens PatchChain::tokens(const Images& images, Key key) const { return Quantizer{2}.tokens(images, key); }

Tensor<float, 3> PatchChain::logits(const Tokens& tokens, Index known) const {
  return of_patch(model_->chain.answer(tokens, known), known);
}

Tensor<double, 2> PatchChain::nats(const Tokens& tokens) const {
  const Index n = tokens.extent(0);
  const auto wanted = in_patches_of(tokens);
  Tensor<double, 2> nats({n, count});
  Tensor<float, 4> all;
  for (Index k = 0; k < count; ++k) {
    if (k == 0 || !spec_.causal) all = model_->chain.answer(tokens, spec_.causal ? count - 1 : k);
    const auto target = dense(view(wanted).slice(1, k, k + 1)).reshape(Shape<2>{n, each});
    const auto log_p = Categorical(of_patch(all, k)).log_prob(target);
    for (Index i = 0; i < n; ++i) nats(i, k) = -static_cast<double>(log_p(i));
  }
  return nats;
}

Tensor<double, 1> PatchChain::estimate(const Tokens& tokens, Index draws, Key key) const {
  const Index n = tokens.extent(0);
  Tensor<double, 1> nats(Shape{n});
  for (Index d = 0; d < draws; ++d) {
    Tensor<double, 1> u = uniform<double>(Shape{n}, key.fold(static_cast<std::uint64_t>(d)));
    for (double& v : u.mutable_values()) v = (static_cast<double>(d) + v) / static_cast<double>(draws);
    const auto example = model_->chain.corrupt_tokens(tokens, u);
    const auto log_p = model_->chain.predict(example.state, example.level, Unconditional{}).log_prob(example.target);
    for (Index i = 0; i < n; ++i) {
      nats(i) -= static_cast<double>(log_p(i)) * static_cast<double>(example.weight(i)) / static_cast<double>(draws);
    }
  }
  return nats;
}

Tokens PatchChain::draw(Index images, Key key, const OnPixels& on_patch) const {
  const Order order = orders::blocks(28, 28, 4);
  Tokens x({images, 28, 28}, missing_token);
  for (Index k = 0; k < count; ++k) {
    const auto drawn = Categorical(logits(x, k)).sample(key.fold(static_cast<std::uint64_t>(k)));
    for (Index i = 0; i < drawn.size(); ++i) {
      const Index place = order[static_cast<std::size_t>(k * each + i % each)];
      x.mutable_data()[i / each * count * each + place] = drawn.data()[i];
    }
    if (on_patch) on_patch(k, x);
  }
  return x;
}

Index PatchChain::parameters() const { return parameter_count(model_->chain); }

}  // namespace systems
