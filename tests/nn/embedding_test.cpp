#include "inkling/nn/embedding.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace embedding_test {

using namespace ink;
using namespace ink::testing;

using Ids = Tensor<std::int32_t, 1>;

static_assert(Embedding<>::out_shape({.count = 5, .width = 3}, Shape<2>{2, 7}) == Shape<3>{2, 7, 3});

TEST_CASE("Embedding: rows of the table, recorded beside recorded ids") {
  const Embedding<double> layer({.count = 5, .width = 3}, Key{1});
  const Tensor<std::int32_t, 2> ids(Shape{2, 2}, {4, 0, 0, 2});
  const auto y = layer(ids);
  CHECK(y.shape() == Embedding<>::out_shape({.count = 5, .width = 3}, ids.shape()));
  CHECK(y(0, 0, 2) == layer.table.value(4, 2));
  CHECK(y(1, 1, 0) == layer.table.value(2, 0));

  Tape tape;
  const auto recorded = layer(tape.constant(ids));
  static_assert(Recorded<decltype(recorded)>);
  const auto gradient = tape.backward(detail::weighted_sum(recorded)).of(layer.table);
  const auto weights = uniform<double>(y.shape(), Key{0x67726164}, 0.5, 1.5);     // those of weighted_sum
  CHECK(gradient(0, 1) == doctest::Approx(weights(0, 1, 1) + weights(1, 0, 1)));  // id 0 occurs twice
  CHECK(gradient(4, 1) == doctest::Approx(weights(0, 0, 1)));
  CHECK(gradient(3, 1) == 0);
}

TEST_CASE("LearnedPositions: adds the rows from the offset on") {
  const LearnedPositions<double> layer({.tokens = 5, .width = 3}, Key{2});
  const auto x = normal<double>(Shape{2, 2, 3}, Key{3});
  CHECK(layer(x, 3)(1, 1, 2) == x(1, 1, 2) + layer.table.value(4, 2));
  CHECK(layer(x)(1, 1, 2) == x(1, 1, 2) + layer.table.value(1, 2));
  CHECK(module_gradcheck(layer, [](const auto& m, const auto& v) { return m(v, 2); }, x) < 1e-8);
  CHECK(message_of<ShapeError>([&] { layer(x, 4); }) ==
        "learned_positions: x is (2, 2, 3), offset is 4, tokens are 5; offset + x[1] must not exceed tokens");
  CHECK_THROWS_AS(layer(x, std::numeric_limits<Index>::max()), ShapeError);
  CHECK(message_of<ShapeError>([&] { layer(Tensor<double, 3>(Shape{1, 1, 4})); }) ==
        "learned_positions: x is (1, 1, 4), width is 3; x[2] must equal width");
}

TEST_CASE("ClassEmbedding: labels, the null label and no labels") {
  const ClassEmbedding<double> layer({.classes = 3, .width = 2}, Key{4});
  CHECK(layer.table.shape() == Shape<2>{4, 2});
  const Tensor<double, 4> images(Shape{3, 1, 1, 1});
  const auto y = layer(images, ClassLabels{Ids(Shape{3}, {2, null_label, 0})});
  CHECK(y(0, 1) == layer.table.value(2, 1));
  CHECK(y(1, 1) == layer.table.value(3, 1));
  CHECK(y(2, 1) == layer.table.value(0, 1));
  CHECK(layer(images, Unconditional{}) == layer(images, ClassLabels{Ids(Shape{3}, null_label)}));
}

TEST_CASE("ClassEmbedding: gradients reach the rows that were used") {
  const ClassEmbedding<double> layer({.classes = 3, .width = 2}, Key{5});
  const ClassLabels labels{Ids(Shape{2}, {1, null_label})};
  const auto f = [&](const auto& m, const auto& x) { return m(x, labels); };
  CHECK(module_gradcheck(layer, f, Tensor<double, 2>(Shape{2, 1})) < 1e-8);
  const auto g = [&](const auto& m, const auto& x) { return m(x, Unconditional{}); };
  CHECK(module_gradcheck(layer, g, Tensor<double, 2>(Shape{2, 1})) < 1e-8);
}

TEST_CASE("ClassEmbedding: errors") {
  const ClassEmbedding<float> layer({.classes = 10, .width = 2}, Key{6});
  const Tensor<float, 2> x(Shape{1, 4}), two(Shape{2, 4});
  for (std::int32_t label : {10, -2}) {
    CHECK(message_of<ValueError>([&] { layer(two, ClassLabels{Ids(Shape{2}, {null_label, label})}); }) ==
          text("class_embedding: label 1 is ", label, ", classes are 10; it must be in [0, classes), or null_label"));
  }
  CHECK(message_of<ShapeError>([&] { layer(x, ClassLabels{Ids(Shape{2})}); }) ==
        "class_embedding: x is (1, 4), labels are (2); there must be one label per x[0]");
}

}  // namespace embedding_test
