// TokenModel: a generator of pixels as tokens that a specification names, compiled once for all programs that use one:
// autoregression by a causal network, autoregression in any order, masked diffusion.
//
//   PixelModel model({.network = "pixelcnn", .levels = 2}, key);
//   model.train(digits, options);
//   auto nats = model.nats(tokens, tell_nothing(100));
//   PixelsDrawn ten = model.draw({.temperature = 0.9}, tell_every_class(10), key);
//
// `family` says what is trained:
//   "autoregressive"   every pixel from those before it, in one evaluation: networks "pixelcnn" and "gpt"
//   "any-order"        all that is missing from a random number of random pixels: "unet" and "dit"
//   "raster"           the next pixel from a random number of first ones, by a network that is not causal but is told
//                      how many are missing: "unet" and "dit"
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "inkling/data/dataset.hpp"
#include "inkling/dist/missing_token.hpp"
#include "inkling/dist/truncation.hpp"
#include "systems/denoiser.hpp"

namespace systems {

using Tokens = ink::Tensor<std::int32_t, 3>;

struct PixelSpec {
  std::string network = "pixelcnn";  ///< or "gpt", "unet", "dit"
  std::string family = "autoregressive";
  int levels = 2;
  ink::Index width = 32;
  ink::Index layers = 9;  ///< of "unet": residual blocks per level
  ink::Index heads = 4;
  ink::Index dilations = 3;      ///< of "pixelcnn"
  bool positions = true;         ///< of "pixelcnn": a learned vector for every pixel
  ink::Index head = 64;          ///< of "pixelcnn": width of the last hidden layer
  ink::Index patch = 4;          ///< of "dit"
  std::string told = "nothing";  ///< or "class"; "caption" and "sketch" where the network can hear it
  bool blind = false;            ///< not told how many pixels are missing
  ink::Index hidden = 0;         ///< of "pixelcnn": so many pixels in a hundred it does not see while it trains

  friend bool operator==(const PixelSpec&, const PixelSpec&) = default;
};

ink::Settings settings_of(const PixelSpec& spec);
PixelSpec pixel_spec(const ink::Settings& settings);

struct PixelDraw {
  ink::Truncation truncation = {};
  double guidance = 1;
  bool cache = true;  ///< of a causal network
  /// Which pixels come next: "ancestral", one by one in raster order; or of a model in any order, several at a time:
  /// "run" of a raster, "block" (squares), "spread", "random", "confident" (the surest first); or "masked", the steps
  /// of masked diffusion.
  std::string choice = "ancestral";
  ink::Index pixels = 1;              ///< that are drawn at once; with "masked" the steps are 784/pixels
  std::vector<ink::Index> plan = {};  ///< how many are known after each step, instead of `pixels`
  ink::Index piece = 100;             ///< images at a time
};

/// The pixels after a step of a sampler.
using OnPixels = std::function<void(ink::Index index, const Tokens& x)>;

struct PixelsDrawn {
  Images images;
  Tokens tokens;
  ink::Index evaluations = 0;  ///< steps that asked the network, twice where guided
};

class PixelModel {
 public:
  using OnStep = std::function<void(const ink::StepReport&, const PixelModel&)>;

  PixelModel(const PixelSpec& spec, ink::Key key);
  static PixelModel load(const std::string& path);
  void save(const std::string& path, ink::Settings more = {}) const;

  Trained train(const ink::data::ImageDataset& digits, const ink::TrainOptions& options, const OnStep& on_step = {});

  PixelsDrawn draw(const PixelDraw& options, const Told& told, ink::Key key, const OnPixels& on_pixels = {}) const;

  /// Images in [−1, 1] as tokens; of two levels a draw.
  Tokens tokens(const Images& images, ink::Key key) const;
  Images images(const Tokens& tokens) const;

  /// −log p of every image, of "autoregressive".
  ink::Tensor<double, 1> nats(const Tokens& tokens, const Told& told) const;
  /// −log p of every pixel (N, 28, 28), of "autoregressive".
  ink::Tensor<double, 3> pixel_nats(const Tokens& tokens, const Told& told) const;
  /// Of "any-order" and "raster": the nats of drawing pixels in an order, `known` after each step.
  ink::Tensor<double, 1> ordered_nats(const Tokens& tokens, const Told& told, const std::vector<ink::Index>& order,
                                      const std::vector<ink::Index>& known) const;
  /// An estimate of the training's bound from so many random amounts of known pixels.
  ink::Tensor<double, 1> bound(const Tokens& tokens, const Told& told, int draws, ink::Key key) const;
  /// Nats of one missing pixel when 0 … 783 are known.
  std::vector<double> step_losses(const Tokens& tokens, const Told& told, ink::Key key) const;
  /// Probabilities of the levels (N, 28, 28, levels), given a state in which pixels may be missing_token (not of
  /// "autoregressive", which is given all pixels and answers for each from those before it).
  ink::Tensor<float, 4> probabilities(const Tokens& state, const Told& told) const;

  const PixelSpec& spec() const { return spec_; }
  ink::Index parameters() const;

 private:
  struct Model;

  PixelModel(const PixelSpec& spec, std::shared_ptr<const Model> model) : spec_(spec), model_(std::move(model)) {}

  PixelSpec spec_;
  std::shared_ptr<const Model> model_;
};

}  // namespace systems
