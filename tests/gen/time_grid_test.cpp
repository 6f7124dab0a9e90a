#include "inkling/gen/schedule/time_grid.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/at_times.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "schedules.hpp"

namespace time_grid_test {

using namespace ink;
using analytic::GaussianData;

namespace {

void check_list(const std::vector<double>& times, const std::vector<double>& expected, double epsilon = 1e-12) {
  REQUIRE(times.size() == expected.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    CHECK(std::abs(times[i] - expected[i]) <= epsilon * expected[i]);
  }
}

/// The numbers of the steps, from 1, that a grid of a table of 1000 takes.
std::vector<int> numbers(const std::vector<double>& times) {
  std::vector<int> out;
  for (double t : times) out.push_back(static_cast<int>(std::lround(1000 * t)));
  return out;
}

bool decreases(const std::vector<double>& times) {
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (!(times[i] < times[i - 1])) return false;
  }
  return times.back() == 0;
}

}  // namespace

TEST_CASE("Linspace, leading and trailing against lists by hand") {
  check_list(linspace_times(5, 10), {1, 0.8, 0.5, 0.3, 0.1, 0});  // 0, 2.25, 4.5, 6.75, 9
  check_list(leading_times(3, 10), {0.7, 0.4, 0.1, 0});
  check_list(leading_times(3, 10, 1), {0.8, 0.5, 0.2, 0});
  check_list(leading_times(4, 10), {0.7, 0.5, 0.3, 0.1, 0});
  check_list(trailing_times(4, 10), {1, 0.8, 0.5, 0.2, 0});  // 10, 7.5, 5, 2.5
  check_list(trailing_times(3, 10), {1, 0.7, 0.3, 0});
  CHECK(linspace_times(1) == std::vector<double>{1, 0});
  CHECK(leading_times(1, 10) == std::vector<double>{0.1, 0});
  CHECK(trailing_times(1) == std::vector<double>{1, 0});
}

TEST_CASE("The published example: five steps of 1000") {
  CHECK(numbers(leading_times(5)) == std::vector<int>{801, 601, 401, 201, 1, 0});
  CHECK(numbers(linspace_times(5)) == std::vector<int>{1000, 750, 501, 251, 1, 0});
  CHECK(numbers(trailing_times(5)) == std::vector<int>{1000, 800, 600, 400, 200, 0});
}

TEST_CASE("All steps of a table are the same in all spacings, and every number of steps decreases") {
  for (int table : {1, 7, 50}) {
    const auto all = detail::even_times(table);
    check_list(linspace_times(table, table), all);
    check_list(leading_times(table, table), all);
    check_list(trailing_times(table, table), all);
    for (int steps = 1; steps <= table; ++steps) {
      CHECK(decreases(linspace_times(steps, table)));
      CHECK(decreases(leading_times(steps, table)));
      CHECK(decreases(trailing_times(steps, table)));
    }
  }
}

TEST_CASE("Grids of a table refuse what does not fit into it") {
  CHECK_THROWS_WITH(linspace_times(0), "sampler: steps is 0; it must be at least 1");
  CHECK_THROWS_WITH(linspace_times(11, 10), "linspace_times: steps is 11; it must be at most 10, the table's");
  CHECK_THROWS_WITH(leading_times(11, 10), "leading_times: steps is 11; it must be at most 10, the table's");
  CHECK_THROWS_WITH(trailing_times(11, 10), "trailing_times: steps is 11; it must be at most 10, the table's");
  CHECK_THROWS_WITH(leading_times(5, 10, 2),
                    "leading_times: offset is 2, which makes an index 10; it must be in [0, 10)");
  CHECK_THROWS_AS(leading_times(5, 10, -1), ValueError);
}

TEST_CASE("Karras' and exponential noise levels against their formulas") {
  const auto karras = karras_sigmas(6, 0.1, 10, 3);
  REQUIRE(karras.size() == 7);
  for (int i = 0; i < 6; ++i) {
    CHECK(karras[static_cast<std::size_t>(i)] ==
          doctest::Approx(std::pow(std::cbrt(10) + i / 5.0 * (std::cbrt(0.1) - std::cbrt(10)), 3)).epsilon(1e-13));
  }
  CHECK(karras[6] == 0);
  check_list(exponential_sigmas(4, 0.1, 100), {100, 10, 1, 0.1, 0});
  check_list(karras_sigmas(3, 1, 9, 2), {9, 4, 1, 0});
  CHECK(karras_sigmas(1, 1, 9) == std::vector<double>{9, 0});
  CHECK(exponential_sigmas(1, 1, 9) == std::vector<double>{9, 0});
  CHECK_THROWS_WITH(karras_sigmas(3, 2, 1),
                    "karras_sigmas: the noise goes from 1 to 2; it must be finite, decrease, and end above 0");
  CHECK_THROWS_WITH(exponential_sigmas(3, 0, 1),
                    "exponential_sigmas: the noise goes from 1 to 0; it must be finite, decrease, and end above 0");
  CHECK_THROWS_WITH(karras_sigmas(3, 1, 2, 0), "karras_sigmas: rho is 0; it must be positive");
  CHECK_THROWS_WITH(karras_sigmas(0, 1, 2), "sampler: steps is 0; it must be at least 1");
}

TEST_CASE("Times where alpha is 1 are the noise levels themselves") {
  check_list(karras_times(Karras{}, 18), Karras{}.times(18));
  check_list(karras_times(Karras{}, 9, 3), Karras{.rho = 3}.times(9));
  check_list(log_snr_times(Karras{}, 18), exponential_sigmas(18, 0.01, 80));
  check_list(log_snr_times(Exponential{}, 18), Exponential{}.times(18));
}

