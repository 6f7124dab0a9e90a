// The rule of claim 12, on numbers that are known.
#include <limits>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_12_test {

using study::Outcome;
using study::rule_12;
using study::spread;

const auto worst = spread({90, 92, 94}), middle = spread({40, 41, 42}), best = spread({10, 11, 12});

TEST_CASE("claim 12 is supported if the order holds, with one loss for all as well") {
  CHECK(rule_12(worst, middle, best, 9, 18).outcome == Outcome::supported);
}

TEST_CASE("claim 12 has a condition if the order is that of the losses, or only half of it holds") {
  const auto losses = rule_12(worst, middle, best, 8, 18);
  CHECK(losses.outcome == Outcome::conditional);
  CHECK(losses.because.find("its own loss") != std::string::npos);
  const auto first = rule_12(worst, best, middle, 0, 18);
  CHECK(first.outcome == Outcome::conditional);
  CHECK(first.because.find("it is worse") != std::string::npos);
  CHECK(rule_12(worst, best, spread({9, 11, 13}), 0, 18).because.find("do not differ") != std::string::npos);
  CHECK(rule_12(middle, worst, best, 0, 18).because.find("Only the second half") == 0);
}

TEST_CASE("claim 12 is not supported if the order is another, and not measured by single seeds") {
  CHECK(rule_12(best, middle, worst, 18, 18).outcome == Outcome::not_supported);
  CHECK(rule_12(best, best, best, 18, 18).outcome == Outcome::not_supported);
  CHECK(rule_12(spread({90}), middle, best, 18, 18).outcome == Outcome::not_measured);
}

TEST_CASE("claim 12 takes a target that failed to learn as worse than any other") {
  study::Spread failed = worst;
  failed.mean = failed.high = std::numeric_limits<double>::infinity();
  failed.error = 0;
  const auto v = rule_12(failed, middle, best, 18, 18);
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("failed for the next image") != std::string::npos);
}

}  // namespace rules_12_test
