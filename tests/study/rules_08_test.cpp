#include <vector>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_08_test {

using namespace study;

const Spread low = spread({10, 11, 12}), high = spread({30, 31, 32}), near = spread({11.5, 12, 13});

TogetherCost costs(int pixels) {
  return {.pixels = pixels,
          .block = {0.08, 0.002},
          .run = {0.06, 0.002},
          .random = {0.004, 0.0005},
          .spread = {0.002, 0.0005}};
}

TEST_CASE("rule 8: contiguous pixels cost five times as much at every k, and draw worse") {
  std::vector<TogetherCost> all{costs(2), costs(4), costs(8), costs(16), costs(28)};
  CHECK(rule_08(all, high, high, low).outcome == Outcome::supported);
  CHECK(rule_08(all, high, near, low).outcome == Outcome::not_supported);
  CHECK(rule_08(all, near, high, low).outcome == Outcome::not_supported);

  all[4].run.cost = 0.001;  // more than 16 pixels: only shown
  CHECK(rule_08(all, high, high, low).outcome == Outcome::supported);
  all[0].run.cost = 0.09;  // two pixels are no square
  CHECK(rule_08(all, high, high, low).outcome == Outcome::supported);
  all[1].run.cost = 0.09;
  CHECK(rule_08(all, high, high, low).outcome == Outcome::conditional);
  CHECK(rule_08(all, high, high, low).because.rfind("k is 2, 8, 16:", 0) == 0);
}

TEST_CASE("rule 8: what chance may explain is not five times as much") {
  std::vector<TogetherCost> all{costs(8)};
  all[0].random.error = 0.005;  // 0.06 − 5·0.004 = 0.04, and its error is 0.025
  CHECK(rule_08(all, high, high, low).outcome == Outcome::not_supported);
  all[0] = costs(8);
  all[0].spread.cost = 0.013;
  CHECK(rule_08(all, high, high, low).outcome == Outcome::not_supported);
}

}  // namespace rules_08_test
