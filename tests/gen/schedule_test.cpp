#include "inkling/gen/schedule.hpp"

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/target.hpp"
#include "schedules.hpp"

namespace schedule_test {

using namespace ink;

namespace {

doctest::Approx near(double v, double epsilon = 1e-12) { return doctest::Approx(v).epsilon(epsilon); }

double alpha_bar(Scales s) { return s.alpha * s.alpha; }

/// The running products of 1 − β.
std::vector<double> products(const std::vector<double>& betas) {
  std::vector<double> bars;
  double bar = 1;
  for (double beta : betas) bars.push_back(bar *= 1 - beta);
  return bars;
}

double logistic(double v) { return 1 / (1 + std::exp(-v)); }

}  // namespace

TEST_CASE("Every schedule begins without noise and only loses signal-to-noise ratio") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    static_assert(NoiseSchedule<std::decay_t<decltype(schedule)>>);
    CAPTURE(name);
    CHECK(schedule(0).alpha == near(1, 1e-15));
    CHECK(schedule(0).sigma == 0);
    const double end = schedule.times(1).front();
    double before = HUGE_VAL;
    for (int i = 1; i <= 300; ++i) {
      const Scales s = schedule(end * i / 300.0);
      CHECK(s.sigma > 0);
      CHECK(s.alpha >= 0);
      CHECK(s.alpha / s.sigma < before);
      before = s.alpha / s.sigma;
    }
  });
}

TEST_CASE("Variance-preserving schedules preserve the variance") {
  schedules::for_preserving([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    for (double t : {1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1.0}) {
      const Scales s = schedule(t * schedule.times(1).front());
      CHECK(s.alpha * s.alpha + s.sigma * s.sigma == near(1, 1e-14));
    }
  });
}

TEST_CASE("Grids of a schedule have one time more than steps, decrease, and end at 0") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    for (int steps : {1, 2, 3, 40}) {
      const auto times = schedule.times(steps);
      REQUIRE(times.size() == static_cast<std::size_t>(steps) + 1);
      for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] < times[i - 1]);
      CHECK(times.back() == 0);
      CHECK(times.front() == schedule.times(1).front());
    }
    CHECK_THROWS_WITH(schedule.times(0), "sampler: steps is 0; it must be at least 1");
    for (int i = 1; i < 20; ++i) {
      CHECK(schedule.time(i / 20.0) > schedule.time((i - 0.5) / 20));
      CHECK(schedule(schedule.time(i / 20.0)).sigma > 0);
    }
  });
}

TEST_CASE("A table of betas is their running product, and log-linear in between") {
  const std::vector<double> betas{0.3, 0.05, 0.6, 0.9};
  const BetaTable table(betas);
  CHECK(table.steps() == 4);
  const auto bars = products(betas);
  for (std::size_t i = 0; i < 4; ++i) CHECK(alpha_bar(table((static_cast<double>(i) + 1) / 4)) == near(bars[i]));
  CHECK(alpha_bar(table(0.125)) == near(std::sqrt(0.7)));
  CHECK(alpha_bar(table(0.625)) == near(std::sqrt(bars[1] * bars[2])));
  CHECK(alpha_bar(table(1.25)) == near(bars[3] * 0.1));
  CHECK(BetaTable({0.25})(1.0).sigma == near(0.5));
  CHECK_THROWS_WITH(BetaTable({}), "BetaTable: betas has 0 entries; there must be at least 1");
  CHECK_THROWS_WITH(BetaTable({0.5, 1}), "BetaTable: beta is 1; it must be in (0, 1)");
  CHECK_THROWS_WITH(BetaTable({0}), "BetaTable: beta is 0; it must be in (0, 1)");
  CHECK_THROWS_AS(BetaTable({std::nan("")}), ValueError);
}

