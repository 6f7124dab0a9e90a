#include "inkling/gen/token/step_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/philox.hpp"

namespace step_plan_test {

using namespace ink;

namespace {

using Counts = std::vector<Index>;

/// The least cost of all plans of at most n steps, tried one by one.
double least_cost(const std::vector<double>& losses, int n) {
  const std::size_t places = losses.size();
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t stops = 0; stops < std::size_t{1} << (places - 1); ++stops) {  // bit i: i + 1 pixels are a stop
    Counts known{0};
    for (std::size_t i = 1; i < places; ++i) {
      if (stops >> (i - 1) & 1) known.push_back(static_cast<Index>(i));
    }
    known.push_back(static_cast<Index>(places));
    if (static_cast<int>(known.size()) - 1 <= n) best = std::min(best, plan_cost(losses, ListedPlan{known}));
  }
  return best;
}

}  // namespace

TEST_CASE("EvenPlan: the same number of pixels at every step, the rest at the last") {
  CHECK(EvenPlan{3}(8) == Counts{0, 3, 6, 8});
  CHECK(EvenPlan{4}(8) == Counts{0, 4, 8});
  CHECK(EvenPlan{}(3) == Counts{0, 1, 2, 3});
  CHECK(EvenPlan{100}(8) == Counts{0, 8});
  CHECK_THROWS_WITH_AS(EvenPlan{0}(8), "EvenPlan: pixels is 0; it must be at least 1", ValueError);
}

TEST_CASE("CosinePlan: MaskGIT's numbers of missing pixels") {
  // 256 tokens in 8 steps: ⌊256·cos(π/16·i)⌋ stay masked.
  CHECK(CosinePlan{8}(256) ==
        Counts{0, 256 - 251, 256 - 236, 256 - 212, 256 - 181, 256 - 142, 256 - 97, 256 - 49, 256});
  CHECK(CosinePlan{1}(9) == Counts{0, 9});
  for (int steps : {2, 5, 12, 784, 5000}) {  // rises by at least one, however many steps are asked for
    const auto known = CosinePlan{steps}(784);
    CHECK(static_cast<int>(known.size()) <= std::min(steps, 784) + 1);
    CHECK_NOTHROW(ListedPlan{known}(784));
  }
  CHECK_THROWS_WITH_AS(CosinePlan{0}(8), "CosinePlan: steps is 0; it must be at least 1", ValueError);
}

TEST_CASE("ListedPlan: what does not rise from nothing to everything is refused") {
  CHECK(ListedPlan{{0, 2, 5}}(5) == Counts{0, 2, 5});
  for (const Counts& wrong : {Counts{}, Counts{0, 2, 4}, Counts{1, 5}, Counts{0, 2, 2, 5}, Counts{0, 3, 2, 5}}) {
    CHECK_THROWS_WITH_AS(ListedPlan{wrong}(5), "ListedPlan: the counts do not rise from 0 to the 5 places of the image",
                         ValueError);
  }
}

TEST_CASE("budgeted_plan: no plan of the budget is better") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Stream draw(Key{seed});
    std::vector<double> losses;
    for (int t = 0; t < 9; ++t) losses.push_back(draw.uniform());  // in no order: fewer steps may be the best
    for (int budget : {1, 2, 3, 5, 9, 30}) {
      const auto plan = budgeted_plan(losses, budget);
      CHECK(static_cast<int>(plan.known.size()) - 1 <= budget);
      CHECK(plan_cost(losses, plan) == doctest::Approx(least_cost(losses, budget)).epsilon(1e-12));
    }
  }
}

TEST_CASE("budgeted_plan: steps go where the loss falls") {
  std::vector<double> losses(784);
  for (std::size_t t = 0; t < 784; ++t) losses[t] = std::exp(-static_cast<double>(t) / 50);
  const auto plan = budgeted_plan(losses, 20);
  REQUIRE(plan.known.size() == 21);
  CHECK(plan.known[1] < 20);
  CHECK(plan.known[19] < 500);
  const double least = plan_cost(losses, EvenPlan{1});
  CHECK(plan_cost(losses, plan) - least < 0.25 * (plan_cost(losses, EvenPlan{40}) - least));
  const std::vector<double> nothing;
  CHECK(budgeted_plan(nothing, 3).known == Counts{0});
}

TEST_CASE("budgeted_plan: wrong arguments are refused") {
  const std::vector<double> losses{1, 0.5}, unknown{1, std::nan("")};
  CHECK_THROWS_WITH_AS(budgeted_plan(losses, 0), "budgeted_plan: evaluations is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(budgeted_plan(unknown, 1), "budgeted_plan: a loss is nan; losses must be finite", ValueError);
}

}  // namespace step_plan_test
