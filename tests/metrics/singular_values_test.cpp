#include "inkling/metrics/singular_values.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "inkling/ops/linalg.hpp"
#include "inkling/ops/reshape.hpp"

namespace singular_values_test {

using namespace ink;
using metrics::singular_values;

namespace {

Tensor<double, 2> scaled(Tensor<double, 2> a, double s) {
  for (double& x : a.mutable_values()) x *= s;
  return a;
}

}  // namespace

TEST_CASE("singular values as numpy.linalg.svd gives them, of any scale, of the transposed matrix too") {
  const Tensor<double, 2> a(Shape{6, 4},
                            {-3, -2, 1, 4, 2, 7, -3, 0, -2, 1, 6, -4, 5, -3, 0, 5, 1, 4, -4, -1, -3, 0, 3, -5});
  const double expected[] = {11.69202103383952, 10.53704995080302, 4.847009648256725, 3.711296262526403};
  for (const double s : {1.0, 1e200, 1e-200, -7.0}) {
    for (const auto& m : {scaled(a, s), transpose(scaled(a, s))}) {
      const auto values = singular_values(m);
      REQUIRE(values.size() == 4);
      for (Index k = 0; k < 4; ++k) {
        CHECK(values(k) == doctest::Approx(expected[k] * std::abs(s)).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("ranks below the extents: the rest are 0 but for a rounding") {
  for (const Index rank : {1, 5, 17}) {
    const auto left = normal<double>(Shape{40, rank}, Key{1}), right = normal<double>(Shape{rank, 23}, Key{2});
    const auto values = singular_values(matmul(left, right));
    CHECK(values(rank - 1) > 0.1);
    for (Index k = rank; k < 23; ++k) CHECK(values(k) < 1e-14 * values(0));
  }
}

TEST_CASE("the squares add up to those of the elements, and diagonal matrices are read off") {
  const auto a = normal<double>(Shape{60, 57}, Key{3});
  double of_elements = 0, of_values = 0;
  for (const double x : a.values()) of_elements += x * x;
  for (const double s : singular_values(a).values()) of_values += s * s;
  CHECK(of_values == doctest::Approx(of_elements).epsilon(1e-13));
  Tensor<double, 2> diagonal({5, 5});
  for (Index i = 0; i < 5; ++i) diagonal(i, i) = i % 2 == 0 ? -static_cast<double>(i) : 10.0;
  const auto values = singular_values(diagonal);
  const double expected[] = {10, 10, 4, 2, 0};
  for (Index k = 0; k < 5; ++k) CHECK(std::abs(values(k) - expected[k]) < 1e-14);
}

TEST_CASE("nothing, zeros, one number, and what is not finite") {
  CHECK(singular_values(Tensor<double, 2>(Shape{0, 3})).empty());
  CHECK(singular_values(Tensor<double, 2>(Shape{2, 3})) == Tensor<double, 1>(Shape{2}));
  CHECK(singular_values(Tensor<double, 2>(Shape{1, 1}, -3.0))(0) == doctest::Approx(3).epsilon(1e-15));
  CHECK(singular_values(Tensor<double, 2>(Shape{1, 2}, {3.0, -4.0}))(0) == doctest::Approx(5).epsilon(1e-15));
  const Tensor<double, 2> unknown(Shape{1, 1}, std::numeric_limits<double>::infinity());
  CHECK_THROWS_WITH_AS(singular_values(unknown), "singular_values: an element is inf; all must be finite", ValueError);
}

}  // namespace singular_values_test
