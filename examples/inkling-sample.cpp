// inkling-sample: draws from a file of weights, of either family: shipped with the examples, left by the study, or a
// checkpoint of 05_diffusion, 06_autoregression and 08_choices.
//
//   inkling-sample --weights out/05_diffusion.checkpoint --class 7 --guidance 1.5 --out sevens.png
//   inkling-sample --weights out/08_karras_karras_text.checkpoint --caption "a thin seven" --out thin.apng
//   inkling-sample --list
//
// The file says what it is (systems/specifications.cpp), so that nothing else needs to be told. Everything that could
// be wrong is looked at before the drawing begins.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/choices.hpp"
#include "common/drawing_file.hpp"
#include "common/sketch_file.hpp"
#include "common/weights_files.hpp"
#include "inkling/data/batches.hpp"
#include "systems/denoiser.hpp"
#include "systems/tokens.hpp"

namespace {

using namespace ink;
using Images = Tensor<float, 4>;

struct Arguments {
  std::string weights, folder = "examples/weights", out = "digits.png", sampler, sketch, frames = "clean";
  std::vector<int> classes;
  std::vector<std::string> captions;
  long steps = 0, count = 20;
  std::optional<double> temperature;
  double guidance = 1;
  std::uint64_t seed = 1;
  DrawingLayout layout;
  bool invert = false, no_invert = false, list = false;
};

void add_options(CLI::App& app, Arguments& a) {
  app.add_option("--weights", a.weights, "a file, or a name that --list shows");
  app.add_flag("--list", a.list, "list the weights in the folder, and end");
  app.add_option("--folder", a.folder, "of weights that have names")->capture_default_str();
  auto* by_class = app.add_option("--class", a.classes, "0 to 9; several, as 3,1,4, are drawn in turn")
                       ->delimiter(',')
                       ->check(CLI::Range(0, 9));
  auto* by_caption =
      app.add_option("--caption", a.captions, "\"a thin seven leaning left\"; given again, they are drawn in turn")
          ->excludes(by_class);
  auto* by_sketch = app.add_option("--sketch", a.sketch, "a PNG to follow")->excludes(by_class)->excludes(by_caption);
  auto* invert = app.add_flag("--invert", a.invert, "the sketch is dark on light, whatever its border says");
  app.add_flag("--no-invert", a.no_invert, "the sketch is light on dark")->excludes(invert)->needs(by_sketch);
  invert->needs(by_sketch);
  app.add_option("--sampler", a.sampler, "of diffusion: heun, ddim …; of pixels in any order: confident, spread …");
  app.add_option("--steps", a.steps, "of the sampler; 0: its own number")->check(CLI::NonNegativeNumber);
  app.add_option("--guidance", a.guidance, "scale: 0 ignores what is told, above 1 exaggerates it")
      ->capture_default_str();
  app.add_option("--temperature", a.temperature, "of pixels' probabilities: below 1 the likely becomes likelier")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seed", a.seed, "of everything random")->capture_default_str();
  app.add_option("--count", a.count, "images")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--columns", a.layout.columns, "images in a row")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--scale", a.layout.scale, "screen pixels a pixel")->capture_default_str()->check(CLI::Range(1, 64));
  app.add_flag("--animate", a.layout.animated, "show how they come about (.apng does, too)");
  app.add_option("--frames", a.frames,
                 "of an animation of diffusion: the clean image that is expected, or the noisy one")
      ->capture_default_str()
      ->check(CLI::IsMember({"clean", "noisy"}));
  app.add_option("--out", a.out, "digits.png, digits.apng, or digits.npy: (N, 28, 28, 1) in [-1, 1]")
      ->capture_default_str();
}

[[noreturn]] void refuse(const std::string& what) { throw ValueError(what); }

