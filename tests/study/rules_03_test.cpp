#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_03_test {

using namespace study;

TEST_CASE("rule 3: samples have the data's means, and the most likely values collapse") {
  const Sampled good{
      .ink_errors = -3.5, .pixels_within = 0.995, .fd = 5, .likeliest_distinct = 0.05, .likeliest_fd = 80};
  CHECK(rule_03(good, good).outcome == Outcome::supported);

  Sampled inky = good;
  inky.ink_errors = 4.5;
  CHECK(rule_03(good, inky).outcome == Outcome::conditional);
  CHECK(rule_03(good, inky).because.rfind("there are two levels", 0) == 0);
  CHECK(rule_03(inky, good).because.rfind("there are 256 levels", 0) == 0);
  Sampled patchy = good;
  patchy.pixels_within = 0.98;
  CHECK(rule_03(inky, patchy).outcome == Outcome::conditional);

  Sampled varied = good;
  varied.likeliest_distinct = 0.5;
  CHECK(rule_03(good, varied).outcome == Outcome::not_supported);
  Sampled likely = good;
  likely.likeliest_fd = 4;
  CHECK(rule_03(likely, good).outcome == Outcome::not_supported);
}

}  // namespace rules_03_test
