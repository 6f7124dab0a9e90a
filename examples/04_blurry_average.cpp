// 4. The blurry average: remove everything at once and predict the image in one step.
//
// The best answer to "draw a seven" in one step is the average of all sevens. The generators of the next two programs
// take many steps instead; everything but the model and the sampler stays the same.
#include "common/generator.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/models/unet.hpp"

int main(int argc, char** argv) {
  using namespace ink;
  using namespace ink::models;
  const auto make_model = [](Key key) { return OneShot(UNet<float>({.width = 16, .blocks = 1, .classes = 10}, key)); };
  return generator_program(argc, argv, "04_blurry_average", "Learns the average image of every class of MNIST.",
                           {{"kind", "one-shot regression"}}, make_model, Ddim{.steps = 1});
}
