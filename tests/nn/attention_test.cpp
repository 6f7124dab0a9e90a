#include "inkling/nn/attention.hpp"

#include <doctest/doctest.h>

#include "../golden/data/nn_attention.inc"
#include "../support/causality.hpp"
#include "../support/errors.hpp"
#include "../support/module_golden.hpp"
#include "../support/module_gradcheck.hpp"

namespace attention_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::nn_attention;

static_assert(SelfAttention<>::out_shape({.width = 8}, {2, 3, 8}) == Shape<3>{2, 3, 8});
static_assert(CrossAttention<>::out_shape({.width = 8, .context = 5}, {2, 3, 8}, {2, 7, 5}) == Shape<3>{2, 3, 8});

namespace {

constexpr auto call = [](const auto& m, const auto&... x) { return m(x...); };

Tensor<float, 3> tokens_of(const Tensor<float, 3>& x, Index begin, Index end) {
  return dense(view(x).slice(1, begin, end));
}

}  // namespace

TEST_CASE("SelfAttention: values and gradients of PyTorch") {
  const auto f = [](const auto& m) { return [&](const auto& x) { return m(x); }; };
  const auto x = golden::tensor(Shape{2, 3, 4}, g::full_x);
  SelfAttention<double> m({.width = 4, .heads = 2}, Key{1});
  CHECK(golden::module_error(f(m), g::full_y, g::full_dy, std::tuple(golden::Input(x, g::full_dx)),
                             golden::Weight(m.qkv.weight, g::full_wqkv, g::full_dwqkv),
                             golden::Weight(*m.qkv.bias, g::full_bqkv, g::full_dbqkv),
                             golden::Weight(m.out.weight, g::full_wo, g::full_dwo),
                             golden::Weight(*m.out.bias, g::full_bo, g::full_dbo)) < 1e-12);
  const auto z = golden::tensor(Shape{2, 3, 4}, g::causal_x);
  SelfAttention<double> c({.width = 4, .heads = 2, .causal = true}, Key{1});
  CHECK(golden::module_error(f(c), g::causal_y, g::causal_dy, std::tuple(golden::Input(z, g::causal_dx)),
                             golden::Weight(c.qkv.weight, g::causal_wqkv, g::causal_dwqkv),
                             golden::Weight(*c.qkv.bias, g::causal_bqkv, g::causal_dbqkv),
                             golden::Weight(c.out.weight, g::causal_wo, g::causal_dwo),
                             golden::Weight(*c.out.bias, g::causal_bo, g::causal_dbo)) < 1e-12);
}

TEST_CASE("CrossAttention: values and gradients of PyTorch") {
  CrossAttention<double> m({.width = 4, .heads = 2, .context = 3}, Key{1});
  const auto x = golden::tensor(Shape{2, 2, 4}, g::cross_x), context = golden::tensor(Shape{2, 3, 3}, g::cross_context);
  CHECK(golden::module_error([&](const auto&... v) { return m(v...); }, g::cross_y, g::cross_dy,
                             std::tuple(golden::Input(x, g::cross_dx), golden::Input(context, g::cross_dcontext)),
                             golden::Weight(m.query.weight, g::cross_wq, g::cross_dwq),
                             golden::Weight(*m.query.bias, g::cross_bq, g::cross_dbq),
                             golden::Weight(m.key.weight, g::cross_wk, g::cross_dwk),
                             golden::Weight(*m.key.bias, g::cross_bk, g::cross_dbk),
                             golden::Weight(m.value.weight, g::cross_wv, g::cross_dwv),
                             golden::Weight(*m.value.bias, g::cross_bv, g::cross_dbv),
                             golden::Weight(m.out.weight, g::cross_wo, g::cross_dwo),
                             golden::Weight(*m.out.bias, g::cross_bo, g::cross_dbo)) < 1e-12);
}

TEST_CASE("SelfAttention: gradients with rotary positions") {
  const auto x = normal<double>(Shape{2, 4, 8}, Key{2});
  for (const Rope& rope : {Rope{}, Rope{.grid_width = 2}}) {
    const SelfAttention<double> m({.width = 8, .heads = 2, .causal = true, .bias = false, .rope = rope}, Key{3});
    CHECK(module_gradcheck(randomized(m), call, x) < 1e-7);
  }
}

