#include "inkling/autograd/tape.hpp"

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/autograd/var.hpp"
#include "small_operations.hpp"

namespace tape_test {

using namespace ink;
using Vector = Tensor<double, 1>;

namespace {

Vector vector(double a, double b) { return Vector(Shape{2}, {a, b}); }

}  // namespace

TEST_CASE("tape: a value used twice collects both gradients") {
  Tape tape;
  const auto x = tape.variable(vector(3, 4));
  const auto square = small::times(x, x);
  const auto gradients = tape.backward(small::total(small::add(square, small::times(square, x))));
  CHECK(gradients[x] == vector(2 * 3 + 3 * 9, 2 * 4 + 3 * 16));  // x² + x³
}

TEST_CASE("tape: one gradient handed to two inputs is not written through") {
  // add gives the same tensor to both inputs; what is added to one later must not reach the other.
  Tape tape;
  const auto a = tape.variable(vector(1, 2)), b = tape.variable(vector(5, 6));
  const auto c = small::times(a, b);
  const auto gradients = tape.backward(small::total(small::add(small::add(a, b), small::add(c, a))));
  CHECK(gradients[a] == vector(2 + 5, 2 + 6));
  CHECK(gradients[b] == vector(1 + 1, 1 + 2));
}

TEST_CASE("tape: unused branches get nothing and their gradient code never runs") {
  Tape tape;
  const auto x = tape.variable(vector(1, 2)), unused = tape.variable(vector(7, 8));
  bool ran = false;
  const auto dead = record(
      vector(0, 0), [&ran](const auto&, auto dx) { ran = true, dx.add([] { return Vector(Shape{2}); }); }, unused);
  const auto dead_too = small::times(dead, x);
  const auto gradients = tape.backward(small::total(x));
  CHECK(!ran);
  CHECK(gradients[x] == vector(1, 1));
  CHECK(gradients[unused] == vector(0, 0));
  CHECK(dead_too.wants_gradient());
}

TEST_CASE("tape: what depends on constants alone is not recorded") {
  Tape tape;
  const auto x = tape.variable(vector(1, 2));
  const auto c = tape.constant(vector(5, 6));
  const auto before = tape.size();
  const auto cc = small::times(c, small::times(c, vector(1, 1)));
  CHECK(tape.size() == before);
  CHECK(!cc.wants_gradient());
  const auto gradients = tape.backward(small::total(small::times(cc, x)));
  CHECK(gradients[x] == vector(25, 36));
  CHECK(gradients[c] == vector(0, 0));
}

TEST_CASE("tape: a loss that is a leaf, and one that is constant") {
  Tape leaf;
  const auto x = leaf.variable(Tensor<double, 0>(3.0));
  CHECK(leaf.backward(x)[x].item() == 1);
  Tape still;
  const auto y = still.variable(Tensor<double, 0>(3.0));
  CHECK(still.backward(still.constant(Tensor<double, 0>(1.0)))[y].item() == 0);
}

TEST_CASE("tape: 100,000 nodes in a chain") {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 0>(1.0));
  const auto step = tape.constant(Tensor<double, 0>(1.0));
  auto y = small::times(x, x);
  for (int i = 0; i < 100000; ++i) y = small::add(y, step);
  CHECK(tape.size() > 100000);
  CHECK(tape.backward(y)[x].item() == 2);
}

TEST_CASE("tape: the second pass over one computation asks the system for nothing") {
  const auto pass = [] {
    Tape tape;
    const auto x = tape.variable(Tensor<double, 1>(Shape{1000}, 0.5));
    auto y = small::times(x, x);
    for (int i = 0; i < 300; ++i) y = small::times(y, x);
    return tape.backward(small::total(y))[x](0);
  };
  pass();
  const auto before = memory_stats();
  pass();
  CHECK(memory_stats().system_allocations == before.system_allocations);
  CHECK(memory_stats().in_use == before.in_use);
}

