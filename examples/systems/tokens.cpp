#include "systems/tokens.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/gen/likelihood.hpp"
#include "inkling/gen/likelihood/token_bounds.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "inkling/gen/token_sampler/in_order.hpp"
#include "inkling/gen/token_sampler/most_confident.hpp"
#include "inkling/gen/token_sampler/reveal.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/ops/loss.hpp"
#include "systems/any_network.hpp"
#include "systems/settings_text.hpp"
#include "systems/told_batches.hpp"

namespace systems {
namespace {

using namespace ink;

/// A causal network that a specification names.
struct CausalNetwork {
  using value_type = float;
  using PixelCnn = models::PixelCnn<float>;
  using Gpt = models::Gpt<float>;
  struct Cache {
    std::variant<PixelCnn::Cache, Gpt::Cache> cache;
  };

  std::variant<PixelCnn, Gpt> network;

  template <TensorLikeOfRank<3> X>
  auto operator()(const X& tokens, const Told& told) const {
    const auto* cnn = std::get_if<PixelCnn>(&network);
    return cnn != nullptr ? (*cnn)(tokens, told) : std::get<Gpt>(network)(tokens, heard(told));
  }
  Cache cache(Index batch, const Told& told) const {
    if (const auto* cnn = std::get_if<PixelCnn>(&network)) return {cnn->cache(batch, told)};
    return {std::get<Gpt>(network).cache(batch, heard(told))};
  }
  Tensor<float, 2> logits_at(const Tokens& tokens, Index position, Cache& cache) const {
    if (const auto* cnn = std::get_if<PixelCnn>(&network)) {
      return cnn->logits_at(tokens, position, std::get<PixelCnn::Cache>(cache.cache));
    }
    return std::get<Gpt>(network).logits_at(tokens, position, std::get<Gpt::Cache>(cache.cache));
  }

  static void visit(auto& self, auto&& f) {
    std::visit([&](auto& n) { f("network", n); }, self.network);
  }

 private:
  static Conditions<ClassLabels, Captions> heard(const Told& told) {
    return Conditions(std::get<ClassLabels>(told.parts), std::get<Captions>(told.parts));
  }
};

using Causal = Autoregressive<CausalNetwork>;

/// The nats per pixel of a network that does not see all of the pixels before: some are grey to it, neither black nor
/// white, others in every step. It must not rely on any one of them, which is what dropout is for.
struct HiddenPixels {
  Index percent = 0;

  template <class Batch>
  auto operator()(const Causal& model, Tape& tape, const Batch& batch, Key key) const {
    const Tokens tokens = model.quantizer.tokens(batch.images, key.fold(0));
    const auto chance = uniform<float>(Shape{tokens.size()}, key.fold(1), 0, 100);
    Tokens seen = tokens;
    for (Index i = 0; i < seen.size(); ++i) {
      if (chance(i) < static_cast<float>(percent)) seen.mutable_data()[i] = missing_token;
    }
    const auto told = drop_condition(batch.condition, tokens.extent(0), model.drop_condition, key.fold(2));
    const auto& network = std::get<CausalNetwork::PixelCnn>(model.network.network);
    return cross_entropy(network.logits_of(tape.constant(model.images(seen)), told), tokens);
  }
};

/// Any order, or one.
struct SomeOrder {
  bool raster = false;

  Order operator()(Index places, Key key) const { return raster ? orders::raster(28, 28) : permutation(places, key); }
};

using Revealing = AnyOrder<AnyNetwork, SomeOrder>;

CausalNetwork make_causal(const PixelSpec& s, Key key) {
  const Index classes = s.told == "class" ? 10 : 0;
  const Index vocabulary = s.told == "caption" ? data::CaptionTokenizer::vocabulary_size() : 0;
  if (s.network == "gpt") {
    return {models::Gpt<float>({.levels = s.levels,
                                .width = s.width,
                                .layers = s.layers,
                                .heads = s.heads,
                                .classes = classes,
                                .vocabulary = vocabulary},
                               key)};
  }
  if (s.network != "pixelcnn") {
    throw ValueError("pixel model: network is '" + s.network + "'; of an autoregressive family it is pixelcnn or gpt");
  }
  return {models::PixelCnn<float>({.levels = s.levels,
                                   .width = s.width,
                                   .layers = s.layers,
                                   .head = s.head,
                                   .classes = classes,
                                   .vocabulary = vocabulary,
                                   .sketch = s.told == "sketch",
                                   .dilations = s.dilations,
                                   .positions = s.positions},
                                  key)};
}

AnyNetwork make_revealing(const PixelSpec& s, Key key) {
  const Index classes = s.told == "class" ? 10 : 0;
  if (s.network == "dit") {
    return {models::Dit<float>({.channels = 2,
                                .outputs = s.levels,
                                .width = s.width,
                                .layers = s.layers,
                                .heads = s.heads,
                                .patch = s.patch,
                                .classes = classes},
                               key),
            s.blind};
  }
  if (s.network != "unet") {
    throw ValueError("pixel model: network is '" + s.network + "'; of family " + s.family + " it is unet or dit");
  }
  models::UNet<float>::Options options{.channels = 2, .outputs = s.levels, .width = s.width, .blocks = s.layers};
  options.classes = classes;
  return {models::UNet<float>(options, key), s.blind};
}

std::variant<Causal, Revealing> make_model(const PixelSpec& s, Key key) {
  if (s.hidden < 0 || s.hidden > 100 || (s.hidden > 0 && s.network != "pixelcnn")) {
    throw ValueError("pixel model: hidden is " + std::to_string(s.hidden) +
                     "; it must be 0 to 100, and of a network other than pixelcnn 0");
  }
  const Quantizer quantizer{s.levels};
  if (s.family == "autoregressive") return Causal(make_causal(s, key), quantizer);
  if (s.family != "any-order" && s.family != "raster") {
    throw ValueError("pixel model: family is '" + s.family + "'; it must be autoregressive, any-order or raster");
  }
  Revealing model(make_revealing(s, key), quantizer, SomeOrder{s.family == "raster"});
  if (s.family == "raster") model.asked = Asked::next;
  return model;
}

/// Any choice of the pixels that are next.
struct AnyChoice {
  std::variant<InOrder, AtRandom, MostConfident> choice;

