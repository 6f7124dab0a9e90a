#include "inkling/dist/categorical.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "inkling/autograd/gradcheck.hpp"

using namespace ink;

namespace {

/// Probabilities 0.1, 0.2, 0.3, 0.4 in each of n rows.
Tensor<double, 2> tenths(Index n) {
  Tensor<double, 2> logits(Shape{n, 4});
  for (Index i = 0; i < 4 * n; ++i) logits.mutable_data()[i] = std::log(0.1 * static_cast<double>(i % 4 + 1)) + 5;
  return logits;
}

}  // namespace

TEST_CASE("Categorical: mean, mode and probability") {
  const Categorical p(tenths(2));
  CHECK(p.levels() == 4);
  CHECK(p.mean()(1) == doctest::Approx(2).epsilon(1e-12));
  CHECK(p.mode()(0) == 3);
  const auto log_prob = p.log_prob(Tensor<std::int32_t, 1>(Shape{2}, {0, 2}));
  CHECK(log_prob(0) == doctest::Approx(std::log(0.1)));
  CHECK(log_prob(1) == doctest::Approx(std::log(0.3)));
}

TEST_CASE("Categorical: draws each level as often as it should, a row alone as in a batch") {
  const Index n = 20000;
  const auto drawn = Categorical(tenths(n)).sample(Key{1});
  double count[4] = {};
  for (std::int32_t level : drawn.values()) ++count[level];
  double chi_square = 0;
  for (int k = 0; k < 4; ++k) {
    const double expected = static_cast<double>(n) * 0.1 * (k + 1);
    chi_square += (count[k] - expected) * (count[k] - expected) / expected;
  }
  CHECK(chi_square < 16.3);  // 3 degrees of freedom: 0.001
  const auto fewer = Categorical(tenths(7)).sample(Key{1});
  for (Index i = 0; i < 7; ++i) CHECK(fewer(i) == drawn(i));
}

TEST_CASE("Categorical: temperature takes probabilities to a power") {
  const auto p = softmax(Categorical(tenths(1)).tempered(0.5).logits());
  for (Index k = 0; k < 4; ++k) {
    const double power = static_cast<double>((k + 1) * (k + 1));
    CHECK(p(0, k) == doctest::Approx(power / 30).epsilon(1e-12));
  }
  CHECK_THROWS_AS(Categorical(tenths(1)).tempered(0), ValueError);
}

TEST_CASE("Categorical: gradients of probability and mean") {
  const auto logits = normal<double>(Shape{3, 4}, Key{2});
  const Tensor<std::int32_t, 1> tokens(Shape{3}, {1, 0, 3});
  CHECK(gradcheck([&](const auto& l) { return Categorical(l).log_prob(tokens); }, logits) < 1e-8);
  CHECK(gradcheck([&](const auto& l) { return Categorical(l).mean(); }, logits) < 1e-8);
}
