#include <string>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace study {
namespace rules_06_test {

const Spread better = spread({150, 151, 152});

TEST_CASE("slightly worse and far faster") {
  const Verdict v = rule_06(spread({158, 159, 160}), better, spread({12, 15, 20}));
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("12 to 20 times") != std::string::npos);
}

TEST_CASE("far faster, but not clearly or more than slightly worse") {
  const Verdict as_good = rule_06(spread({149, 152, 160}), better, spread({12, 15, 20}));
  CHECK(as_good.outcome == Outcome::conditional);
  CHECK(as_good.because.find("not clearly worse") != std::string::npos);
  const Verdict much_worse = rule_06(spread({190, 191, 192}), better, spread({12, 15, 20}));
  CHECK(much_worse.outcome == Outcome::conditional);
  CHECK(much_worse.because.find("more than slightly") != std::string::npos);
}

TEST_CASE("a causal network that is not far faster refutes the claim, whatever it predicts") {
  CHECK(rule_06(spread({158, 159, 160}), better, spread({4.9, 15, 20})).outcome == Outcome::not_supported);
  CHECK(rule_06(spread({149, 152, 160}), better, spread({0.5, 1, 2})).outcome == Outcome::not_supported);
  CHECK(rule_06(spread({158, 159, 160}), better, spread({})).outcome == Outcome::not_supported);
}

TEST_CASE("one seed says nothing of worse") {
  CHECK(rule_06(spread({159}), spread({150}), spread({15})).outcome == Outcome::conditional);
}

}  // namespace rules_06_test
}  // namespace study
