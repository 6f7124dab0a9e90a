#include "inkling/dist/categorical.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "../ops/operation_checks.hpp"

namespace categorical_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// exp(l / temperature), normalised.
template <class T>
std::vector<double> probabilities(const T* logits, Index levels, double temperature = 1) {
  std::vector<double> p;
  double total = 0;
  for (Index k = 0; k < levels; ++k) {
    p.push_back(std::exp(static_cast<double>(logits[k]) / temperature));
    total += p.back();
  }
  for (double& v : p) v /= total;
  return p;
}

template <class T>
std::vector<double> counts_of(const Tensor<T, 1>& drawn, Index levels) {
  std::vector<double> counts(static_cast<std::size_t>(levels));
  for (auto k : drawn.values()) ++counts.at(static_cast<std::size_t>(k));
  return counts;
}

/// The same logits in every row.
template <class T>
Tensor<T, 2> repeated(Index rows, std::initializer_list<T> logits) {
  const Tensor<T, 2> row(Shape{Index{1}, static_cast<Index>(logits.size())}, logits);
  return Tensor<T, 2>(Shape{rows, row.extent(1)}) + row;
}

}  // namespace

TEST_CASE_TEMPLATE("Categorical: log-probability and mean are the closed forms", T, float, double) {
  const auto logits = normal<T>(Shape{2, 3, 5}, Key{1}) * 3.0;
  const Tensor<std::int32_t, 2> tokens(Shape{2, 3}, {0, 4, 2, 3, 3, 1});
  const Categorical pixels(logits);
  const auto nats = pixels.log_prob(tokens);
  const auto mean = pixels.mean();
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  REQUIRE(nats.shape() == Shape{2});
  REQUIRE(mean.shape() == Shape{2, 3});
  CHECK(pixels.levels() == 5);
  for (Index n = 0; n < 2; ++n) {
    double expected = 0;
    for (Index i = 3 * n; i < 3 * n + 3; ++i) {
      const auto p = probabilities(logits.data() + 5 * i, 5);
      expected += std::log(p[static_cast<std::size_t>(tokens.data()[i])]);
      const double level = p[1] + 2 * p[2] + 3 * p[3] + 4 * p[4];
      CHECK(static_cast<double>(mean.data()[i]) == doctest::Approx(level).epsilon(tolerance));
    }
    CHECK(static_cast<double>(nats(n)) == doctest::Approx(expected).epsilon(tolerance));
  }
}

TEST_CASE_TEMPLATE("Categorical: levels are drawn as often as they are likely", T, float, double) {
  const auto logits = repeated<T>(20000, {0.5, -1, 2, 0, -3});
  for (double temperature : {0.5, 1.0, 3.0}) {
    const auto drawn = Categorical(logits).tempered(temperature).sample(Key{7});
    const auto p = probabilities(logits.data(), 5, temperature);
    CHECK(statistics::chi_square(counts_of(drawn, 5), p, 20000) < 18.5);  // 4 degrees of freedom: 0.001
  }
}

TEST_CASE("Categorical: a level that is impossible is never drawn") {
  constexpr double never = -std::numeric_limits<double>::infinity();
  const auto counts = counts_of(Categorical(repeated<double>(5000, {never, 0, never, 0, never})).sample(Key{1}), 5);
  CHECK(counts[1] + counts[3] == 5000);
  CHECK(counts[1] > 2300);
  CHECK(counts[3] > 2300);
}

TEST_CASE_TEMPLATE("Categorical: the mode is the likeliest level, the lowest of equals", T, float, double) {
  const Categorical pixels(Tensor<T, 3>(Shape{2, 2, 3}, {0, 1, 2, 5, 5, 4, -1, -3, -1, -7, -6, -6}));
  CHECK(pixels.mode() == Tensor<std::int32_t, 2>(Shape{2, 2}, {2, 0, 0, 1}));
  CHECK(pixels.tempered(0.01).mode() == pixels.mode());
}

