#include "inkling/metrics/nearest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace nearest_test {

using namespace ink;

namespace {

double distance(const Tensor<double, 2>& a, Index i, const Tensor<double, 2>& b, Index j) {
  double sum = 0;
  for (Index k = 0; k < a.extent(1); ++k) sum += (a(i, k) - b(j, k)) * (a(i, k) - b(j, k));
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("the nearest of a set, as by comparing all") {
  const auto x = normal<double>(Shape{70, 5}, Key{1}), set = normal<double>(Shape{1100, 5}, Key{2});
  const auto found = metrics::nearest(x, set, 3);
  for (Index i = 0; i < 70; ++i) {
    std::vector<std::pair<double, Index>> all;
    for (Index j = 0; j < 1100; ++j) all.emplace_back(distance(x, i, set, j), j);
    std::sort(all.begin(), all.end());
    for (Index k = 0; k < 3; ++k) {
      CHECK(found.rows(i, k) == all[static_cast<std::size_t>(k)].second);
      CHECK(found.distances(i, k) == doctest::Approx(all[static_cast<std::size_t>(k)].first).epsilon(1e-12));
    }
  }
}

TEST_CASE("in a set itself nothing is its own neighbour, but for a copy; ties go to the earlier row") {
  const Tensor<float, 2> set(Shape{4, 1}, {0, 1, 1, 3});
  const auto others = metrics::nearest_others(set, 2);
  CHECK(others.rows == Tensor<Index, 2>(Shape{4, 2}, {1, 2, 2, 0, 1, 0, 1, 2}));
  CHECK(others.distances == Tensor<double, 2>(Shape{4, 2}, {1, 1, 0, 1, 0, 1, 2, 2}));
  CHECK(metrics::nearest(set, set).distances == Tensor<double, 2>(Shape{4, 1}));
}

TEST_CASE("what does not fit is refused") {
  const Tensor<double, 2> set({3, 2});
  CHECK_THROWS_WITH_AS(metrics::nearest(Tensor<double, 2>({3, 1}), set),
                       "nearest: x is (3, 1), set is (3, 2); set[1] must equal x[1]", ShapeError);
  CHECK_THROWS_WITH_AS(metrics::nearest(set, set, 4), "nearest: k is 4; it must be in [1, 3]", ValueError);
  CHECK_THROWS_WITH_AS(metrics::nearest_others(set, 3), "nearest: k is 3; it must be in [1, 2]", ValueError);
  Tensor<double, 2> bad = set;
  bad(1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(metrics::nearest(bad, set), "nearest: the squares of row 1 add up to nan; they must be finite",
                       ValueError);
}

}  // namespace nearest_test
