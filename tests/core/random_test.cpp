#include "inkling/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/view.hpp"

namespace random_test {

using namespace ink;

namespace {

template <int R>
std::array<double, 4> raw_moments(const Tensor<double, R>& x) {
  std::array<double, 4> m{};
  for (double v : x.values()) {
    double power = 1;
    for (double& sum : m) sum += power *= v;
  }
  for (double& sum : m) sum /= static_cast<double>(x.size());
  return m;
}

}  // namespace

TEST_CASE("normal: moments within four standard errors") {
  constexpr double n = 200000;
  const auto m = raw_moments(normal<double>(Shape{2000, 100}, Key{1}));
  // Var(z) = 1, Var(z²) = 2, Var(z³) = 15, Var(z⁴) = 96.
  CHECK(std::abs(m[0]) < 4 * std::sqrt(1 / n));
  CHECK(std::abs(m[1] - 1) < 4 * std::sqrt(2 / n));
  CHECK(std::abs(m[2]) < 4 * std::sqrt(15 / n));
  CHECK(std::abs(m[3] - 3) < 4 * std::sqrt(96 / n));
}

TEST_CASE("normal: neighbours along rows and columns are uncorrelated") {
  const auto x = normal<double>(Shape{400, 401}, Key{2});
  double along = 0, across = 0;
  for (Index i = 0; i + 1 < 400; ++i) {
    for (Index j = 0; j + 1 < 401; ++j) {
      along += x(i, j) * x(i, j + 1);
      across += x(i, j) * x(i + 1, j);
    }
  }
  // Sums of 399·400 products of variance 1.
  CHECK(std::abs(along) < 4 * std::sqrt(399.0 * 400));
  CHECK(std::abs(across) < 4 * std::sqrt(399.0 * 400));
}

TEST_CASE("normal: pinned values, the same on every platform") {
  const auto x = normal<double>(Shape{6}, Key{42});
  const auto y = normal<double>(Shape{1, 6}, Key{42});
  const std::array<double, 6> rows{-0.078823468852532066, -1.1442988780249543, 0.05075198330076041,
                                   -0.13672031663009088,  0.64992696052423837, -0.22998503616698013};
  const std::array<double, 6> row{-0.078823468852532066, -0.41011294279565164, -0.44803662789792809,
                                  -0.11476523741853367,  0.4078702358053094,   0.75070430676856359};
  for (Index i = 0; i < 6; ++i) {
    CHECK(x(i) == rows[static_cast<std::size_t>(i)]);
    CHECK(y(0, i) == row[static_cast<std::size_t>(i)]);
  }
  CHECK(normal<float>(Shape{6}, Key{42}) == x.cast<float>());
}

TEST_CASE("random: row b does not know how many rows there are") {
  const Key key{7};
  const auto many = normal<float>(Shape{9, 5, 3}, key);
  for (Index rows : {1, 2, 8})
    CHECK(normal<float>(Shape{rows, Index{5}, Index{3}}, key) == dense(view(many).slice(0, 0, rows)));
  CHECK(uniform<float>(Shape{2, 7}, key) == dense(view(uniform<float>(Shape{5, 7}, key)).slice(0, 0, 2)));
  const Tensor<float, 2> weights(Shape{6, 4}, 1.0f);
  const auto drawn = categorical(weights, key);
  CHECK(categorical(dense(view(weights).slice(0, 0, 3)), key) == dense(view(drawn).slice(0, 0, 3)));
}

TEST_CASE("random: the same bits at any number of threads") {
  const int before = thread_count();
  set_thread_count(1);
  const auto x = normal<float>(Shape{100, 333}, Key{8});
  const auto c = categorical(Tensor<float, 2>(Shape{1000, 5}, 1.0f), Key{8});
  for (int threads : {2, 3}) {
    set_thread_count(threads);
    CHECK(normal<float>(Shape{100, 333}, Key{8}) == x);
    CHECK(categorical(Tensor<float, 2>(Shape{1000, 5}, 1.0f), Key{8}) == c);
  }
  set_thread_count(before);
}

TEST_CASE("uniform: moments, and bounds that hold after rounding") {
  constexpr double n = 200000;
  const auto m = raw_moments(uniform<double>(Shape{200000}, Key{3}, -1, 3));
  // Mean 1, variance 4/3; E x² = 7/3, Var x² = 61/5 − 49/9 = 304/45.
  CHECK(std::abs(m[0] - 1) < 4 * std::sqrt(4.0 / 3 / n));
  CHECK(std::abs(m[1] - 7.0 / 3) < 4 * std::sqrt(304.0 / 45 / n));
  // One in 2^25 draws rounds to 1 in float: the narrow range makes nearly half of them do so.
  const float top = std::nextafter(1.0f, 0.0f);
  for (float v : uniform<float>(Shape{1000}, Key{4}, top, 1.0).values()) REQUIRE(v < 1.0f);
}

TEST_CASE("bernoulli: frequency, and certainty") {
  constexpr double n = 100000, p = 0.3;
  double ones = 0;
  for (float v : bernoulli(Tensor<float, 1>(Shape{100000}, 0.3f), Key{5}).values()) ones += static_cast<double>(v);
  CHECK(std::abs(ones / n - p) < 4 * std::sqrt(p * (1 - p) / n));
  CHECK(bernoulli(Tensor<float, 1>(Shape{100}, 0.0f), Key{6}) == Tensor<float, 1>(Shape{100}, 0.0f));
  CHECK(bernoulli(Tensor<float, 1>(Shape{100}, 1.0f), Key{6}) == Tensor<float, 1>(Shape{100}, 1.0f));
}

TEST_CASE("categorical: frequencies (chi-square), unnormalised weights, zeros never drawn") {
  constexpr Index n = 60000;
  const std::array<float, 5> weights{2, 0, 6, 3, 1};
  Tensor<float, 2> rows(Shape{n, Index{5}});
  for (Index i = 0; i < n; ++i) std::copy(weights.begin(), weights.end(), rows.mutable_data() + 5 * i);
  std::array<int, 5> count{};
  const auto drawn = categorical(rows, Key{9});
  for (std::int32_t k : drawn.values()) ++count[static_cast<std::size_t>(k)];
  CHECK(count[1] == 0);
  double chi_square = 0;
  for (std::size_t k : {0u, 2u, 3u, 4u}) {
    const double expected = n * static_cast<double>(weights[k]) / 12;
    chi_square += (count[k] - expected) * (count[k] - expected) / expected;
  }
  CHECK(chi_square < 16.27);  // three degrees of freedom, p = 0.001
}

TEST_CASE("permutation: every number once, every place equally likely") {
  auto order = permutation(1000, Key{10});
  CHECK(order == permutation(1000, Key{10}));
  CHECK(order != permutation(1000, Key{11}));
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == static_cast<Index>(i));
  CHECK(permutation(0, Key{1}).empty());
  CHECK(permutation(1, Key{1}) == std::vector<Index>{0});
  // The six orders of three: chi-square with five degrees of freedom, p = 0.001.
  std::array<int, 9> count{};
  for (std::uint64_t i = 0; i < 6000; ++i) {
    const auto p = permutation(3, Key{12}.fold(i));
    ++count[static_cast<std::size_t>(p[0] * 3 + p[1])];
  }
  double chi_square = 0;
  for (std::size_t i : {1u, 2u, 3u, 5u, 6u, 7u}) chi_square += (count[i] - 1000.0) * (count[i] - 1000.0) / 1000;
  CHECK(chi_square < 20.52);
}

