// Floating-point operations of one evaluation of a network for one image: 2 for every multiplication and addition of a
// matrix product or a convolution, by direct arithmetic. What is not a product (norms, activations, softmax) is left
// out, as PyTorch's FlopCounterMode leaves it out, and so are products with what a causal mask makes zero: a masked
// convolution counts its live positions, causal attention the tokens that it sees.
//
// A causal network's cache computes every pixel of every layer once: a whole image costs what one evaluation of all of
// its pixels costs. Without a cache each of the pixels costs that much.
#pragma once

#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "systems/denoiser.hpp"
#include "systems/tokens.hpp"

namespace systems {

double flops(const ink::models::UNet<float>::Options& o, ink::Index height = 28, ink::Index columns = 28);
double flops(const ink::models::Dit<float>::Options& o);
double flops(const ink::models::PixelCnn<float>::Options& o);
double flops(const ink::models::Gpt<float>::Options& o);

/// Of one evaluation of the network that a specification names.
double flops(const DenoiserSpec& spec);
double flops(const PixelSpec& spec);

/// Of an image that takes so many evaluations; a cache is of use to "autoregressive" models alone.
double drawing_flops(const DenoiserSpec& spec, ink::Index evaluations);
double drawing_flops(const PixelSpec& spec, ink::Index evaluations, bool cache);

}  // namespace systems
