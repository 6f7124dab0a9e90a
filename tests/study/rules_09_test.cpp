#include <vector>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_09_test {

using namespace study;

const Spread first = spread({10, 11, 12}), second = spread({20, 21, 22}), third = spread({30, 31, 32});

TEST_CASE("rule 9: diffusion before spread-out pixels before a run, at every number of evaluations") {
  const LimitStep so{4, first, second, third}, other{16, second, first, third}, tied{49, first, first, third},
      torn{28, first, third, second};
  CHECK(rule_09({so, so}).outcome == Outcome::supported);
  CHECK(rule_09({so, other}).outcome == Outcome::conditional);
  CHECK(rule_09({so, other}).because.rfind("there are 4 evaluations", 0) == 0);
  CHECK(rule_09({other}).outcome == Outcome::not_supported);
  CHECK(rule_09({tied}).outcome == Outcome::not_supported);
  CHECK(rule_09({torn}).outcome == Outcome::not_supported);
  CHECK(rule_09({}).outcome == Outcome::not_supported);
}

}  // namespace rules_09_test
