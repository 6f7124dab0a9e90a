#include "inkling/metrics/kernel_distance.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace kernel_distance_test {

using namespace ink;
using metrics::kernel_distance;

TEST_CASE("the distance as torchmetrics gives it, of all and of blocks") {
  const auto x = normal<double>(Shape{120, 6}, Key{1});
  auto y = normal<double>(Shape{100, 6}, Key{2});
  for (double& v : y.mutable_values()) v = v * 0.8 + 0.2;
  CHECK(kernel_distance(x, y, 100).value == doctest::Approx(0.09746821662612248).epsilon(1e-12));
  CHECK(kernel_distance(x, y, 100).error == 0);
  const auto blocks = kernel_distance(x, y, 50);
  CHECK(blocks.value == doctest::Approx(0.049270892835159286).epsilon(1e-12));
  CHECK(blocks.error == doctest::Approx(0.030894411323726834).epsilon(1e-12));
}

TEST_CASE("two samples of one distribution: 0 within the standard error, at any size") {
  for (const Index block : {20, 100}) {
    const auto [value, error] =
        kernel_distance(normal<double>(Shape{4000, 8}, Key{4}), normal<double>(Shape{4000, 8}, Key{5}), block);
    CHECK(std::abs(value) < 3 * error);
    CHECK(error < 0.05);
  }
}

TEST_CASE("what does not fit is refused") {
  const Tensor<double, 2> x({5, 2});
  CHECK_THROWS_WITH_AS(kernel_distance(x, Tensor<double, 2>({5, 3}), 2),
                       "kernel_distance: x is (5, 2), y is (5, 3); y[1] must equal x[1]", ShapeError);
  CHECK_THROWS_WITH_AS(kernel_distance(x, x, 1), "kernel_distance: block is 1; it must be in [2, 5]", ValueError);
  CHECK_THROWS_WITH_AS(kernel_distance(x, x), "kernel_distance: block is 1000; it must be in [2, 5]", ValueError);
  Tensor<double, 2> bad = x;
  bad(4, 1) = std::nan("");
  CHECK_THROWS_WITH_AS(kernel_distance(x, bad, 2),
                       "kernel_distance: the squares of row 4 add up to nan; they must be finite", ValueError);
}

}  // namespace kernel_distance_test