template <class Names>
std::string listed(const Names& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

/// What every image is told, for a model that is told `hears`.
systems::Told tell(const Arguments& a, const std::string& hears) {
  const auto count = static_cast<std::size_t>(a.count);
  const auto check = [&](bool given, const std::string& option, const std::string& needed) {
    if (given && hears != needed) {
      refuse(option + " is for a model that is told " + needed + "; " + a.weights + " is told " + hears);
    }
  };
  check(!a.classes.empty(), "--class", "class");
  check(!a.captions.empty(), "--caption", "caption");
  check(!a.sketch.empty(), "--sketch", "sketch");
  if (a.guidance != 1 && hears == "nothing") {
    refuse("--guidance is " + std::to_string(a.guidance) + "; " + a.weights +
           " is told nothing that it could exaggerate");
  }
  if (hears == "class") {
    if (a.classes.empty()) return systems::tell_every_class(a.count);
    Tensor<std::int32_t, 1> ids(Shape{Index{a.count}});
    for (std::size_t i = 0; i < count; ++i) ids(static_cast<Index>(i)) = a.classes[i % a.classes.size()];
    return systems::tell_classes(std::move(ids));
  }
  if (!a.captions.empty()) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(a.captions[i % a.captions.size()]);
    return systems::tell_captions({data::CaptionTokenizer{}.encode(all)});
  }
  if (!a.sketch.empty()) {
    const auto forced = a.invert ? std::optional(true) : a.no_invert ? std::optional(false) : std::nullopt;
    const SketchFile sketch = read_sketch(a.sketch, forced);
    std::fprintf(stderr, "%s: %s\n", a.sketch.c_str(), sketch.says.c_str());
    return systems::tell_sketches({concat(0, std::vector<Images>(count, data::normalize<float>(sketch.lines)))});
  }
  if (hears != "nothing") std::fprintf(stderr, "no --%s is given: anything is drawn\n", hears.c_str());
  return systems::tell_nothing(a.count);
}

/// Shows how far a drawing is, once it has taken a second.
class Progress {
 public:
  explicit Progress(long count) : count_(count) {}
  ~Progress() {
    if (shown_) std::fputs(terminal_ ? "\r\033[K" : "", stderr);
  }

  /// After a step of a piece of so many images.
  void step(Index size, Index index) {
    if (index == 0) begin_ += std::exchange(size_, size);
    const double now = seconds();
    if (now < 1 || now < next_) return;
    next_ = now + (terminal_ ? 0.2 : 10);
    shown_ = true;
    std::fprintf(
        stderr, terminal_ ? "\r\033[Kimages %lld to %lld of %ld: step %lld" : "images %lld to %lld of %ld: step %lld\n",
        static_cast<long long>(begin_ + 1), static_cast<long long>(begin_ + size), count_,
        static_cast<long long>(index + 1));
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  long count_;
  Index begin_ = 0, size_ = 0;  // of the piece
  Clock::time_point start_ = Clock::now();
  double next_ = 0;
  bool terminal_ = ::isatty(2) != 0, shown_ = false;
};

/// The frames of an animation, from pieces of images that are drawn one after the other.
class Frames {
 public:
  void add(Index index, const Images& images) {
    if (index == 0) pieces_.emplace_back();
    pieces_.back().push_back(images);
  }
  /// All pieces side by side; one that has fewer frames keeps its last. The images themselves come last.
  std::vector<Images> joined(const Images& images) const {
    std::size_t most = 0;
    for (const auto& piece : pieces_) most = std::max(most, piece.size());
    std::vector<Images> all;
    for (std::size_t i = 0; i < most; ++i) {
      std::vector<Images> parts;
      for (const auto& piece : pieces_) parts.push_back(piece[std::min(i, piece.size() - 1)]);
      all.push_back(concat(0, parts));
    }
    all.push_back(images);
    return all;
  }

