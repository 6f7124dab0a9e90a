#include "inkling/ops/reduce.hpp"

#include <cmath>
#include <limits>
#include <tuple>

#include <doctest/doctest.h>

#include "../golden/data/reduce.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace reduce_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::reduce;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class F>
std::string shape_error(F f) {
  try {
    f();
  } catch (const ShapeError& error) {
    return error.what();
  }
  return "nothing thrown";
}

/// The sum over the axes named by the bits, with plain loops: the reference for every layout.
Tensor<double, 4> sum_by_loops(const Tensor<double, 4>& x, int axes) {
  const auto extent = [&](int a) { return axes >> a & 1 ? Index{1} : x.extent(a); };
  Tensor<double, 4> y(Shape<4>{extent(0), extent(1), extent(2), extent(3)});
  const auto at = [&](int a, Index i) { return axes >> a & 1 ? Index{0} : i; };
  for (Index i = 0; i < x.extent(0); ++i) {
    for (Index j = 0; j < x.extent(1); ++j) {
      for (Index k = 0; k < x.extent(2); ++k) {
        for (Index l = 0; l < x.extent(3); ++l) y(at(0, i), at(1, j), at(2, k), at(3, l)) += x(i, j, k, l);
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("sum: every choice of axes, also of extent 1 and 0") {
  for (const auto& shape : {Shape<4>{2, 3, 4, 5}, Shape<4>{3, 1, 2, 1}, Shape<4>{1, 5, 1, 3}, Shape<4>{2, 0, 3, 1}}) {
    const auto x = normal<double>(shape, Key{1});
    for (int axes = 0; axes < 16; ++axes) {
      const auto expected = sum_by_loops(x, axes);
      Shape<4> target = shape;
      for (int a = 0; a < 4; ++a) {
        if (axes >> a & 1) target[a] = 1;
      }
      CHECK(difference(sum_to(x, target), expected) < 1e-14);
    }
  }
}

TEST_CASE("sum: which axes remain") {
  const Tensor<double, 3> x(Shape{2, 3, 4}, 1.0);
  CHECK(sum(x).item() == 24);
  CHECK(sum<0, 1, 2>(x).item() == 24);
  CHECK(sum<1>(x) == Tensor<double, 2>(Shape{2, 4}, 3.0));
  CHECK(sum<-1, 0>(x) == Tensor<double, 1>(Shape{3}, 8.0));
  CHECK(sum_keep<-2>(x) == Tensor<double, 3>(Shape{2, 1, 4}, 3.0));
  CHECK(sum_keep(x).shape() == Shape{1, 1, 1});
  CHECK(sum(Tensor<double, 0>(3.0)).item() == 3);
  CHECK(mean<0, 2>(x) == Tensor<double, 1>(Shape{3}, 1.0));
  CHECK(mean_keep<0>(x).shape() == Shape{1, 3, 4});
  CHECK(var_keep<1, 2>(x) == Tensor<double, 3>(Shape{2, 1, 1}, 0.0));
}

TEST_CASE("reductions: values and gradients of PyTorch") {
  CHECK(golden::error([](const auto& x) { return sum<0, 2>(x); }, g::sum_y, g::sum_dy, std::tie(g::sum_dx),
                      golden::tensor(Shape{3, 4, 5}, g::sum_x)) < 1e-13);
  CHECK(golden::error([](const auto& x) { return mean<1, 2>(x); }, g::mean_y, g::mean_dy, std::tie(g::mean_dx),
                      golden::tensor(Shape{2, 3, 4, 2}, g::mean_x)) < 1e-13);
  CHECK(golden::error([](const auto& x) { return max<1>(x); }, g::max_y, g::max_dy, std::tie(g::max_dx),
                      golden::tensor(Shape{3, 5, 4}, g::max_x)) == 0);
  CHECK(golden::error([](const auto& x) { return logsumexp<0, 1>(x); }, g::logsumexp_y, g::logsumexp_dy,
                      std::tie(g::logsumexp_dx), golden::tensor(Shape{3, 4, 5}, g::logsumexp_x)) < 1e-13);
  const auto last = [](const auto& x) { return logsumexp<-1>(x); };
  CHECK(golden::error(last, g::logsumexp_last_y, g::logsumexp_last_dy, std::tie(g::logsumexp_last_dx),
                      golden::tensor(Shape{4, 6}, g::logsumexp_last_x)) < 1e-13);
  CHECK(golden::error([](const auto& x) { return var<0, 2>(x); }, g::var_y, g::var_dy, std::tie(g::var_dx),
                      golden::tensor(Shape{3, 4, 5}, g::var_x)) < 1e-13);
}

TEST_CASE("reductions: gradients, float against double") {
  for (const auto& shape : {Shape{3, 4, 5}, Shape{1, 7, 1}, Shape{3, 1, 2}}) {
    const auto x = normal<float>(shape, Key{2});
    check_gradients([](const auto& v) { return sum<0, 2>(v); }, x);
    check_gradients([](const auto& v) { return mean(v); }, x);
    check_gradients([](const auto& v) { return max<1>(v); }, x);
    check_gradients([](const auto& v) { return logsumexp_keep<1, 2>(v); }, x);
    check_gradients([](const auto& v) { return var<0>(v); }, x);
    check_gradients([s = Shape<2>{1, shape[2]}](const auto& v) { return sum_to(v, s); }, x);
  }
}

TEST_CASE("reductions: the same bits at any number of threads and for a row alone") {
  const auto x = normal<float>(Shape{5, 70, 9, 33}, Key{3});
  check_invariance<1>([](const auto& v) { return sum<1, 2, 3>(v); }, x);
  check_invariance<1>([](const auto& v) { return mean_keep<1, 2>(v); }, x);
  check_invariance<1>([](const auto& v) { return logsumexp<2, 3>(v); }, x);
  check_invariance<1>([](const auto& v) { return var<1, 3>(v); }, x);
  check_threads([](const auto& v) { return sum(v); }, x);
  check_threads([](const auto& v) { return sum<0, 1, 2>(v); }, x);
}

TEST_CASE("max: the gradient goes to the first of equals") {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 2>(Shape{2, 3}, {1, 5, 5, 2, 2, 2}));
  const auto gradients = tape.backward(sum(max<1>(x)));
  CHECK(gradients[x] == Tensor<double, 2>(Shape{2, 3}, {0, 1, 0, 1, 0, 0}));
}

TEST_CASE("logsumexp: infinities") {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 2>(Shape{2, 2}, {-infinity, -infinity, 1000, -infinity}));
  const auto y = logsumexp<1>(x);
  CHECK(y.value() == Tensor<double, 1>(Shape{2}, {-infinity, 1000}));
  CHECK(tape.backward(golden::contract(y, Tensor<double, 1>(Shape{2}, {1, 1})))[x] ==
        Tensor<double, 2>(Shape{2, 2}, {0, 0, 1, 0}));
}

TEST_CASE("var: a large mean does not swallow the spread") {
  // Every deviation is ±1 exactly, so the variance is 1.
  Tensor<float, 1> x(Shape{4096});
  for (Index i = 0; i < x.size(); ++i) x(i) = 4e6f + (i % 2 ? 1.0f : -1.0f);
  CHECK(std::abs(var(x).item() - 1.0f) < 1e-5f);
}

TEST_CASE("reductions over no elements") {
  const Tensor<double, 2> x(Shape{3, 0});
  CHECK(sum<1>(x) == Tensor<double, 1>(Shape{3}));
  CHECK(sum(x).item() == 0);
  CHECK(std::isnan(mean(x).item()));
  CHECK(std::isnan(var<1>(x)(2)));
  CHECK(logsumexp<1>(x) == Tensor<double, 1>(Shape{3}, -infinity));
  CHECK(max<0>(x).shape() == Shape{0});
  CHECK(sum<0>(x).shape() == Shape{0});
  CHECK(shape_error([&] { max<1>(x); }) == "max: x is (3, 0); the reduced axes must have elements");
  CHECK(gradcheck([](const auto& v) { return sum(v); }, x) == 0);
}

TEST_CASE("sum_to: undoes a broadcast, and refuses what is none") {
  const auto x = normal<double>(Shape{4, 3, 2}, Key{5});
  CHECK(sum_to(x, x.shape()).shares_storage_with(x));
  CHECK(difference(sum_to(x, Shape{3, 1}), sum<0, 2>(x).reshape(Shape{3, 1})) < 1e-15);
  CHECK(difference(sum_to(x, Shape<0>{}), sum(x)) < 1e-14);
  CHECK(shape_error([&] { sum_to(x, Shape{4, 2}); }) ==
        "sum_to: x is (4, 3, 2), shape is (4, 2); trailing extents must be equal or 1");
}

TEST_CASE("max: NaN is larger than any number, and has the gradient") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tape tape;
  const auto x = tape.variable(Tensor<float, 2>(Shape{2, 4}, {1, nan, 5, nan, 1, 7, 5, 7}));
  const auto y = max<1>(x);
  CHECK(std::isnan(value(y)(0)));
  CHECK(tape.backward(sum(y))[x] == Tensor<float, 2>(Shape{2, 4}, {0, 1, 0, 0, 0, 1, 0, 0}));
}

TEST_CASE("mean: of many equal numbers it is that number") {
  CHECK(mean(Tensor<float, 1>(Shape{5000000}, 0.1f)).item() == doctest::Approx(0.1).epsilon(3e-7));
  CHECK(mean<0>(Tensor<float, 2>(Shape{1000000, 3}, 0.1f))(1) == doctest::Approx(0.1).epsilon(1e-6));
}

}  // namespace reduce_test
