// Counted operations against counts from outside: PyTorch's of training steps of the same networks (a step is forward
// and backward: three times an evaluation), exact causal counts worked out for the peers' networks, and the cost of an
// image of a transformer of 6 layers and width 128.
#include "systems/flops.hpp"

#include <doctest/doctest.h>

namespace flops_test {

using namespace ink;
using systems::flops;

using Unet = models::UNet<float>::Options;
using Dit = models::Dit<float>::Options;
using PixelCnn = models::PixelCnn<float>::Options;
using Gpt = models::Gpt<float>::Options;

TEST_CASE("flops: as PyTorch counts a training step of the same network") {
  CHECK(3 * 64 * flops(Unet{.width = 32, .blocks = 2}) / 1e9 == doctest::Approx(106).epsilon(0.01));
  CHECK(3 * 128 * flops(Dit{.classes = 10}) / 1e9 == doctest::Approx(48).epsilon(0.01));
}

TEST_CASE("flops: the exact counts of causal networks") {
  CHECK(flops(PixelCnn{.width = 64, .layers = 6, .two_stacks = false}) / 1e6 == doctest::Approx(458).epsilon(0.002));
  CHECK(flops(Gpt{}) / 1e6 == doctest::Approx(1914).epsilon(0.002));
}

TEST_CASE("flops: an image of 6 layers and width 128") {
  const Gpt gpt{.levels = 2, .width = 128, .layers = 6};
  const Dit dit{.width = 128, .layers = 6, .patch = 4};
  CHECK(flops(gpt) / 1e9 == doctest::Approx(2.8).epsilon(0.02));
  CHECK(35 * flops(dit) / 1e9 == doctest::Approx(4.3).epsilon(0.03));
  CHECK(1000 * flops(dit) / 1e9 == doctest::Approx(123).epsilon(0.03));
  // Without a cache, every pixel from all before it anew.
  double sum = 0;
  for (Index known = 1; known <= 784; ++known) {
    sum += flops(Gpt{.levels = 2, .width = 128, .layers = 6, .height = 1, .columns = known});
  }
  CHECK(sum / 1e9 == doctest::Approx(1000).epsilon(0.05));
}

TEST_CASE("flops: what a specification names") {
  CHECK(flops(systems::DenoiserSpec{.width = 32, .blocks = 2}) == flops(Unet{.width = 32, .blocks = 2}));
  CHECK(flops(systems::DenoiserSpec{.told = "caption"}) > flops(systems::DenoiserSpec{.told = "class"}));
  CHECK(flops(systems::PixelSpec{.network = "gpt", .layers = 4}) == flops(Gpt{.levels = 2, .width = 32, .layers = 4}));
  const systems::PixelSpec cnn{};
  CHECK(systems::drawing_flops(cnn, 784, true) == flops(cnn));
  CHECK(systems::drawing_flops(cnn, 784, false) == 784 * flops(cnn));
  const systems::PixelSpec any{.network = "unet", .family = "any-order", .layers = 1};
  CHECK(systems::drawing_flops(any, 49, true) == 49 * flops(any));
}

}  // namespace flops_test
