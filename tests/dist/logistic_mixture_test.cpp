#include "inkling/dist/logistic_mixture.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "../ops/operation_checks.hpp"

namespace logistic_mixture_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// n mixtures of 3 with means beyond the ends too, and log s from −9 to 3.
template <class T>
Tensor<T, 2> mixtures(Index n) {
  auto p = normal<double>(Shape{n, 9}, Key{1});
  for (Index r = 0; r < n; ++r) {
    for (Index i = 6; i < 9; ++i) p(r, i) = -3 + 2.5 * p(r, i);
  }
  p(0, 6) = -9;
  p(0, 7) = 3;
  return p.cast<T>();
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// P(k) as the formula says it, in double.
double by_definition(const Tensor<double, 2>& p, Index row, Index k, int levels) {
  double total = 0, sum = 0;
  for (Index i = 0; i < 3; ++i) total += std::exp(p(row, i));
  const double x = 2.0 * static_cast<double>(k) / (levels - 1) - 1, h = 1.0 / (levels - 1);
  for (Index i = 0; i < 3; ++i) {
    const double s = std::exp(std::max(-7.0, p(row, 6 + i))), mu = p(row, 3 + i);
    const double upper = k == levels - 1 ? 1 : sigmoid_of((x + h - mu) / s);
    const double lower = k == 0 ? 0 : sigmoid_of((x - h - mu) / s);
    sum += std::exp(p(row, i)) / total * (upper - lower);
  }
  return sum;
}

}  // namespace

