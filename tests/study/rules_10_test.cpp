#include <vector>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_10_test {

using namespace study;

const Spread some = spread({10, 12, 14}), same = spread({11, 12, 13}), worse = spread({30, 31, 32});

TEST_CASE("rule 10: equal losses, and neither way of sampling is better") {
  const std::vector<BridgeStep> equal{{4, some, same}, {16, same, some}}, apart{{4, some, worse}, {16, same, some}},
      all_apart{{4, worse, some}};
  CHECK(rule_10(1e-13, 1, equal).outcome == Outcome::supported);
  CHECK(rule_10(1e-13, 1, apart).outcome == Outcome::conditional);
  CHECK(rule_10(1e-13, 1, apart).because.rfind("there are 16 evaluations", 0) == 0);
  CHECK(rule_10(1e-13, 1, all_apart).outcome == Outcome::not_supported);
  CHECK(rule_10(1e-8, 1, equal).outcome == Outcome::not_supported);
  CHECK(rule_10(1e-13, 0, equal).outcome == Outcome::not_supported);  // any network would have equal losses
}

}  // namespace rules_10_test
