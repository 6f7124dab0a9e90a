#include "inkling/metrics/frechet.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace frechet_test {

using namespace ink;
using metrics::frechet_distance;
using metrics::moments;
using metrics::Moments;

namespace {

/// A distribution with independent numbers.
Moments independent(const Tensor<double, 1>& mean, const Tensor<double, 1>& variance) {
  Moments m{mean, Tensor<double, 2>({mean.size(), mean.size()})};
  for (Index i = 0; i < mean.size(); ++i) m.covariance(i, i) = variance(i);
  return m;
}

}  // namespace

TEST_CASE("moments: the mean, and the covariance with N - 1") {
  const auto m = moments(Tensor<float, 2>(Shape{3, 2}, {1, 2, 3, 2, 5, 5}));
  CHECK(m.mean == Tensor<double, 1>(Shape{2}, {3.0, 3.0}));
  CHECK(m.covariance == Tensor<double, 2>(Shape{2, 2}, {4.0, 3.0, 3.0, 3.0}));
}

TEST_CASE("independent numbers: the distances of means and of deviations") {
  const Tensor<double, 1> zero(Shape{3}), shift(Shape{3}, {1.0, 0.0, -2.0});
  const Tensor<double, 1> small(Shape{3}, {1.0, 4.0, 0.0}), large(Shape{3}, {9.0, 1.0, 0.25});
  CHECK(frechet_distance(independent(zero, small), independent(shift, small)) == doctest::Approx(5).epsilon(1e-14));
  CHECK(frechet_distance(independent(zero, small), independent(zero, large)) ==
        doctest::Approx(4 + 1 + 0.25).epsilon(1e-14));
}

TEST_CASE("any two sets: as with torch, by the eigenvalues of the product") {
  const auto a = moments(Tensor<double, 2>(Shape{5, 3}, {1, 2, 0, 0, 1, 3, 2, 2, 1, 4, 0, 1, 1, 1, 1}));
  const auto b = moments(Tensor<double, 2>(Shape{4, 3}, {2, 1, 1, 0, 0, 2, 3, 1, 5, 1, 4, 2}));
  CHECK(frechet_distance(a, b) == doctest::Approx(4.63867710296532).epsilon(1e-12));
  CHECK(frechet_distance(b, a) == doctest::Approx(4.63867710296532).epsilon(1e-12));
  CHECK(frechet_distance(a, a) < 1e-12);
}

TEST_CASE("fewer rows than columns, and columns without variance: as numpy, by the singular values of both sets") {
  auto x = normal<double>(Shape{20, 64}, Key{3});
  auto y = normal<double>(Shape{15, 64}, Key{4});
  for (double& v : y.mutable_values()) v += 0.5;
  for (Index i = 0; i < 20; ++i) {
    for (Index j = 0; j < 10; ++j) x(i, j) = 0;
  }
  const auto a = moments(x), b = moments(y);
  CHECK(frechet_distance(a, b) == doctest::Approx(84.9197287594035).epsilon(1e-12));
  CHECK(frechet_distance(b, a) == doctest::Approx(84.9197287594035).epsilon(1e-12));
  CHECK(frechet_distance(a, a) < 1e-12);
  CHECK(frechet_distance(b, b) < 1e-12);
}

TEST_CASE("moments of more rows than are centred at a time") {
  const auto x = normal<float>(Shape{2500, 3}, Key{5});
  const auto m = moments(x);
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j) {
      double sum = 0;
      for (Index n = 0; n < 2500; ++n) sum += (double(x(n, i)) - m.mean(i)) * (double(x(n, j)) - m.mean(j));
      CHECK(m.covariance(i, j) == doctest::Approx(sum / 2499).epsilon(1e-12));
    }
  }
}

TEST_CASE("samples of one distribution: the distance falls as 1/N") {
  const auto all = moments(normal<double>(Shape{20000, 8}, Key{1}));
  const double few = frechet_distance(all, moments(normal<double>(Shape{200, 8}, Key{2})));
  const double many = frechet_distance(all, moments(normal<double>(Shape{2000, 8}, Key{3})));
  CHECK(few / many > 5);
  CHECK(few / many < 20);
}

TEST_CASE("what does not fit is refused") {
  CHECK_THROWS_WITH_AS(moments(Tensor<double, 2>(Shape{1, 3})), "moments: x is (1, 3); it must have at least two rows",
                       ValueError);
  CHECK_THROWS_WITH_AS(
      frechet_distance(moments(Tensor<double, 2>(Shape{2, 3})), moments(Tensor<double, 2>(Shape{2, 2}))),
      "frechet_distance: means are (3) and (2); both must be of one size", ShapeError);
  auto unknown = moments(Tensor<double, 2>(Shape{2, 2}));
  unknown.covariance(1, 1) = std::nan("");
  CHECK_THROWS_WITH_AS(frechet_distance(unknown, moments(Tensor<double, 2>(Shape{2, 2}))),
                       "frechet_distance: the means and variances add up to nan; all must be finite", ValueError);
}

}  // namespace frechet_test
