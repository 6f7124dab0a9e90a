// The rules of claims 20, 25 and 28, each way.
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_20_25_28_test {

using namespace study;

const Spread low = spread({1.0, 1.1, 1.2}), high = spread({3.0, 3.1, 3.2}), between = spread({1.0, 3.0, 2.0});

Headline cheap_diffusion() {
  return {.diffusion_cnn = low,
          .ar_cnn = high,
          .diffusion_pca = low,
          .ar_pca = low,
          .evaluations = 10,
          .flops = 1e9,
          .seconds = 0.01,
          .ar_evaluations = 784,
          .ar_flops = 2e9,
          .ar_seconds = 0.02};
}

TEST_CASE("rule 20: fewer evaluations, operations and seconds for the same quality") {
  Headline h = cheap_diffusion();
  CHECK(rule_20(h).outcome == Outcome::supported);
  h.ar_seconds = 0.005;
  CHECK(rule_20(h).outcome == Outcome::conditional);
  CHECK(rule_20(h).because.rfind("evaluations or operations are counted, not seconds", 0) == 0);
  h.ar_flops = 1e8;
  CHECK(rule_20(h).because.rfind("evaluations are counted, neither operations nor seconds", 0) == 0);
  h.ar_seconds = 0.02;
  CHECK(rule_20(h).because.rfind("evaluations or seconds are counted, not operations", 0) == 0);
}

TEST_CASE("rule 20: worse digits, or none as good, are no support") {
  Headline worse = cheap_diffusion();
  worse.diffusion_cnn = high;
  worse.ar_cnn = low;
  CHECK(rule_20(worse).outcome == Outcome::not_supported);
  Headline pixels = cheap_diffusion();
  pixels.diffusion_pca = high;
  CHECK(rule_20(pixels).outcome == Outcome::not_supported);
  Headline never = cheap_diffusion();
  never.evaluations = never.flops = never.seconds = std::numeric_limits<double>::infinity();
  CHECK(rule_20(never).outcome == Outcome::not_supported);
  Headline unclear = cheap_diffusion();
  unclear.diffusion_cnn = between;
  unclear.ar_cnn = low;
  CHECK(rule_20(unclear).outcome == Outcome::supported);
}

TEST_CASE("rule 25: everywhere, nowhere, somewhere") {
  const Comparison better{"likelihood", low, high}, worse{"quality", high, low}, open{"speed", between, low};
  CHECK(rule_25({better, better}).outcome == Outcome::supported);
  CHECK(rule_25({worse, open}).outcome == Outcome::not_supported);
  for (const auto& some : {rule_25({better, worse}), rule_25({better, open})}) {
    CHECK(some.outcome == Outcome::conditional);
    CHECK(some.because.find("likelihood (1.10 to 3.10)") != std::string::npos);
  }
  CHECK(rule_25({better, worse}).because.find("Autoregression is better in quality") != std::string::npos);
  CHECK(rule_25({better, open}).because.find("Not decided: 1 comparison.") != std::string::npos);
}

TEST_CASE("rule 28: copies of all digits, of few, of none") {
  const Spread none = spread({0, 0, 0}), many = spread({0.5, 0.6, 0.7});
  CHECK(rule_28(0, none, none, 0.9, 0.3).outcome == Outcome::supported);
  CHECK(rule_28(0.01, none, none, 0.9, 0.3).outcome == Outcome::supported);
  CHECK(rule_28(0.02, none, none, 0.9, 0.3).outcome == Outcome::not_supported);
  CHECK(rule_28(0.5, many, many, 0.9, 0.3).outcome == Outcome::not_supported);
  const Verdict sixty = rule_28(0, none, many, 0.9, 0.3), hundreds = rule_28(0, many, many, 0.9, 0.3);
  CHECK(sixty.outcome == Outcome::conditional);
  CHECK(sixty.because.rfind("it has learned from hundreds", 0) == 0);
  CHECK(hundreds.outcome == Outcome::conditional);
  CHECK(hundreds.because.rfind("it has learned from thousands", 0) == 0);
  CHECK(hundreds.because.find("r² 0.9") != std::string::npos);
}

}  // namespace rules_20_25_28_test
