#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_14_test {

using namespace study;

namespace {

const Spread good = spread({1.0, 1.1, 1.2}), as_good = spread({1.05, 1.1, 1.15}), poor = spread({4.0, 4.2, 4.4}),
             bad = spread({30, 31, 32});

}  // namespace

TEST_CASE("Claim 14: supported if re-noising improves on the first image and is not beaten") {
  CHECK(rule_14(1e-15, 0.7, {{10, good, as_good, poor, bad}, {20, good, poor, as_good, bad}}).outcome ==
        Outcome::supported);
}

TEST_CASE("Claim 14: conditional if DDPM or DDIM beat it somewhere, or only they improve on the first image") {
  const Verdict v = rule_14(1e-15, 0.7, {{10, poor, poor, good, bad}, {20, good, poor, as_good, bad}});
  CHECK(v.outcome == Outcome::conditional);
  CHECK(v.because.find("in 10 steps") != std::string::npos);
  CHECK(rule_14(1e-15, 0.7, {{10, poor, good, poor, bad}}).outcome == Outcome::conditional);
  CHECK(rule_14(1e-15, 0.7, {{10, bad, good, good, bad}}).outcome == Outcome::conditional);
}

TEST_CASE("Claim 14: not supported if nothing improves on the first image, or formulas and samplers differ") {
  CHECK(rule_14(1e-15, 0.7, {{10, bad, bad, bad, poor}}).outcome == Outcome::not_supported);
  CHECK(rule_14(1e-3, 0.7, {{10, good, as_good, as_good, bad}}).outcome == Outcome::not_supported);
  CHECK(rule_14(1e-15, 0.7, {}).outcome == Outcome::not_supported);
}

}  // namespace rules_14_test
