#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_15_test {

using namespace study;

TEST_CASE("Claim 15: as near as 0.02 to the mean digit, and greyness falls") {
  CHECK(rule_15(0.019, 0.01, 0.018, 0.99, 0.5, -1).outcome == Outcome::supported);
  CHECK(rule_15(0.03, 0.01, 0.018, 0.99, 0.5, -1).outcome == Outcome::conditional);
  CHECK(rule_15(0.03, 0.01, 0.018, 0.99, 0.5, -1).because.find("averaged") != std::string::npos);
  CHECK(rule_15(0.03, 0.025, 0.018, 0.99, 0.5, -1).outcome == Outcome::not_supported);
}

TEST_CASE("Claim 15: not supported if greyness does not fall") {
  CHECK(rule_15(0.01, 0.01, 0.018, 0.5, 0.99, 1).outcome == Outcome::not_supported);
  CHECK(rule_15(0.01, 0.01, 0.018, 0.99, 0.5, -0.5).outcome == Outcome::not_supported);
}

}  // namespace rules_15_test
