#include "inkling/nn/blocks.hpp"

#include <doctest/doctest.h>

#include "../golden/data/nn_blocks.inc"
#include "../support/causality.hpp"
#include "../support/errors.hpp"
#include "../support/module_golden.hpp"
#include "../support/module_gradcheck.hpp"

namespace blocks_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::nn_blocks;

static_assert(TransformerBlock<>::out_shape({.width = 8}, {2, 3, 8}) == Shape<3>{2, 3, 8});
static_assert(AdaLnZeroBlock<>::out_shape({.width = 8}, {2, 3, 8}) == Shape<3>{2, 3, 8});
static_assert(AdaLnHead<>::out_shape({.width = 8, .out = 5}, {2, 3, 8}) == Shape<3>{2, 3, 5});

namespace {

constexpr auto call = [](const auto& m, const auto&... x) { return m(x...); };

Tensor<float, 3> tokens_of(const Tensor<float, 3>& x, Index begin, Index end) {
  return dense(view(x).slice(1, begin, end));
}

/// A float module that is nowhere zero.
template <class M>
M drawn(const M& m) {
  return randomized(m, Key{77}, 0.2);
}

}  // namespace

TEST_CASE("TransformerBlock: values and gradients of PyTorch") {
  TransformerBlock<double> m({.width = 4, .heads = 2, .hidden = 8, .causal = true}, Key{1});
  const auto x = golden::tensor(Shape{2, 3, 4}, g::gpt_x);
  CHECK(golden::module_error(
            [&](const auto& v) { return m(v); }, g::gpt_y, g::gpt_dy, std::tuple(golden::Input(x, g::gpt_dx)),
            golden::Weight(*m.norm1.gamma, g::gpt_g1, g::gpt_dg1), golden::Weight(*m.norm1.beta, g::gpt_b1, g::gpt_db1),
            golden::Weight(m.attention.qkv.weight, g::gpt_wqkv, g::gpt_dwqkv),
            golden::Weight(*m.attention.qkv.bias, g::gpt_bqkv, g::gpt_dbqkv),
            golden::Weight(m.attention.out.weight, g::gpt_wo, g::gpt_dwo),
            golden::Weight(*m.attention.out.bias, g::gpt_bo, g::gpt_dbo),
            golden::Weight(*m.norm2.gamma, g::gpt_g2, g::gpt_dg2), golden::Weight(*m.norm2.beta, g::gpt_b2, g::gpt_db2),
            golden::Weight(m.feed.up.weight, g::gpt_wu, g::gpt_dwu),
            golden::Weight(*m.feed.up.bias, g::gpt_bu, g::gpt_dbu),
            golden::Weight(m.feed.down.weight, g::gpt_wd, g::gpt_dwd),
            golden::Weight(*m.feed.down.bias, g::gpt_bd, g::gpt_dbd)) < 1e-11);
}

TEST_CASE("AdaLnZeroBlock: values and gradients of PyTorch") {
  AdaLnZeroBlock<double> m({.width = 4, .heads = 2, .hidden = 8, .condition = 3}, Key{1});
  const auto x = golden::tensor(Shape{2, 3, 4}, g::dit_x);
  const auto c = golden::tensor(Shape{2, 3}, g::dit_c);
  CHECK(golden::module_error([&](const auto&... v) { return m(v...); }, g::dit_y, g::dit_dy,
                             std::tuple(golden::Input(x, g::dit_dx), golden::Input(c, g::dit_dc)),
                             golden::Weight(m.attention.qkv.weight, g::dit_wqkv, g::dit_dwqkv),
                             golden::Weight(*m.attention.qkv.bias, g::dit_bqkv, g::dit_dbqkv),
                             golden::Weight(m.attention.out.weight, g::dit_wo, g::dit_dwo),
                             golden::Weight(*m.attention.out.bias, g::dit_bo, g::dit_dbo),
                             golden::Weight(m.feed.up.weight, g::dit_wu, g::dit_dwu),
                             golden::Weight(*m.feed.up.bias, g::dit_bu, g::dit_dbu),
                             golden::Weight(m.feed.down.weight, g::dit_wd, g::dit_dwd),
                             golden::Weight(*m.feed.down.bias, g::dit_bd, g::dit_dbd),
                             golden::Weight(m.modulation.linear.weight, g::dit_wm, g::dit_dwm),
                             golden::Weight(*m.modulation.linear.bias, g::dit_bm, g::dit_dbm)) < 1e-11);
}

TEST_CASE("AdaLnHead: values and gradients of PyTorch") {
  AdaLnHead<double> m({.width = 4, .out = 2, .condition = 3}, Key{1});
  const auto x = golden::tensor(Shape{2, 3, 4}, g::head_x);
  const auto c = golden::tensor(Shape{2, 3}, g::head_c);
  CHECK(golden::module_error([&](const auto&... v) { return m(v...); }, g::head_y, g::head_dy,
                             std::tuple(golden::Input(x, g::head_dx), golden::Input(c, g::head_dc)),
                             golden::Weight(m.linear.weight, g::head_w, g::head_dw),
                             golden::Weight(*m.linear.bias, g::head_b, g::head_db),
                             golden::Weight(m.modulation.linear.weight, g::head_wm, g::head_dwm),
                             golden::Weight(*m.modulation.linear.bias, g::head_bm, g::head_dbm)) < 1e-11);
}

