#include "inkling/nn/image_blocks.hpp"

#include <doctest/doctest.h>

#include "../golden/data/nn_image_blocks.inc"
#include "../support/errors.hpp"
#include "../support/module_golden.hpp"
#include "../support/module_gradcheck.hpp"

namespace image_blocks_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::nn_image_blocks;

static_assert(ResidualBlock<>::out_shape({.in = 8, .out = 16}, {2, 5, 5, 8}) == Shape<4>{2, 5, 5, 16});
static_assert(AttentionBlock<>::out_shape({.channels = 8}, {2, 5, 5, 8}) == Shape<4>{2, 5, 5, 8});

namespace {

constexpr auto call = [](const auto& m, const auto&... x) { return m(x...); };

}  // namespace

TEST_CASE("ResidualBlock: values and gradients of PyTorch") {
  ResidualBlock<double> m({.in = 2, .out = 4, .time = 3, .groups = 2}, Key{1});
  const auto x = golden::tensor(Shape{2, 3, 4, 2}, g::residual_x);
  const auto e = golden::tensor(Shape{2, 3}, g::residual_e);
  CHECK(golden::module_error([&](const auto&... v) { return m(v...); }, g::residual_y, g::residual_dy,
                             std::tuple(golden::Input(x, g::residual_dx), golden::Input(e, g::residual_de)),
                             golden::Weight(m.norm1.gamma, g::residual_g1, g::residual_dg1),
                             golden::Weight(m.norm1.beta, g::residual_b1, g::residual_db1),
                             golden::Weight(m.conv1.weight, g::residual_w1, g::residual_dw1),
                             golden::Weight(*m.conv1.bias, g::residual_c1, g::residual_dc1),
                             golden::Weight(m.time->weight, g::residual_wt, g::residual_dwt),
                             golden::Weight(*m.time->bias, g::residual_bt, g::residual_dbt),
                             golden::Weight(m.norm2.gamma, g::residual_g2, g::residual_dg2),
                             golden::Weight(m.norm2.beta, g::residual_b2, g::residual_db2),
                             golden::Weight(m.conv2.weight, g::residual_w2, g::residual_dw2),
                             golden::Weight(*m.conv2.bias, g::residual_c2, g::residual_dc2),
                             golden::Weight(m.skip->weight, g::residual_ws, g::residual_dws),
                             golden::Weight(*m.skip->bias, g::residual_cs, g::residual_dcs)) < 1e-10);
}

TEST_CASE("AttentionBlock: values and gradients of PyTorch") {
  AttentionBlock<double> m({.channels = 4, .heads = 2, .groups = 2}, Key{1});
  const auto x = golden::tensor(Shape{2, 2, 3, 4}, g::pixels_x);
  CHECK(golden::module_error([&](const auto& v) { return m(v); }, g::pixels_y, g::pixels_dy,
                             std::tuple(golden::Input(x, g::pixels_dx)),
                             golden::Weight(m.norm.gamma, g::pixels_g1, g::pixels_dg1),
                             golden::Weight(m.norm.beta, g::pixels_b1, g::pixels_db1),
                             golden::Weight(m.attention.qkv.weight, g::pixels_wqkv, g::pixels_dwqkv),
                             golden::Weight(*m.attention.qkv.bias, g::pixels_bqkv, g::pixels_dbqkv),
                             golden::Weight(m.attention.out.weight, g::pixels_wo, g::pixels_dwo),
                             golden::Weight(*m.attention.out.bias, g::pixels_bo, g::pixels_dbo)) < 1e-11);
}

TEST_CASE("ResidualBlock: without a time, and with equal channels, there is neither layer") {
  const ResidualBlock<double> m({.in = 4, .out = 4, .groups = 2}, Key{2});
  CHECK(!m.time);
  CHECK(!m.skip);
  CHECK(module_gradcheck(randomized(m), call, normal<double>(Shape{1, 2, 3, 4}, Key{3})) < 1e-7);
}

TEST_CASE("ResidualBlock: starts as its skip with zero_init") {
  const ResidualBlock<float> m({.in = 8, .out = 8, .time = 4, .zero_init = true}, Key{4});
  const auto x = normal<float>(Shape{2, 4, 4, 8}, Key{5});
  CHECK(m(x, normal<float>(Shape{2, 4}, Key{6})) == x);
}

TEST_CASE("ResidualBlock: dropout happens when a key is given") {
  const ResidualBlock<double> m({.in = 4, .out = 4, .time = 2, .groups = 2, .dropout = 0.5}, Key{7});
  const auto x = normal<double>(Shape{2, 3, 3, 4}, Key{8});
  const auto e = normal<double>(Shape{2, 2}, Key{9});
  CHECK(m(x, e, Key{1}) == m(x, e, Key{1}));
  CHECK(m(x, e, Key{1}) != m(x, e, Key{2}));
  CHECK(m(x, e, Key{1}) != m(x, e));
  const auto f = [](const auto& l, const auto&... v) { return l(v..., Key{1}); };
  CHECK(module_gradcheck(m, f, x, e) < 1e-7);
}

TEST_CASE("ResidualBlock has as many parameters as Res of unet.py") {
  const Index i = 16, o = 32, e = 24;
  CHECK(parameter_count(ResidualBlock<float>({.in = i, .out = o, .time = e}, Key{1})) ==
        2 * i + 9 * i * o + o + e * o + o + 2 * o + 9 * o * o + o + i * o + o);
  CHECK(parameter_count(AttentionBlock<float>({.channels = i}, Key{1})) == 2 * i + 3 * i * i + 3 * i + i * i + i);
}

TEST_CASE("image blocks: errors") {
  const ResidualBlock<float> timed({.in = 8, .out = 8, .time = 4}, Key{10}), plain({.in = 8, .out = 8}, Key{10});
  const Tensor<float, 4> x(Shape{2, 3, 3, 8});
  CHECK(message_of<ShapeError>([&] { timed(x, Tensor<float, 2>(Shape{1, 4})); }) ==
        "residual_block: x is (2, 3, 3, 8), e is (1, 4); e must be (x[0], 4)");
  CHECK(message_of<ValueError>([&] { timed(x); }) == "residual_block: no time is given; this block needs one");
  CHECK(message_of<ValueError>([&] { plain(x, Tensor<float, 2>(Shape{2, 4})); }) ==
        "residual_block: time is 0; this block takes none");
  CHECK(message_of<ValueError>([] { ResidualBlock<float>({.in = 12, .out = 16}, Key{1}); }) ==
        "group_norm: channels is 12, groups is 8; groups must divide channels");
}

}  // namespace image_blocks_test
