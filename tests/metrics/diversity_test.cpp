#include "inkling/metrics/diversity.hpp"

#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace diversity_test {

using namespace ink;
using metrics::mean_pairwise_distance;

TEST_CASE("distances by hand") {
  // Rows (0, 0), (3, 3), (0, 4): root mean squares 3, sqrt(8) and sqrt(5).
  const Tensor<float, 2> x({3, 2}, {0, 0, 3, 3, 0, 4});
  CHECK(mean_pairwise_distance(x) == doctest::Approx((3 + std::sqrt(8.0) + std::sqrt(5.0)) / 3));
  CHECK(mean_pairwise_distance(x, Tensor<std::int32_t, 1>(Shape{3}, {1, 1, 2})) == doctest::Approx(3));
  CHECK(mean_pairwise_distance(Tensor<double, 4>({5, 2, 2, 1}, 0.3)) == 0);
}

TEST_CASE("independent noise is sqrt(2) apart") {
  CHECK(mean_pairwise_distance(normal<double>(Shape{30, 2000}, Key{1})) == doctest::Approx(std::sqrt(2)).epsilon(0.01));
}

TEST_CASE("sets without a pair are refused") {
  CHECK_THROWS_WITH_AS(mean_pairwise_distance(Tensor<float, 2>({1, 2})),
                       "mean_pairwise_distance: x is (1, 2) and has no pair; at least one is needed", ValueError);
  CHECK_THROWS_AS(mean_pairwise_distance(Tensor<float, 2>({0, 2})), ValueError);
  CHECK_THROWS_AS(mean_pairwise_distance(Tensor<float, 2>({2, 2}), Tensor<std::int32_t, 1>(Shape{2}, {1, 2})),
                  ValueError);
  CHECK_THROWS_WITH_AS(mean_pairwise_distance(Tensor<float, 2>({2, 2}), Tensor<std::int32_t, 1>(Shape{3})),
                       "mean_pairwise_distance: x is (2, 2), groups are (3); x[0] must equal groups[0]", ShapeError);
}

}  // namespace diversity_test
