#include "inkling/gen/patch_diffusion.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "../models/model_checks.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/models/patch_mlp.hpp"
#include "inkling/models/patch_transformer.hpp"

namespace patch_diffusion_test {

using namespace ink;
using namespace ink::testing;

namespace {

struct Images {
  Tensor<float, 4> images;
  Tensor<std::int32_t, 1> labels;
};

/// 6 × 6 pixels in four patches.
auto small_model() {
  return PatchDiffusion(
      models::PatchTransformer<float>(
          {.width = 16, .layers = 1, .heads = 2, .patch = 3, .height = 6, .columns = 6, .classes = 3}, Key{1}),
      Diffusion(models::PatchMlp<float>({.numbers = 9, .context = 16, .width = 32, .layers = 2}, Key{2}), Cosine{},
                CleanTarget{}));
}

Images batch_of(Index n) { return {uniform<float>(Shape<4>{n, 6, 6, 1}, Key{3}, -1, 1), labels_in_turn(n, 3).ids}; }

}  // namespace

TEST_CASE("PatchDiffusion: the state is the clean image and the noisy one, patch by patch at its own time") {
  const auto model = small_model();
  const auto batch = batch_of(3);
  const auto example = model.corrupt(batch.images, Key{4});
  REQUIRE(example.state.shape() == Shape{3, 6, 6, 2});
  REQUIRE(example.level.shape() == Shape{12});
  REQUIRE(example.target.shape() == Shape{12, 1, 1, 9});
  CHECK(slice(example.state, 3, 0, 1) == batch.images);
  const auto clean = patchify(batch.images, 3);
  CHECK(difference(example.target.reshape(clean.shape()), clean) < 1e-6);
  // x_t − α·x₀ is noise of deviation σ, of the time that the patch's level names.
  const auto noisy = patchify(slice(example.state, 3, 1, 2), 3);
  double squares = 0;
  for (Index m = 0; m < 12; ++m) {
    const Scales s = Cosine{}(static_cast<double>(example.level(m)) / 1000);
    for (Index k = 0; k < 9; ++k) {
      const double e = (static_cast<double>(noisy.data()[9 * m + k]) - s.alpha * clean.data()[9 * m + k]) / s.sigma;
      squares += e * e;
    }
  }
  CHECK(squares / 108 == doctest::Approx(1).epsilon(4 * std::sqrt(2.0 / 108)));
}

TEST_CASE("PatchDiffusion: every patch meets every time, however small the batch") {
  const auto model = small_model();
  const auto batch = batch_of(1);
  float low[4] = {1e9f, 1e9f, 1e9f, 1e9f}, high[4] = {};
  for (std::uint64_t k = 0; k < 60; ++k) {
    const auto level = model.corrupt(batch.images, Key{k}).level;
    for (Index i = 0; i < 4; ++i) {
      low[i] = std::min(low[i], level(i));
      high[i] = std::max(high[i], level(i));
    }
  }
  for (Index i = 0; i < 4; ++i) {
    CHECK(low[i] < 200);
    CHECK(high[i] > 800);
  }
}

TEST_CASE("PatchDiffusion: a tiny batch is learnt by heart") {
  const auto batch = batch_of(2);
  const auto always_the_same = [&](const auto& model, Tape& tape) { return loss(model, tape, batch, Key{5}); };
  check_overfits(small_model(), always_the_same, 100, 1e-2, 0.1);
}

TEST_CASE("PatchDiffusion: patches that it has learnt are drawn again") {
  auto model = small_model();
  model.drop_condition = 0;
  Images batch = batch_of(1);
  AdamW optimizer(model, {.lr = 5e-3, .weight_decay = 0});
  const Images several{concat(0, std::vector(8, batch.images)), Tensor<std::int32_t, 1>(Shape{8})};
  for (std::uint64_t step = 0; step < 200; ++step) {
    Tape tape;
    optimizer.update(model, tape.backward(loss(model, tape, several, Key{6}.fold(step))));
  }
  const ClassLabels zero{Tensor<std::int32_t, 1>(Shape{2})};
  const auto drawn = generate(PatchAncestral(Ddim{.steps = 10}), model, Shape{2, 6, 6, 1}, Key{7}, zero);
  double error = 0;
  for (Index i = 0; i < 72; ++i) error += std::abs(drawn.data()[i] - batch.images.data()[i % 36]) / 72;
  CHECK(error < 0.1);
}

TEST_CASE("PatchDiffusion: images of the shape asked for, the same with the same key, each row by itself") {
  auto model = small_model();
  model.network = randomized(model.network, Key{8}, 0.5);
  model.denoiser.network = randomized(model.denoiser.network, Key{9}, 0.3);
  const auto draw = [&](Index n, Key key, bool cache) {
    return generate(PatchAncestral(Ddim{.steps = 3, .eta = 1}, cache), model, Shape<4>{n, 6, 6, 1}, key,
                    labels_in_turn(n, 3));
  };
  const auto images = draw(4, Key{1}, true);
  REQUIRE(images.shape() == Shape{4, 6, 6, 1});
  for (float v : images.values()) CHECK(std::abs(v) <= 1);
  CHECK(same_bits(draw(4, Key{1}, true), images));
  CHECK(difference(draw(4, Key{1}, false), images) < 1e-4);
  CHECK(draw(4, Key{2}, true) != images);
  CHECK(same_bits(draw(2, Key{1}, true), dense(view(images).slice(0, 0, 2))));
}

TEST_CASE("PatchDiffusion: a patch that does not divide the image is refused") {
  CHECK_THROWS_AS(generate(PatchAncestral(Ddim{}), small_model(), Shape{1, 7, 6, 1}, Key{1}), ShapeError);
}

TEST_CASE("PatchVectors: a condition like any other") {
  const PatchVectors two{Tensor<float, 2>(Shape{2, 2}, {1, 2, 3, 4})};
  const std::uint8_t rows[] = {1, 0};
  CHECK(two.withhold(rows).vectors == Tensor<float, 2>(Shape{2, 2}, {0, 0, 3, 4}));
  CHECK(two.joined(two).vectors == Tensor<float, 2>(Shape{4, 2}, {1, 2, 3, 4, 1, 2, 3, 4}));
}

}  // namespace patch_diffusion_test
