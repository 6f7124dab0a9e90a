#include "systems/denoiser.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/choices.hpp"
#include "inkling/gen/adapter/clipped.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/io/model_file.hpp"
#include "systems/any_network.hpp"
#include "systems/settings_text.hpp"
#include "systems/told_batches.hpp"

namespace systems {
namespace {

using namespace ink;

/// The squared error of one target counts, whichever is predicted: their ratio, with a geometric mean of 1 over the
/// schedule and nowhere more than 400 times that, so that no noise level drowns the others.
struct AnyWeight {
  AnyTarget own, counts;
  double usual = 1;

  AnyWeight(AnyTarget o, AnyTarget c, const AnySchedule& schedule) : own(std::move(o)), counts(std::move(c)) {
    double sum = 0;
    constexpr int points = 64;
    for (int i = 0; i < points; ++i) sum += std::log(ratio(schedule, schedule.time((i + 0.5) / points)));
    usual = std::exp(sum / points);
  }

  double operator()(const AnySchedule& schedule, double t) const {
    const Scales s = schedule(t);
    return ink::detail::positive_target_gain(own, t, s) * std::clamp(ratio(schedule, t) / usual, 1.0 / 400, 400.0);
  }

 private:
  double ratio(const AnySchedule& schedule, double t) const {
    const Scales s = schedule(t);
    return ink::detail::positive_target_gain(counts, t, s) / ink::detail::positive_target_gain(own, t, s);
  }
};

using Diffused = Diffusion<AnyNetwork, AnySchedule, AnyTarget, AnyWeight>;

AnyNetwork make_network(const DenoiserSpec& spec, Key key) {
  const Index classes = spec.told == "class" ? 10 : 0;
  if (spec.network == "dit") {
    return {models::Dit<float>({.width = spec.width,
                                .layers = spec.layers,
                                .heads = spec.heads,
                                .patch = spec.patch,
                                .classes = classes,
                                .sketch = spec.told == "sketch"},
                               key),
            spec.blind};
  }
  if (spec.network != "unet") {
    throw ValueError("denoiser: network is '" + spec.network + "'; it must be unet or dit");
  }
  models::UNet<float>::Options options{.width = spec.width, .blocks = spec.blocks, .heads = spec.heads};
  options.classes = classes;
  options.sketch = spec.told == "sketch";
  if (spec.told == "caption") {
    options.vocabulary = data::CaptionTokenizer::vocabulary_size();
    options.caption_length = data::CaptionTokenizer{}.length;
  }
  return {models::UNet<float>(options, key), spec.blind};
}

template <class T>
T chosen(const char* what, const Choices<T>& choices, const std::string& name) {
  const auto at = choices.find(name);
  if (at != choices.end()) return at->second;
  std::string all;
  for (const std::string& n : names(choices)) all += " " + n;
  throw ValueError("denoiser: " + std::string(what) + " is '" + name + "'; it must be one of" + all);
}

Choices<AnyTarget> all_targets(const AnySchedule& schedule) {
  auto all = targets(schedule);
  all["next"] = {PreviousTarget(schedule, 25)};  // the next image of a sampler of 25 steps
  return all;
}

Diffused make_diffusion(const DenoiserSpec& spec, Key key) {
  const AnySchedule schedule = chosen("schedule", schedules(), spec.schedule);
  const auto all = all_targets(schedule);
  const AnyTarget target = chosen("target", all, spec.target);
  const AnyTarget counts = spec.loss == "own" ? target : chosen("loss", all, spec.loss);
  return {make_network(spec, key), schedule, target, AnyWeight(target, counts, schedule)};
}

/// Times that are given, as a draw of times.
struct GivenTimes {
  Tensor<double, 1> times;

