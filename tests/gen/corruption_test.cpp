#include "inkling/gen/corruption.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "statistics.hpp"

namespace corruption_test {

using namespace ink;

TEST_CASE("Stratified draws: one strictly inside each n-th of (0, 1)") {
  for (Index n : {1, 2, 7, 1000}) {
    for (std::uint64_t k : {1, 2, 3}) {
      const auto u = stratified(n, Key{k});
      std::vector<double> sorted(u.values().begin(), u.values().end());
      std::sort(sorted.begin(), sorted.end());
      for (Index i = 0; i < n; ++i) {
        const double within = sorted[static_cast<std::size_t>(i)] * static_cast<double>(n) - static_cast<double>(i);
        CHECK(within > 0);
        CHECK(within < 1);
      }
    }
  }
  CHECK(stratified(0, Key{1}).empty());
}

TEST_CASE("Stratified draws: every row by itself is uniform in (0, 1), in batches of any size") {
  constexpr std::size_t draws = 4000;
  for (Index n : {1, 2, 3, 8}) {
    std::vector<std::vector<double>> rows(static_cast<std::size_t>(n));
    for (std::uint64_t d = 0; d < draws; ++d) {
      const auto u = stratified(n, Key{2}.fold(d));
      for (Index i = 0; i < n; ++i) rows[static_cast<std::size_t>(i)].push_back(u(i));
    }
    for (const auto& row : rows) CHECK(statistics::distance_from_uniform(row) < 1.95);
  }
}

TEST_CASE("Stratified draws: any two rows get any two parts") {
  constexpr std::uint64_t draws = 6000;
  std::vector<double> seen(12);
  for (std::uint64_t d = 0; d < draws; ++d) {
    const auto u = stratified(4, Key{3}.fold(d));
    const auto first = static_cast<std::size_t>(u(0) * 4), second = static_cast<std::size_t>(u(1) * 4);
    REQUIRE(first != second);
    ++seen.at(3 * first + second - (second > first ? 1 : 0));
  }
  CHECK(statistics::chi_square(seen, std::vector<double>(12, 1 / 12.0), draws) < 31.3);  // 11 degrees: 0.001
}

TEST_CASE("Stratified draws are uniform within their parts, and together without bias") {
  constexpr Index n = 4, draws = 5000;
  std::vector<double> within;
  Tensor<double, 1> estimate(Shape{draws});  // of ∫ u² du
  for (Index d = 0; d < draws; ++d) {
    const auto u = stratified(n, Key{2}.fold(static_cast<std::uint64_t>(d)));
    for (Index i = 0; i < n; ++i) {
      within.push_back(u(i) * n - std::floor(u(i) * n));
      estimate(d) += u(i) * u(i) / n;
    }
  }
  CHECK(statistics::distance_from_uniform(within) < 1.95);
  const double variance = statistics::variance_around(1 / 3.0, estimate);
  CHECK(std::abs(statistics::mean_of(estimate) - 1 / 3.0) < 4 * std::sqrt(variance / draws));
  CHECK(variance < 4 / 45.0 / n / 10);  // of independent draws: 4/45/n
}

TEST_CASE("Stratified draws depend on the key") {
  CHECK(stratified(50, Key{3}) == stratified(50, Key{3}));
  CHECK(stratified(50, Key{3}) != stratified(50, Key{4}));
}

}  // namespace corruption_test
