#include "study/claims/main_systems.hpp"

#include <cmath>
#include <string>

#include "study/harness/bench.hpp"

namespace study {
namespace {

using namespace ink;

/// Test digits that are measured: all where one evaluation says it, some where every draw of the bound is one.
Index measured(const systems::PixelModel& model, const Settings& s, Index all) {
  if (s.steps > 0) return 20;
  return model.spec().family == "autoregressive" ? all : s.full ? 2000 : s.minutes < 30 ? 200 : 500;
}

/// Mean and standard error of the nats of the test digits.
void note_nats(Record& record, const systems::PixelModel& model, Bench& bench) {
  const Images test = evenly_spread(bench.test_set(), measured(model, bench.settings(), bench.test_set().size()));
  double sum = 0, squares = 0;
  constexpr Index piece = 100;
  const Index count = test.extent(0);
  for (Index begin = 0; begin < count; begin += piece) {
    const auto some = dense(view(test).slice(0, begin, std::min(begin + piece, count)));
    const auto nats = bench.sampling([&] {
      const auto tokens = model.tokens(some, Key{1234}.fold(static_cast<std::uint64_t>(begin)));
      const auto told = systems::tell_nothing(some.extent(0));
      return model.spec().family == "autoregressive" ? model.nats(tokens, told)
                                                     : model.bound(tokens, told, 8, bench.key(9));
    });
    for (const double v : nats.values()) {
      sum += v;
      squares += v * v;
    }
  }
  const double n = static_cast<double>(count), mean = sum / n;
  record.set("nats", mean);
  record.set("nats_error", std::sqrt(std::max(0.0, squares / n - mean * mean) / n));
  record.set("bits_per_dimension", mean / (784 * std::log(2.0)));
}

Task pixels(const std::string& name, const systems::PixelSpec& spec, const TrainOptions& options, const Settings& s) {
  return {.name = name, .training = main_weight(s), .measuring = s.full ? 60.0 : 15.0, .run = [=](Bench& bench) {
    Record record;
    systems::PixelModel model(spec, bench.key(0));
    bench.train_system(record, model, bench.train_set(), options);
    model.save(bench.weights(name));
    note_nats(record, model, bench);
    return record;
  }};
}

Task diffusion(const Settings& s) {
  return {.name = "main.diffusion", .training = main_weight(s), .measuring = 1, .run = [](Bench& bench) {
    Record record;
    systems::Denoiser model(main_diffusion(), bench.key(0));
    bench.train_system(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3});
    model.save(bench.weights("main.diffusion"));
    return record;
  }};
}

}  // namespace

systems::DenoiserSpec main_diffusion() { return {.width = 16, .told = "class"}; }

systems::PixelSpec main_pixelcnn() { return {}; }

systems::PixelSpec main_pixelcnn256() { return {.levels = 256, .width = 32, .layers = 6}; }

systems::PixelSpec main_anyorder() {
  return {.network = "unet", .family = "any-order", .width = 16, .layers = 1, .told = "nothing"};
}

std::vector<Task> main_systems(const Settings& s) {
  // Small batches and a high rate learn most in a given time; the longer it is, the lower the rate.
  const TrainOptions black_and_white{.batch_size = 8, .lr = s.full ? 3e-3 : 5e-3, .weight_decay = 0};
  return {pixels("main.pixelcnn", main_pixelcnn(), black_and_white, s),
          pixels("main.pixelcnn256", main_pixelcnn256(), {.batch_size = 8, .lr = 3e-3, .weight_decay = 0}, s),
          pixels("main.anyorder", main_anyorder(), {.batch_size = 16, .lr = 3e-3}, s), diffusion(s)};
}

}  // namespace study
