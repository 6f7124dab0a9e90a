// Small causal networks with random weights, for what is exact and needs no training: which output depends on which
// input, whether one evaluation says the same as pixel after pixel, whether caches change what is drawn.
#pragma once

#include <memory>
#include <string>

#include "inkling/core/random.hpp"
#include "inkling/core/tensor.hpp"

namespace study {

struct SmallCausalSpec {
  std::string network = "two stacks";  ///< of gated causal convolutions; or "one stack", or "gpt"
  ink::Index side = 28;                ///< height and columns of the images, which are black and white
  ink::Index width = 16, layers = 2;
  ink::Index heads = 2;  ///< of "gpt"
};

/// Images that were drawn, and what it took.
struct SmallDrawn {
  ink::Tensor<std::int32_t, 3> tokens;
  double seconds = 0;  ///< of the processor
};

class SmallCausal {
 public:
  SmallCausal(const SmallCausalSpec& spec, ink::Key key);

  /// How much output i depends on input j: (pixels, pixels). Of convolutions the largest absolute gradient of a random
  /// mixture of the logits of pixel i, over `images` random images; of "gpt" the largest change of a logit when token j
  /// changes colour.
  ink::Tensor<double, 2> influence(ink::Index images, ink::Key key) const;

  /// −log p of each image by one evaluation, and by one of each pixel with the cache.
  ink::Tensor<double, 1> nats_at_once(const ink::Tensor<std::int32_t, 3>& tokens) const;
  ink::Tensor<double, 1> nats_in_turn(const ink::Tensor<std::int32_t, 3>& tokens) const;

  /// The library's sampler, which asks the cache for one pixel, or evaluates the whole network for it.
  SmallDrawn draw(ink::Index count, bool cache, ink::Key key) const;

  /// Multiplications (each with an addition) for drawing one image with the cache; see the definition for the formula.
  /// Without it there are as many for every pixel.
  double multiplications() const;
  ink::Index parameters() const;

 private:
  struct Network;

  SmallCausalSpec spec_;
  std::shared_ptr<const Network> network_;
};

/// Black and white pixels, each with probability 1/2.
ink::Tensor<std::int32_t, 3> coin_flips(ink::Index count, ink::Index side, ink::Key key);

}  // namespace study
