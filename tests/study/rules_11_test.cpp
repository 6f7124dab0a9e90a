#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_11_test {

using namespace study;

TEST_CASE("Claim 11: at least twice with two standard errors to spare, for the same images and for others") {
  const Spread high = spread({3.9, 4.0, 4.1}), barely = spread({1.5, 2.1, 2.7}), low = spread({1.2, 1.3, 1.4});
  CHECK(rule_11(high, high).outcome == Outcome::supported);
  CHECK(rule_11(high, low).outcome == Outcome::conditional);
  CHECK(rule_11(high, low).because.find("the same") != std::string::npos);
  CHECK(rule_11(high, barely).outcome == Outcome::conditional);
  CHECK(rule_11(low, low).outcome == Outcome::not_supported);
  CHECK(rule_11(barely, high).outcome == Outcome::not_supported);
  CHECK(rule_11(spread({4.0}), spread({4.0})).outcome == Outcome::not_supported);  // nothing is known of chance
}

}  // namespace rules_11_test
