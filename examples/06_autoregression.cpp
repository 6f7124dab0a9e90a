// 6. An autoregressive model: remove whole pixels, and learn to predict the next one from those before it.
//
// Everything but the model and the sampler is shared with the other generators: see common/generator.hpp, and compare
// this file with 05_diffusion.cpp.
#include "common/generator.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "systems/tokens.hpp"

int main(int argc, char** argv) {
  using namespace ink;
  using namespace ink::models;
  const auto make_model = [](Key key) {
    return Autoregressive(
        PixelCnn<float>({.levels = 2, .width = 32, .layers = 9, .classes = 10, .dilations = 3, .positions = true}, key),
        {2});
  };
  return generator_program(argc, argv, "06_autoregression",
                           "Trains an autoregressive model on MNIST and draws digits by class.",
                           systems::settings_of(systems::PixelSpec{.told = "class"}), make_model, Ancestral{});
}
