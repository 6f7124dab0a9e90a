#include "inkling/gen/likelihood.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/gpt.hpp"
#include "statistics.hpp"

namespace likelihood_test {

using namespace ink;

namespace {

/// A small random model of binary images of 2 by 2 pixels.
auto small_model(Index group) {
  models::Gpt<double> net(
      {.levels = 2, .width = 8, .layers = 1, .heads = 2, .group = group, .height = 2, .columns = 2, .classes = 3},
      Key{1});
  std::uint64_t i = 0;
  for_each_parameter(net, [&](const std::string&, auto& p) {
    p.value = p.value + normal<double>(p.value.shape(), Key{2}.fold(i++)) * 0.5;
  });
  return Autoregressive(std::move(net), Quantizer{2});
}

/// Every binary image of 2 by 2 pixels, image i with the bits of i.
Tokens every_image() {
  Tokens all({16, 2, 2});
  for (Index i = 0; i < 64; ++i) all.mutable_data()[i] = static_cast<std::int32_t>(i / 4 >> i % 4 & 1);
  return all;
}

/// Level k with probability (k + 1)/10, for every pixel by itself.
struct Source {
  using value_type = double;

  template <class C>
  auto operator()(const Tokens& x, const C&) const {
    const Tensor<double, 1> logits(Shape{4}, {std::log(0.1), std::log(0.2), std::log(0.3), std::log(0.4)});
    return Tensor<double, 4>(Shape{x.extent(0), x.extent(1), x.extent(2), Index{4}}) + logits;
  }
};

ClassLabels label_of(Index n, std::int32_t label) { return {Tensor<std::int32_t, 1>(Shape{n}, label)}; }

}  // namespace

TEST_CASE("Bits per dimension of a fair coin is one") {
  CHECK(bits_per_dimension(784 * std::log(2.0), 784) == doctest::Approx(1).epsilon(1e-14));
  CHECK(bits_per_dimension(0, 784) == 0);
  CHECK_THROWS_WITH_AS(bits_per_dimension(1, 0), "bits_per_dimension: dimensions is 0; it must be at least 1",
                       ValueError);
}

TEST_CASE("The probabilities of all images sum to one") {
  for (Index group : {Index{1}, Index{2}}) {
    const auto model = small_model(group);
    const auto images = model.images(every_image());
    const auto nats = negative_log_likelihood(model, images, label_of(16, 1), Key{3});
    double sum = 0;
    for (double v : nats.values()) sum += std::exp(-v);
    CHECK(std::abs(sum - 1) < 1e-12);
    CHECK(nats(0) != nats(15));
  }
}

TEST_CASE("Ancestral sampling draws every image as often as the model says") {
  const auto model = small_model(1);
  const auto nats = negative_log_likelihood(model, model.images(every_image()), label_of(16, 2), Key{3});
  const Index n = 8000;
  const auto drawn = sample(Ancestral{}, model, Tokens({n, 2, 2}, missing_token), Key{4}, label_of(n, 2));
  std::vector<double> counts(16), joint;
  for (Index i = 0; i < n; ++i) {
    std::size_t image = 0;
    for (Index pixel = 0; pixel < 4; ++pixel) image |= static_cast<std::size_t>(drawn.data()[4 * i + pixel]) << pixel;
    ++counts[image];
  }
  for (double v : nats.values()) joint.push_back(std::exp(-v));
  CHECK(statistics::chi_square(counts, joint, n) < 37.7);  // 15 degrees of freedom: 0.001
}

TEST_CASE("A source of known probabilities: the likelihood of every image, and its entropy on average") {
  const Autoregressive model(Source{}, Quantizer{4});
  constexpr Index n = 2000, pixels = 6;
  const Tensor<double, 2> weights(Shape{Index{1}, Index{4}}, {0.1, 0.2, 0.3, 0.4});
  const auto drawn = categorical(Tensor<double, 2>(Shape{n * pixels, 4}) + weights, Key{1});
  const auto images = model.images(drawn.reshape(Shape<3>{n, 2, 3}));
  const auto nats = negative_log_likelihood(model, images, Unconditional{}, Key{2});
  double entropy = 0, square = 0;
  for (double p : weights.values()) {
    entropy -= p * std::log(p);
    square += p * std::log(p) * std::log(p);
  }
  double mean = 0;
  for (Index i = 0; i < n; ++i) {
    double expected = 0;
    for (Index k = 0; k < pixels; ++k) expected -= std::log(0.1 * (drawn(i * pixels + k) + 1));
    CHECK(nats(i) == doctest::Approx(expected).epsilon(1e-13));
    mean += nats(i) / n;
  }
  CHECK(std::abs(mean / pixels - entropy) < 4 * std::sqrt((square - entropy * entropy) / (n * pixels)));
}

TEST_CASE("Two levels are drawn before they are rated, with the key") {
  const auto model = small_model(1);
  const Tensor<double, 4> grey(Shape{20, 2, 2, 1});
  const auto rate = [&](Key key) { return negative_log_likelihood(model, grey, label_of(20, 0), key); };
  CHECK(rate(Key{1}) == rate(Key{1}));
  CHECK(rate(Key{1}) != rate(Key{2}));
  const auto drawn = model.images(model.quantizer.tokens(grey, Key{1}));
  CHECK(rate(Key{1}) == negative_log_likelihood(model, drawn, label_of(20, 0), Key{3}));
}

TEST_CASE("The likelihood depends on the label that is told") {
  const auto model = small_model(1);
  const auto images = model.images(every_image());
  const auto rate = [&](std::int32_t label) {
    return negative_log_likelihood(model, images, label_of(16, label), Key{1});
  };
  CHECK(rate(0) != rate(1));
  CHECK(rate(null_label) == negative_log_likelihood(model, images, Unconditional{}, Key{1}));
}

}  // namespace likelihood_test
