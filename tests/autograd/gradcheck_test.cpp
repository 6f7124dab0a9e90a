#include "inkling/autograd/gradcheck.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "small_operations.hpp"

namespace gradcheck_test {

using namespace ink;
using Vector = Tensor<double, 1>;

namespace {

/// x² with a gradient that is wrong by the given factor, in one element.
constexpr auto square_wrong_by = [](double factor) {
  return [factor](const auto& x) {
    const auto product = [](double a, double b) { return a * b; };
    return record(small::zip(value(x), value(x), product), [=, v = value(x)](const auto& dy, auto dx) {
      dx.add([&] {
        auto g = small::zip(dy, v, [](double d, double a) { return 2 * d * a; });
        g(1) *= factor;
        return g;
      });
    }, x);
  };
};

}  // namespace

TEST_CASE("gradcheck: passes what is right and measures what is wrong") {
  const Vector x(Shape{3}, {1, 2, -3});
  CHECK(gradcheck(square_wrong_by(1), x) < 1e-9);
  CHECK(gradcheck(square_wrong_by(1.001), x) > 5e-4);
  CHECK(gradcheck(square_wrong_by(1.001), x) < 2e-3);
  CHECK(std::isnan(gradcheck(square_wrong_by(std::numeric_limits<double>::quiet_NaN()), x)));
}

TEST_CASE("gradcheck: several inputs, of other ranks, also empty") {
  const auto f = [](const auto& a, const auto& b, const auto& s) {
    return small::add(small::total(small::times(a, b)), small::times(s, s));
  };
  CHECK(gradcheck(f, Vector(Shape{2}, {1, 2}), Vector(Shape{2}, {-3, 4}), Tensor<double, 0>(5.0)) < 1e-9);
  CHECK(gradcheck(f, Vector(Shape{0}), Vector(Shape{0}), Tensor<double, 0>(5.0)) < 1e-9);
}

TEST_CASE("gradcheck: every output counts") {
  // Only the last output has a wrong gradient, in an input that the first outputs do not see.
  const auto f = [](const auto& x) {
    return record(value(x), [](const auto& dy, auto dx) {
      dx.add([&] {
        auto g = dy;
        return g(2) = 0, g;
      });
    }, x);
  };
  CHECK(gradcheck(f, Vector(Shape{3}, {1, 2, 3})) > 0.4);
}

}  // namespace gradcheck_test