  Tensor<double, 1> quantiles(Index n, Key) const {
    if (times.size() != n) {
      throw ShapeError(text("losses_at: times are ", times.size(), ", images are ", n, "; there must be one an image"));
    }
    return times;
  }
  double time(const AnySchedule&, double t) const { return t; }
};

template <class Example>
Tensor<float, 1> losses_of(const Diffused& model, const Example& example, const Told& told) {
  const auto log_p = model.predict(example.state, example.level, told).log_prob(example.target);
  return map([](auto l, auto w) INKLING_LAMBDA_INLINE { return -l * w; }, log_p, example.weight);
}

}  // namespace

struct Denoiser::Model {
  Diffused diffusion;
};

Denoiser::Denoiser(const DenoiserSpec& spec, Key key)
    : spec_(spec), model_(std::make_shared<const Model>(Model{make_diffusion(spec, key)})) {}

Denoiser Denoiser::load(const std::string& path) {
  const Settings settings = read_settings(path);
  const DenoiserSpec spec = denoiser_spec(settings);
  Diffused diffusion = make_diffusion(spec, Key{0});
  load_model(path, diffusion, own_names(settings));
  return {spec, std::make_shared<const Model>(Model{std::move(diffusion)})};
}

void Denoiser::save(const std::string& path, Settings more) const {
  Settings all = settings_of(spec_);
  all.insert(all.end(), more.begin(), more.end());
  save_model(path, model_->diffusion, all);
}

Trained Denoiser::train(const data::ImageDataset& digits, const TrainOptions& options, const OnStep& on_step) {
  Diffused model = model_->diffusion;
  const auto report = [&](const StepReport& step, const Diffused& averaged) {
    if (on_step) on_step(step, Denoiser(spec_, std::make_shared<const Model>(Model{averaged})));
  };
  TrainOptions kept = options;
  if (kept.settings.empty()) kept.settings = settings_of(spec_);
  const auto result = ink::train(model, told_batches(digits, options.batch_size, spec_.told), kept, report);
  model_ = std::make_shared<const Model>(Model{result.ema});
  return {result.steps, result.seconds, result.interrupted};
}

Drawn Denoiser::draw(const DrawOptions& o, const Told& told, Key key, const OnDraw& on_draw) const {
  AnySampler sampler = chosen("sampler", samplers(o.steps), o.sampler);
  if (auto* ddim = std::get_if<Ddim>(&sampler)) ddim->eta = o.eta;
  const auto model = guided(model_->diffusion, Guidance<>{.scale = o.guidance});
  const Index count = classes_of(told).size();
  const bool twice = o.guidance != 0 && o.guidance != 1 && spec_.told != "nothing";
  Drawn drawn;
  std::vector<Images> pieces;
  for (Index begin = 0; begin < count; begin += o.piece) {
    const Told some = rows_of(told, begin, std::min(begin + o.piece, count));
    Index asked = 0;
    const auto expect = [&](const Images& x, double t) {
      asked += twice ? 2 : 1;
      return o.clip ? Clipped(model, 1).posterior(x, t, some).mean() : model.posterior(x, t, some).mean();
    };
    const AnyDenoiser denoiser{model.schedule, expect};
    const Shape<4> shape{classes_of(some).size(), 28, 28, 1};
    const Key own = key.fold(static_cast<std::uint64_t>(begin));
    pieces.push_back(std::visit([&](const auto& s) {
      if (!on_draw) return generate(s, denoiser, shape, own);
      return generate(s, denoiser, shape, own, Unconditional{},
                      [&](const auto& step) { on_draw(step.index, step.t, step.s, step.x_t, step.clean); });
    }, sampler));
    drawn.evaluations = asked;
  }
  drawn.images = concat(0, pieces);
  return drawn;
}

Images Denoiser::expected(const Images& x, double t, const Told& told, double guidance) const {
  return guided(model_->diffusion, Guidance<>{.scale = guidance}).posterior(x, t, told).mean();
}

Tensor<float, 1> Denoiser::losses(const Images& images, const Told& told, Key key) const {
  return losses_of(model_->diffusion, model_->diffusion.corrupt(images, key), told);
}

Tensor<float, 1> Denoiser::losses_at(const Images& images, const Tensor<double, 1>& times, const Told& told,
                                     Key key) const {
  const Diffused& d = model_->diffusion;
  const Diffusion corruption(d.network, d.schedule, d.target, d.weight, GivenTimes{times});
  return losses_of(d, corruption.corrupt(images, key), told);
}

double Denoiser::time(double u) const { return model_->diffusion.schedule.time(u); }
Scales Denoiser::scales(double t) const { return model_->diffusion.schedule(t); }
std::vector<double> Denoiser::times(int steps) const { return model_->diffusion.times(steps); }
Images Denoiser::prior(Index count, Key key) const { return model_->diffusion.prior(Shape{count, 28, 28, 1}, key); }
Index Denoiser::parameters() const { return parameter_count(model_->diffusion); }

}  // namespace systems
