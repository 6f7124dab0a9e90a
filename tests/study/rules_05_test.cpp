#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace study {
namespace rules_05_test {

TEST_CASE("no influence of later pixels and equal sums support the claim") {
  const Verdict v = rule_05(0, 2e-5, 120, 0);
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("120 pairs") != std::string::npos);
  CHECK(rule_05(0, 1e-4, 0, 0).outcome == Outcome::supported);
}

TEST_CASE("the least influence of a later pixel, or another sum, refutes it") {
  CHECK(rule_05(1e-30, 2e-5, 120, 0).outcome == Outcome::not_supported);
  CHECK(rule_05(0, 1.1e-4, 120, 0).outcome == Outcome::not_supported);
  CHECK(rule_05(NAN, 2e-5, 120, 0).outcome == Outcome::not_supported);
  CHECK(rule_05(0, NAN, 120, 0).outcome == Outcome::not_supported);
}

}  // namespace rules_05_test
}  // namespace study