TEST_CASE("random: empty shapes and errors") {
  CHECK(normal<float>(Shape{0, 3}, Key{1}).shape() == Shape{0, 3});
  CHECK(normal<float>(Shape{3, 0}, Key{1}).empty());
  CHECK(categorical(Tensor<float, 2>(Shape{0, 3}), Key{1}).empty());
  CHECK_THROWS_WITH_AS(uniform<float>(Shape{2}, Key{1}, 1, 1), "uniform: range is [1, 1); low must be below high",
                       ValueError);
  CHECK_THROWS_WITH_AS(bernoulli(Tensor<float, 1>(Shape{1}, 1.5f), Key{1}),
                       "bernoulli: p(0) is 1.5; probabilities lie in [0, 1]", ValueError);
  CHECK_THROWS_AS(bernoulli(Tensor<float, 1>(Shape{1}, std::numeric_limits<float>::quiet_NaN()), Key{1}), ValueError);
  CHECK_THROWS_WITH_AS(categorical(Tensor<float, 2>(Shape{1, 2}, {1, -1}), Key{1}),
                       "categorical: weights(0, 1) is -1; weights must not be negative, nor nan", ValueError);
  CHECK_THROWS_WITH_AS(categorical(Tensor<float, 2>(Shape{2, 2}, {1, 1, 0, 0}), Key{1}),
                       "categorical: weights of row 1 sum to 0; the sum must be positive", ValueError);
  CHECK_THROWS_AS(categorical(Tensor<float, 2>(Shape{1, 0}), Key{1}), ValueError);
  CHECK_THROWS_WITH_AS(permutation(-1, Key{1}), "permutation: n is -1; it must not be negative", ValueError);
  CHECK_THROWS_AS(permutation(Index{1} << 62, Key{1}), ValueError);
}

