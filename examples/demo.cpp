// The demo: both families draw with the weights that ship with the examples. Then one-shot regression, an
// autoregressive model and a diffusion model learn the same digits for the same time, and each draws every digit. Rows
// of the picture: real digits, regression, autoregression, diffusion (two each).
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "common/data.hpp"
#include "common/generator.hpp"
#include "common/shipped.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/ops/image.hpp"
#include "inkling/ops/reshape.hpp"

namespace {

using namespace ink;
using Clock = std::chrono::steady_clock;

/// Twenty images, each digit twice, in two rows.
constexpr Index shown = 20;

template <class Model, class Sampler>
Tensor<float, 4> learn(const char* name, Model model, const Sampler& sampler, int evaluations, double seconds,
                       double lr, Index batch, const ProgramSettings& s) {
  TrainOptions options{.steps = s.quick ? 3 : 0,
                       .seconds = seconds,
                       .batch_size = s.quick ? 8 : batch,
                       .lr = lr,
                       .ema_decay = 0.99,
                       .progress = stderr,
                       .key = Key{s.seed}};
  std::printf("\n%s: %lld parameters, %.0f s of training\n", name, static_cast<long long>(parameter_count(model)),
              seconds);
  std::fflush(stdout);
  const auto result = train(model, data::mnist(s.data, data::Split::train), options);
  const auto start = Clock::now();
  const auto images = generate(sampler, result.ema, Shape{shown, 28, 28, 1}, Key{s.seed}.fold(2), every_digit(shown));
  const double each = std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(shown);
  std::printf("%s: %lld steps, %d network evaluations and %.3f s per image\n", name,
              static_cast<long long>(result.steps), evaluations, each);
  report_likelihood(result.ema, s);
  return images;
}

/// The first two held-out images of every digit.
Tensor<float, 4> real_digits(const ProgramSettings& s) {
  const auto test = data::mnist(s.data, data::Split::test);
  std::vector<Index> rows;
  for (Index i = 0; i < shown; ++i) {
    Index skip = i / 10, row = 0;
    while (row < test.size() && (test.labels(row) != i % 10 || skip-- > 0)) ++row;
    if (row == test.size()) throw ValueError(text("demo: the test set has fewer than two of digit ", i % 10));
    rows.push_back(row);
  }
  return data::normalize<float>(test.take(rows).images);
}

/// Beside the demo's picture: demo.png and demo_first.png.
std::string first_picture(const std::string& picture) {
  const std::filesystem::path path(picture);
  return (path.parent_path() / (path.stem().string() + "_first" + path.extension().string())).string();
}

void run(const ProgramSettings& s, const std::string& picture) {
  const Key key{s.seed};
  const auto real = real_digits(s);
  draw_with_shipped_weights("examples/weights", first_picture(picture), key.fold(4));
  const auto average =
      learn("Regression", OneShot(models::UNet<float>({.width = 16, .blocks = 1, .classes = 10}, key.fold(1))),
            Ddim{.steps = 1}, 1, s.seconds / 4, 2e-3, 32, s);
  const models::PixelCnn<float> network(
      {.levels = 2, .width = 32, .layers = 6, .classes = 10, .dilations = 3, .positions = true}, key.fold(2));
  const auto tokens = learn("Autoregression", Autoregressive(network, {2}),
                            Ancestral{.truncation = {.temperature = 0.8}}, 784, s.seconds, 4e-3, 16, s);
  const auto denoised =
      learn("Diffusion",
            KarrasDenoiser(models::UNet<float>({.width = 16, .blocks = 1, .classes = 10}, key.fold(3)),
                           Karras{.log_mean = -0.4, .log_deviation = 1.3}),
            Heun{.steps = 18}, 35, s.seconds, 2e-3, 32, s);
  const auto rows = upsample_nearest(concat(0, real, average, tokens, denoised), 2);
  io::write_png(picture, image_grid(rows, 10), {.text = {{"seed", std::to_string(s.seed)}}});
  std::printf("\n%s: two rows each of real digits, regression, autoregression, diffusion\n", picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  ProgramSettings s;
  s.seconds = 105;
  std::string picture = "out/demo.png";
  CLI::App app{"Three generators learn handwritten digits side by side."};
  app.add_option("--data", s.data, "folder of the MNIST files")->capture_default_str();
  app.add_option("--out", picture, "the picture to write")->capture_default_str();
  app.add_option("--seconds", s.seconds, "training time of each")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seed", s.seed, "seed of everything random")->capture_default_str();
  app.add_flag("--quick", s.quick, "a few steps only, to see that everything runs");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto folder = std::filesystem::path(picture).parent_path();  // before minutes of training, not after
    if (!folder.empty()) make_folder(folder.string());
    run(s, picture);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
  return 0;
}