TEST_CASE("Linear betas, for any number of steps") {
  CHECK(alpha_bar(LinearBeta()(1)) == near(4.0358297653756754e-05, 1e-11));
  for (int steps : {21, 100, 1000}) {
    std::vector<double> betas;
    for (int i = 0; i < steps; ++i) betas.push_back((1e-4 + (0.02 - 1e-4) * i / (steps - 1)) * 1000 / steps);
    const auto bars = products(betas);
    const LinearBeta schedule({.steps = steps});
    CHECK(schedule.steps() == steps);
    for (int i = 0; i < steps; ++i) {
      CHECK(alpha_bar(schedule((i + 1.0) / steps)) == near(bars[static_cast<std::size_t>(i)], 1e-11));
    }
  }
  CHECK_THROWS_WITH(LinearBeta({.steps = 1}), "LinearBeta: steps is 1; it must be at least 2");
  CHECK_THROWS_WITH(LinearBeta({.steps = 10, .first = 0.015}), "BetaTable: beta is 1.5; it must be in (0, 1)");
}

TEST_CASE("Scaled linear betas: their roots are spaced evenly") {
  std::vector<double> betas;
  for (int i = 0; i < 200; ++i) {
    const double root = std::sqrt(5e-4) + (std::sqrt(0.1) - std::sqrt(5e-4)) * i / 199;
    betas.push_back(root * root);
  }
  const auto bars = products(betas);
  const ScaledLinearBeta schedule({.steps = 200});
  for (int i = 0; i < 200; ++i) {
    CHECK(alpha_bar(schedule((i + 1) / 200.0)) == near(bars[static_cast<std::size_t>(i)], 1e-11));
  }
  // The noise levels that Stable Diffusion is known by.
  const ScaledLinearBeta stable({.first = 0.00085, .last = 0.012});
  CHECK(stable(1).ratio() == near(14.614641, 1e-7));
  CHECK(stable(0.001).ratio() == near(0.02916716, 1e-7));
  CHECK_THROWS_WITH(ScaledLinearBeta({.steps = 0}), "ScaledLinearBeta: steps is 0; it must be at least 2");
}

TEST_CASE("The cosine schedule, and its end where beta 0.999 puts it") {
  const auto f = [](double t) { return std::pow(std::cos((t + 0.008) / 1.008 * std::acos(0.0)), 2); };
  for (double t : {0.1, 0.5, 0.9, 0.999, 0.9999}) CHECK(alpha_bar(Cosine{}(t)) == near(f(t) / f(0)));
  CHECK(alpha_bar(Cosine{}(1)) == near(0.001 * f(0.999) / f(0)));
  CHECK(Cosine{}(1).ratio() == near(20291, 1e-4));
  CHECK(Cosine{}(1.5).ratio() == Cosine{}(1).ratio());
  // Near t = 0 the noise keeps all of its digits: 1 − cos² by its slope.
  const double slope = std::acos(0.0) / 1.008 * 2 * std::tan(0.008 / 1.008 * std::acos(0.0));
  CHECK(std::pow(Cosine{}(1e-12).sigma, 2) == near(slope * 1e-12, 1e-9));
}

TEST_CASE("The sigmoid schedule for several starts, ends and temperatures") {
  for (const Sigmoid& schedule : {Sigmoid{}, Sigmoid{.tau = 0.5}, Sigmoid{.start = 0, .end = 3, .tau = 0.7}}) {
    const double s = schedule.start, e = schedule.end, tau = schedule.tau;
    for (double t : {0.01, 0.3, 0.5, 0.8, 0.99}) {
      CHECK(alpha_bar(schedule(t)) ==
            near((logistic(e / tau) - logistic((s + t * (e - s)) / tau)) / (logistic(e / tau) - logistic(s / tau))));
    }
    CHECK(alpha_bar(schedule(1)) == near(1e-9));
  }
  CHECK(alpha_bar(Sigmoid{.tau = 0.3}(0.5)) == near(0.5));
  CHECK(Sigmoid{.floor = 0}(1).alpha == 0);
  CHECK(Sigmoid{.floor = 0}(1).sigma == 1);
  CHECK_THROWS_WITH(Sigmoid{.tau = 0}.times(2),
                    "Sigmoid: start is -3, end is 3, tau is 0, floor is 1e-09; start must be before end, tau positive, "
                    "and floor in [0, 1)");
}

