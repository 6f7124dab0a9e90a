#include "inkling/autograd/var.hpp"

#include <concepts>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "small_operations.hpp"

namespace var_test {

using namespace ink;
using Vector = Tensor<double, 1>;

static_assert(TensorLike<Tensor<float, 2>> && TensorLike<const Var<float, 2>&> && !TensorLike<Parameter<float, 2>> &&
              !TensorLike<float>);
static_assert(Recorded<Var<float, 2>> && !Recorded<Tensor<float, 2>>);
static_assert(TensorLikeOfRank<Var<float, 2>, 2> && !TensorLikeOfRank<Var<float, 2>, 3>);
static_assert(std::same_as<scalar_t<const Var<double, 3>&>, double> && rank_v<const Tensor<int, 3>&> == 3);

TEST_CASE("record: plain tensors give a plain tensor and keep nothing") {
  const auto y = small::times(Vector(Shape{2}, {1, 2}), Vector(Shape{2}, {3, 4}));
  static_assert(std::same_as<decltype(y), const Vector>);
  CHECK(y == Vector(Shape{2}, {3, 8}));
}

TEST_CASE("record: a tensor beside a variable is a constant") {
  Tape tape;
  const auto x = tape.variable(Vector(Shape{2}, {1, 2}));
  const auto y = small::times(Vector(Shape{2}, {3, 4}), x);
  static_assert(Recorded<decltype(y)>);
  CHECK(tape.backward(small::total(y))[x] == Vector(Shape{2}, {3, 4}));
}

TEST_CASE("record: gradients that are not wanted are not computed") {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 0>(1.0));
  const auto c = tape.constant(Tensor<double, 0>(1.0));
  int computed = 0;
  const auto y = record(Tensor<double, 0>(1.0), [&computed](const auto& dy, auto dx, auto dc, auto dt) {
    CHECK(dx);
    CHECK(!dc);
    CHECK(!dt);
    const auto gradient = [&] { return ++computed, dy; };
    dx.add(gradient);
    dc.add(gradient);
    dt.add(gradient);
    dt.update(Shape<0>{}, [&](auto&) { ++computed; });
  }, x, c, Tensor<double, 0>(1.0));
  tape.backward(y);
  CHECK(computed == 1);
}

TEST_CASE("record: inputs and results of different types and ranks") {
  Tape tape;
  const auto x = tape.variable(Tensor<float, 2>(Shape{1, 2}, {1.5f, 2.5f}));
  const auto y = record(x.value().cast<double>().reshape(Shape{2}), [](const auto& dy, auto dx) {
    dx.add([&] { return dy.template cast<float>().reshape(Shape{1, 2}); });
  }, x);
  CHECK(tape.backward(small::total(y))[x] == Tensor<float, 2>(Shape{1, 2}, {1, 1}));
}

TEST_CASE("record: a list of inputs") {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 0>(1.0));
  const auto c = tape.constant(Tensor<double, 0>(1.0));
  const auto y = record(Tensor<double, 0>(1.0), [](const auto& dy, const auto& sinks) {
    for (std::size_t i = 0; i < sinks.size(); ++i) {
      sinks[i].add([&] { return Tensor<double, 0>(dy.item() * static_cast<double>(i + 1)); });
    }
  }, std::vector{x, c, x});
  CHECK(tape.backward(y)[x].item() == 4);
  const auto nothing = [](const auto&, const auto&) {};
  CHECK_THROWS_WITH_AS(record(Tensor<double, 0>(1.0), nothing, std::vector<Var<double, 0>>{}),
                       "record: the list of inputs is empty; it must have at least one", ValueError);
  CHECK(record(Tensor<double, 0>(1.0), nothing, std::vector<Tensor<double, 0>>{}).item() == 1);
}

TEST_CASE("Parameter and constant_on: where the input lives") {
  const Parameter<double, 1> w(Vector(Shape{2}, {1, 2}));
  const Tensor<std::int32_t, 1> ids(Shape{1});
  CHECK(&w.on(ids) == &w.value);
  CHECK(&constant_on(ids, w.value) == &w.value);
  Tape tape;
  const auto recorded = tape.constant(ids);
  CHECK(w.on(recorded).wants_gradient());
  CHECK(!constant_on(recorded, w.value).wants_gradient());
  CHECK(w.on(recorded).value().shares_storage_with(w.value));
  CHECK(w.shape() == Shape{2});
}

TEST_CASE("detach: a plain tensor that shares storage, and no gradient") {
  Tape tape;
  const auto x = tape.variable(Vector(Shape{2}, {3, 4}));
  CHECK(detach(x).shares_storage_with(x.value()));
  CHECK(tape.backward(small::total(small::times(detach(x), x)))[x] == Vector(Shape{2}, {3, 4}));
  CHECK(x.extent(-1) == 2);
  CHECK(x.size() == 2);
}

}  // namespace var_test
