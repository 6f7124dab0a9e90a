#include "inkling/models/unet.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "diffusion_checks.hpp"

namespace unet_test {

using namespace ink;
using namespace ink::testing;
using models::UNet;

namespace {

template <class T>
typename UNet<T>::Options tiny() {
  return {.channels = 2, .width = 4, .multipliers = {1, 2}, .blocks = 1, .heads = 2, .groups = 2, .classes = 3};
}

}  // namespace

TEST_CASE("UNet: parameters are those of unet.py") {
  CHECK(parameter_count(UNet<float>(UNet<float>::Options{}, Key{1})) == 1623169);
  CHECK(parameter_count(UNet<float>({.classes = 10}, Key{1})) == 1623169 + 11 * 128);
}

TEST_CASE("UNet: shapes, and zero at first") {
  const auto x = normal<float>(Shape{2, 8, 12, 2}, Key{2});
  for (const std::vector<Index>& multipliers : {std::vector<Index>{2}, {1, 1, 2}}) {
    for (Index attention_levels : {0, 2}) {
      auto o = tiny<float>();
      o.multipliers = multipliers;
      o.attention_levels = attention_levels;
      const UNet<float> net(o, Key{1});
      CHECK(net(x, levels_of<float>(2), Unconditional{}) == Tensor<float, 4>(x.shape()));
      const auto y = randomized(net)(x, levels_of<float>(2), Unconditional{});
      CHECK(y.shape() == x.shape());
      CHECK_FALSE(y == Tensor<float, 4>(x.shape()));
    }
  }
}

TEST_CASE("UNet: gradients of the image and of the parameters") {
  const auto net = randomized(UNet<double>(tiny<double>(), Key{1}), Key{99}, 0.3);
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};
  CHECK(module_gradcheck(net, [&](const auto& m, const auto& x) { return m(x, levels_of<double>(2), labels); },
                         normal<double>(Shape{2, 4, 4, 2}, Key{2})) < 1e-6);
}

TEST_CASE("UNet: the same bits at any number of threads and in any batch") {
  const auto net =
      randomized(UNet<float>({.channels = 1, .width = 16, .multipliers = {1, 2}, .blocks = 1, .classes = 3}, Key{1}),
                 Key{99}, 0.1);
  const auto x = normal<float>(Shape{5, 16, 16, 1}, Key{2});
  const auto labels = labels_in_turn(5, 3);
  check_model_threads(net, [&](const auto& m, Tape& tape) { return m(tape.constant(x), levels_of<float>(5), labels); });
  const auto all = net(x, levels_of<float>(5), labels);
  for (Index b : {0, 3}) {
    const ClassLabels label{item_of(labels.ids, b)};
    CHECK(same_bits(net(item_of(x, b), item_of(levels_of<float>(5), b), label), item_of(all, b)));
  }
}

TEST_CASE("UNet: learns one batch by heart, and to heed its label and its noise level") {
  check_learns(
      UNet<float>({.width = 8, .multipliers = {1, 2}, .blocks = 1, .heads = 2, .groups = 4, .classes = 2}, Key{1}), 2,
      100, 3e-3);
}

TEST_CASE("UNet: misuse") {
  using Net = UNet<float>;
  CHECK(message_of<ValueError>([] { Net({.width = 7}, Key{1}); }) ==
        "unet: width is 7, blocks are 2, levels are 3; the width must be even, and there must be a block and a level");
  CHECK_THROWS_AS(Net({.width = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.blocks = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.multipliers = {}}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.multipliers = std::vector<Index>(70, 1)}, Key{1}), ValueError);
  CHECK_THROWS_WITH_AS(Net({.width = 32, .multipliers = {1, (Index{1} << 59) + 1}}, Key{1}),
                       "unet: width x multiplier is 32 x 576460752303423489; it must be in [0, 2^48]", ShapeError);
  CHECK_THROWS_AS(Net({.width = Index{1} << 62}, Key{1}), ShapeError);
  CHECK_THROWS_AS(Net({.width = 12}, Key{1}), ValueError);  // 8 groups
  CHECK_THROWS_AS(Net({.channels = 0}, Key{1}), ValueError);

  const Net net(tiny<float>(), Key{1});
  const auto call = [&](const Shape<4>& x, Index level, Index label) {
    return [&net, x, level, label] { net(Tensor<float, 4>(x), levels_of<float>(level), same_label(label, 2)); };
  };
  CHECK_NOTHROW(call({2, 4, 6, 2}, 2, 2)());
  CHECK(message_of<ShapeError>(call({2, 4, 5, 2}, 2, 2)) ==
        "unet: x is (2, 4, 5, 2); x[3] must be 2, x[1] and x[2] divisible by 2");
  CHECK_THROWS_AS(call({2, 3, 4, 2}, 2, 2)(), ShapeError);
  CHECK_THROWS_AS(call({2, 4, 4, 1}, 2, 2)(), ShapeError);
  CHECK_THROWS_AS(call({2, 4, 4, 2}, 3, 2)(), ShapeError);
  CHECK_THROWS_AS(call({2, 4, 4, 2}, 2, 3)(), ShapeError);
  CHECK_THROWS_AS(net(Tensor<float, 4>(Shape{2, 4, 4, 2}), levels_of<float>(2), same_label(2, 3)), ValueError);
}

}  // namespace unet_test
