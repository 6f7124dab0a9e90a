#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_16_test {

using namespace study;

TEST_CASE("Claim 16: the predicted noise has a standard deviation near 1") {
  CHECK(rule_16({80, 1, 0.01}, {1.0, 0.97, 0.92}, 0.04).outcome == Outcome::supported);
  CHECK(rule_16({80, 1, 0.01}, {1.0, 1.05, 1.09}, 0.04).outcome == Outcome::supported);
}

TEST_CASE("Claim 16: conditional if only where there is more noise") {
  const Verdict v = rule_16({80, 0.5, 0.01}, {1.0, 0.97, 0.6}, 0.04);
  CHECK(v.outcome == Outcome::conditional);
  CHECK(v.because.find("at least 0.5") != std::string::npos);
}

TEST_CASE("Claim 16: not supported where the noise fades, or the clean image does not") {
  CHECK(rule_16({80, 1, 0.01}, {0.1, 0.1, 0.1}, 0.04).outcome == Outcome::not_supported);
  CHECK(rule_16({80, 5, 1, 0.01}, {1.0, 0.97, 0.5, 1.0}, 0.04).outcome == Outcome::not_supported);
  CHECK(rule_16({80, 1, 0.01}, {1.0, 0.97, 0.92}, 0.5).outcome == Outcome::not_supported);
  CHECK(rule_16({80, 1, 0.01}, {3.0, 3.0, 3.0}, 0.04).outcome == Outcome::not_supported);
  CHECK(rule_16({}, {}, 0).outcome == Outcome::not_supported);
}

}  // namespace rules_16_test
