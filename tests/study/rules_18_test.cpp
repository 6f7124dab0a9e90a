// The rule of claim 18, on numbers that are known.
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_18_test {

using study::Outcome;
using study::rule_18;

TEST_CASE("claim 18 is supported if class and sketch are followed and the noise still matters") {
  CHECK(rule_18(1, 0.896, 0.272, 0.612).outcome == Outcome::supported);
  CHECK(rule_18(0.98, 0.6, 0.25, 1).outcome == Outcome::supported);
}

TEST_CASE("claim 18 has a condition if only the class or only the sketch is followed") {
  const auto cls = rule_18(1, 0.4, 0.272, 0.612);
  CHECK(cls.outcome == Outcome::conditional);
  CHECK(cls.because.find("The condition is a class.") == 0);
  CHECK(rule_18(1, 0.896, 0.05, 0.612).outcome == Outcome::conditional);  // both drawings of a sketch are one
  const auto sketch = rule_18(0.97, 0.896, 0.272, 0.612);
  CHECK(sketch.outcome == Outcome::conditional);
  CHECK(sketch.because.find("The condition is a sketch.") == 0);
}

TEST_CASE("claim 18 is not supported if neither is followed") {
  CHECK(rule_18(0.5, 0.4, 0.6, 0.612).outcome == Outcome::not_supported);
  CHECK(rule_18(0.979, 0.9, 0.01, 0.612).outcome == Outcome::not_supported);
}

}  // namespace rules_18_test
