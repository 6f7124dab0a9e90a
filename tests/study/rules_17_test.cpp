// The rule of claim 17, on numbers that are known.
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_17_test {

using study::Outcome;
using study::rule_17;

TEST_CASE("claim 17 is supported if digit, thickness and slant follow the text") {
  CHECK(rule_17(0.999, {0.915, 0.941}, {0.887, 0.941}).outcome == Outcome::supported);
  CHECK(rule_17(0.97, {0.75, 1}, {0.75, 1}).outcome == Outcome::supported);
}

TEST_CASE("claim 17 has a condition if only some of it follows, and says which") {
  const auto digit_only = rule_17(0.999, {0.2, 0.941}, {0.1, 0.941});
  CHECK(digit_only.outcome == Outcome::conditional);
  CHECK(digit_only.because.find("The text is about which digit.") == 0);
  const auto words_only = rule_17(0.96, {0.9, 0.941}, {0.9, 0.941});
  CHECK(words_only.outcome == Outcome::conditional);
  CHECK(words_only.because.find("how thick and how slanted") != std::string::npos);
}

TEST_CASE("claim 17 is not supported if nothing follows, or nothing could be measured") {
  CHECK(rule_17(0.1, {0.01, 0.941}, {-0.9, 0.941}).outcome == Outcome::not_supported);
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  CHECK(rule_17(0.1, {nothing, 0.941}, {nothing, 0.941}).outcome == Outcome::not_supported);
}

}  // namespace rules_17_test