TEST_CASE("The continuous variance-preserving schedule") {
  for (double t : {1e-3, 0.2, 0.7, 1.0}) {
    CHECK(VariancePreserving{}(t).ratio() == near(std::sqrt(std::exp(0.5 * 19.9 * t * t + 0.1 * t) - 1), 1e-11));
  }
  CHECK(alpha_bar(VariancePreserving{}(1)) == near(std::exp(-10.05)));
  CHECK(VariancePreserving{}(1e-14).sigma == near(std::sqrt(0.1e-14)));  // no cancellation
  // It is what linear betas become in many steps.
  const LinearBeta many({.steps = 100000});
  for (double t : {0.1, 0.5, 1.0}) CHECK(many(t).ratio() == near(VariancePreserving{}(t).ratio(), 5e-4));
  CHECK_THROWS_WITH(VariancePreserving({.beta_min = -1}).times(2),
                    "VariancePreserving: beta_min is -1, beta_max is 20; they must not be negative, nor both 0");
}

TEST_CASE("The variance-exploding schedule is geometric") {
  const VarianceExploding schedule{.sigma_min = 0.02, .sigma_max = 200};
  CHECK(schedule(1).sigma == near(200));
  CHECK(schedule(0.5).sigma == near(2));
  CHECK(schedule(0.25).sigma == near(0.2));
  CHECK(schedule(1e-15).sigma == near(0.02));
  CHECK(schedule(0).sigma == 0);
  CHECK(schedule(0.7).alpha == 1);
  CHECK_THROWS_WITH(VarianceExploding({.sigma_min = 3, .sigma_max = 2}).times(4),
                    "VarianceExploding: sigma_min is 3, sigma_max is 2; sigma_min must be positive and less than "
                    "sigma_max");
}

TEST_CASE("Karras' noise levels are the published ones") {
  const auto sigmas = Karras{.sigma_min = 0.002, .sigma_max = 80}.times(18);
  REQUIRE(sigmas.size() == 19);
  const double published[] = {80, 57.58598, 40.78557, 28.37458, 19.35245, 12.91008, 8.40094, 5.31519};
  for (std::size_t i = 0; i < 8; ++i) CHECK(sigmas[i] == near(published[i], 1e-6));
  CHECK(sigmas[17] == 0.002);
  CHECK(sigmas[18] == 0);
  CHECK(Karras{}.time(0.5) == near(std::exp(-1.2)));
  CHECK(std::log(Karras{}.time(0.975)) == near(-1.2 + 1.2 * 1.959963984540054));
  CHECK(Karras{}(3).alpha == 1);
  CHECK(Karras{}(3).sigma == 3);
}

TEST_CASE("The exponential schedule: every factor of noise takes as many steps, and as much training") {
  const Exponential schedule{.sigma_min = 0.01, .sigma_max = 100};
  const auto sigmas = schedule.times(5);
  const double expected[] = {100, 10, 1, 0.1, 0.01, 0};
  REQUIRE(sigmas.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(sigmas[i] == near(expected[i]));
  for (double u : {0.1, 0.5, 0.8}) CHECK(std::log10(schedule.time(u)) == near(4 * u - 2));
  CHECK(schedule(3).sigma == 3);
}

TEST_CASE("Rectified flow is a straight line, and its shift multiplies the noise") {
  CHECK(RectifiedFlow{}(0.3).alpha == 0.7);
  CHECK(RectifiedFlow{}(0.3).sigma == 0.3);
  CHECK(RectifiedFlow{.shift = 3}.time(0.3) == 0.3);
  const double expected[] = {1, 0.9, 0.75, 0.5, 0};
  const auto times = RectifiedFlow{.shift = 3}.times(4);
  for (std::size_t i = 0; i < 5; ++i) CHECK(times[i] == near(expected[i]));
  for (double shift : {0.1, 0.7, 1.0, 3.0}) {
    const RectifiedFlow flow{.shift = shift};
    const auto plain = RectifiedFlow{}.times(7), shifted = flow.times(7);
    CHECK(shifted[0] == 1);
    CHECK(flow(shifted[0]).alpha == 0);
    for (std::size_t i = 1; i < 7; ++i) {
      CHECK(flow(shifted[i]).ratio() == near(shift * flow(plain[i]).ratio()));
      CHECK(shifted[i] == near(shift * plain[i] / (1 + (shift - 1) * plain[i])));
    }
  }
  CHECK_THROWS_WITH(RectifiedFlow{.shift = 0}.times(2), "RectifiedFlow: shift is 0; it must be positive");
}

TEST_CASE("Zero terminal SNR: no signal at all at the end of any schedule") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const ZeroTerminalSnr rescaled{schedule};
    const double end = rescaled.times(1).front();
    CHECK(rescaled(end).alpha == 0);
    CHECK(rescaled(end).sigma == 1);
    CHECK(rescaled(0).alpha == near(1, 1e-15));
    CHECK(rescaled(0.5 * end).alpha > 0);
  });
}

