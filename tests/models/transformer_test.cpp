#include "inkling/models/transformer.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/causality.hpp"
#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace transformer_test {

using namespace ink;
using namespace ink::testing;
using models::TransformerBody;

namespace {

using Plain = TransformerBody<float, TransformerBlock<float>>;
using Told = TransformerBody<float, AdaLnZeroBlock<float>>;

Tensor<float, 3> tokens_of(const Tensor<float, 3>& x, Index begin, Index end) {
  return dense(view(x).slice(1, begin, end));
}

}  // namespace

TEST_CASE("TransformerBody: positions and blocks, in this order") {
  const Plain body(5, {.width = 4, .heads = 2}, 2, Key{1});
  std::vector<std::string> names;
  for_each_parameter(body, [&](const std::string& name, const auto&) { names.push_back(name); });
  CHECK(names.front() == "positions.table");
  CHECK(names.back().substr(0, 9) == "blocks.1.");
  const auto x = normal<float>(Shape{2, 3, 4}, Key{2});
  CHECK(same_bits(body(x), body.blocks[1](body.blocks[0](body.positions(x)))));
  CHECK_FALSE(body.blocks[0].feed.up.weight.value == body.blocks[1].feed.up.weight.value);
  CHECK(body.cache(2).size() == 2);
}

TEST_CASE("TransformerBody: gradients of the tokens, of what it is told and of the parameters") {
  const auto body =
      randomized(TransformerBody<double, AdaLnZeroBlock<double>>(3, {.width = 4, .heads = 2}, 1, Key{1}), Key{9}, 0.3);
  CHECK(module_gradcheck(body, [](const auto& m, const auto&... x) { return m(x...); },
                         normal<double>(Shape{2, 3, 4}, Key{2}), normal<double>(Shape{2, 4}, Key{3})) < 1e-6);
}

TEST_CASE("TransformerBody: causal is exact") {
  const auto body = randomized(Plain(6, {.width = 8, .heads = 2, .causal = true}, 2, Key{1}));
  CHECK(is_causal([&](const auto& x) { return body(x); }, normal<float>(Shape{2, 6, 8}, Key{2})));
  const auto open = randomized(Plain(6, {.width = 8, .heads = 2}, 2, Key{1}));
  CHECK_FALSE(is_causal([&](const auto& x) { return open(x); }, normal<float>(Shape{2, 6, 8}, Key{2})));
}

TEST_CASE("TransformerBody: tokens by ones and twos give what the whole gives") {
  const auto x = normal<float>(Shape{2, 7, 8}, Key{2});
  const auto c = normal<float>(Shape{2, 8}, Key{3});
  const auto plain = randomized(Plain(7, {.width = 8, .heads = 2, .causal = true}, 2, Key{1}));
  const auto told = randomized(Told(7, {.width = 8, .heads = 2, .causal = true}, 2, Key{1}));
  const auto whole_plain = plain(x), whole_told = told(x, c);
  auto plain_cache = plain.cache(2), told_cache = told.cache(2);
  const Index ends[] = {1, 3, 4, 6, 7};
  Index begin = 0;
  for (Index end : ends) {
    const auto part = tokens_of(x, begin, end);
    CHECK(difference(plain.next(part, plain_cache), tokens_of(whole_plain, begin, end)) < 1e-5);
    CHECK(difference(told.next(part, told_cache, c), tokens_of(whole_told, begin, end)) < 1e-5);
    begin = end;
  }
  CHECK_THROWS_AS(plain.next(tokens_of(x, 0, 1), plain_cache), ShapeError);  // the cache is full
}

TEST_CASE("TransformerBody: misuse") {
  CHECK(message_of<ValueError>([] { Plain(5, {.width = 4, .heads = 2}, 0, Key{1}); }) ==
        "transformer: layers are 0; there must be at least 1");
  CHECK_THROWS_AS(Plain(0, {.width = 4, .heads = 2}, 1, Key{1}), ValueError);
  CHECK_THROWS_AS(Plain(5, {.width = 4, .heads = 3}, 1, Key{1}), ValueError);
  const Plain body(5, {.width = 4, .heads = 2}, 1, Key{1});
  CHECK_THROWS_AS(body(Tensor<float, 3>(Shape{1, 6, 4})), ShapeError);
  CHECK_THROWS_AS(body(Tensor<float, 3>(Shape{1, 5, 8})), ShapeError);
}

}  // namespace transformer_test
