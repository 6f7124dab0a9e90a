#include "inkling/gen/reordered.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/gpt.hpp"
#include "statistics.hpp"

namespace reordered_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// 4 × 4 pixels of 3 levels.
models::Gpt<float> gpt(Index group = 1) {
  return randomized(
      models::Gpt<float>(
          {.levels = 3, .width = 8, .layers = 1, .heads = 2, .group = group, .height = 4, .columns = 4, .classes = 2},
          Key{1}),
      Key{3}, 0.5);
}

Tokens some_tokens(Index n) { return uniform<double>(Shape<3>{n, 4, 4}, Key{7}, 0, 3).cast<std::int32_t>(); }

bool same_pixel(const Tensor<float, 4>& a, const Tensor<float, 4>& b, Index place) {
  const auto levels = static_cast<std::size_t>(a.extent(3));
  return std::memcmp(a.data() + place * a.extent(3), b.data() + place * a.extent(3), levels * sizeof(float)) == 0;
}

/// Another token changes exactly the pixels of the groups after it in the order, and no bit of the others.
void check_causal(const models::Gpt<float>& inner, const Order& order, Index group) {
  const Reordered net(inner, order);
  const auto tokens = some_tokens(1);
  const auto before = net(tokens, Unconditional{});
  int leaks = 0, blind = 0;
  for (Index j = 0; j < 16; ++j) {
    auto changed = tokens;
    auto& token = changed.mutable_data()[order[static_cast<std::size_t>(j)]];
    token = (token + 1) % 3;
    const auto after = net(changed, Unconditional{});
    for (Index i = 0; i < 16; ++i) {
      const bool sees = i / group > j / group, same = same_pixel(before, after, order[static_cast<std::size_t>(i)]);
      leaks += !sees && !same;
      blind += sees && same;
    }
  }
  CHECK(leaks == 0);
  CHECK(blind == 0);
}

std::vector<Order> some_orders() {
  return {orders::raster(4, 4),         orders::column(4, 4), orders::spiral(4, 4),
          orders::random(4, 4, Key{5}), orders::spread(4, 4), orders::blocks(4, 4, 2)};
}

/// Any distribution of binary images of 2 by 2 pixels, in raster order: pixel i, after pixels with the bits b, has row
/// 2^i − 1 + b.
struct Table {
  using value_type = double;
  Tensor<double, 2> rows = normal<double>(Shape{15, 2}, Key{11}) * 1.5;

  template <class C>
  Tensor<double, 4> operator()(const Tokens& x, const C&) const {
    Tensor<double, 4> logits({x.extent(0), 2, 2, 2});
    for (Index n = 0; n < x.extent(0); ++n) {
      for (Index i = 0, bits = 0; i < 4; ++i) {
        for (Index k = 0; k < 2; ++k) logits(n, i / 2, i % 2, k) = rows((Index{1} << i) - 1 + bits, k);
        bits |= Index{x(n, i / 2, i % 2)} << i;
      }
    }
    return logits;
  }
};

}  // namespace

TEST_CASE("Reordered: a network of the raster order becomes causal in any other") {
  for (const Order& order : some_orders()) check_causal(gpt(), order, 1);
}

TEST_CASE("Reordered: with blocks a group of pixels is a patch; in raster order it is a row") {
  const Order patches = orders::blocks(4, 4, 2);
  for (Index i = 0; i < 4; ++i) {  // the second group is the upper right patch
    const Index place = patches[static_cast<std::size_t>(4 + i)];
    CHECK(place / 4 < 2);
    CHECK(place % 4 >= 2);
  }
  check_causal(gpt(4), patches, 4);
  check_causal(gpt(4), orders::raster(4, 4), 4);
}

