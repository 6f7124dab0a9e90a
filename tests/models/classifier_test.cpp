#include "inkling/models/classifier.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/ops/loss.hpp"
#include "model_checks.hpp"

namespace classifier_test {

using namespace ink;
using namespace ink::testing;
using models::Classifier;

TEST_CASE("Classifier: shapes and parameters") {
  const Index w = 16;
  CHECK(parameter_count(Classifier<float>(Classifier<float>::Options{}, Key{1})) ==
        25 * w + 9 * w * 2 * w + 9 * 2 * w * 4 * w + 9 * 4 * w * 4 * w + 3 * (w + 2 * w + 4 * w + 4 * w) + 4 * w * 10 +
            10);
  const Classifier<float> net({.channels = 2, .classes = 3, .width = 8}, Key{1});
  for (const Shape<4> shape : {Shape<4>{2, 28, 28, 2}, Shape<4>{1, 5, 7, 2}, Shape<4>{3, 1, 1, 2}}) {
    CHECK(net(Tensor<float, 4>(shape)).shape() == Shape<2>{shape[0], 3});
    CHECK(net.features(Tensor<float, 4>(shape)).shape() == Shape<2>{shape[0], 32});
  }
}

TEST_CASE("Classifier: gradients of the images and of the parameters") {
  const auto net = randomized(Classifier<double>({.channels = 2, .classes = 3, .width = 4}, Key{1}), Key{99}, 0.3);
  CHECK(module_gradcheck(net, [](const auto& m, const auto& x) { return m(x); },
                         normal<double>(Shape{2, 5, 6, 2}, Key{2})) < 1e-6);
}

TEST_CASE("Classifier: the same bits at any number of threads and in any batch") {
  const Classifier<float> net({.width = 16}, Key{1});
  const auto x = normal<float>(Shape{5, 20, 20, 1}, Key{2});
  check_model_threads(net, [&](const auto& m, Tape& tape) { return m(tape.constant(x)); });
  for (Index b : {0, 3}) CHECK(same_bits(net(item_of(x, b)), item_of(net(x), b)));
}

TEST_CASE("Classifier: learns one batch by heart") {
  const auto x = uniform<float>(Shape{8, 12, 12, 1}, Key{3}, -1, 1);  // noise, and labels that it does not show
  const auto labels = labels_in_turn(8, 3).ids;
  const Classifier<float> net({.classes = 3, .width = 8}, Key{1});
  check_overfits(net, [&](const auto& m, Tape& tape) { return cross_entropy(m(tape.constant(x)), labels); }, 60, 1e-2,
                 0.02);
}

TEST_CASE("Classifier: misuse") {
  using Net = Classifier<float>;
  CHECK_THROWS_AS(Net({.width = 6}, Key{1}), ValueError);  // 4 groups
  CHECK_THROWS_AS(Net({.width = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.classes = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.channels = 0}, Key{1}), ValueError);
  const Net net({.width = 4}, Key{1});
  CHECK_THROWS_AS(net(Tensor<float, 4>(Shape{1, 8, 8, 3})), ShapeError);
}

}  // namespace classifier_test
