// PatchChain: black and white digits, drawn in patches of 4 × 4 pixels in raster order by one transformer that is
// causal or is not: for comparing the two with the same layers and the same number of parameters.
//
//   −log p(x) = Σ_k −log p(patch k | patches before it),       the pixels of a patch independent of each other
//
//   causal       token t is shown patch t − 1, is asked for patch t and attends to earlier tokens: all 49 answers come
//                from one evaluation
//   not causal   the first k patches are shown, k random, the others are missing; every token attends to all and is
//   told
//                which patch is asked for, that is how many are missing: one answer from one evaluation
//
// A pixel that is shown is its level, −1 or 1, and a 1 beside it; a missing one is 0 and 0. "Asked for patch k" is a
// learned vector of k that is added to a token, so that both kinds have every parameter.
//
//   PatchChain chain({.causal = false}, key);
//   chain.train(digits, options);
//   auto nats = chain.nats(chain.tokens(images, key));                   // (N, 49)
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "inkling/data/dataset.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/train/trainer.hpp"
#include "systems/tokens.hpp"

namespace systems {

struct PatchChainSpec {
  bool causal = true;
  ink::Index width = 64, layers = 3, heads = 4;

  friend bool operator==(const PatchChainSpec&, const PatchChainSpec&) = default;
};

class PatchChain {
 public:
  static constexpr ink::Index patches = 49, patch_pixels = 16;

  using OnStep = std::function<void(const ink::StepReport&, const PatchChain&)>;

  PatchChain(const PatchChainSpec& spec, ink::Key key);
  static PatchChain load(const std::string& path);
  void save(const std::string& path, ink::Settings more = {}) const;

  /// Trains, and keeps the averaged weights.
  Trained train(const ink::data::ImageDataset& digits, const ink::TrainOptions& options, const OnStep& on_step = {});

  /// Images in [−1, 1] as black and white pixels, drawn.
  Tokens tokens(const Images& images, ink::Key key) const;

  /// The logits (N, 16, 2) of patch `known`, given those before it. Later ones may hold anything, earlier ones may have
  /// pixels that are missing_token.
  ink::Tensor<float, 3> logits(const Tokens& tokens, ink::Index known) const;
  /// −log p of every patch given those before it (N, 49): the whole chain.
  ink::Tensor<double, 2> nats(const Tokens& tokens) const;
  /// An estimate of −log p (N) by what training minimises, from `draws` evaluations, one in each part of the range of
  /// k; with 49 every k is asked once.
  ink::Tensor<double, 1> estimate(const Tokens& tokens, ink::Index draws, ink::Key key) const;

  /// Draws patch by patch; on_patch after each.
  Tokens draw(ink::Index count, ink::Key key, const OnPixels& on_patch = {}) const;

  const PatchChainSpec& spec() const { return spec_; }
  ink::Index parameters() const;
  /// Pixels that one image of a training batch asks for.
  ink::Index targets_an_image() const { return spec_.causal ? patches * patch_pixels : patch_pixels; }

 private:
  struct Model;

  PatchChain(const PatchChainSpec& spec, std::shared_ptr<const Model> model) : spec_(spec), model_(std::move(model)) {}

  PatchChainSpec spec_;
  std::shared_ptr<const Model> model_;
};

}  // namespace systems
