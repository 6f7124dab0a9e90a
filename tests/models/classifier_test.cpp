#include "inkling/models/classifier.hpp"

#include "inkling/ops/loss.hpp"
#include "models/model_checks.hpp"

using namespace model_checks;
using models::Classifier;

namespace {

template <class T>
Classifier<T> small() {
  return Classifier<T>({.classes = 3, .width = 4}, Key{1});
}

template <class T>
Tensor<T, 4> images(Index n) {
  return uniform<T>(Shape{n, 8, 8, 1}, Key{2}, -1, 1);
}

const auto class_loss = [](const auto& net, Tape& tape) {
  using T = typename std::remove_cvref_t<decltype(net)>::value_type;
  return cross_entropy(net(tape.constant(images<T>(4))), Tensor<std::int32_t, 1>(Shape{4}, {0, 2, 1, 2}));
};

}  // namespace

TEST_CASE("Classifier: gives a number for every class, and the features it decides by") {
  const auto net = small<float>();
  CHECK(net(images<float>(2)).shape() == Shape{2, 3});
  CHECK(net.features(images<float>(2)).shape() == Shape{2, 16});
}

TEST_CASE("Classifier: gradients agree with finite differences and do not depend on threads") {
  check_gradients(small<double>(), class_loss);
  check_threads(small<float>(), class_loss);
}

TEST_CASE("Classifier: an image is the same alone and in a batch") {
  const auto net = small<float>();
  const auto x = images<float>(5);
  CHECK(same_bits(net(first_rows(x, 2)), first_rows(net(x), 2)));
}

TEST_CASE("Classifier: learns one batch by heart") { check_overfits(small<float>(), class_loss, 150, 1e-2, 0.05); }

TEST_CASE("Classifier: refuses images of other channels") {
  CHECK_THROWS_AS(small<float>()(Tensor<float, 4>(Shape{1, 8, 8, 2})), ShapeError);
}
