#include <cmath>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_13_test {

using namespace study;

TEST_CASE("Claim 13: there and back to 1e-12") {
  CHECK(rule_13(1e-15, 1e-13, 100).outcome == Outcome::supported);
  CHECK(rule_13(1e-12, 1e-12, 100).outcome == Outcome::supported);
  CHECK(rule_13(1e-15, 1e-10, 100).outcome == Outcome::conditional);
  CHECK(rule_13(1e-15, HUGE_VAL, 100).outcome == Outcome::conditional);
  CHECK(rule_13(1e-10, 1e-10, 100).outcome == Outcome::not_supported);
  CHECK(rule_13(HUGE_VAL, HUGE_VAL, 100).outcome == Outcome::not_supported);
  CHECK(rule_13(0, 0, 0).outcome == Outcome::not_supported);  // nothing was converted
}

}  // namespace rules_13_test
