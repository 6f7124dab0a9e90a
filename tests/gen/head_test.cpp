#include "inkling/gen/head.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "inkling/gen/likelihood.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "statistics.hpp"

namespace head_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// The same parameters for every pixel.
struct Same {
  using value_type = double;
  Parameter<double, 1> numbers;

  explicit Same(const Tensor<double, 1>& p) : numbers(p) {}

  template <TensorLikeOfRank<3> X, class C>
  auto operator()(const X& tokens, const C&) const {
    const Shape<3> shape = value(tokens).shape();
    return broadcast_to(numbers.on(tokens), Shape<4>{shape[0], shape[1], shape[2], numbers.shape()[0]});
  }

  static void visit(auto& self, auto&& f) { f("numbers", self.numbers); }
};

struct Images {
  Tensor<double, 4> images = uniform<double>(Shape{5, 3, 4, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{5}};
};

}  // namespace

TEST_CASE("Heads: how many parameters a pixel has") {
  CHECK(CategoricalHead{}.parameters(16) == 16);
  CHECK(BernoulliHead{}.parameters(2) == 1);
  CHECK(LogisticMixtureHead{.components = 10}.parameters(256) == 30);
}

TEST_CASE("Heads: one logit is as good as two") {
  const Autoregressive two(Same(Tensor<double, 1>(Shape{2}, {0, 0.7})), Quantizer{2});
  const Autoregressive one(Same(Tensor<double, 1>(Shape{1}, 0.7)), Quantizer{2}, BernoulliHead{});
  const Images batch;
  CHECK(loss(one, batch, Key{2}).item() == doctest::Approx(loss(two, batch, Key{2}).item()).epsilon(1e-14));
  CHECK(difference(negative_log_likelihood(one, batch.images, 0, Key{3}),
                   negative_log_likelihood(two, batch.images, 0, Key{3})) < 1e-14);
  const Ancestral sharper{.truncation = {.temperature = 0.5}};
  for (const Ancestral& sampler : {Ancestral{}, sharper}) {
    CHECK(sample(sampler, one, Tokens({40, 3, 4}, missing_token), Key{4}) ==
          sample(sampler, two, Tokens({40, 3, 4}, missing_token), Key{4}));
  }
}

TEST_CASE("Heads: a logistic mixture is trained and drawn from like any other") {
  const Tensor<double, 1> numbers(Shape{6}, {0.2, -0.1, -0.6, 0.7, -1.5, -2});
  const Autoregressive model(Same(numbers), Quantizer{5}, LogisticMixtureHead{.components = 2});
  const Images batch;
  Tape tape;
  const auto recorded = loss(model, tape, batch, Key{2});
  const auto gradient = tape.backward(recorded).of(model.network.numbers);
  for (double g : gradient.values()) CHECK(g != 0);
  CHECK(recorded.item() == doctest::Approx(loss(model, batch, Key{2}).item()).epsilon(1e-14));

  const auto table = LogisticMixture(numbers.reshape(Shape<2>{1, 6}), 5).as_categorical();
  for (const Ancestral& sampler : {Ancestral{}, Ancestral{.truncation = {.top_k = 3}}}) {
    std::vector<double> counts(5);
    for (auto k : sample(sampler, model, Tokens({2000, 2, 5}, missing_token), Key{5}).values())
      ++counts.at(std::size_t(k));
    const auto allowed = softmax(sampler.truncation(table).logits());
    std::vector<double> seen, p;
    for (Index k = 0; k < 5; ++k) {
      if (allowed(0, k) == 0) {
        CHECK(counts[static_cast<std::size_t>(k)] == 0);
        continue;
      }
      seen.push_back(counts[static_cast<std::size_t>(k)]);
      p.push_back(allowed(0, k));
    }
    CHECK(p.size() == (sampler.truncation.top_k == 3 ? 3u : 5u));
    CHECK(statistics::chi_square(seen, p, 20000) < 18.5);  // 4 degrees of freedom: 0.001
  }
}

TEST_CASE("Heads: what they cannot serve is refused") {
  const Tensor<double, 4> p(Shape{1, 2, 2, 6});
  CHECK_THROWS_WITH_AS(BernoulliHead{}(Tensor<double, 4>(Shape{1, 2, 2, 1}), 3),
                       "BernoulliHead: levels is 3; it must be 2", ValueError);
  CHECK_THROWS_WITH_AS(
      LogisticMixtureHead{.components = 3}(p, 16),
      "LogisticMixtureHead: parameters are (1, 2, 2, 6), components are 3; the last extent must be 3 · components",
      ShapeError);
}

}  // namespace head_test
