// Denoiser: a diffusion model that a specification names, compiled once for all programs that use one.
//
//   Denoiser model({.network = "unet", .told = "class"}, key);
//   model.train(digits, options);
//   Drawn ten = model.draw({.sampler = "heun", .steps = 18, .guidance = 1.5}, tell_every_class(10), key);
//
// What the names may be: common/choices.hpp. The specification is kept with the weights, so that a file is enough to
// draw from.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "inkling/data/dataset.hpp"
#include "inkling/gen/schedule.hpp"
#include "inkling/train/trainer.hpp"
#include "systems/told.hpp"

namespace systems {

using Images = ink::Tensor<float, 4>;

struct DenoiserSpec {
  std::string network = "unet";  ///< or "dit", the transformer of patches
  ink::Index width = 32;
  ink::Index blocks = 1;             ///< of the UNet, per level
  ink::Index patch = 4, layers = 4;  ///< of the transformer
  ink::Index heads = 4;
  std::string told = "nothing";  ///< or "class", "caption", "sketch"
  std::string schedule = "karras", target = "karras";
  std::string loss = "own";  ///< whose squared error counts: the target's "own", that of "clean", "noise" or "velocity"
  bool blind = false;        ///< the network is not told the noise level

  friend bool operator==(const DenoiserSpec&, const DenoiserSpec&) = default;
};

ink::Settings settings_of(const DenoiserSpec& spec);
DenoiserSpec denoiser_spec(const ink::Settings& settings);  ///< ValueError for what is missing or unknown

struct DrawOptions {
  std::string sampler = "heun";
  int steps = 18;
  double eta = 0;  ///< of ddim: how much of the noise is fresh; 1 is ddpm
  double guidance = 1;
  bool clip = false;       ///< the expected clean image, to [−1, 1]
  ink::Index piece = 100;  ///< images at a time
};

struct Drawn {
  Images images;
  ink::Index evaluations = 0;  ///< of the network, for every image; guidance asks twice
};

/// What is known after a step of a sampler: its number, its times, the state before it, the expected clean image.
using OnDraw = std::function<void(ink::Index index, double t, double s, const Images& x, const Images& clean)>;

struct Trained {
  ink::Index steps = 0;
  double seconds = 0;
  bool interrupted = false;
};

class Denoiser {
 public:
  /// Called after every step with the averaged model.
  using OnStep = std::function<void(const ink::StepReport&, const Denoiser&)>;

  Denoiser(const DenoiserSpec& spec, ink::Key key);
  static Denoiser load(const std::string& path);
  void save(const std::string& path, ink::Settings more = {}) const;

  /// Trains, and keeps the averaged weights.
  Trained train(const ink::data::ImageDataset& digits, const ink::TrainOptions& options, const OnStep& on_step = {});

  Drawn draw(const DrawOptions& options, const Told& told, ink::Key key, const OnDraw& on_draw = {}) const;

  /// The clean image that is expected behind x at time t.
  Images expected(const Images& x, double t, const Told& told, double guidance = 1) const;
  /// The loss of these images at times that the model draws, one number an image.
  ink::Tensor<float, 1> losses(const Images& images, const Told& told, ink::Key key) const;
  /// The same at given times, one an image.
  ink::Tensor<float, 1> losses_at(const Images& images, const ink::Tensor<double, 1>& times, const Told& told,
                                  ink::Key key) const;
  /// The u-quantile of the times that training draws.
  double time(double u) const;
  /// alpha and sigma at time t, and the times of so many steps.
  ink::Scales scales(double t) const;
  std::vector<double> times(int steps) const;
  Images prior(ink::Index count, ink::Key key) const;

  const DenoiserSpec& spec() const { return spec_; }
  ink::Index parameters() const;

 private:
  struct Model;

  Denoiser(const DenoiserSpec& spec, std::shared_ptr<const Model> model) : spec_(spec), model_(std::move(model)) {}

  DenoiserSpec spec_;
  std::shared_ptr<const Model> model_;
};

}  // namespace systems
