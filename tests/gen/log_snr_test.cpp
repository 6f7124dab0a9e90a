#include "inkling/gen/schedule/log_snr.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "schedules.hpp"

namespace log_snr_test {

using namespace ink;

namespace {

doctest::Approx near(double v, double epsilon) { return doctest::Approx(v).scale(0).epsilon(epsilon); }

/// A schedule without its closed forms.
template <class S>
auto bare(const S& schedule) {
  return [&schedule](double t) { return schedule(t); };
}

}  // namespace

TEST_CASE("Log-SNR is the logarithm of signal over noise") {
  CHECK(log_snr(Scales{0.5, 0.5}) == 0);
  CHECK(log_snr(Scales{0.6, 0.2}) == near(std::log(3.0), 1e-15));
  CHECK(log_snr(Scales{1, 0}) == HUGE_VAL);
  CHECK(log_snr(Scales{0, 1}) == -HUGE_VAL);
  CHECK(log_snr(RectifiedFlow{}, 0.2) == near(std::log(4.0), 1e-15));
  CHECK(log_snr(analytic::GaussianData<RectifiedFlow>{}, 0.2) == log_snr(RectifiedFlow{}, 0.2));
}

TEST_CASE("The slope of log-SNR: closed form, differences and a plain difference quotient agree") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const double end = schedule.times(1).front();
    for (double part : {0.0312, 0.1234, 0.4567, 0.8765, 0.9654}) {
      const double t = part * end, slope = log_snr_slope(schedule, t), h = 1e-6 * t;
      CAPTURE(t);
      CHECK(slope == schedule.log_snr_slope(t));
      CHECK(log_snr_slope(bare(schedule), t) == near(slope, 1e-8));
      CHECK((log_snr(schedule, t + h) - log_snr(schedule, t - h)) / (2 * h) == near(slope, 1e-7));
    }
  });
}

TEST_CASE("The slope where it is steep: near the beginning and the end") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const double end = schedule.times(1).front();
    for (double part : {1.1e-5, 1.3e-3, 0.9985, 0.99985}) {
      const double t = part * end;
      CAPTURE(t);
      CHECK(log_snr_slope(bare(schedule), t) == near(log_snr_slope(schedule, t), 1e-8));
    }
  });
}

TEST_CASE("The slope by differences against formulas") {
  const auto straight = [](double t) { return Scales{1 - t, t}; };
  const auto circle = [](double t) { return Scales{std::cos(t), std::sin(t)}; };  // λ = −ln tan t
  const auto power = [](double t) { return Scales{1, t * t * t}; };
  for (double t : {1e-8, 1e-3, 0.3, 0.77, 0.99}) {
    CHECK(log_snr_slope(straight, t) == near(-1 / (t * (1 - t)), 1e-10));
    CHECK(log_snr_slope(circle, t) == near(-2 / std::sin(2 * t), 1e-10));
    CHECK(log_snr_slope(power, t) == near(-3 / t, 1e-10));
  }
  CHECK(log_snr_slope(straight, 1) == -HUGE_VAL);
  CHECK(log_snr_slope(RectifiedFlow{}, 1) == -HUGE_VAL);
  CHECK(log_snr_slope(ZeroTerminalSnr{LinearBeta{}}, 1) == -HUGE_VAL);
  CHECK(log_snr_slope(Cosine{}, 1) == 0);
  CHECK(log_snr_slope(Sigmoid{}, 1) == 0);
  CHECK_THROWS_WITH(log_snr_slope(RectifiedFlow{}, 0), "log_snr_slope: t is 0; it must be positive");
}

TEST_CASE("Differences see that a table is log-linear between its steps, not smooth") {
  const LinearBeta table;
  double worst = 0;
  for (int i = 10; i < 2000; ++i) {
    const double t = (i + 0.037) / 2000;  // every other one 0.0185 of a step after a kink
    worst = std::max(worst, std::abs(log_snr_slope(bare(table), t) / table.log_snr_slope(t) - 1));
  }
  CHECK(worst < 2e-8);
}

TEST_CASE("A model has the slope of its schedule, or of its scales") {
  CHECK(log_snr_slope(analytic::GaussianData<Cosine>{}, 0.3) == Cosine{}.log_snr_slope(0.3));
  struct Wrapped {
    Scales scales(double t) const { return Cosine{}(t); }
  };
  CHECK(log_snr_slope(Wrapped{}, 0.3) == near(Cosine{}.log_snr_slope(0.3), 1e-10));
  CHECK(time_at_log_snr(Wrapped{}, log_snr(Wrapped{}, 0.3)) == near(0.3, 1e-13));
}

TEST_CASE("The integral of the slope is the fall of log-SNR") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const double end = schedule.times(1).front(), from = 0.05 * end, to = 0.9 * end;
    double sum = 0;
    constexpr int parts = 20000;  // midpoint rule
    for (int i = 0; i < parts; ++i) sum += log_snr_slope(schedule, from + (to - from) * (i + 0.5) / parts);
    CHECK(sum * (to - from) / parts == near(log_snr(schedule, to) - log_snr(schedule, from), 1e-4));
  });
}

TEST_CASE("The time at a log-SNR is the inverse of log-SNR") {
  schedules::for_all([](const std::string& name, const auto& schedule) {
    CAPTURE(name);
    const double end = schedule.times(1).front();
    for (double part : {1e-6, 1e-3, 0.02, 0.3, 0.71, 0.999, 1.0}) {
      const double t = part * end;
      const double lambda = log_snr(schedule, t), slope = log_snr_slope(schedule, t);
      if (part == 1 && (slope == 0 || name.find("Cosine") != std::string::npos)) continue;  // level there
      CAPTURE(t);
      CHECK(std::abs(time_at_log_snr(schedule, lambda) - t) < 1e-12 * t - 1e-14 / slope);
    }
    for (double lambda : {3.0, 0.25, -2.5}) {
      CHECK(log_snr(schedule, time_at_log_snr(schedule, lambda)) == near(lambda, 1e-12));
    }
    CHECK(time_at_log_snr(schedule, HUGE_VAL) == 0);
  });
}

TEST_CASE("The first time at a log-SNR, where many have it, or none") {
  const double level = time_at_log_snr(Cosine{}, log_snr(Cosine{}, 1));
  CHECK(level == near(1 - 3.2e-5, 1e-6));
  CHECK(log_snr(Cosine{}, level) == near(log_snr(Cosine{}, 1), 1e-12));
  CHECK(time_at_log_snr(RectifiedFlow{}, -HUGE_VAL) == 1);
  CHECK(time_at_log_snr(Karras{}, -std::log(96.0)) == near(96, 1e-14));  // more noise than Karras' strongest
  CHECK(log_snr(LinearBeta{}, time_at_log_snr(LinearBeta{}, -7)) == near(-7, 1e-13));
  CHECK(time_at_log_snr(VarianceExploding{}, 10) < 1e-300);  // it begins with less signal than that
  CHECK_THROWS_WITH(time_at_log_snr(Sigmoid{}, -20),
                    doctest::Contains("time_at_log_snr: lambda is -20; it must be at least -10.36"));
  CHECK_THROWS_WITH(time_at_log_snr(Cosine{}, std::nan("")), "time_at_log_snr: lambda is nan; it must be a number");
}

}  // namespace log_snr_test
