// 5. A diffusion model: remove a little information from every pixel at once, by adding noise, and learn to undo it.
//
// Everything but the model and the sampler is shared with the other generators: see common/generator.hpp, and compare
// this file with 06_autoregression.cpp.
#include "common/generator.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/models/unet.hpp"
#include "systems/denoiser.hpp"

int main(int argc, char** argv) {
  using namespace ink;
  using namespace ink::models;
  const auto make_model = [](Key key) {
    // Which digit it becomes is decided at σ of 0.5 to 5: train there more than on photographs.
    const Karras schedule{.log_mean = -0.4, .log_deviation = 1.3};
    return KarrasDenoiser(UNet<float>({.width = 32, .blocks = 1, .classes = 10}, key), schedule);
  };
  return generator_program(argc, argv, "05_diffusion", "Trains a diffusion model on MNIST and draws digits by class.",
                           systems::settings_of(systems::DenoiserSpec{.told = "class"}), make_model, Heun{.steps = 18});
}