  template <class P, RandomKey K>
  Tensor<double, 3> operator()(const P& prediction, const Tokens& drawn, double left, const K& key) const {
    return std::visit([&](const auto& c) { return c(prediction, drawn, left, key); }, choice);
  }
};

AnyChoice choice_of(const PixelDraw& o) {
  if (o.choice == "ancestral" || o.choice == "run") return {InOrder{orders::raster(28, 28)}};
  if (o.choice == "spread") return {InOrder{orders::spread(28, 28)}};
  if (o.choice == "random") return {AtRandom{}};
  if (o.choice == "confident") return {MostConfident{}};
  if (o.choice == "block") {
    Index side = 1;
    while (side * side < o.pixels) ++side;
    if (side * side == o.pixels && 28 % side == 0) return {InOrder{orders::blocks(28, 28, side)}};
    if (28 % (o.pixels / 2) == 0 && o.pixels % 2 == 0 && o.pixels <= 8) {
      return {InOrder{orders::blocks(28, 28, 2, o.pixels / 2)}};
    }
    throw ValueError("pixel model: no blocks of " + std::to_string(o.pixels) + " pixels tile 28 by 28");
  }
  throw ValueError("pixel model: choice is '" + o.choice +
                   "'; it must be ancestral, run, block, spread, random, confident or masked");
}

ListedPlan plan_of(const PixelDraw& o) { return {o.plan.empty() ? EvenPlan{.pixels = o.pixels}(784) : o.plan}; }

/// Draws a piece; counts the steps.
template <class Sampler, class M>
Tokens draw_piece(const Sampler& sampler, const M& model, const Told& told, Key key, const OnPixels& on_pixels,
                  Index& steps) {
  const Shape<4> shape{classes_of(told).size(), 28, 28, 1};
  steps = 0;
  return sample(sampler, model, model.prior(shape, key.fold(0)), key.fold(1), told, [&](const auto& step) {
    ++steps;
    if (on_pixels) on_pixels(step.index, step.clean);
  });
}

}  // namespace

struct PixelModel::Model {
  std::variant<Causal, Revealing> model;

  const Revealing& revealing(const char* what) const {
    const auto* m = std::get_if<Revealing>(&model);
    if (m == nullptr) throw ValueError(std::string("pixel model: ") + what + " is not of an autoregressive model");
    return *m;
  }
};

PixelModel::PixelModel(const PixelSpec& spec, Key key)
    : spec_(spec), model_(std::make_shared<const Model>(Model{make_model(spec, key)})) {}

PixelModel PixelModel::load(const std::string& path) {
  const ink::Settings settings = read_settings(path);
  const PixelSpec spec = pixel_spec(settings);
  auto model = make_model(spec, Key{0});
  std::visit([&](auto& m) { load_model(path, m, own_names(settings)); }, model);
  return {spec, std::make_shared<const Model>(Model{std::move(model)})};
}

void PixelModel::save(const std::string& path, ink::Settings more) const {
  ink::Settings all = settings_of(spec_);
  all.insert(all.end(), more.begin(), more.end());
  std::visit([&](const auto& m) { save_model(path, m, all); }, model_->model);
}

Trained PixelModel::train(const data::ImageDataset& digits, const TrainOptions& options, const OnStep& on_step) {
  const auto batches = told_batches(digits, options.batch_size, spec_.told);
  TrainOptions kept = options;
  if (kept.settings.empty()) kept.settings = settings_of(spec_);
  auto models = model_->model;
  return std::visit([&](auto& model) {
    const auto report = [&](const StepReport& step, const auto& averaged) {
      if (on_step) on_step(step, PixelModel(spec_, std::make_shared<const Model>(Model{averaged})));
    };
    const auto keep = [&](const auto& result) {
      model_ = std::make_shared<const Model>(Model{result.ema});
      return Trained{result.steps, result.seconds, result.interrupted};
    };
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(model)>, Causal>) {
      if (spec_.hidden > 0) return keep(ink::train(model, HiddenPixels{spec_.hidden}, batches, kept, report));
    }
    return keep(ink::train(model, batches, kept, report));
  }, models);
}

