#include "inkling/models/gpt.hpp"

#include "inkling/ops/loss.hpp"
#include "models/model_checks.hpp"

using namespace model_checks;
using models::Gpt;

namespace {

using Tokens = Tensor<std::int32_t, 3>;

template <class T>
Gpt<T> small(Index group, Index levels = 4) {
  return shaken(Gpt<T>({.levels = levels, .width = 8, .layers = 2, .heads = 2, .group = group, .height = 3, .columns = 4,
                        .classes = 5},
                       Key{1}));
}

Tokens some_tokens(Index n, Index levels) {
  return uniform<double>(Shape{n, 3, 4}, Key{2}, 0, static_cast<double>(levels)).cast<std::int32_t>();
}

ClassLabels labels(Index n) {
  Tensor<std::int32_t, 1> ids(Shape{n});
  for (Index i = 0; i < n; ++i) ids(i) = static_cast<std::int32_t>(i % 5);
  return {ids};
}

const auto likelihood_loss = [](const auto& net, Tape& tape) {
  const auto tokens = some_tokens(3, 4);
  const auto logits = net(tape.constant(tokens), labels(3));
  return cross_entropy(reshape(logits, Shape<2>{36, 4}), tokens.reshape(Shape{36}));
};

}  // namespace

TEST_CASE("Gpt: a pixel's logits depend on the groups before it alone") {
  for (Index group : {Index{1}, Index{2}, Index{4}}) {
    const auto net = small<double>(group);
    const auto tokens = some_tokens(1, 4);
    const auto logits = net(tokens, Unconditional{});
    for (Index j = 0; j < 12; ++j) {
      auto changed = tokens;
      auto& token = changed.mutable_data()[j];
      token = (token + 1) % 4;
      const auto other = net(changed, Unconditional{});
      for (Index i = 0; i < 12; ++i) {
        const bool same = std::memcmp(logits.data() + 4 * i, other.data() + 4 * i, 4 * sizeof(double)) == 0;
        CHECK(same == (i / group <= j / group));
      }
    }
  }
}

TEST_CASE_TEMPLATE("Gpt: one token at a time gives the logits of the whole", T, float, double) {
  for (Index group : {Index{1}, Index{4}}) {
    const auto net = small<T>(group);
    const auto tokens = some_tokens(2, 4);
    const auto all = net(tokens, labels(2));
    auto cache = net.cache(2, labels(2));
    for (Index i = 0; i < 12; ++i) {
      const auto here = net.logits_at(tokens, i, cache);
      for (Index n = 0; n < 2; ++n) {
        for (Index l = 0; l < 4; ++l) {
          CHECK(here(n, l) == doctest::Approx(all(n, i / 4, i % 4, l)).epsilon(sizeof(T) == 4 ? 1e-5 : 1e-12));
        }
      }
    }
    CHECK_THROWS_AS(net.logits_at(tokens, 12, cache), ValueError);
  }
}

TEST_CASE("Gpt: gradients agree with finite differences and do not depend on threads") {
  check_gradients(small<double>(1), likelihood_loss);
  check_gradients(small<double>(4), likelihood_loss);
  check_threads(small<float>(1), likelihood_loss);
}

TEST_CASE("Gpt: a row is the same alone and in a batch") {
  const auto net = small<float>(2);
  const auto tokens = some_tokens(5, 4);
  CHECK(same_bits(net(first_rows(tokens, 2), labels(2)), first_rows(net(tokens, labels(5)), 2)));
}

TEST_CASE("Gpt: learns one batch by heart") { check_overfits(small<float>(1), likelihood_loss, 200, 1e-2, 0.1); }

TEST_CASE("Gpt: no label is the null label") {
  const auto net = small<float>(1);
  const auto tokens = some_tokens(2, 4);
  const ClassLabels none{Tensor<std::int32_t, 1>(Shape{2}, null_label)};
  CHECK(same_bits(net(tokens, none), net(tokens, Unconditional{})));
  CHECK(!same_bits(net(tokens, labels(2)), net(tokens, Unconditional{})));
}

TEST_CASE("Gpt: says what does not fit") {
  const auto net = small<float>(1);
  CHECK_THROWS_AS(net(Tokens({1, 4, 4}), Unconditional{}), ShapeError);
  CHECK_THROWS_AS(net(Tokens({1, 3, 4}, 4), Unconditional{}), ValueError);
  CHECK_THROWS_AS(Gpt<float>({.group = 5}, Key{1}), ValueError);
  auto cache = net.cache(1, Unconditional{});
  CHECK_THROWS_AS(net.logits_at(Tokens({1, 3, 4}), 1, cache), ValueError);
}
