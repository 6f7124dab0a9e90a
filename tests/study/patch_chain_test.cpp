#include "systems/patch_chain.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "study/claims/pair.hpp"

namespace study {
namespace patch_chain_test {

using namespace ink;
using systems::PatchChain;

PatchChain make(bool causal) { return PatchChain({.causal = causal, .width = 16, .layers = 2, .heads = 2}, Key{1}); }

systems::Tokens some_tokens() {
  return make(true).tokens(uniform<float>(Shape{Index{3}, Index{28}, Index{28}, Index{1}}, Key{2}, -1, 1), Key{3});
}

/// −log p of patch k from the answer for it.
double nats_of(const Tensor<float, 3>& logits, const systems::Tokens& tokens, Index n, Index k) {
  double nats = 0;
  for (Index i = 0; i < 16; ++i) {
    const double off = logits(n, i, 0), on = logits(n, i, 1);
    const bool white = tokens(n, k / 7 * 4 + i / 4, k % 7 * 4 + i % 4) == 1;
    nats += std::log1p(std::exp(white ? off - on : on - off));
  }
  return nats;
}

TEST_CASE("both kinds have the same parameters") {
  CHECK(make(true).parameters() == make(false).parameters());
  CHECK(make(true).targets_an_image() == 49 * make(false).targets_an_image());
}

TEST_CASE("the chain is the sum of the answers, and the estimator with every step is the chain") {
  const auto tokens = some_tokens();
  for (const bool causal : {true, false}) {
    const PatchChain chain = make(causal);
    const auto nats = chain.nats(tokens);
    const auto estimate = chain.estimate(tokens, 49, Key{4});
    for (Index n = 0; n < 3; ++n) {
      double sum = 0;
      for (Index k = 0; k < 49; ++k) sum += nats(n, k);
      CHECK(estimate(n) == doctest::Approx(sum).epsilon(1e-6));
    }
    for (const Index k : {0, 1, 24, 48}) {
      const auto logits = chain.logits(tokens, k);
      CHECK(nats(1, k) == doctest::Approx(nats_of(logits, tokens, 1, k)).epsilon(1e-5));
    }
  }
}

TEST_CASE("an answer depends on every earlier patch and on no other") {
  const auto tokens = some_tokens();
  for (const bool causal : {true, false}) {
    const auto before = make(causal).logits(tokens, 20);
    for (const Index patch : {0, 7, 19, 20, 21, 48}) {
      auto changed = tokens;
      changed(0, patch / 7 * 4 + 2, patch % 7 * 4 + 1) = 1 - tokens(0, patch / 7 * 4 + 2, patch % 7 * 4 + 1);
      const auto after = make(causal).logits(changed, 20);
      bool differs = false;
      for (Index i = 0; i < 32; ++i) differs |= after.data()[i] != before.data()[i];
      CHECK(differs == (patch < 20));
    }
  }
}

TEST_CASE("a training lowers the nats of both kinds") {
  Tensor<std::uint8_t, 4> images({64, 28, 28, 1});
  for (Index i = 0; i < images.size(); ++i) images.mutable_data()[i] = i % 28 < 14 ? 255 : 0;
  const data::ImageDataset halves(images, Tensor<std::int32_t, 1>(Shape{Index{64}}));
  for (const bool causal : {true, false}) {
    PatchChain chain = make(causal);
    systems::Tokens half({1, 28, 28});
    for (Index i = 0; i < half.size(); ++i) half.mutable_data()[i] = i % 28 < 14;
    const double before = chain.estimate(half, 49, Key{6})(0);
    chain.train(halves, {.steps = 40, .batch_size = 16, .lr = 1e-2, .warmup = 5});
    CHECK(chain.estimate(half, 49, Key{6})(0) < before / 3);
  }
}

TEST_CASE("single pixels: two in three digits are white at a place") {
  Tensor<std::uint8_t, 4> images({1, 28, 28, 1});
  for (auto& v : images.mutable_values()) v = 255;
  const data::ImageDataset white(images, Tensor<std::int32_t, 1>(Shape{Index{1}}));
  systems::Tokens tokens({1, 28, 28}, 1);
  tokens(0, 5, 9) = 0;  // in patch 1 · 7 + 2
  const auto nats = nats_of_single_pixels(tokens, white);
  CHECK(nats(0, 0) == doctest::Approx(-16 * std::log(2.0 / 3)));
  CHECK(nats(0, 9) == doctest::Approx(-15 * std::log(2.0 / 3) - std::log(1.0 / 3)));
}

}  // namespace patch_chain_test
}  // namespace study
