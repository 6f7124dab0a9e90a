#include "inkling/gen/token_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "statistics.hpp"

namespace token_sampler_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// Any distribution of binary images of 2 by 2 pixels: pixel i, after pixels with the bits b, has row 2^i − 1 + b.
struct Table {
  using value_type = double;
  Tensor<double, 2> rows = normal<double>(Shape{15, 2}, Key{11}) * 1.5;

  template <class C>
  Tensor<double, 4> operator()(const Tokens& x, const C&) const {
    Tensor<double, 4> logits({x.extent(0), 2, 2, 2});
    for (Index n = 0; n < x.extent(0); ++n) {
      for (Index i = 0, bits = 0; i < 4; ++i) {
        const Index row = (Index{1} << i) - 1 + bits;
        for (Index k = 0; k < 2; ++k) logits(n, i / 2, i % 2, k) = rows(row, k);
        bits |= Index{x(n, i / 2, i % 2)} << i;
      }
    }
    return logits;
  }

  /// The probability of the image with the given bits, each pixel drawn at this temperature.
  double probability(Index image, double temperature) const {
    double p = 1;
    for (Index i = 0; i < 4; ++i) {
      const Index row = (Index{1} << i) - 1 + image % (Index{1} << i), k = image >> i & 1;
      p /= 1 + std::exp((rows(row, 1 - k) - rows(row, k)) / temperature);
    }
    return p;
  }
};

std::vector<double> count_images(const Tokens& drawn) {
  std::vector<double> counts(16);
  for (Index n = 0; n < drawn.extent(0); ++n) {
    std::size_t image = 0;
    for (Index i = 0; i < 4; ++i) image |= static_cast<std::size_t>(drawn(n, i / 2, i % 2)) << i;
    ++counts.at(image);
  }
  return counts;
}

const Autoregressive<Table> table(Table{}, Quantizer{2});

}  // namespace

TEST_CASE("Every image is drawn as often as the network's exact joint distribution says") {
  constexpr Index n = 20000;
  for (double temperature : {1.0, 0.6, 2.5}) {
    std::vector<double> joint;
    double total = 0;
    for (Index image = 0; image < 16; ++image)
      total += joint.emplace_back(table.network.probability(image, temperature));
    REQUIRE(total == doctest::Approx(1).epsilon(1e-12));
    const auto drawn =
        sample(Ancestral{.truncation = {.temperature = temperature}}, table, Tokens({n, 2, 2}, missing_token), Key{1});
    const auto counts = count_images(drawn);
    CHECK(statistics::chi_square(counts, joint, n) < 37.7);  // 15 degrees of freedom: 0.001
  }
}

TEST_CASE("Missing pixels are drawn, the others stay: an image of known pixels is not drawn over") {
  const Tokens missing({50, 2, 2}, missing_token), ones(Shape{50, 2, 2}, 1);
  CHECK(sample(Ancestral{}, table, missing, Key{2}) != sample(Ancestral{}, table, missing, Key{3}));
  CHECK(sample(Ancestral{}, table, ones, Key{2}) == ones);
  Tokens half = ones;
  for (Index n = 0; n < 50; ++n) half(n, 1, 0) = half(n, 1, 1) = missing_token;
  const auto drawn = sample(Ancestral{}, table, half, Key{2});
  for (Index n = 0; n < 50; ++n) CHECK((drawn(n, 0, 0) == 1 && drawn(n, 0, 1) == 1));
  CHECK(*std::min_element(drawn.data(), drawn.data() + drawn.size()) == 0);
}

TEST_CASE("What is no state to begin with is refused") {
  // A fresh tensor, which is an image of black pixels that are known.
  CHECK_THROWS_WITH_AS(sample(Ancestral{}, table, Tokens({4, 2, 2}), Key{1}),
                       "token sampler: x is 0 everywhere, which is known and black; what is to be drawn must be "
                       "missing_token, as in model.prior",
                       ValueError);
  Tokens x({4, 2, 2}, missing_token);
  x(2, 1, 0) = 2;
  CHECK_THROWS_WITH_AS(sample(Ancestral{}, table, x, Key{1}),
                       "token sampler: tokens(2, 1, 0) is 2; it must be in [0, 2), or missing_token", ValueError);
  x(2, 1, 0) = -2;
  CHECK_THROWS_AS(sample(Ancestral{}, table, x, Key{1}), ValueError);
}

