#include "inkling/metrics/principal_components.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace principal_components_test {

using namespace ink;
using metrics::PrincipalComponents;

TEST_CASE("components as scikit-learn's PCA gives them") {
  const auto x = normal<double>(Shape{120, 6}, Key{1});
  auto y = normal<double>(Shape{100, 6}, Key{2});
  for (double& v : y.mutable_values()) v = v * 0.8 + 0.2;
  const PrincipalComponents axes(x, 3);
  const double variances[] = {1.31408648658362, 1.15818931447117, 1.07937274709302};
  const double first[] = {0.775115357346419, 0.020745390831567, 0.281102114230614};  // of y, but for the signs
  const auto projected = axes.project(y);
  REQUIRE(projected.shape() == Shape{100, 3});
  for (Index k = 0; k < 3; ++k) {
    CHECK(axes.variances()(k) == doctest::Approx(variances[k]).epsilon(1e-12));
    CHECK(std::abs(projected(0, k)) == doctest::Approx(first[k]).epsilon(1e-11));
  }
}

TEST_CASE("along the components a set has their variances and no covariance, in pieces too") {
  const auto x = normal<float>(Shape{2100, 5}, Key{3});
  const PrincipalComponents axes(x, 5);
  const auto m = metrics::moments(axes.project(x));
  for (Index i = 0; i < 5; ++i) {
    CHECK(std::abs(m.mean(i)) < 1e-12);
    for (Index j = 0; j < 5; ++j) {
      CHECK(std::abs(m.covariance(i, j) - (i == j ? axes.variances()(i) : 0)) < 1e-12);
    }
  }
}

TEST_CASE("what does not fit is refused") {
  const auto x = normal<double>(Shape{10, 4}, Key{1});
  CHECK_THROWS_WITH_AS(PrincipalComponents(x, 5),
                       "PrincipalComponents: components is 5, x is (10, 4); components must be in [1, x[1]]",
                       ValueError);
  CHECK_THROWS_WITH_AS(PrincipalComponents(x, 2).project(Tensor<double, 2>({3, 5})),
                       "PrincipalComponents: x is (3, 5); x[1] must be 4", ShapeError);
}

}  // namespace principal_components_test
