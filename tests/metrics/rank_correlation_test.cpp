#include "inkling/metrics/rank_correlation.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace rank_correlation_test {

using namespace ink;
using metrics::spearman;
using Numbers = std::vector<double>;

TEST_CASE("ranks share what is equal") {
  CHECK(detail::ranks(Numbers{3, 1, 2}) == Numbers{3, 1, 2});
  CHECK(detail::ranks(Numbers{5, 1, 5, 5}) == Numbers{3, 1, 3, 3});
  CHECK(detail::ranks(Numbers{2, 2, 1, 1}) == Numbers{3.5, 3.5, 1.5, 1.5});
  CHECK(detail::ranks(Numbers{}).empty());
}

TEST_CASE("correlation by hand") {
  // Without ties, 1 - 6 sum d^2 / (n (n^2 - 1)): d = 1, 1, 1, 1, 0, so 1 - 24 / 120.
  CHECK(spearman(Numbers{1, 2, 3, 4, 5}, Numbers{2, 1, 4, 3, 5}) == doctest::Approx(0.8));
  // With ties: ranks 1.5 1.5 3 4 and 1 2 3 4; products 4.5, squares 4.5 and 5.
  CHECK(spearman(Numbers{-1, -1, 0, 1}, Numbers{1.9, 2.0, 2.4, 3.5}) == doctest::Approx(4.5 / std::sqrt(22.5)));
  CHECK(spearman(Numbers{1, 2, 3}, Numbers{1, 100, 101}) == doctest::Approx(1));
  CHECK(spearman(Numbers{1, 2, 3}, Numbers{9, 4, 1}) == doctest::Approx(-1));
  CHECK(spearman(Numbers{1, 2, 3, 4}, Numbers{1, -1, -1, 1}) == doctest::Approx(0));
}

TEST_CASE("only the order counts") {
  const Numbers x{0.1, 3, -2, 5, 0.7, -1}, y{2, 9, 1, 8, 3, 4};
  Numbers curved;
  for (const double v : x) curved.push_back(std::exp(3 * v));
  CHECK(spearman(curved, y) == spearman(x, y));
  CHECK(spearman(y, x) == spearman(x, y));
}

TEST_CASE("groups are ranked by themselves") {
  // Within each group y follows x to the letter, or against it; the groups' offsets would hide that.
  const Numbers x{1, 2, 3, 1, 2, 3}, y{1, 2, 3, 10, 20, 30};
  const std::vector<std::int32_t> groups{4, 4, 4, 7, 7, 7};
  CHECK(spearman(x, y, groups) == doctest::Approx(1));
  CHECK(spearman(x, y) < 0.6);
  CHECK(spearman(x, Numbers{1, 2, 3, 30, 20, 10}, groups) == doctest::Approx(0));
  // Weights are sizes: 2 of 5 against 3 of 5.
  CHECK(spearman(Numbers{1, 2, 1, 2, 3}, Numbers{1, 2, 3, 2, 1}, std::vector<std::int32_t>{0, 0, 1, 1, 1}) ==
        doctest::Approx(0.4 - 0.6));
}

TEST_CASE("what has no correlation is refused") {
  CHECK_THROWS_WITH_AS(spearman(Numbers{1, 2}, Numbers{1, 2, 3}),
                       "spearman: x has 2 values, y has 3; they must be as many", ShapeError);
  CHECK_THROWS_WITH_AS(spearman(Numbers{1, 2, 3}, Numbers{5, 5, 5}),
                       "spearman: all 3 values of y are equal; at least two must differ", ValueError);
  CHECK_THROWS_AS(spearman(Numbers{}, Numbers{}), ValueError);
  CHECK_THROWS_WITH_AS(spearman(Numbers{1, std::numeric_limits<double>::infinity()}, Numbers{1, 2}),
                       "spearman: a value is inf; all must be finite", ValueError);
  CHECK_THROWS_AS(spearman(Numbers{1, 2}, Numbers{1, 2}, std::vector<std::int32_t>{1}), ShapeError);
  CHECK_THROWS_AS(spearman(Numbers{}, Numbers{}, std::vector<std::int32_t>{}), ValueError);
}

}  // namespace rank_correlation_test
