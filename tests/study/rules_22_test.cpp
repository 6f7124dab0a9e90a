// The rule of claim 22, on numbers that are known.
#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_22_test {

using study::BlindPair;
using study::Outcome;
using study::rule_22;
using study::spread;

/// Blind, the distance is `factor` times as large.
BlindPair pair(const std::string& name, double factor) {
  return {name, spread({10, 10.01, 10.02}), spread({10 * factor, 10.01 * factor, 10.02 * factor})};
}

TEST_CASE("claim 22 is supported if every network must be told the step") {
  CHECK(rule_22({pair("noise", 3), pair("clean", 1.2)}, pair("masked pixels", 1.02)).outcome == Outcome::supported);
}

TEST_CASE("claim 22 has a condition if some must be told, and says which need not") {
  const auto v = rule_22({pair("noise", 3), pair("clean", 1.05)}, pair("masked pixels", 1));
  CHECK(v.outcome == Outcome::conditional);
  CHECK(v.because.find("asked for noise (10") != std::string::npos);
  CHECK(v.because.find("need not be told for masked pixels") != std::string::npos);
  CHECK(rule_22({pair("noise", 0.9)}, pair("masked pixels", 1.02)).outcome == Outcome::conditional);
}

TEST_CASE("claim 22 is not supported if none must be told, and not measured without seeds") {
  CHECK(rule_22({pair("noise", 1.05), pair("clean", 0.5)}, pair("masked pixels", 1.005)).outcome ==
        Outcome::not_supported);
  CHECK(rule_22({pair("noise", 3), {"clean", spread({10}), spread({90})}}, pair("masked pixels", 2)).outcome ==
        Outcome::not_measured);
}

}  // namespace rules_22_test
