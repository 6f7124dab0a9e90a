#include "inkling/dist/bernoulli.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"

namespace bernoulli_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// The same distribution with a logit for 0.
template <class T, int R>
Categorical<Tensor<T, R>> two_levels(const Tensor<T, R>& logits) {
  return Categorical(concat(-1, Tensor<T, R>(logits.shape()), logits));
}

}  // namespace

TEST_CASE_TEMPLATE("Bernoulli: is the Categorical of two levels", T, float, double) {
  const auto logits = normal<T>(Shape{50, 4, 5, 1}, Key{1}) * T{3};
  const Bernoulli pixels(logits);
  const auto same = two_levels(logits);
  const auto drawn = pixels.sample(Key{2});
  REQUIRE(drawn.shape() == Shape{50, 4, 5});
  CHECK(drawn == same.sample(Key{2}));
  CHECK(drawn != pixels.sample(Key{3}));
  CHECK(pixels.mode() == same.mode());
  CHECK(pixels.as_categorical().logits() == same.logits());
  const double tolerance = sizeof(T) == 4 ? 2e-6 : 1e-14;
  CHECK(difference(pixels.mean(), same.mean()) < tolerance);
  CHECK(difference(pixels.log_prob(drawn), same.log_prob(drawn)) < tolerance);
  CHECK(pixels.levels() == 2);
}

TEST_CASE("Bernoulli: logits that are nearly certain stay exact") {
  const Bernoulli pixels(Tensor<float, 2>(Shape{4, 1}, {1000, 1000, -30, -30}));
  const auto nats = pixels.log_prob(Tensor<std::int32_t, 1>(Shape{4}, {1, 0, 1, 0}));
  CHECK(nats(0) == 0);
  CHECK(nats(1) == -1000);
  CHECK(nats(2) == -30);
  CHECK(static_cast<double>(nats(3)) == doctest::Approx(-std::exp(-30.0)).epsilon(1e-6));
}

TEST_CASE("Bernoulli: gradients; rows alone as in the batch") {
  const Tensor<std::int32_t, 2> tokens(Shape{2, 3}, {0, 1, 1, 1, 0, missing_token});
  CHECK(gradcheck([&](const auto& l) { return Bernoulli(l).log_prob(tokens); },
                  normal<double>(Shape{2, 3, 1}, Key{1})) < 1e-8);
  CHECK(gradcheck([](const auto& l) { return Bernoulli(l).mean(); }, normal<double>(Shape{2, 3, 1}, Key{1})) < 1e-8);
  const auto ones = [](const auto& l) {
    return Bernoulli(l).log_prob(Tensor<std::int32_t, 2>(Shape{value(l).extent(0), Index{40}}, 1));
  };
  check_invariance<1>(ones, normal<float>(Shape{3, 40, 1}, Key{1}));
}

TEST_CASE("Bernoulli: what does not fit is refused") {
  CHECK_THROWS_WITH_AS(Bernoulli(Tensor<float, 2>(Shape{3, 2})),
                       "bernoulli: logits are (3, 2); the last extent must be 1", ShapeError);
  const Bernoulli pixels(Tensor<float, 2>(Shape{3, 1}));
  CHECK_THROWS_WITH_AS(pixels.log_prob(Tensor<std::int32_t, 1>(Shape{3}, {0, 1, 2})),
                       "bernoulli: tokens(2) is 2; it must be in [0, 2), or missing_token", ValueError);
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 1>(Shape{3}, -2)), ValueError);
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 1>(Shape{2})), ShapeError);
}

TEST_CASE("Bernoulli: of NaN there is no mode and no draw") {
  const Bernoulli pixels(Tensor<float, 2>(Shape{2, 1}, {1, std::numeric_limits<float>::quiet_NaN()}));
  CHECK_THROWS_AS(pixels.mode(), ValueError);
  CHECK_THROWS_AS(pixels.sample(Key{1}), ValueError);
}

}  // namespace bernoulli_test
