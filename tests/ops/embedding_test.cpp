#include "inkling/ops/embedding.hpp"

#include <cstdint>
#include <tuple>

#include <doctest/doctest.h>

#include "../golden/data/embedding.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace embedding_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::embedding;

namespace {

template <class F>
std::string value_error(F f) {
  try {
    f();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("embedding: values and gradients of PyTorch") {
  const auto ids = golden::tensor<std::int32_t>(Shape{2, 3}, g::rows_ids);
  CHECK(golden::error([&](const auto& table) { return embedding(table, ids); }, g::rows_y, g::rows_dy,
                      std::tie(g::rows_dtable), golden::tensor(Shape{5, 3}, g::rows_table)) == 0);
}

TEST_CASE("embedding: gradients and shapes") {
  const Tensor<std::int32_t, 1> ids(Shape{4}, {2, 0, 2, 2});
  const auto table = normal<float>(Shape{3, 5}, Key{1});
  check_gradients([&](const auto& t) { return embedding(t, ids); }, table);
  check_gradients([&](const auto& t) { return embedding(t, Tensor<std::int32_t, 2>(Shape{2, 0})); }, table);
  CHECK(embedding(table, Tensor<std::int32_t, 0>(1)).shape() == Shape{5});
  CHECK(embedding(Tensor<float, 2>(Shape{3, 0}), ids).shape() == Shape{4, 0});
}

TEST_CASE("embedding: many repeated rows, the same bits at any number of threads") {
  const auto ids = categorical(Tensor<float, 2>(Shape{3000, 7}, 1.0f), Key{2});
  check_threads([&](const auto& t) { return embedding(t, ids); }, normal<float>(Shape{7, 70}, Key{3}));
}

TEST_CASE("embedding: recorded ids keep the table's gradient") {
  Tape tape;
  const auto table = tape.variable(Tensor<double, 2>(Shape{2, 1}, {3, 4}));
  const auto ids = tape.constant(Tensor<std::int32_t, 1>(Shape{3}, {1, 1, 0}));
  const auto y = embedding(table, ids);
  const auto gradients = tape.backward(golden::contract(y, Tensor<double, 2>(Shape{3, 1}, {1, 2, 5})));
  CHECK(gradients[table] == Tensor<double, 2>(Shape{2, 1}, {5, 3}));
}

TEST_CASE("one_hot") {
  const Tensor<std::int32_t, 1> ids(Shape{2}, {2, 0});
  CHECK(one_hot<float>(ids, 3) == Tensor<float, 2>(Shape{2, 3}, {0, 0, 1, 1, 0, 0}));
  Tape tape;
  const auto y = one_hot<double>(tape.constant(ids), 3);
  CHECK(!y.wants_gradient());
  CHECK(y.value()(0, 2) == 1);
}

TEST_CASE("embedding: errors") {
  const Tensor<float, 2> table(Shape{3, 2});
  const Tensor<std::int32_t, 1> high(Shape{2}, {2, 3}), low(Shape{1}, {-1});
  CHECK(value_error([&] { embedding(table, high); }) == "embedding: ids(1) is 3; ids must be in [0, 3)");
  CHECK(value_error([&] { embedding(table, low); }) == "embedding: ids(0) is -1; ids must be in [0, 3)");
  CHECK(value_error([&] { one_hot<float>(high, 3); }) == "one_hot: ids(1) is 3; ids must be in [0, 3)");
  const Tensor<std::int32_t, 2> square(Shape{2, 2}, {0, 1, 7, 9});
  CHECK(value_error([&] { embedding(table, square); }) == "embedding: ids(1, 0) is 7; ids must be in [0, 3)");
  CHECK(value_error([&] { one_hot<float>(low, -1); }) == "one_hot: classes is -1; it must be at least 1");
}

}  // namespace embedding_test