TEST_CASE("Reordered: every pixel is answered at its place; raster order changes nothing") {
  const auto tokens = some_tokens(3);
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {1, 0, null_label})};
  const auto plain = gpt()(tokens, labels);
  CHECK(same_bits(Reordered(gpt(), orders::raster(4, 4))(tokens, labels), plain));
  const Order order = orders::spiral(4, 4);
  Tokens inner(tokens.shape());
  for (Index n = 0; n < 3; ++n) {
    for (Index i = 0; i < 16; ++i) inner.mutable_data()[16 * n + i] = tokens.data()[16 * n + order[std::size_t(i)]];
  }
  const auto expected = gpt()(inner, labels), actual = Reordered(gpt(), order)(tokens, labels);
  for (Index n = 0; n < 3; ++n) {
    for (Index i = 0; i < 16; ++i) {
      const float* from = expected.data() + (16 * n + i) * 3;
      const float* to = actual.data() + (16 * n + order[static_cast<std::size_t>(i)]) * 3;
      CHECK(std::memcmp(from, to, 3 * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("Reordered: the same images with and without cache, in any batch") {
  for (Index group : {1, 4}) {
    for (const Order& order : {orders::spread(4, 4), orders::blocks(4, 4, 2)}) {
      const Autoregressive model(Reordered(gpt(group), order), Quantizer{3});
      const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {1, 0, null_label})};
      const auto drawn = sample(Ancestral{}, model, Tokens({3, 4, 4}, missing_token), Key{5}, labels);
      CHECK(sample(Ancestral{.cache = false}, model, Tokens({3, 4, 4}, missing_token), Key{5}, labels) == drawn);
      const ClassLabels one{Tensor<std::int32_t, 1>(Shape{1}, 1)};
      CHECK(sample(Ancestral{}, model, Tokens({1, 4, 4}, missing_token), Key{5}, one) == item_of(drawn, 0));
    }
  }
}

TEST_CASE("Reordered: draws follow the joint distribution that the likelihood names") {
  constexpr Index n = 20000;
  const Autoregressive model(Reordered(Table{}, Order{2, 0, 3, 1}), Quantizer{2});
  Tokens every(Shape{16, 2, 2});
  for (Index image = 0; image < 16; ++image) {
    for (Index i = 0; i < 4; ++i) every.mutable_data()[4 * image + i] = static_cast<std::int32_t>(image >> i & 1);
  }
  const auto log_p = model.predict(every, Tensor<double, 1>(Shape{16}), 0).log_prob(every);
  std::vector<double> joint, counts(16);
  double total = 0;
  for (double v : log_p.values()) total += joint.emplace_back(std::exp(v));
  CHECK(total == doctest::Approx(1).epsilon(1e-12));
  const auto drawn = sample(Ancestral{}, model, Tokens({n, 2, 2}, missing_token), Key{1});
  for (Index k = 0; k < n; ++k) {
    std::size_t image = 0;
    for (Index i = 0; i < 4; ++i) image |= static_cast<std::size_t>(drawn.data()[4 * k + i]) << i;
    ++counts[image];
  }
  CHECK(statistics::chi_square(counts, joint, n) < 37.7);  // 15 degrees of freedom: 0.001
}

TEST_CASE("Reordered: it is trained like any other network") {
  const Order order = orders::spread(2, 2);
  const auto f = [&](const auto& x) { return gather(x, inverse_order(order)); };
  CHECK(gradcheck(f, normal<double>(Shape{3, 4, 2}, Key{1})) < 1e-9);
  const Autoregressive model(Reordered(gpt(), orders::column(4, 4)), Quantizer{3});
  CHECK(parameter_count(model) == parameter_count(gpt()));
  struct {
    Tensor<float, 4> images = uniform<float>(Shape{2, 4, 4, 1}, Key{2}, -1, 1);
    Tensor<std::int32_t, 1> labels{Shape{2}};
  } batch;
  Tape tape;
  const auto recorded = loss(model, tape, batch, Key{3});
  CHECK(recorded.item() == doctest::Approx(loss(model, batch, Key{3}).item()).epsilon(1e-6));
  const auto gradients = tape.backward(recorded);
  int without = 0;
  for_each_parameter(model, [&](const std::string&, const auto& p) { without += !gradients.has(p); });
  CHECK(without == 0);
}

TEST_CASE("Reordered: what does not fit is refused") {
  CHECK_THROWS_AS(Reordered(Table{}, Order{0, 1, 1, 3}), ValueError);
  CHECK_THROWS_WITH_AS(
      Reordered(Table{}, orders::raster(2, 2))(Tokens({1, 2, 3}), 0),
      "reordered: tokens are (1, 2, 3), the order is of 4 pixels; tokens[1] · tokens[2] must equal that", ShapeError);
}

}  // namespace reordered_test
