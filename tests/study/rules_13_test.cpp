#include <cmath>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_13_test {

using namespace study;

TEST_CASE("Claim 13: there and back to 1e-12, or as exactly as the digits allow") {
  CHECK(rule_13(1e-13, 2, HUGE_VAL, 100, 100).outcome == Outcome::supported);
  const Verdict some = rule_13(1e-10, 2, 1500, 90, 100);
  CHECK(some.outcome == Outcome::conditional);
  CHECK(some.because.find("less than 1,500 times") != std::string::npos);
  CHECK(rule_13(1e-10, 20, 1500, 90, 100).outcome == Outcome::not_supported);  // more than rounding explains
  CHECK(rule_13(1e-13, 20, HUGE_VAL, 100, 100).outcome == Outcome::not_supported);
  CHECK(rule_13(HUGE_VAL, NAN, 1, 0, 100).outcome == Outcome::not_supported);
  CHECK(rule_13(0, 0, HUGE_VAL, 0, 0).outcome == Outcome::not_supported);  // nothing was converted
}

}  // namespace rules_13_test
