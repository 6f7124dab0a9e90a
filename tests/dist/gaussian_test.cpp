#include "inkling/dist/gaussian.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "../ops/operation_checks.hpp"

namespace gaussian_test {

using namespace ink;
using namespace ink::testing;
using namespace statistics;

TEST_CASE_TEMPLATE("Gaussian: the log-probability is the closed form, row by row", T, float, double) {
  const auto mean = normal<T>(Shape{4, 3, 2}, Key{1}), x = normal<T>(Shape{4, 3, 2}, Key{2});
  for (double deviation : {0.05, 1.0, 7.5}) {
    const auto nats = Gaussian(mean, deviation).log_prob(x);
    REQUIRE(nats.shape() == Shape{4});
    for (Index n = 0; n < 4; ++n) {
      double expected = -6 * std::log(deviation) - 3 * std::log(2 * std::acos(-1.0));
      for (Index i = 6 * n; i < 6 * n + 6; ++i) {
        const double z = (static_cast<double>(x.data()[i]) - static_cast<double>(mean.data()[i])) / deviation;
        expected -= z * z / 2;
      }
      CHECK(static_cast<double>(nats(n)) == doctest::Approx(expected).epsilon(std::is_same_v<T, float> ? 1e-5 : 1e-13));
    }
  }
}

TEST_CASE("Gaussian: the density of one number integrates to one") {
  constexpr Index points = 4001;  // ten deviations to either side
  constexpr double spacing = 2.5 / 200;
  Tensor<double, 2> x(Shape{points, 1});
  for (Index i = 0; i < points; ++i) x(i, 0) = 0.3 + spacing * static_cast<double>(i - points / 2);
  const auto nats = Gaussian(Tensor<double, 2>(Shape{points, 1}, 0.3), 2.5).log_prob(x);
  double integral = 0;
  for (double v : nats.values()) integral += std::exp(v) * spacing;
  CHECK(integral == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("Gaussian: draws have the mean and the deviation, within four standard errors", T, float, double) {
  constexpr double n = 100000, deviation = 0.25;
  const Gaussian gaussian(Tensor<T, 2>(Shape{1000, 100}, T(-3)), deviation);
  CHECK(gaussian.deviation() == deviation);
  CHECK(gaussian.mean()(999, 99) == T(-3));
  const auto x = gaussian.sample(Key{1});
  CHECK(std::abs(mean_of(x) + 3) < 4 * deviation / std::sqrt(n));
  const double variance = deviation * deviation;
  CHECK(std::abs(variance_around(-3, x) - variance) < 4 * variance * std::sqrt(2 / n));
  // The entropy of 100 numbers is 100·(½ + ½·ln 2π + ln σ); the log-probability of such a row has variance 50.
  const double entropy = 100 * (0.5 + 0.5 * std::log(2 * std::acos(-1.0)) + std::log(deviation));
  CHECK(std::abs(mean_of(gaussian.log_prob(x)) + entropy) < 4 * std::sqrt(50 / 1000.0));
}

TEST_CASE("Gaussian: a draw depends on the key, not on the rows below") {
  const auto mean = normal<float>(Shape{5, 3, 3}, Key{1});
  const auto draw = [](const auto& m, Key key) { return Gaussian(m, 2.0).sample(key); };
  const auto x = draw(mean, Key{2});
  CHECK(x == draw(mean, Key{2}));
  CHECK(x != draw(mean, Key{3}));
  CHECK(same_bits(draw(dense(view(mean).slice(0, 0, 2)), Key{2}), dense(view(x).slice(0, 0, 2))));
}

TEST_CASE("Gaussian: gradients of the log-probability; rows alone as in the batch") {
  const auto f = [](const auto& m, const auto& x) { return Gaussian(m, 0.7).log_prob(x); };
  CHECK(gradcheck(f, normal<double>(Shape{3, 2, 5}, Key{1}), normal<double>(Shape{3, 2, 5}, Key{2})) < 1e-8);
  check_invariance<2>(f, normal<float>(Shape{3, 50, 50}, Key{1}), normal<float>(Shape{3, 50, 50}, Key{2}));
}

TEST_CASE("Gaussian: a deviation must be positive and finite") {
  const Tensor<float, 1> mean(Shape{2});
  CHECK_THROWS_WITH_AS(Gaussian(mean, 0), "Gaussian: deviation is 0; it must be positive and finite", ValueError);
  CHECK_THROWS_AS(Gaussian(mean, -1), ValueError);
  CHECK_THROWS_AS(Gaussian(mean, std::numeric_limits<double>::infinity()), ValueError);
  CHECK_THROWS_AS(Gaussian(mean, std::numeric_limits<double>::quiet_NaN()), ValueError);
  CHECK_THROWS_AS(Gaussian(mean, 1).log_prob(Tensor<float, 1>(Shape{3})), ShapeError);
  CHECK_THROWS_AS(Gaussian(mean, 1).log_prob(Tensor<float, 1>(Shape{1})), ShapeError);
}

TEST_CASE("Gaussian: the narrowest and the widest, in float") {
  const Tensor<float, 2> x(Shape{1, 1}, {3e-25f}), far(Shape{1, 1}, {1e25f});
  const Tensor<float, 2> zero(Shape{1, 1});
  const double constant = 0.91893853320467274178;
  CHECK(Gaussian(zero, 1e-25).log_prob(x)(0) == doctest::Approx(-4.5 + 25 * std::log(10.0) - constant).epsilon(1e-6));
  CHECK(Gaussian(zero, 1e25).log_prob(far)(0) == doctest::Approx(-0.5 - 25 * std::log(10.0) - constant).epsilon(1e-6));
}

}  // namespace gaussian_test
