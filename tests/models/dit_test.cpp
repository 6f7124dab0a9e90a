#include "inkling/models/dit.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "diffusion_checks.hpp"

namespace dit_test {

using namespace ink;
using namespace ink::testing;
using models::Dit;

namespace {

template <class T>
typename Dit<T>::Options tiny() {
  return {.channels = 2, .width = 4, .layers = 2, .heads = 2, .patch = 2, .height = 4, .columns = 6, .classes = 3};
}

}  // namespace

TEST_CASE("Dit: parameters are those of dit.py, and a null label") {
  CHECK(parameter_count(Dit<float>({.classes = 10}, Key{1})) == 1858832 + 128);
  CHECK(parameter_count(Dit<float>(Dit<float>::Options{}, Key{1})) == 1858832 - 10 * 128);
}

TEST_CASE("Dit: shapes, and zero at first") {
  const auto x = normal<float>(Shape{2, 4, 6, 2}, Key{2});
  for (Index patch : {1, 2}) {
    auto o = tiny<float>();
    o.patch = patch;
    const Dit<float> net(o, Key{1});
    CHECK(net(x, levels_of<float>(2), Unconditional{}) == Tensor<float, 4>(x.shape()));
    const auto y = randomized(net)(x, levels_of<float>(2), Unconditional{});
    CHECK(y.shape() == x.shape());
    CHECK_FALSE(y == Tensor<float, 4>(x.shape()));
  }
}

TEST_CASE("Dit: every pixel hears of every other") {
  const auto net = randomized(Dit<float>(tiny<float>(), Key{1}));
  const auto x = normal<float>(Shape{1, 4, 6, 2}, Key{2});
  const auto y = net(x, levels_of<float>(1), Unconditional{});
  for (Index j : {Index{0}, x.size() - 1}) {
    auto other = x;
    other.mutable_data()[j] += 1;
    const auto z = net(other, levels_of<float>(1), Unconditional{});
    Index same = 0;
    for (Index i = 0; i < y.size(); ++i) same += y.data()[i] == z.data()[i];
    CHECK(same < 3);  // but for a rounding
  }
}

TEST_CASE("Dit: gradients of the image and of the parameters") {
  const auto net = randomized(Dit<double>(tiny<double>(), Key{1}), Key{99}, 0.3);
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};
  CHECK(module_gradcheck(net, [&](const auto& m, const auto& x) { return m(x, levels_of<double>(2), labels); },
                         normal<double>(Shape{2, 4, 6, 2}, Key{2})) < 1e-6);
}

TEST_CASE("Dit: the same bits at any number of threads and in any batch") {
  const auto net =
      randomized(Dit<float>({.width = 32, .layers = 2, .patch = 2, .height = 16, .columns = 16, .classes = 3}, Key{1}),
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

TEST_CASE("Dit: learns one batch by heart, and to heed its label and its noise level") {
  // Three steps before: the head, what modulates it, and what is modulated.
  check_learns(
      Dit<float>({.width = 16, .layers = 2, .heads = 2, .patch = 2, .height = 8, .columns = 8, .classes = 2}, Key{1}),
      3, 150, 1e-2);
}

TEST_CASE("Dit: misuse") {
  using Net = Dit<float>;
  CHECK(message_of<ValueError>([] { Net({.patch = 5}, Key{1}); }) ==
        "dit: patch is 5, image is 28 by 28; the patch must divide both");
  CHECK_THROWS_AS(Net({.patch = 4, .height = 28, .columns = 30}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.patch = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.patch = -1}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.layers = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.width = 30, .heads = 4}, Key{1}), ValueError);

  const Net net(tiny<float>(), Key{1});
  const auto call = [&](const Shape<4>& x, Index level, Index label) {
    return [&net, x, level, label] { net(Tensor<float, 4>(x), levels_of<float>(level), same_label(label, 2)); };
  };
  CHECK_NOTHROW(call({2, 4, 6, 2}, 2, 2)());
  CHECK(message_of<ShapeError>(call({2, 6, 4, 2}, 2, 2)) == "dit: x is (2, 6, 4, 2); it must be (N, 4, 6, 2)");
  CHECK_THROWS_AS(call({2, 4, 6, 1}, 2, 2)(), ShapeError);
  CHECK_THROWS_AS(call({2, 4, 6, 2}, 3, 2)(), ShapeError);
  CHECK_THROWS_AS(call({2, 4, 6, 2}, 2, 3)(), ShapeError);
  CHECK_THROWS_AS(net(Tensor<float, 4>(Shape{2, 4, 6, 2}), levels_of<float>(2), same_label(2, 3)), ValueError);
}

}  // namespace dit_test