TEST_CASE("Temperature 0 takes the likeliest level of every pixel") {
  Index greedy = 0;
  for (Index i = 0; i < 4; ++i) {
    const Index row = (Index{1} << i) - 1 + greedy;
    if (table.network.rows(row, 1) > table.network.rows(row, 0)) greedy |= Index{1} << i;
  }
  const auto counts = count_images(
      sample(Ancestral{.truncation = {.temperature = 0}}, table, Tokens({7, 2, 2}, missing_token), Key{4}));
  CHECK(counts[static_cast<std::size_t>(greedy)] == 7);
  CHECK(sample(Ancestral{.truncation = {.temperature = 0}}, table, Tokens({7, 2, 2}, missing_token), Key{4}) ==
        sample(Ancestral{.truncation = {.temperature = 0.001}}, table, Tokens({7, 2, 2}, missing_token), Key{5}));
}

TEST_CASE("A temperature below 0 is refused") {
  CHECK_THROWS_WITH_AS(
      sample(Ancestral{.truncation = {.temperature = -1}}, table, Tokens({4, 2, 2}, missing_token), Key{1}),
      "Truncation: temperature is -1; it must not be negative", ValueError);
  CHECK_THROWS_AS(
      sample(Ancestral{.truncation = {.temperature = std::nan("")}}, table, Tokens({4, 2, 2}, missing_token), Key{1}),
      ValueError);
}

namespace {

/// The same tokens cached and uncached, at 1, 2 and 3 threads, alone and in a batch.
template <class Network>
void check_same_tokens(const Network& network, Index levels) {
  const ThreadCountGuard guard;
  const Autoregressive model(randomized(network, Key{3}, 0.6), Quantizer{static_cast<int>(levels)});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{5}, {2, 0, null_label, 1, 2})};
  for (double temperature : {1.0, 0.8, 0.0}) {
    const auto draw = [&](bool cache, Index n) {
      const ClassLabels some{dense(view(labels.ids).slice(0, 0, n))};
      return sample(Ancestral{.truncation = {.temperature = temperature}, .cache = cache}, model,
                    Tokens({n, 3, 4}, missing_token), Key{5}, some);
    };
    set_thread_count(1);
    const auto reference = draw(true, 5);
    CHECK(*std::max_element(reference.data(), reference.data() + reference.size()) > 0);
    CHECK(draw(false, 5) == reference);
    for (int threads : {2, 3}) {
      set_thread_count(threads);
      CHECK(draw(true, 5) == reference);
      CHECK(draw(false, 5) == reference);
    }
    for (Index n : {1, 3}) {
      CHECK(draw(true, n) == dense(view(reference).slice(0, 0, n)));
      CHECK(draw(false, n) == dense(view(reference).slice(0, 0, n)));
    }
  }
}

}  // namespace

TEST_CASE("Gpt: the same tokens with and without cache, at any number of threads, in any batch") {
  for (Index group : {1, 2}) {
    check_same_tokens(
        models::Gpt<float>(
            {.levels = 4, .width = 8, .layers = 2, .heads = 2, .group = group, .height = 3, .columns = 4, .classes = 3},
            Key{1}),
        4);
  }
}

TEST_CASE("PixelCnn: the same tokens with and without cache, at any number of threads, in any batch") {
  for (bool two_stacks : {true, false}) {
    check_same_tokens(models::PixelCnn<float>({.levels = 4,
                                               .width = 8,
                                               .layers = 2,
                                               .first_kernel = 3,
                                               .head = 8,
                                               .classes = 3,
                                               .two_stacks = two_stacks,
                                               .height = 3,
                                               .columns = 4},
                                              Key{1}),
                      4);
  }
}

TEST_CASE("An empty batch is drawn as well") {
  CHECK(sample(Ancestral{}, table, Tokens({0, 2, 2}, missing_token), Key{1}).shape() == Shape{0, 2, 2});
}

TEST_CASE("With a key for each image, every image is what its key draws alone") {
  const SampleKeys keys({Key{4}, Key{9}, Key{4}});
  const auto drawn = sample(Ancestral{}, table, Tokens({3, 2, 2}, missing_token), keys);
  for (Index n = 0; n < 3; ++n) {
    CHECK(dense(view(drawn).slice(0, n, n + 1)) ==
          sample(Ancestral{}, table, Tokens({1, 2, 2}, missing_token), Key{n == 1 ? 9u : 4u}));
  }
}

}  // namespace token_sampler_test
