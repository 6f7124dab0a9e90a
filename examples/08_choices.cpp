// 8. Every part by name: any schedule, target, sampler, guidance and condition, chosen on the command line.
//
//   08_choices --schedule cosine --target velocity --sampler dpm++2m --condition text --guidance 3
//
// The network is the UNet of 05_diffusion. A finished run is kept: with --resume the same model draws again, with
// another sampler or another guidance.
#include <cstdio>
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include "common/choices.hpp"
#include "common/generator.hpp"
#include "common/guidance_table.hpp"
#include "common/told.hpp"
#include "inkling/gen/adapter/clipped.hpp"
#include "inkling/gen/adapter/dynamic_threshold.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/models/unet.hpp"
#include "systems/denoiser.hpp"

namespace {

using namespace ink;
using Images = Tensor<float, 4>;

struct Chosen {
  std::string schedule = "karras", target = "karras", sampler = "heun", condition = "class", caption;
  int sampler_steps = 0;
  double rescale = 0, clip = 0, threshold = 0;
  std::vector<double> scales;
};

void add_options(CLI::App& app, ProgramSettings& settings, Chosen& c) {
  const auto choice = [&](const char* option, std::string& value, const auto& choices, const char* what) {
    app.add_option(option, value, what)->check(CLI::IsMember(names(choices)))->capture_default_str();
  };
  choice("--schedule", c.schedule, schedules(), "how noise is added");
  choice("--target", c.target, targets({}), "what the network predicts");
  choice("--sampler", c.sampler, samplers(0), "how noise is taken away");
  app.add_option("--sampler-steps", c.sampler_steps, "0: the sampler's own number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--condition", c.condition, "what the network is told")
      ->check(CLI::IsMember({"none", "class", "text", "sketch"}))
      ->capture_default_str();
  app.add_option("--caption", c.caption, "of the whole picture, with --condition text");
  app.add_option("--guidance", settings.guidance, "scale: 0 ignores the condition, above 1 exaggerates it")
      ->capture_default_str();
  app.add_option("--scales", c.scales, "compare these scales, with --condition class and --classifier, as 0,1,2")
      ->delimiter(',');
  app.add_option("--rescale", c.rescale, "of guided predictions to their usual contrast, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--clip", c.clip, "bound of the predicted clean image; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threshold", c.threshold, "quantile of dynamic thresholding; 0: none")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

/// The model that has been told `condition`, with the chosen guard around its predictions.
template <class Model, class C>
AnyDenoiser told(const Model& model, const C& condition, const Chosen& chosen) {
  const auto expect = [&](auto guarded) {
    return [guarded, condition](const Images& x, double t) { return guarded.posterior(x, t, condition).mean(); };
  };
  AnyDenoiser denoiser{model.schedule, {}};
  if (chosen.threshold > 0) {
    denoiser.expected = expect(DynamicThreshold(model, chosen.threshold));
  } else if (chosen.clip > 0) {
    denoiser.expected = expect(Clipped(model, chosen.clip));
  } else {
    denoiser.expected = expect(model);
  }
  return denoiser;
}

template <class Told>
void train_and_draw(const Told& tell, const ProgramSettings& s, const Chosen& chosen) {
  const Key key{s.seed};
  make_folder(s.out);
  const AnySchedule schedule = schedules().at(chosen.schedule);
  const UNetOptions network = Told::network({.width = 32, .blocks = 1});
  Diffusion model(models::UNet<float>(network, key.fold(1)), schedule, targets(schedule).at(chosen.target));
  const std::string name = "08_" + chosen.schedule + "_" + chosen.target + "_" + chosen.condition;
  std::printf("%s: %lld parameters\n", name.c_str(), static_cast<long long>(parameter_count(model)));

  // So that inkling-sample can draw from the checkpoint.
  const auto specification = systems::settings_of(
      systems::DenoiserSpec{.told = Told::name, .schedule = chosen.schedule, .target = chosen.target});
  const auto digits = data::mnist(s.data, data::Split::train);
  const auto result = train(model, Told::training(digits, s.batch), train_options(s, name, specification));
  if (result.interrupted) {
    std::printf("Interrupted after step %lld; --resume continues.\n", static_cast<long long>(result.steps));
    return;
  }

  const AnySampler sampler = samplers(chosen.sampler_steps).at(chosen.sampler);
  const auto drawing = [&](double scale) {
    const auto trained = guided(result.ema, Guidance<>{.scale = scale, .rescale = chosen.rescale});
    return [&chosen, &sampler, trained](const auto& condition, Index count, Key draw_key) {
      const AnyDenoiser denoiser = told(trained, condition, chosen);
      const Shape<4> shape{count, 28, 28, 1};
      return std::visit([&](const auto& some) { return generate(some, denoiser, shape, draw_key); }, sampler);
    };
  };
  if constexpr (std::is_same_v<Told, TellClass>) {
    if (!chosen.scales.empty()) {
      const Index each = s.quick ? 2 : std::max<Index>(2, s.judge / 10);
      return guidance_table(drawing, chosen.scales, TellClass::every_class(each), s,
                            s.out + "/" + name + "_scales.png");
    }
  }
  const auto draw = drawing(s.guidance);
  const auto test = held_out(s);
  const Index columns = s.quick ? 1 : 10;
  const auto rows = tell.rows(test, columns);
  const auto images = Told::picture(draw(rows, 10 * columns, key.fold(2)), rows);
  const std::string picture = s.out + "/" + name + ".png";
  io::write_png(picture, image_grid(images, images.extent(0) / 10), {.text = {{"seed", std::to_string(s.seed)}}});
  std::printf("A row for each condition: %s\n", picture.c_str());
  tell.judge(draw, test, s);
}

}  // namespace

int main(int argc, char** argv) {
  ProgramSettings settings;
  Chosen chosen;
  int status = 0;
  const std::string summary = "Trains a diffusion model of any parts on MNIST and draws digits.";
  if (!parse(argc, argv, summary, settings, status, [&](CLI::App& app) { add_options(app, settings, chosen); }))
    return status;
  if (!chosen.scales.empty() && (chosen.condition != "class" || settings.classifier.empty())) {
    std::fprintf(stderr, "08_choices: --scales needs --condition class and the weights of --classifier\n");
    return 2;
  }
  try {
    if (chosen.condition == "class") {
      train_and_draw(TellClass{}, settings, chosen);
    } else if (chosen.condition == "text") {
      TellCaption tell;
      if (!chosen.caption.empty()) tell.captions = {chosen.caption};
      train_and_draw(tell, settings, chosen);
    } else if (chosen.condition == "sketch") {
      train_and_draw(TellSketch{}, settings, chosen);
    } else {
      train_and_draw(TellNothing{}, settings, chosen);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "08_choices: %s\n", error.what());
    return 1;
  }
  return 0;
}