TEST_CASE("Zero terminal SNR of a table is the paper's algorithm, and keeps the first step") {
  const LinearBeta table({.steps = 100});
  const ZeroTerminalSnr rescaled{table};
  const double first = table(0.01).alpha, last = table(1).alpha;
  for (int i = 1; i <= 100; ++i) {
    const double expected = (table(i / 100.0).alpha - last) * first / (first - last);
    CHECK(rescaled(i / 100.0).alpha == near(expected));
    CHECK(rescaled(i / 100.0).sigma == near(std::sqrt(1 - expected * expected), 1e-9));
  }
  CHECK(rescaled(0.01).sigma == near(table(0.01).sigma, 1e-15));
  CHECK(rescaled(0.005).sigma == near(table(0.005).sigma, 1e-15));
  // Continuous at the first step, with all digits of the noise.
  CHECK(rescaled(0.01 + 1e-13).sigma == near(table(0.01).sigma, 1e-10));
  // What has no signal at the end already, and preserves the variance, stays as it is.
  const ZeroTerminalSnr twice{rescaled};
  CHECK(twice(0.37).alpha == near(rescaled(0.37).alpha));
  // Another keeps t = 0, and a straight line keeps its signal-to-noise ratio.
  const ZeroTerminalSnr flow{RectifiedFlow{}};
  CHECK(flow(0.3).ratio() == near(0.3 / 0.7));
  const VariancePreserving vp;
  CHECK(ZeroTerminalSnr{vp}(0.4).alpha == near((vp(0.4).alpha - vp(1).alpha) / (1 - vp(1).alpha)));
}

TEST_CASE("At zero SNR the noise is refused as a target; velocity and clean image are not") {
  const ZeroTerminalSnr schedule{LinearBeta{}};
  CHECK_THROWS_WITH_AS(clean_estimate(NoiseTarget{}, schedule(1)),
                       "target: alpha is 0, sigma is 1; the clean image cannot be told from this target at this "
                       "signal-to-noise ratio",
                       ValueError);
  CHECK_NOTHROW(clean_estimate(NoiseTarget{}, schedule(0.999)));
  CHECK(clean_estimate(VelocityTarget{}, schedule(1)).output == -1);
  CHECK(clean_estimate(CleanTarget{}, schedule(1)).output == 1);
  struct Constant {
    Scales operator()(double) const { return {1, 0}; }
    double time(double u) const { return u; }
    std::vector<double> times(int steps) const { return detail::even_times(steps); }
  };
  CHECK_THROWS_WITH(ZeroTerminalSnr{Constant{}}, "ZeroTerminalSnr: the signal goes from 1 to 1; it must decrease");
}

TEST_CASE("Every target gives the clean image back, on every schedule") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const double end = schedule.times(1).front();
    const auto check = [&](const auto& target, Scales s) {
      const double clean = 0.7, noise = -1.3, x = s.alpha * clean + s.sigma * noise;
      const Mix mix = target(s);
      const CleanEstimate estimate = clean_estimate(target, s);
      CHECK(estimate.input * x + estimate.output * (mix.clean * clean + mix.noise * noise) == near(clean));
    };
    for (double t : {0.1, 0.5, 0.9}) {
      check(NoiseTarget{}, schedule(t * end));
      check(CleanTarget{}, schedule(t * end));
      check(VelocityTarget{}, schedule(t * end));
    }
  });
}

}  // namespace schedule_test
