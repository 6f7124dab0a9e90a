#include "inkling/gen/corruption.hpp"

#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "inkling/core/view.hpp"
#include "statistics.hpp"

namespace corruption_test {

using namespace ink;

TEST_CASE("Stratified draws: one strictly inside each n-th of (0, 1)") {
  for (Index n : {1, 2, 7, 1000}) {
    const auto u = stratified(n, Key{1});
    for (Index i = 0; i < n; ++i) {
      const double within = u(i) * static_cast<double>(n) - static_cast<double>(i);
      CHECK(within > 0);
      CHECK(within < 1);
    }
  }
  CHECK(stratified(0, Key{1}).empty());
}

TEST_CASE("Stratified draws are uniform within their parts, and together without bias") {
  constexpr Index n = 4, draws = 5000;
  Tensor<double, 2> within(Shape{n, draws});
  Tensor<double, 1> estimate(Shape{draws});  // of ∫ u² du
  for (Index d = 0; d < draws; ++d) {
    const auto u = stratified(n, Key{2}.fold(static_cast<std::uint64_t>(d)));
    for (Index i = 0; i < n; ++i) {
      within(i, d) = u(i) * n - static_cast<double>(i);
      estimate(d) += u(i) * u(i) / n;
    }
  }
  // A uniform number has variance 1/12, and the squares of its distances from ½ have variance 1/180.
  for (Index i = 0; i < n; ++i) {
    const Tensor<double, 1> part = dense(view(within).slice(0, i, i + 1)).reshape(Shape{draws});
    CHECK(std::abs(statistics::mean_of(part) - 0.5) < 4 * std::sqrt(1 / 12.0 / draws));
    CHECK(std::abs(statistics::variance_around(0.5, part) - 1 / 12.0) < 4 * std::sqrt(1 / 180.0 / draws));
  }
  const double variance = statistics::variance_around(1 / 3.0, estimate);
  CHECK(std::abs(statistics::mean_of(estimate) - 1 / 3.0) < 4 * std::sqrt(variance / draws));
  CHECK(variance < 4 / 45.0 / n / 10);  // of independent draws: 4/45/n
}

TEST_CASE("Stratified draws depend on the key") {
  CHECK(stratified(50, Key{3}) == stratified(50, Key{3}));
  CHECK(stratified(50, Key{3}) != stratified(50, Key{4}));
}

}  // namespace corruption_test
