#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace study {
namespace rules_04_test {

TEST_CASE("an exact estimator, nothing seen too early and steps that are served support the claim") {
  const Verdict v = rule_04(3e-5, 0, 0.02, 0.95);
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("95") != std::string::npos);
  CHECK(rule_04(1e-4, 0, 1e-6, 0.9).outcome == Outcome::supported);
}

TEST_CASE("a network that is of little use leaves the method") {
  const Verdict v = rule_04(3e-5, 0, 0.02, 0.5);
  CHECK(v.outcome == Outcome::conditional);
  CHECK(v.because.find("only the method") == 0);
}

TEST_CASE("each exact property is needed") {
  CHECK(rule_04(2e-4, 0, 0.02, 1).outcome == Outcome::not_supported);
  CHECK(rule_04(3e-5, 1e-12, 0.02, 1).outcome == Outcome::not_supported);
  CHECK(rule_04(3e-5, 0, 0, 1).outcome == Outcome::not_supported);
  CHECK(rule_04(NAN, 0, 0.02, 1).outcome == Outcome::not_supported);
  CHECK(rule_04(3e-5, NAN, 0.02, 1).outcome == Outcome::not_supported);
}

}  // namespace rules_04_test
}  // namespace study