TEST_CASE("AdaLnZeroBlock: the identity at first, AdaLnHead zero if asked") {
  const auto x = normal<float>(Shape{2, 5, 8}, Key{2});
  const auto c = normal<float>(Shape{2, 8}, Key{3});
  CHECK(AdaLnZeroBlock<float>({.width = 8}, Key{4})(x, c) == x);
  CHECK(AdaLnHead<float>({.width = 8, .out = 3, .zero_init = true}, Key{4})(x, c) == Tensor<float, 3>(Shape{2, 5, 3}));
}

TEST_CASE("blocks have as many parameters as those of gpt.py and dit.py") {
  const Index d = 16, attention = 3 * d * d + 3 * d + d * d + d, mlp = 8 * d * d + 5 * d;
  CHECK(parameter_count(TransformerBlock<float>({.width = d}, Key{1})) == attention + mlp + 4 * d);
  CHECK(parameter_count(AdaLnZeroBlock<float>({.width = d}, Key{1})) == attention + mlp + 6 * d * d + 6 * d);
}

TEST_CASE("TransformerBlock: gradients with a context, RMS norm and SwiGLU") {
  using Block = TransformerBlock<double, RmsNorm<double>, SwiGlu<double>>;
  const auto m = randomized(Block({.width = 4, .heads = 2, .hidden = 4, .rope = Rope{}, .context = 3}, Key{5}));
  CHECK(module_gradcheck(m, call, normal<double>(Shape{2, 3, 4}, Key{6}), normal<double>(Shape{2, 2, 3}, Key{7})) <
        1e-7);
}

TEST_CASE("blocks: causal is exact") {
  const auto x = normal<float>(Shape{2, 6, 8}, Key{8});
  const auto c = normal<float>(Shape{2, 8}, Key{9});
  const auto gpt = drawn(TransformerBlock<float>({.width = 8, .heads = 2, .causal = true}, Key{10}));
  CHECK(is_causal([&](const auto& v) { return gpt(v); }, x));
  const auto dit = drawn(AdaLnZeroBlock<float>({.width = 8, .heads = 2, .causal = true, .rope = Rope{}}, Key{11}));
  CHECK(is_causal([&](const auto& v) { return dit(v, constant_on(v, c)); }, x));
}

TEST_CASE("blocks: decoding with a cache gives the bits of the whole") {
  const auto x = normal<float>(Shape{2, 40, 16}, Key{12});
  const auto c = normal<float>(Shape{2, 16}, Key{13});
  const auto context = normal<float>(Shape{2, 5, 12}, Key{14});
  const auto gpt = drawn(TransformerBlock<float>({.width = 16, .causal = true}, Key{15}));
  const auto told =
      drawn(TransformerBlock<float>({.width = 16, .causal = true, .rope = Rope{}, .context = 12}, Key{16}));
  const auto dit = drawn(AdaLnZeroBlock<float>({.width = 16, .causal = true, .rope = Rope{.grid_width = 5}}, Key{17}));
  const auto whole_gpt = gpt(x), whole_told = told(x, context), whole_dit = dit(x, c);
  auto gpt_cache = gpt.cache(2, 40), told_cache = told.cache(2, 40), dit_cache = dit.cache(2, 40);
  for (Index t = 0; t < 40; ++t) {
    const auto token = tokens_of(x, t, t + 1);
    CHECK(gpt(token, gpt_cache) == tokens_of(whole_gpt, t, t + 1));
    CHECK(told(token, told_cache, context) == tokens_of(whole_told, t, t + 1));
    CHECK(dit(token, c, dit_cache) == tokens_of(whole_dit, t, t + 1));
  }
}

TEST_CASE("blocks: errors") {
  const TransformerBlock<float> plain({.width = 8}, Key{18}), told({.width = 8, .context = 3}, Key{18});
  const Tensor<float, 3> x(Shape{1, 2, 8}), context(Shape{1, 2, 3});
  CHECK(message_of<ValueError>([&] { plain(x, context); }) ==
        "transformer_block: context is 0; a context needs cross-attention");
  CHECK(message_of<ValueError>([&] { told(x); }) ==
        "transformer_block: no context is given; cross-attention needs one");
  const AdaLnZeroBlock<float> dit({.width = 8}, Key{19});
  for (const Shape<2> shape : {Shape<2>{2, 8}, Shape<2>{1, 7}}) {
    CHECK(message_of<ShapeError>([&] { dit(x, Tensor<float, 2>(shape)); }) ==
          text("ada_ln_zero_block: x is (1, 2, 8), c is ", shape, "; c must be (x[0], 8)"));
  }
}

}  // namespace blocks_test
