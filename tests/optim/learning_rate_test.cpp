#include "inkling/optim/learning_rate.hpp"

#include <cmath>

#include <doctest/doctest.h>

namespace learning_rate_test {

using namespace ink;

TEST_CASE("warmup_cosine: rises linearly, falls as a cosine, ends at the floor") {
  const WarmupCosine rate{.peak = 1.0, .warmup = 10, .total = 110, .floor = 0.2};
  CHECK(rate(0) == doctest::Approx(0.1));
  CHECK(rate(4) == doctest::Approx(0.5));
  CHECK(rate(9) == doctest::Approx(1.0));
  CHECK(rate(10) == doctest::Approx(1.0));
  CHECK(rate(35) == doctest::Approx(0.2 + 0.8 * (0.5 + 0.25 * 1.4142135623730951)));  // cos 45°
  CHECK(rate(60) == doctest::Approx(0.6));                                            // cos 90°
  CHECK(rate(110) == doctest::Approx(0.2));
  CHECK(rate(100000) == doctest::Approx(0.2));
  for (Index s = 10; s < 109; ++s) CHECK(rate(s + 1) < rate(s));
}

TEST_CASE("warmup_cosine: elapsed time drives it where it is ahead of the steps") {
  const WarmupCosine rate{.peak = 1.0, .warmup = 10, .total = 110};
  CHECK(rate(20, 0.5) == doctest::Approx(0.5));
  CHECK(rate(60, 0.1) == doctest::Approx(0.5));
  CHECK(rate(20, 1.5) == doctest::Approx(0.0));
  CHECK(rate(2, 0.5) == doctest::Approx(0.3));  // still warming up
  const WarmupCosine timed{.peak = 1.0};        // no number of steps at all
  CHECK(timed(123456) == 1.0);
  CHECK(timed(123456, 0.5) == doctest::Approx(0.5));
}

TEST_CASE("warmup_cosine: a run of nothing but warm-up, and settings that make no sense") {
  const WarmupCosine rate{.peak = 1.0, .warmup = 10, .total = 10};
  CHECK(rate(9) == doctest::Approx(1.0));
  CHECK(rate(10) == doctest::Approx(0.0));
  CHECK_THROWS_AS((WarmupCosine{.peak = 1.0, .floor = 2.0}(0)), ValueError);
  CHECK_THROWS_AS((WarmupCosine{.warmup = -1}(0)), ValueError);
  CHECK_THROWS_AS((WarmupCosine{}(-1)), ValueError);
  CHECK_THROWS_WITH_AS((WarmupCosine{.peak = std::nan("")}(0)), "warmup_cosine: peak is nan; it must be finite",
                       ValueError);
  CHECK_THROWS_WITH_AS((WarmupCosine{.floor = std::nan("")}(0)), "warmup_cosine: floor is nan; it must be finite",
                       ValueError);
  CHECK_THROWS_AS(WarmupCosine{}(0, std::nan("")), ValueError);
  CHECK(ConstantRate{0.25}(77) == 0.25);
}

}  // namespace learning_rate_test
