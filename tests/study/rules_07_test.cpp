#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace study {
namespace rules_07_test {

TEST_CASE("the same images and caches that save time support the claim") {
  const Verdict v = rule_07(0, 700, 150, 90);
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("150 times (convolutions)") != std::string::npos);
}

TEST_CASE("caches that save no time leave what is drawn") {
  CHECK(rule_07(0, 700, 0.9, 90).outcome == Outcome::conditional);
  CHECK(rule_07(0, 700, 150, 1).outcome == Outcome::conditional);
}

TEST_CASE("a pixel that differs, or a seed that changes nothing, refutes it") {
  CHECK(rule_07(1, 700, 150, 90).outcome == Outcome::not_supported);
  CHECK(rule_07(0, 0, 150, 90).outcome == Outcome::not_supported);
}

}  // namespace rules_07_test
}  // namespace study
