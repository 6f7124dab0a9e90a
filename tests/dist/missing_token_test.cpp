#include "inkling/dist/missing_token.hpp"

#include <cstdint>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "inkling/dist/bernoulli.hpp"
#include "inkling/dist/categorical.hpp"
#include "inkling/dist/logistic_mixture.hpp"

namespace missing_token_test {

using namespace ink;
using namespace ink::testing;

namespace {

constexpr std::int32_t none = missing_token;
const Tensor<std::int32_t, 2> complete(Shape{2, 3}, {1, 0, 1, 1, 1, 0});
const Tensor<std::int32_t, 2> partial(Shape{2, 3}, {1, none, 1, none, none, 0});

/// A missing token changes neither the value nor the gradient of the others, and adds nothing of its own.
template <class Make>
void check_missing(Make make, Index parameters) {
  const auto x = normal<double>(Shape{2, 3, parameters}, Key{1});
  Tape tape;
  const auto leaf = tape.variable(x);
  const auto nats = make(leaf).log_prob(partial);
  const auto gradient = tape.backward(pull(nats, Tensor<double, 1>(Shape{2}, 1.0)))[leaf];
  Tape other;
  const auto all = other.variable(x);
  const auto whole = other.backward(pull(make(all).log_prob(complete), Tensor<double, 1>(Shape{2}, 1.0)))[all];
  for (Index n = 0; n < 2; ++n) {
    double expected = 0;
    for (Index i = 0; i < 3; ++i) {
      const bool missing = partial(n, i) == none;
      if (!missing) {
        const auto alone = dense(view(x).slice(0, n, n + 1).slice(1, i, i + 1));
        expected += make(alone).log_prob(Tensor<std::int32_t, 2>(Shape{1, 1}, partial(n, i)))(0);
      }
      for (Index k = 0; k < parameters; ++k) CHECK(gradient(n, i, k) == (missing ? 0 : whole(n, i, k)));
    }
    CHECK(nats.value()(n) == doctest::Approx(expected).epsilon(1e-14));
  }
  CHECK(make(x).log_prob(Tensor<std::int32_t, 2>(Shape{2, 3}, none)) == Tensor<double, 1>(Shape{2}));
  CHECK(make(x).log_prob(partial) == nats.value());
}

}  // namespace

TEST_CASE("A missing token counts nothing: Categorical") {
  check_missing([](const auto& l) { return Categorical(l); }, 4);
}
TEST_CASE("A missing token counts nothing: Bernoulli") {
  check_missing([](const auto& l) { return Bernoulli(l); }, 1);
}
TEST_CASE("A missing token counts nothing: LogisticMixture") {
  check_missing([](const auto& p) { return LogisticMixture(p, 5); }, 6);
}

}  // namespace missing_token_test