TEST_CASE_TEMPLATE("LogisticMixture: the probabilities of all levels sum to 1", T, float, double) {
  for (int levels : {2, 3, 256}) {
    const LogisticMixture pixels(mixtures<T>(40), levels);
    const auto total = sum<-1>(exp(pixels.as_categorical().logits()));
    CHECK(difference(total, Tensor<double, 1>(Shape{40}, 1.0)) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
  }
}

TEST_CASE("LogisticMixture: the probabilities are differences of sigmoids, open at the ends") {
  const auto p = mixtures<double>(40);
  for (int levels : {2, 16, 256}) {
    const auto log_p = LogisticMixture(p, levels).as_categorical().logits();
    double worst = 0;
    for (Index r = 0; r < 40; ++r) {
      for (Index k = 0; k < levels; ++k) {
        worst = std::max(worst, std::abs(std::exp(log_p(r, k)) - by_definition(p, r, k, levels)));
      }
    }
    CHECK(worst < 1e-14);
  }
  // One component at 0 of width 1 and two levels, which meet at 0.
  const auto half = LogisticMixture(Tensor<double, 2>(Shape{1, 3}), 2).as_categorical().logits();
  CHECK(half(0, 0) == doctest::Approx(std::log(0.5)).epsilon(1e-15));
  CHECK(half(0, 1) == doctest::Approx(std::log(0.5)).epsilon(1e-15));
}

TEST_CASE_TEMPLATE("LogisticMixture: far out in a tail the logarithm keeps its digits", T, float, double) {
  // One component at −0.5 of log s = −7: level k is 8.6 s wide, and the upper tail is e^{−b} − e^{−a}.
  const LogisticMixture pixel(Tensor<T, 2>(Shape{1, 3}, {T(0), T(-0.5), T(-7)}), 256);
  const auto log_p = pixel.as_categorical().logits();
  const double s = std::exp(-7.0);
  for (Index k : {70, 100, 200, 254}) {
    const double b = (2.0 * static_cast<double>(k) / 255 - 1 - 1.0 / 255 + 0.5) / s, width = 2.0 / 255 / s;
    const double expected = -b + std::log1p(-std::exp(-width));
    CHECK(static_cast<double>(log_p(0, k)) == doctest::Approx(expected).epsilon(sizeof(T) == 4 ? 1e-5 : 1e-12));
  }
  // The fallback of the paper's code, the density in the middle of the level, is lower by 2.1 nats.
  const double middle = (200 / 127.5 - 1 + 0.5) / s;
  const double density = -middle + 7 - std::log(127.5);
  CHECK(static_cast<double>(log_p(0, 200)) - density == doctest::Approx(2.14).epsilon(0.01));
  // Where the density does not change within a level, both agree.
  const LogisticMixture wide(Tensor<T, 2>(Shape{1, 3}, {T(0), T(0.25), T(2)}), 256);
  const double z = (200 / 127.5 - 1.25) / std::exp(2.0);
  const double smooth = -z - 2 - 2 * std::log1p(std::exp(-z)) - std::log(127.5);
  CHECK(static_cast<double>(wide.as_categorical().logits()(0, 200)) == doctest::Approx(smooth).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("LogisticMixture: the log-probability adds up the tokens of a row", T, float, double) {
  const auto p = mixtures<T>(12).reshape(Shape<3>{3, 4, 9});
  const LogisticMixture pixels(p, 16);
  const Tensor<std::int32_t, 2> tokens(Shape{3, 4}, {0, 15, 3, 7, 15, 0, 0, 1, 14, 8, 9, 2});
  const auto nats = pixels.log_prob(tokens), same = pixels.as_categorical().log_prob(tokens);
  CHECK(difference(nats, same) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
  CHECK(pixels.levels() == 16);
  CHECK(pixels.components() == 3);
}

TEST_CASE("LogisticMixture: gradients; rows alone as in the batch") {
  const Tensor<std::int32_t, 2> tokens(Shape{2, 4}, {0, 15, 3, 7, 9, missing_token, 1, 14});
  const auto nats = [&](const auto& p) { return LogisticMixture(p, 16).log_prob(tokens); };
  auto p = mixtures<double>(8).reshape(Shape<3>{2, 4, 9});
  CHECK(gradcheck(nats, p) < 1e-7);
  for (double& v : p.mutable_values()) v += v < -3 ? 7 : 4;  // wide components: the series
  CHECK(gradcheck(nats, p) < 1e-7);
  const auto same = [](const auto& q) {
    return LogisticMixture(q, 256).log_prob(Tensor<std::int32_t, 2>(Shape{value(q).extent(0), Index{40}}, 77));
  };
  check_invariance<1>(same, normal<float>(Shape{3, 40, 15}, Key{1}));
}

TEST_CASE("LogisticMixture: every level is drawn as often as its probability says") {
  constexpr Index n = 20000;
  const Tensor<double, 2> one(Shape{1, 6}, {0.3, -0.4, 0.5, -0.8, -1.2, -3.0});
  const LogisticMixture pixels(Tensor<double, 2>(Shape{n, 6}) + one, 8);
  const auto table = LogisticMixture(one, 8).as_categorical().logits();
  std::vector<double> p, counts(8);
  double expected = 0;
  for (Index k = 0; k < 8; ++k) expected += static_cast<double>(k) * p.emplace_back(std::exp(table(0, k)));
  for (auto k : pixels.sample(Key{3}).values()) ++counts.at(static_cast<std::size_t>(k));
  CHECK(statistics::chi_square(counts, p, n) < 24.3);  // 7 degrees of freedom: 0.001
  CHECK(LogisticMixture(one, 8).mean()(0) == doctest::Approx(expected).epsilon(1e-12));
  Index mode = 0;
  for (Index k = 0; k < 8; ++k) mode = p[static_cast<std::size_t>(k)] > p[static_cast<std::size_t>(mode)] ? k : mode;
  CHECK(LogisticMixture(one, 8).mode()(0) == mode);
}

TEST_CASE("LogisticMixture: a draw depends on the key, not on the rows below") {
  const auto p = normal<float>(Shape{5, 4, 4, 9}, Key{1});
  const auto x = LogisticMixture(p, 256).sample(Key{2});
  REQUIRE(x.shape() == Shape{5, 4, 4});
  CHECK(x == LogisticMixture(p, 256).sample(Key{2}));
  CHECK(x != LogisticMixture(p, 256).sample(Key{3}));
  CHECK(LogisticMixture(dense(view(p).slice(0, 0, 2)), 256).sample(Key{2}) == dense(view(x).slice(0, 0, 2)));
}

TEST_CASE("LogisticMixture: what does not fit is refused") {
  const Tensor<float, 2> p(Shape{2, 6});
  CHECK_THROWS_WITH_AS(LogisticMixture(p, 1), "logistic_mixture: levels is 1; it must be at least 2", ValueError);
  CHECK_THROWS_WITH_AS(LogisticMixture(Tensor<float, 2>(Shape{2, 4}), 8),
                       "logistic_mixture: parameters are (2, 4); 3 must divide the last extent", ShapeError);
  CHECK_THROWS_WITH_AS(LogisticMixture(p, 8).log_prob(Tensor<std::int32_t, 1>(Shape{2}, {-1, 8})),
                       "logistic_mixture: tokens(1) is 8; it must be in [0, 8), or missing_token", ValueError);
  CHECK_THROWS_AS(LogisticMixture(p, 8).log_prob(Tensor<std::int32_t, 1>(Shape{3})), ShapeError);
}

TEST_CASE("LogisticMixture: of NaN, or of an infinite mean, nothing is drawn") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const auto drawn = [](double weight, double mean, double log_scale) {
    return LogisticMixture(Tensor<double, 2>(Shape{1, 3}, {weight, mean, log_scale}), 8).sample(Key{1});
  };
  CHECK(drawn(0, 0, 0).size() == 1);
  CHECK_THROWS_AS(drawn(nan, 0, 0), ValueError);
  CHECK_THROWS_WITH_AS(drawn(0, nan, 0),
                       "logistic_mixture.sample: mean and log s are nan and 0 in row 0; they must be numbers",
                       ValueError);
  CHECK_THROWS_AS(drawn(0, 0, nan), ValueError);
  CHECK_THROWS_AS(drawn(0, infinity, 0), ValueError);
  const LogisticMixture unknown(Tensor<double, 2>(Shape{1, 3}, {0, 0, nan}), 8);
  CHECK_THROWS_AS(unknown.mode(), ValueError);
  CHECK(std::isnan(unknown.log_prob(Tensor<std::int32_t, 1>(Shape{1}))(0)));
}

TEST_CASE("LogisticMixture: far out, the log-probability and its gradient are those of long double") {
  for (const float mean : {-900.0f, 40.0f, 1e6f}) {
    Tape tape;
    const auto p = tape.variable(Tensor<float, 2>(Shape{1, 3}, {0, mean, -2}));
    const auto nats = LogisticMixture(p, 256).log_prob(Tensor<std::int32_t, 1>(Shape{1}, {100}));
    const long double s = std::exp(-2.0L), x = 200.0L / 255 - 1, a = (x + 1.0L / 255 - mean) / s;
    const long double width = 2 / (255 * s), far = std::abs(a - width / 2);
    // S(a) − S(b) → e^{−|…|}·(e^{width/2} − e^{−width/2}) far from the middle
    const long double right = -far + width / 2 + std::log(-std::expm1(-width));
    CHECK(std::abs(static_cast<double>(value(nats)(0) - right)) <= 1e-6 * static_cast<double>(-right));
    const auto g = tape.backward(sum(nats))[p];
    CHECK(std::abs(static_cast<double>(g(0, 1)) + (mean > 0 ? 1 : -1) * static_cast<double>(1 / s)) < 1e-5);
  }
}

}  // namespace logistic_mixture_test
