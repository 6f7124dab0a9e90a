// The pair of claim 6: one transformer of patches, causal and not. Claim 4 shows more of the one that is not.
#pragma once

#include <string>

#include "inkling/data/dataset.hpp"
#include "systems/patch_chain.hpp"

namespace study {

/// The tasks <name>.1 … <name>.3; the weights of the same names.
constexpr const char* pair_causal = "pair.causal";
constexpr const char* pair_not_causal = "pair.not_causal";

/// Nats of each patch (N, 49) if every pixel is drawn by itself, black or white as often as in the training digits.
ink::Tensor<double, 2> nats_of_single_pixels(const systems::Tokens& tokens, const ink::data::ImageDataset& training);

/// Black and white pixels as images in [−1, 1], grey where they are missing.
systems::Images images_of(const systems::Tokens& tokens);

}  // namespace study
