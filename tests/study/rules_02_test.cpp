#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_02_test {

using namespace study;

TEST_CASE("rule 2: both likelihoods and the drawn digits have to be better") {
  const PixelNats better{.nats = 85, .error = 0.3, .table_nats = 97, .table_error = 0.3};
  CHECK(rule_02(better, 0.9, 1.2, 10, 100).outcome == Outcome::supported);
  CHECK(rule_02(better, 1.3, 1.2, 10, 100).outcome == Outcome::conditional);
  CHECK(rule_02(better, 1.3, 1.2, 10, 100).because.rfind("pixels have two levels", 0) == 0);
  CHECK(rule_02(better, 0.9, 1.2, 60, 100).outcome == Outcome::not_supported);
  const PixelNats within_error{.nats = 96.5, .error = 0.3, .table_nats = 97, .table_error = 0.3};
  CHECK(rule_02(within_error, 0.9, 1.2, 10, 100).outcome == Outcome::conditional);
  CHECK(rule_02(within_error, 1.3, 1.2, 10, 100).outcome == Outcome::not_supported);
}

}  // namespace rules_02_test