 private:
  std::vector<std::vector<Images>> pieces_;
};

struct Drawing {
  Images images;
  std::vector<Images> frames;
  Index evaluations = 0;
};

/// What the network sees, as bright as images are.
Images noisy_frame(const Images& x, Scales s) {
  return clamp(x * static_cast<float>(1 / std::hypot(s.alpha, s.sigma)), -1, 1);
}

Drawing draw_denoiser(const Arguments& a, const std::string& path, bool animated, Progress& progress) {
  if (a.temperature) refuse("--temperature is for models of pixels; " + a.weights + " is a diffusion model");
  const systems::DrawOptions plain;
  const std::string sampler = a.sampler.empty() ? plain.sampler : a.sampler;
  const int steps = static_cast<int>(a.steps > 0 ? a.steps : a.sampler.empty() ? plain.steps : 0);
  const auto known = names(samplers(0));
  if (std::find(known.begin(), known.end(), sampler) == known.end()) {
    refuse("--sampler is '" + sampler + "'; of a diffusion model it is one of: " + listed(known));
  }
  const auto model = systems::Denoiser::load(path);
  Frames frames;
  const auto drawn =
      model.draw({.sampler = sampler, .steps = steps, .guidance = a.guidance}, tell(a, model.spec().told), Key{a.seed},
                 [&](Index index, double t, double, const Images& x, const Images& clean) {
    progress.step(x.extent(0), index);
    if (animated) {
      frames.add(index, a.frames == "clean" ? clamp(clean, -1, 1) : noisy_frame(x, model.scales(t)));
    }
  });
  return {drawn.images, animated ? frames.joined(drawn.images) : std::vector<Images>{}, drawn.evaluations};
}

/// Pixels that are missing are grey.
Images pixel_frame(const systems::Tokens& tokens, int levels) {
  Images images({tokens.extent(0), tokens.extent(1), tokens.extent(2), 1});
  float* to = images.mutable_data();
  for (const std::int32_t token : tokens.values()) {
    *to++ = token == missing_token ? -0.4f : 2 * static_cast<float>(token) / static_cast<float>(levels - 1) - 1;
  }
  return images;
}

systems::PixelDraw pixel_options(const Arguments& a, const systems::PixelSpec& spec) {
  const std::vector<std::string> known =
      spec.family == "autoregressive"
          ? std::vector<std::string>{"ancestral"}
          : std::vector<std::string>{"confident", "random", "spread", "run", "block", "masked"};
  systems::PixelDraw options;
  options.choice = a.sampler.empty() ? (spec.family == "raster" ? "run" : known.front()) : a.sampler;
  if (std::find(known.begin(), known.end(), options.choice) == known.end()) {
    refuse("--sampler is '" + options.choice + "'; of an " + spec.family +
           " model of pixels it is one of: " + listed(known));
  }
  if (spec.family == "autoregressive" && a.steps > 0 && a.steps != 784) {
    refuse("--steps is " + std::to_string(a.steps) + "; an autoregressive model draws one pixel a step, 784 in all");
  }
  if (a.steps > 784) refuse("--steps is " + std::to_string(a.steps) + "; there are 784 pixels to draw");
  if (spec.family != "autoregressive") {
    const Index steps = a.steps > 0 ? a.steps : 98;
    options.pixels = (784 + steps - 1) / steps;
  }
  if (a.temperature && options.choice == "masked") refuse("--temperature does not go with --sampler masked");
  options.truncation.temperature = a.temperature.value_or(1);
  options.guidance = a.guidance;
  return options;
}

Drawing draw_pixels(const Arguments& a, const std::string& path, bool animated, Progress& progress) {
  const auto model = systems::PixelModel::load(path);
  const auto options = pixel_options(a, model.spec());
  const Index steps = (784 + options.pixels - 1) / options.pixels, every = (steps + 55) / 56;  // about 56 frames
  Frames frames;
  const auto drawn =
      model.draw(options, tell(a, model.spec().told), Key{a.seed}, [&](Index index, const systems::Tokens& x) {
    progress.step(x.extent(0), index);
    if (animated && index % every == 0) {
      frames.add(index, pixel_frame(x, model.spec().levels));
    }
  });
  return {drawn.images, animated ? frames.joined(drawn.images) : std::vector<Images>{}, drawn.evaluations};
}

int run(const Arguments& a) {
  if (a.list) {
    list_weights(a.folder);
    return 0;
  }
  if (a.weights.empty()) refuse("--weights is missing: a file, or a name that --list shows");
  const DrawingFile file(a.out, a.layout);
  const std::string path = find_weights(a.folder, a.weights);
  const std::string kind = setting_or_nothing(read_settings(path), "kind");
  Progress progress(a.count);
  Drawing drawing;
  if (kind == "denoiser") {
    drawing = draw_denoiser(a, path, file.animated(), progress);
  } else if (kind == "pixel model") {
    drawing = draw_pixels(a, path, file.animated(), progress);
  } else if (kind.empty()) {
    refuse(path +
           " does not say what it is (its metadata have no settings.kind): it is not of a generator, or of a "
           "program that did not keep it");
  } else {
    refuse(path + " is of a " + kind + "; only a denoiser and a pixel model can be drawn from");
  }
  const double seconds = progress.seconds();
  file.write(drawing.images, drawing.frames,
             {{"weights", a.weights}, {"seed", std::to_string(a.seed)}, {"guidance", std::to_string(a.guidance)}});
  std::printf("%s: %lld images, %lld evaluations of the network for each, %.2f s\n", a.out.c_str(),
              static_cast<long long>(drawing.images.extent(0)), static_cast<long long>(drawing.evaluations), seconds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Draws digits from a file of weights."};
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "inkling-sample: %s\n", error.what());
    return 1;
  }
}