TEST_CASE("CrossAttention: a plain context beside a recorded x trains the projections of the context") {
  const auto m = randomized(CrossAttention<double>({.width = 4, .heads = 2, .context = 3}, Key{4}));
  const auto context = normal<double>(Shape{2, 3, 3}, Key{5});
  CHECK(module_gradcheck(m, [&](const auto& l, const auto& x) { return l(x, context); },
                         normal<double>(Shape{2, 2, 4}, Key{6})) < 1e-7);
}

TEST_CASE("SelfAttention: causal is exact") {
  const auto x = normal<float>(Shape{2, 9, 8}, Key{7});
  const SelfAttention<float> causal({.width = 8, .heads = 2, .causal = true, .rope = Rope{}}, Key{8});
  CHECK(is_causal([&](const auto& v) { return causal(v); }, x));
  const SelfAttention<float> full({.width = 8, .heads = 2}, Key{8});
  CHECK(!is_causal([&](const auto& v) { return full(v); }, x));
}

TEST_CASE("SelfAttention: decoding with a cache gives the bits of the whole") {
  const auto x = normal<float>(Shape{3, 70, 32}, Key{9});
  for (const std::optional<Rope>& rope : {std::optional<Rope>{}, std::optional<Rope>{Rope{.grid_width = 8}}}) {
    const SelfAttention<float> m({.width = 32, .heads = 4, .causal = true, .rope = rope}, Key{10});
    const auto whole = m(x);
    for (Index step : {1, 7}) {
      auto cache = m.cache(3, 80);
      for (Index t = 0; t < 70; t += step) {
        CHECK(m(tokens_of(x, t, t + step), cache) == tokens_of(whole, t, t + step));
        CHECK(cache.length == t + step);
      }
    }
  }
}

TEST_CASE("KvCache: a copy branches the decoding") {
  const SelfAttention<float> m({.width = 8, .heads = 2, .causal = true}, Key{11});
  const auto a = normal<float>(Shape{1, 4, 8}, Key{12});
  auto b = a;
  for (Index c = 0; c < 8; ++c) b(0, 2, c) = 1.0f;
  auto cache = m.cache(1, 4);
  m(tokens_of(a, 0, 2), cache);
  auto branch = cache;
  CHECK(m(tokens_of(a, 2, 4), cache) == tokens_of(m(a), 2, 4));
  CHECK(m(tokens_of(b, 2, 4), branch) == tokens_of(m(b), 2, 4));
}

TEST_CASE("attention: errors") {
  const SelfAttention<float> m({.width = 8, .heads = 2, .causal = true}, Key{13});
  CHECK(message_of<ShapeError>([&] { m(Tensor<float, 3>(Shape{1, 2, 6})); }) ==
        "self_attention: x is (1, 2, 6), width is 8; x[2] must equal width");
  CHECK(message_of<ValueError>([] { SelfAttention<float>({.width = 6}, Key{1}); }) ==
        "self_attention: width is 6, heads is 4; heads must divide width");
  auto cache = m.cache(1, 3);
  m(Tensor<float, 3>(Shape{1, 2, 8}), cache);
  CHECK(message_of<ValueError>([&] { m(Tensor<float, 3>(Shape{1, 2, 8}), cache); }) ==
        "self_attention: cache holds 2 of 3 tokens, x brings 2; they must fit");
  CHECK(cache.length == 2);
  CHECK(message_of<ShapeError>([&] { m(Tensor<float, 3>(Shape{2, 1, 8}), cache); }) ==
        "self_attention: x is (2, 1, 8), cache.k is (1, 2, 4, 3), cache.v is (1, 2, 3, 4); they must be "
        "(x[0], 2, 4, max_tokens) and (x[0], 2, max_tokens, 4)");
  const SelfAttention<float> full({.width = 8, .heads = 2}, Key{13});
  CHECK(message_of<ValueError>([&] { full(Tensor<float, 3>(Shape{1, 1, 8}), cache); }) ==
        "self_attention: causal is false; a cache needs causal attention");
  const CrossAttention<float> cross({.width = 8, .heads = 2, .context = 5}, Key{14});
  CHECK(message_of<ShapeError>([&] { cross(Tensor<float, 3>(Shape{1, 2, 8}), Tensor<float, 3>(Shape{1, 2, 4})); }) ==
        "cross_attention: context is (1, 2, 4), context is 5; context[2] must equal context");
  CHECK(message_of<ValueError>([] { CrossAttention<float>({.width = 8}, Key{1}); }) ==
        "cross_attention: context is 0; it must be at least 1");
}

}  // namespace attention_test