TEST_CASE("Times on every schedule are evenly spaced in what they are named after") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const TimeSpan span = time_span(schedule);
    const auto own = schedule.times(1000);
    CHECK(span.last == own[999]);
    CHECK(span.first == (schedule(own[0]).alpha > 0 ? own[0] : own[1]));
    const auto check = [&](const auto& times, const auto& measure) {
      REQUIRE(times.size() == 13);
      CHECK(decreases(times));
      CHECK(times[0] == span.first);
      CHECK(times[11] == span.last);
      const double gap = (measure(span.last) - measure(span.first)) / 11;
      for (std::size_t i = 1; i < 12; ++i) {
        CHECK(measure(times[i]) - measure(times[i - 1]) == doctest::Approx(gap).scale(0).epsilon(1e-7));
      }
    };
    check(log_snr_times(schedule, 12), [&](double t) { return log_snr(schedule, t); });
    check(karras_times(schedule, 12), [&](double t) { return std::pow(schedule(t).ratio(), 1.0 / 7); });
    check(karras_times(schedule, 12, 1.5), [&](double t) { return std::pow(schedule(t).ratio(), 1 / 1.5); });
  });
}

TEST_CASE("A span of one's own, and of a model") {
  const auto times = log_snr_times(RectifiedFlow{}, 3, {.first = 0.9, .last = 0.1});
  check_list(times, {0.9, 0.5, 0.1, 0});
  const GaussianData<RectifiedFlow> model;
  CHECK(log_snr_times(model, 3, {.first = 0.9, .last = 0.1}) == times);
  CHECK(karras_times(model, 7) == karras_times(RectifiedFlow{}, 7));
  check_list(log_snr_times(model, 1), {0.999, 0});
  CHECK_THROWS_WITH(log_snr_times(RectifiedFlow{}, 3, {.first = 1, .last = 0.1}),
                    doctest::Contains("exponential_sigmas: the noise goes from inf to 0.111"));
  CHECK_THROWS_AS(karras_times(RectifiedFlow{}, 3, {.first = 0.5, .last = 0}), ValueError);
  CHECK_THROWS_AS(karras_times(RectifiedFlow{}, 3, {.first = 0.5, .last = 0.6}), ValueError);
}

TEST_CASE("A sampler at its model's own times is the sampler") {
  const GaussianData<Cosine> model;
  const auto x = model.prior(Shape<4>{2, 3, 3, 1}, Key{3});
  const auto plain = sample(Ddim{.steps = 7, .eta = 0.5}, model, x, Key{4});
  CHECK(sample(AtTimes{Ddim{.eta = 0.5}, model.times(7)}, model, x, Key{4}) == plain);
  CHECK(sample(AtTimes{AtTimes{Ddim{.eta = 0.5}, {1, 0}}, model.times(7)}, model, x, Key{4}) == plain);
}

TEST_CASE("A sampler that counts its steps counts those of the grid") {
  const GaussianData<Karras> model{{.sigma_min = 0.02, .sigma_max = 40}};
  const auto x = model.prior(Shape<4>{2, 3, 3, 1}, Key{3});
  const auto own = sample(Heun{.steps = 6, .churn = 1}, model, x, Key{4});
  CHECK(sample(AtTimes{Heun{.steps = 50, .churn = 1}, model.times(6)}, model, x, Key{4}) == own);
}

TEST_CASE("DDPM at linspace times ends at the published variances") {
  const GaussianData<LinearBeta> model;
  const auto x = model.prior(Shape<4>{4, 100, 100, 1}, Key{1});
  const auto variance = [&](const Ddpm& sampler, int steps) {
    return analytic::variance_of(sample(AtTimes{sampler, linspace_times(steps)}, model, x, Key{2}));
  };
  CHECK(variance({}, 10) == doctest::Approx(0.162).epsilon(0.03));
  CHECK(variance({.variance = Ddpm::Variance::large}, 10) == doctest::Approx(0.463).epsilon(0.03));
}

TEST_CASE("Times that do not decrease are refused, and so is what the sampler refuses") {
  const GaussianData<Cosine> model;
  const auto x = model.prior(Shape<4>{1, 2, 2, 1}, Key{3});
  const auto at = [&](const std::vector<double>& times) { return sample(AtTimes{Ddim{}, times}, model, x, Key{4}); };
  CHECK_NOTHROW(at({0.9, 0.2}));
  CHECK_THROWS_WITH(at({1}), "AtTimes: there are 1 times; there must be at least 2");
  CHECK_THROWS_WITH(at({1, 0.5, 0.5, 0}),
                    "AtTimes: times[2] is 0.5 after 0.5; times must decrease and not be negative");
  CHECK_THROWS_WITH(at({0, 1}), "AtTimes: times[1] is 1 after 0; times must decrease and not be negative");
  CHECK_THROWS_WITH(at({1, -0.5}), "AtTimes: times[1] is -0.5 after 1; times must decrease and not be negative");
  CHECK_THROWS_AS(at({HUGE_VAL, 0}), ValueError);
  CHECK_THROWS_AS(at({std::nan(""), 0}), ValueError);
  CHECK_THROWS_WITH(sample(AtTimes{Ddim{.eta = 2}, {1, 0}}, model, x, Key{4}), "Ddim: eta is 2; it must be in [0, 1]");
}

}  // namespace time_grid_test
