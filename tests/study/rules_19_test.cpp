// The rule of claim 19, on numbers that are known.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_19_test {

using study::GuidedSystem;
using study::Outcome;
using study::rule_19;

GuidedSystem usual(const std::string& name) {
  return {name,
          {0, 0.5, 1, 1.5, 2, 3, 5, 8},
          {0.1, 0.57, 0.96, 0.998, 1, 1, 1, 1},
          {0.02, 0.02, 0.01, 0.001, 0, 0, 0, 0},
          {0.72, 0.68, 0.64, 0.62, 0.60, 0.58, 0.55, 0.53},
          {0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01}};
}

TEST_CASE("claim 19 is supported if digits are more often right and more alike, of every system") {
  CHECK(rule_19({usual("a"), usual("b")}).outcome == Outcome::supported);
}

TEST_CASE("claim 19 forgives steps back within the errors, and what happens above scale 3") {
  GuidedSystem s = usual("a");
  s.right[3] = 0.95;
  s.right_error[3] = 0.01;
  s.distance[4] = 0.63;
  s.right[7] = 0.3;
  s.distance[7] = 0.9;
  CHECK(rule_19({s}).outcome == Outcome::supported);
}

TEST_CASE("claim 19 has a condition if some systems do not") {
  GuidedSystem lost = usual("b");
  lost.right[5] = 0.8;
  const auto verdict = rule_19({usual("a"), lost});
  CHECK(verdict.outcome == Outcome::conditional);
  CHECK(verdict.because == "The system is one of: a. Not so of b.");
}

TEST_CASE("claim 19 is not supported of a system that ignores its condition, or becomes more varied") {
  GuidedSystem deaf = usual("a");
  deaf.right.assign(8, 0.1);
  deaf.right_error.assign(8, 0.02);
  CHECK(rule_19({deaf}).outcome == Outcome::not_supported);
  GuidedSystem varied = usual("a");
  for (std::size_t i = 0; i < 8; ++i) varied.distance[i] = 0.6 + 0.03 * static_cast<double>(i);
  CHECK(rule_19({varied}).outcome == Outcome::not_supported);
}

}  // namespace rules_19_test
