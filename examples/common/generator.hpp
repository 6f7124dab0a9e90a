// One program for every generator: train it on MNIST, draw ten of each digit, say how good it is.
//
// The programs 04, 05 and 06 hand in a model and a sampler; the loss, the training loop and the sampling loop are the
// library's, the same for all.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "common/data.hpp"
#include "common/judge.hpp"
#include "common/settings.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/train/trainer.hpp"

/// `specification` says what the model is, for programs that read the checkpoint.
inline ink::TrainOptions train_options(const ProgramSettings& s, const std::string& name, ink::Settings specification) {
  ink::TrainOptions options;
  options.steps = s.steps;
  options.seconds = s.seconds;
  options.batch_size = s.batch;
  options.lr = s.lr;
  options.checkpoint = s.out + "/" + name + ".checkpoint";
  options.resume = s.resume;
  options.progress = stderr;
  options.log = s.out + "/" + name + ".csv";
  options.key = ink::Key{s.seed};
  options.settings = std::move(specification);
  options.settings.emplace_back("program", name);
  return options;
}

/// Labels 0 … 9, again and again.
inline ink::ClassLabels every_digit(ink::Index count) {
  ink::Tensor<std::int32_t, 1> ids(ink::Shape{count});
  for (ink::Index i = 0; i < count; ++i) ids(i) = static_cast<std::int32_t>(i % 10);
  return {ids};
}

template <class MakeModel, class Sampler>
void train_and_draw(const std::string& name, const ink::Settings& specification, const ProgramSettings& s,
                    const MakeModel& make_model, const Sampler& sampler) {
  using namespace ink;
  const Key key{s.seed};
  make_folder(s.out);
  auto model = make_model(key.fold(1));
  std::printf("%s: %lld parameters\n", name.c_str(), static_cast<long long>(parameter_count(model)));

  const auto result = train(model, data::mnist(s.data, data::Split::train), train_options(s, name, specification));
  if (result.interrupted) {
    std::printf("Interrupted after step %lld; --resume continues.\n", static_cast<long long>(result.steps));
    return;
  }
  const auto trained = guided(result.ema, Guidance<>{.scale = s.guidance});

  const Index per_class = s.quick ? 1 : 10;
  const auto labels = every_digit(10 * per_class);
  const auto images = generate(sampler, trained, Shape{10 * per_class, 28, 28, 1}, key.fold(2), labels);
  const std::string picture = s.out + "/" + name + ".png";
  io::write_png(picture, image_grid(images, 10), {.text = {{"seed", std::to_string(s.seed)}}});
  std::printf("Digits 0 to 9, %lld of each: %s\n", static_cast<long long>(per_class), picture.c_str());

  report_likelihood(result.ema, s);
  if (!s.classifier.empty()) report_agreement(sampler, trained, images, labels, s);
}

template <class MakeModel, class Sampler>
int generator_program(int argc, char** argv, const std::string& name, const std::string& summary,
                      const ink::Settings& specification, const MakeModel& make_model, const Sampler& sampler) {
  ProgramSettings settings;
  int status = 0;
  const auto add = [&](CLI::App& app) {
    app.add_option("--guidance", settings.guidance,
                   "scale: 0 ignores the digit that is asked for, above 1 exaggerates it")
        ->capture_default_str();
  };
  if (!parse(argc, argv, summary, settings, status, add)) return status;
  try {
    train_and_draw(name, specification, settings, make_model, sampler);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
    return 1;
  }
  return 0;
}
