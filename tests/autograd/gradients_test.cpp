#include "inkling/autograd/gradients.hpp"

#include <doctest/doctest.h>

#include "inkling/autograd/var.hpp"
#include "small_operations.hpp"

namespace gradients_test {

using namespace ink;
using Vector = Tensor<double, 1>;

namespace {

Vector vector(double a, double b) { return Vector(Shape{2}, {a, b}); }

struct Model {
  Parameter<double, 1> a{vector(1, 2)}, b{vector(3, 4)};
  Parameter<float, 1> single{Tensor<float, 1>(Shape{1}, 1.0f)};
};

/// The gradients of Σ a·x, and of Σ a·b·x if `both`.
Gradients pass(const Model& model, const Vector& x, bool both) {
  Tape tape;
  const auto v = tape.constant(x);
  auto y = small::times(model.a.on(v), v);
  if (both) y = small::times(y, model.b.on(v));
  return tape.backward(small::total(y));
}

}  // namespace

TEST_CASE("gradients: of parameters, zeros if unused") {
  const Model model;
  const auto g = pass(model, vector(5, 6), false);
  CHECK(g.of(model.a) == vector(5, 6));
  CHECK(g.of(model.b) == vector(0, 0));
  CHECK(g.of(model.single) == Tensor<float, 1>(Shape{1}));
  CHECK(g.has(model.a));
  CHECK(!g.has(model.b));
  CHECK(Gradients().of(model.a) == vector(0, 0));
}

TEST_CASE("gradients: accumulate and scale, leaving the others as they were") {
  const Model model;
  const auto first = pass(model, vector(5, 6), false);
  auto sum = first;
  sum.accumulate(pass(model, vector(1, 1), true));
  CHECK(sum.of(model.a) == vector(5 + 3, 6 + 4));
  CHECK(sum.of(model.b) == vector(1, 2));
  CHECK(first.of(model.a) == vector(5, 6));
  CHECK(!first.has(model.b));
  auto half = sum;
  half.scale(0.5);
  CHECK(half.of(model.a) == vector(4, 5));
  CHECK(sum.of(model.a) == vector(8, 10));
  Gradients empty;
  empty.accumulate(sum);
  CHECK(empty.of(model.b) == vector(1, 2));
}

TEST_CASE("gradients: accumulating a parameter that was on the tape but not used") {
  const Model model;
  Tape tape;
  const auto x = tape.constant(vector(1, 1));
  const auto unused = model.b.on(x);
  auto g = tape.backward(small::total(model.a.on(x)));
  CHECK(!g.has(model.b));
  CHECK(g[unused] == vector(0, 0));
  g.accumulate(pass(model, vector(1, 1), true));
  CHECK(g.of(model.b) == vector(1, 2));
}

TEST_CASE("gradients: one leaf for a parameter, however often it is used") {
  const Model model;
  Tape tape;
  const auto x = tape.constant(vector(1, 1));
  const auto a = model.a.on(x);
  CHECK(model.a.on(x).id() == a.id());
  const auto g = tape.backward(small::total(small::times(a, model.a.on(x))));
  CHECK(g.of(model.a) == vector(2, 4));
  CHECK(g[a] == vector(2, 4));
}

TEST_CASE("gradients: only leaves have them") {
  Tape tape, other;
  const auto x = tape.variable(vector(1, 2));
  const auto y = small::times(x, x);
  const auto wide = other.variable(Tensor<double, 1>(Shape{5}));
  const auto g = tape.backward(small::total(y));
  CHECK_THROWS_WITH_AS(
      g[y],
      "gradients: the variable is node 1, which is no leaf of the tape that was walked; only leaves have gradients",
      ValueError);
  CHECK_THROWS_AS(g[wide], ValueError);  // the same number on another tape
}

}  // namespace gradients_test
