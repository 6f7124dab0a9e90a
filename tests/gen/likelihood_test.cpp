#include "inkling/gen/likelihood.hpp"

#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include "inkling/core/parallel.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/gpt.hpp"

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

ClassLabels label_of(Index n, std::int32_t label) { return {Tensor<std::int32_t, 1>(Shape{n}, label)}; }

}  // namespace

TEST_CASE("Bits per dimension of a fair coin is one") {
  CHECK(bits_per_dimension(784 * std::log(2.0), 784) == doctest::Approx(1).epsilon(1e-14));
  CHECK_THROWS_AS(bits_per_dimension(1, 0), ValueError);
}

TEST_CASE("The probabilities of all images sum to one") {
  for (Index group : {Index{1}, Index{2}}) {
    const auto model = small_model(group);
    const auto images = model.images(every_image());
    const auto nats = negative_log_likelihood(model, images, label_of(16, 1), Key{3});
    double sum = 0;
    for (double v : nats.values()) sum += std::exp(-v);
    CHECK(sum == doctest::Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("Ancestral sampling draws every image as often as the model says") {
  const auto model = small_model(1);
  const auto nats = negative_log_likelihood(model, model.images(every_image()), label_of(16, 2), Key{3});
  const Index n = 8000;
  const auto drawn = sample(Ancestral{}, model, Tokens({n, 2, 2}), Key{4}, label_of(n, 2));
  double count[16] = {};
  for (Index i = 0; i < n; ++i) {
    int image = 0;
    for (int pixel = 0; pixel < 4; ++pixel) image |= drawn.data()[4 * i + pixel] << pixel;
    ++count[image];
  }
  double chi_square = 0;
  for (int i = 0; i < 16; ++i) {
    const double expected = static_cast<double>(n) * std::exp(-nats(i));
    chi_square += (count[i] - expected) * (count[i] - expected) / expected;
  }
  CHECK(chi_square < 37.7);  // 15 degrees of freedom: 0.001
}

TEST_CASE("Sampling gives the same tokens with and without a cache, at any batch size and number of threads") {
  const int threads = thread_count();
  for (Index group : {Index{1}, Index{2}}) {
    const auto model = small_model(group);
    const auto draw = [&](Index n, bool cache) {
      return sample(Ancestral{.cache = cache}, model, Tokens({n, 2, 2}), Key{5}, label_of(n, 0));
    };
    const auto reference = draw(8, true);
    for (int count : {1, 2, 3}) {
      set_thread_count(count);
      const auto uncached = draw(8, false), fewer = draw(3, true);
      CHECK(std::memcmp(uncached.data(), reference.data(), 8 * 4 * sizeof(std::int32_t)) == 0);
      CHECK(std::memcmp(fewer.data(), reference.data(), 3 * 4 * sizeof(std::int32_t)) == 0);
    }
  }
  set_thread_count(threads);
}

TEST_CASE("Temperature 0 takes the likeliest pixel, a negative one is refused") {
  const auto model = small_model(1);
  const auto a = sample(Ancestral{.temperature = 0}, model, Tokens({4, 2, 2}), Key{6});
  const auto b = sample(Ancestral{.temperature = 0}, model, Tokens({4, 2, 2}), Key{7});
  CHECK(std::memcmp(a.data(), b.data(), 16 * sizeof(std::int32_t)) == 0);
  CHECK_THROWS_AS(sample(Ancestral{.temperature = -1}, model, Tokens({4, 2, 2}), Key{6}), ValueError);
}