PixelsDrawn PixelModel::draw(const PixelDraw& o, const Told& told, Key key, const OnPixels& on_pixels) const {
  const Index count = classes_of(told).size();
  const bool twice = o.guidance != 0 && o.guidance != 1 && spec_.told != "nothing";
  PixelsDrawn drawn;
  std::vector<Tokens> pieces;
  Index steps = 0;
  for (Index begin = 0; begin < count; begin += o.piece) {
    const Told some = rows_of(told, begin, std::min(begin + o.piece, count));
    const Key own = key.fold(static_cast<std::uint64_t>(begin));
    const auto draw_with = [&](const auto& sampler, const auto& model) {
      pieces.push_back(
          draw_piece(sampler, guided(model, Guidance<>{.scale = o.guidance}), some, own, on_pixels, steps));
    };
    if (const auto* causal = std::get_if<Causal>(&model_->model)) {
      if (o.choice != "ancestral") {
        throw ValueError("pixel model: a causal network draws in order; choice must be ancestral");
      }
      draw_with(Ancestral{o.truncation, o.cache}, *causal);
    } else if (const auto& model = std::get<Revealing>(model_->model); o.choice == "masked") {
      draw_with(DiscreteAncestral{.steps = static_cast<int>((784 + o.pixels - 1) / o.pixels)},
                MaskedDiffusion(model.network, model.quantizer));
    } else {
      draw_with(Reveal{choice_of(o), plan_of(o), o.truncation}, model);
    }
  }
  drawn.tokens = concat(0, pieces);
  drawn.images = images(drawn.tokens);
  drawn.evaluations = twice ? 2 * steps : steps;
  return drawn;
}

Tokens PixelModel::tokens(const Images& images, Key key) const { return Quantizer{spec_.levels}.tokens(images, key); }

Images PixelModel::images(const Tokens& tokens) const {
  return std::visit([&](const auto& m) { return m.images(tokens); }, model_->model);
}

Tensor<double, 3> PixelModel::pixel_nats(const Tokens& tokens, const Told& told) const {
  const auto* model = std::get_if<Causal>(&model_->model);
  if (model == nullptr) throw ValueError("pixel model: nats are of an autoregressive model; others have a bound");
  const auto log_p = log_softmax(model->network(tokens, told));
  Tensor<double, 3> nats(tokens.shape());
  for (Index i = 0; i < tokens.size(); ++i) {
    nats.mutable_data()[i] = -static_cast<double>(log_p.data()[i * spec_.levels + tokens.data()[i]]);
  }
  return nats;
}

Tensor<double, 1> PixelModel::nats(const Tokens& tokens, const Told& told) const {
  const auto each = pixel_nats(tokens, told);
  Tensor<double, 1> sums(Shape{tokens.extent(0)});
  const Index pixels = tokens.size() / std::max<Index>(1, tokens.extent(0));
  for (Index i = 0; i < each.size(); ++i) sums.mutable_data()[i / pixels] += each.data()[i];
  return sums;
}

Tensor<double, 1> PixelModel::ordered_nats(const Tokens& tokens, const Told& told, const std::vector<Index>& order,
                                           const std::vector<Index>& known) const {
  return ordered_nll(model_->revealing("ordered_nats"), tokens, told, order, ListedPlan{known});
}

Tensor<double, 1> PixelModel::bound(const Tokens& tokens, const Told& told, int draws, Key key) const {
  return nll_bound(model_->revealing("bound"), tokens, told, draws, key);
}

std::vector<double> PixelModel::step_losses(const Tokens& tokens, const Told& told, Key key) const {
  return ink::step_losses(model_->revealing("step_losses"), tokens, told, key);
}

Tensor<float, 4> PixelModel::probabilities(const Tokens& state, const Told& told) const {
  if (const auto* model = std::get_if<Causal>(&model_->model)) return softmax(model->network(state, told));
  return softmax(model_->revealing("probabilities").posterior(state, 0, told).parameters());
}

Index PixelModel::parameters() const {
  return std::visit([](const auto& m) { return parameter_count(m); }, model_->model);
}

}  // namespace systems