TEST_CASE("Categorical: the temperature divides the logits") {
  const auto logits = normal<double>(Shape{3, 4}, Key{1});
  CHECK(difference(Categorical(logits).tempered(2).logits(), Tensor<double, 2>(0.5 * logits)) < 1e-15);
  CHECK(Categorical(logits).tempered(1).logits() == logits);
  CHECK_THROWS_WITH_AS(Categorical(logits).tempered(0),
                       "Categorical: temperature is 0; it must be positive (use mode for 0)", ValueError);
  CHECK_THROWS_AS(Categorical(logits).tempered(-1), ValueError);
  CHECK_THROWS_AS(Categorical(logits).tempered(std::nan("")), ValueError);
}

TEST_CASE("Categorical: a draw depends on the key, not on the rows below") {
  const auto logits = normal<float>(Shape{5, 4, 4, 6}, Key{1});
  const auto few = dense(view(logits).slice(0, 0, 2));
  const auto x = Categorical(logits).sample(Key{2});
  REQUIRE(x.shape() == Shape{5, 4, 4});
  CHECK(x == Categorical(logits).sample(Key{2}));
  CHECK(x != Categorical(logits).sample(Key{3}));
  CHECK(Categorical(few).sample(Key{2}) == dense(view(x).slice(0, 0, 2)));
  CHECK(Categorical(few).mode() == dense(view(Categorical(logits).mode()).slice(0, 0, 2)));
}

TEST_CASE("Categorical: gradients by the logits; rows alone as in the batch") {
  const Tensor<std::int32_t, 2> tokens(Shape{2, 3}, {0, 3, 2, 1, 3, 1});
  const auto nats = [&](const auto& l) { return Categorical(l).log_prob(tokens); };
  CHECK(gradcheck(nats, normal<double>(Shape{2, 3, 4}, Key{1})) < 1e-8);
  CHECK(gradcheck([](const auto& l) { return Categorical(l).mean(); }, normal<double>(Shape{2, 3, 4}, Key{1})) < 1e-8);
  // The same token everywhere: the rows of the batch then need no tokens of their own.
  const auto same = [](const auto& l) {
    return Categorical(l).log_prob(Tensor<std::int32_t, 2>(Shape{value(l).extent(0), Index{40}}, 2));
  };
  check_invariance<1>(same, normal<float>(Shape{3, 40, 60}, Key{1}));
}

TEST_CASE("Categorical: an empty batch") {
  const Categorical none(Tensor<float, 3>(Shape{0, 2, 4}));
  CHECK(none.log_prob(Tensor<std::int32_t, 2>(Shape{0, 2})) == Tensor<float, 1>(Shape{0}));
  CHECK(none.mode().shape() == Shape{0, 2});
  CHECK(none.sample(Key{1}).shape() == Shape{0, 2});
}

TEST_CASE("Categorical: tokens must fit the logits") {
  const Categorical pixels(Tensor<float, 3>(Shape{2, 3, 4}));
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 2>(Shape{2, 2})), ShapeError);
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 2>(Shape{3, 3})), ShapeError);
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 2>(Shape{2, 3}, 4)), ValueError);
  CHECK_THROWS_AS(pixels.log_prob(Tensor<std::int32_t, 2>(Shape{2, 3}, -2)), ValueError);
}

TEST_CASE("Categorical: of NaN there is no mode and no draw") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Categorical pixels(Tensor<float, 3>(Shape{2, 1, 3}, {0, 1, 2, 3, nan, 1}));
  CHECK_THROWS_WITH_AS(pixels.mode(), "categorical.mode: logits have nan in row 1, at (1, 0); they must be numbers",
                       ValueError);
  CHECK_THROWS_AS(pixels.sample(Key{1}), ValueError);
  CHECK(std::isnan(pixels.log_prob(Tensor<std::int32_t, 2>(Shape{2, 1}))(1)));
}

}  // namespace categorical_test