TEST_CASE("tape: what a node holds ends as soon as it has run, or with the tape") {
  const auto held = std::make_shared<int>(1);
  {
    Tape tape;
    const auto x = tape.variable(Tensor<double, 0>(1.0));
    bool alive_below = false;
    const auto a = record(Tensor<double, 0>(1.0), [held, &alive_below](const auto& dy, auto dx) {
      alive_below = held.use_count() > 2;
      dx.add([&] { return dy; });
    }, x);
    const auto b = record(Tensor<double, 0>(1.0), [held](const auto& dy, auto dx) { dx.add([&] { return dy; }); }, a);
    CHECK(held.use_count() == 3);
    tape.backward(b);
    CHECK(!alive_below);
    CHECK(held.use_count() == 1);
  }
  {
    Tape never_walked;
    const auto x = never_walked.variable(Tensor<double, 0>(1.0));
    record(Tensor<double, 0>(1.0), [held](const auto&, auto) {}, x);
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("tape: gradient code that throws leaves a tape that can be destroyed") {
  const auto held = std::make_shared<int>(1);
  {
    Tape tape;
    const auto x = tape.variable(Tensor<double, 0>(1.0));
    const auto y =
        record(Tensor<double, 0>(1.0), [held](const auto&, auto) { throw std::runtime_error("no gradient"); }, x);
    CHECK_THROWS_WITH_AS(tape.backward(y), "no gradient", std::runtime_error);
    CHECK_THROWS_AS(tape.backward(y), ValueError);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("tape: extents of 0") {
  Tape tape;
  const auto x = tape.variable(Vector(Shape{0}));
  const auto y = tape.variable(Tensor<double, 0>(2.0));
  const auto gradients = tape.backward(small::add(small::total(small::times(x, x)), y));
  CHECK(gradients[x].shape() == Shape{0});
  CHECK(gradients[y].item() == 1);
}

TEST_CASE("tape: several tapes over one constant model at the same time") {
  const Parameter<double, 1> w(vector(2, 3));
  std::vector<Vector> results(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Tape tape;
      const auto x = tape.constant(vector(static_cast<double>(t), 1));
      results[t] = tape.backward(small::total(small::times(w.on(x), x))).of(w);
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t t = 0; t < 4; ++t) CHECK(results[t] == vector(static_cast<double>(t), 1));
}

TEST_CASE("tape: update changes the gradient collected so far, in place and alone") {
  Tape tape;
  const auto x = tape.variable(vector(1, 2)), z = tape.variable(vector(3, 4));
  const auto second = record(Tensor<double, 0>(2.0), [](const auto& dy, auto dx) {
    dx.update(Shape{2}, [&](auto& g) { g(1) += dy.item(); });
  }, x);
  // Walked before `second`: gives x and z one shared gradient that update must not write through.
  const auto gradients = tape.backward(small::add(second, small::total(small::add(x, z))));
  CHECK(gradients[x] == vector(1, 2));
  CHECK(gradients[z] == vector(1, 1));
}

TEST_CASE("tape: errors") {
  Tape tape, other;
  const auto x = tape.variable(vector(1, 2)), y = other.variable(vector(1, 2));
  CHECK_THROWS_WITH_AS(small::times(x, y), "record: inputs live on two tapes; they must share one", ValueError);
  CHECK_THROWS_WITH_AS(tape.backward(small::total(y)), "backward: the loss was recorded on another tape", ValueError);
  const auto bad =
      record(Tensor<double, 0>(0.0), [](const auto&, auto dx) { dx.add([] { return Vector(Shape{3}); }); }, x);
  CHECK_THROWS_WITH_AS(tape.backward(bad), "backward: gradient is (3), its value has 2 elements; both must be equal",
                       ShapeError);
  const auto loss = small::total(y);
  other.backward(loss);
  CHECK_THROWS_WITH_AS(other.backward(loss), "backward: this tape was already walked; record the computation again",
                       ValueError);
  CHECK_THROWS_WITH_AS(other.variable(vector(1, 2)), "record: this tape was already walked; use a new tape",
                       ValueError);
  CHECK_THROWS_AS(small::total(y), ValueError);
}

}  // namespace tape_test
