#include "inkling/gen/token/masked_diffusion.hpp"

#include <bit>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "statistics.hpp"

namespace masked_diffusion_test {

using namespace ink;

TEST_CASE_TEMPLATE("Masking schedules: from everything to nothing, weighted by their slope", S, LinearMasking,
                   CosineMasking) {
  const S kept;
  CHECK(std::abs(kept(0) - 1) < 1e-15);
  CHECK(kept(1) == 0);
  for (double t : {0.05, 0.3, 0.5, 0.9}) {
    const double h = 1e-6, slope = (kept(t + h) - kept(t - h)) / (2 * h);
    CHECK(kept.weight(t) == doctest::Approx(-slope / (1 - kept(t))).epsilon(1e-8));
  }
}

TEST_CASE("Masking schedules: values") {
  CHECK(LinearMasking{}(0.25) == 0.75);
  CHECK(CosineMasking{}(0.5) == doctest::Approx(1 - std::sqrt(0.5)));
}

TEST_CASE("MaskedDiffusion: a pixel is missing with probability 1 − α, and asked for if it is") {
  const MaskedDiffusion model(enumerable::Inconsistent{}, Quantizer{5}, CosineMasking{});
  constexpr Index n = 20000;
  const Tokens pixels(Shape{n, 1, 2}, 3);
  for (double t : {0.2, 0.7}) {
    const auto example = model.corrupt_tokens(pixels, Tensor<double, 1>(Shape{n}, t), Key{1});
    std::vector<double> patterns(4);
    for (Index r = 0; r < n; ++r) {
      std::size_t missing = 0;
      for (Index i = 0; i < 2; ++i) {
        const bool known = example.state(r, 0, i, 1) == 1;
        REQUIRE(example.target(r, 0, i) == (known ? missing_token : 3));
        missing |= static_cast<std::size_t>(!known) << i;
      }
      REQUIRE(example.level(r) == (missing == 0 ? 0 : missing == 3 ? 1000 : 500));
      ++patterns[missing];
    }
    const double kept = model.schedule(t);
    const std::vector<double> expected{kept * kept, kept * (1 - kept), kept * (1 - kept), (1 - kept) * (1 - kept)};
    CHECK(statistics::chi_square(patterns, expected, n) < 16.3);  // 3 degrees of freedom: 0.001
    CHECK(example.weight(0) == model.schedule.weight(t));
  }
  const auto some = model.corrupt_tokens(Tokens(Shape{3, 1, 2}, 3), Tensor<double, 1>(Shape{3}, 0.7), Key{1});
  const auto all = model.corrupt_tokens(pixels, Tensor<double, 1>(Shape{n}, 0.7), Key{1});
  CHECK(some.state == dense(view(all.state).slice(0, 0, 3)));
}

TEST_CASE("MaskedDiffusion: a step back tells missing pixels at the right rate and changes no other") {
  const MaskedDiffusion model(enumerable::Inconsistent{}, Quantizer{2}, LinearMasking{});
  constexpr Index n = 20000;
  Tokens x(Shape{n, 1, 2}, missing_token);
  for (Index r = 0; r < n; ++r) x(r, 0, 0) = 0;
  const auto next = model.reverse(x, Tokens(Shape{n, 1, 2}, 1), 0.8, 0.6, Key{2});
  double told = 0;
  for (Index r = 0; r < n; ++r) {
    REQUIRE(next(r, 0, 0) == 0);
    told += next(r, 0, 1) != missing_token;
  }
  CHECK(std::abs(told / n - 0.25) < 4 * std::sqrt(0.25 * 0.75 / n));  // (0.4 − 0.2)/(1 − 0.2)
  for (double v : model.reverse(x, Tokens(Shape{n, 1, 2}, 1), 0.8, 0, Key{3}).values()) REQUIRE(v != missing_token);
}

TEST_CASE("DiscreteAncestral: two steps of masked diffusion draw every image as often as they should") {
  const auto joint = enumerable::random_joint(2, 2, Key{3});
  const auto check = [&](const auto& schedule) {
    const MaskedDiffusion model(joint, Quantizer{2}, schedule);
    // Each pixel is told in the first step with probability `told`; pixels of one step are independent.
    const double told = schedule(0.5);
    std::vector<double> expected(16);
    const Tokens images = enumerable::all_images(2, 2);
    for (Index first = 0; first < 16; ++first) {
      const int count = std::popcount(static_cast<unsigned>(first));
      Tokens blank(images.shape(), missing_token), state = images, early = images, late = images;
      for (Index i = 0; i < 4; ++i) {
        for (Index b = 0; b < 16; ++b) {
          (first >> i & 1 ? late : early)(b, i / 2, i % 2) = missing_token;
          if (!(first >> i & 1)) state(b, i / 2, i % 2) = missing_token;
        }
      }
      const auto nats = model.posterior(blank, 1, Unconditional{}).log_prob(early) +
                        model.posterior(state, 0.5, Unconditional{}).log_prob(late);
      for (Index b = 0; b < 16; ++b) {
        expected[static_cast<std::size_t>(b)] +=
            std::pow(told, count) * std::pow(1 - told, 4 - count) * std::exp(nats(b));
      }
    }
    constexpr Index n = 20000;
    const auto drawn = sample(DiscreteAncestral{.steps = 2}, model, model.prior({n, 2, 2, 1}, Key{4}), Key{5});
    const auto seen = enumerable::counts(drawn);
    CHECK(statistics::chi_square(seen, expected, n) < 37.7);  // 15 degrees of freedom: 0.001
    CHECK(statistics::chi_square(seen, joint.p, n) > 100);    // two steps are not enough
  };
  check(LinearMasking{});
  check(CosineMasking{});
}

TEST_CASE("DiscreteAncestral: many steps of masked diffusion draw from the joint distribution, whatever the batch") {
  const auto joint = enumerable::random_joint(2, 2, Key{3});
  const MaskedDiffusion model(joint, Quantizer{2});
  constexpr Index n = 2000;
  const auto drawn = sample(DiscreteAncestral{.steps = 100}, model, model.prior({n, 2, 2, 1}, Key{4}), Key{6});
  CHECK(statistics::chi_square(enumerable::counts(drawn), joint.p, n) < 37.7);
  const auto some = sample(DiscreteAncestral{.steps = 100}, model, model.prior({3, 2, 2, 1}, Key{4}), Key{6});
  CHECK(some == dense(view(drawn).slice(0, 0, 3)));
  const auto images = generate(DiscreteAncestral{.steps = 3}, model, Shape{5, 2, 2, 1}, Key{7});
  for (double v : images.values()) CHECK(std::abs(v) == 1);
  CHECK_THROWS_AS(sample(DiscreteAncestral{.steps = 0}, model, Tokens({1, 2, 2}, missing_token), Key{1}), ValueError);
  CHECK_THROWS_AS(
      sample(DiscreteAncestral{.truncation = {.temperature = -1}}, model, Tokens({1, 2, 2}, missing_token), Key{1}),
      ValueError);
}

}  // namespace masked_diffusion_test