TEST_CASE("SampleKeys: every row is drawn as the only row of its key's batch") {
  const SampleKeys keys({Key{3}, Key{8}, Key{3}});
  const auto row = [](const auto& x, Index n) { return dense(view(x).slice(0, n, n + 1)); };
  const auto x = normal<float>(Shape{3, 5, 2}, keys);
  const auto u = uniform<double>(Shape{3, 7}, keys, -1, 2);
  const auto b = bernoulli(Tensor<double, 2>(Shape{3, 9}, 0.5), keys);
  const auto c = categorical(Tensor<double, 2>(Shape{3, 1000}, 1.0), keys);
  const Tensor<double, 2> even(Shape{40, 5}, 1.0);
  const auto several = categorical(Tensor<double, 2>(Shape{120, 5}, 1.0), keys, 40);
  for (Index n = 0; n < 3; ++n) {
    const Key key{n == 1 ? 8u : 3u};
    CHECK(row(x, n) == normal<float>(Shape{1, 5, 2}, key));
    CHECK(row(u, n) == uniform<double>(Shape{1, 7}, key, -1, 2));
    CHECK(row(b, n) == bernoulli(Tensor<double, 2>(Shape{1, 9}, 0.5), key));
    CHECK(c(n) == categorical(Tensor<double, 2>(Shape{1, 1000}, 1.0), key)(0));
    CHECK(row(several.reshape(Shape{3, 40}), n).reshape(Shape{40}) == categorical(even, key));
  }
  CHECK(row(x, 0) != row(x, 1));
}

TEST_CASE("SampleKeys: fold derives from every key") {
  const SampleKeys keys({Key{3}, Key{8}});
  CHECK(normal<double>(Shape{2, 4}, keys.fold(6)) ==
        normal<double>(Shape{2, 4}, SampleKeys({Key{3}.fold(6), Key{8}.fold(6)})));
  CHECK(keys.size() == 2);
}

TEST_CASE("SampleKeys: as many keys as rows") {
  CHECK_THROWS_WITH_AS(normal<float>(Shape{3, 2}, SampleKeys({Key{1}, Key{2}})),
                       "SampleKeys: keys are 2, rows are 3; both must be equal", ShapeError);
  CHECK_THROWS_AS(categorical(Tensor<double, 2>(Shape{1, 4}, 1.0), SampleKeys({})), ShapeError);
  CHECK_THROWS_WITH_AS(categorical(Tensor<double, 2>(Shape{5, 4}, 1.0), SampleKeys({Key{1}}), 2),
                       "categorical: weights are (5, 4), rows per key are 2; they must divide weights[0]", ShapeError);
}

TEST_CASE("uniform: the widest ranges") {
  const auto x = uniform<float>(Shape{1000}, Key{1}, -3e38, 3e38);
  const auto y = uniform<double>(Shape{1000}, Key{1}, -1.7e308, 1.7e308);  // whose width is beyond a double
  double low = 0, high = 0;
  for (Index i = 0; i < 1000; ++i) {
    CHECK(std::abs(static_cast<double>(x(i))) <= 3.0000001e38);
    CHECK(std::abs(y(i)) <= 1.7e308);
    low = std::min(low, y(i));
    high = std::max(high, y(i));
  }
  CHECK(low < -1.6e308);
  CHECK(high > 1.6e308);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(uniform<float>(Shape{1}, Key{1}, 0, 1e39),
                       "uniform: range is [0, 1e+39); both ends must be finite numbers of the type", ValueError);
  CHECK_THROWS_AS(uniform<double>(Shape{1}, Key{1}, -infinity, 0), ValueError);
  CHECK_THROWS_AS(uniform<double>(Shape{1}, Key{1}, 0, std::nan("")), ValueError);
}

TEST_CASE("categorical: weights that are nan are refused, with their row") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(categorical(Tensor<float, 2>(Shape{2, 2}, {1, 1, nan, 1}), Key{1}),
                       "categorical: weights(1, 0) is nan; weights must not be negative, nor nan", ValueError);
}

}  // namespace random_test
