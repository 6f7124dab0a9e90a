#include "inkling/gen/schedule/time_draw.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/view.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "statistics.hpp"

namespace time_draw_test {

using namespace ink;

namespace {

using Times = Tensor<double, 1>;

double below(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

/// χ² of the numbers' places among twenty equal parts of (0, 1), and their moments.
void check_uniform(const Times& u) {
  const double n = static_cast<double>(u.size());
  std::vector<double> seen(20);
  for (double v : u.values()) {
    REQUIRE(v > 0);
    REQUIRE(v < 1);
    seen[static_cast<std::size_t>(v * 20)] += 1;
  }
  CHECK(statistics::chi_square(seen, std::vector<double>(20, 0.05), n) < 43.8);  // 0.1 % of 19 degrees are above
  CHECK(std::abs(statistics::mean_of(u) - 0.5) < 4 * std::sqrt(1 / 12.0 / n));
  CHECK(std::abs(statistics::variance_around(0.5, u) - 1 / 12.0) < 4 * std::sqrt(1 / 180.0 / n));
}

/// A draw of the user's, with a distribution of its own.
struct LateTimes {
  Times quantiles(Index n, Key key) const { return stratified(n, key); }
  double time(const auto& schedule, double u) const { return schedule.time(std::sqrt(u)); }
};

/// Takes the noisy image for the clean one.
struct Identity {
  using value_type = double;

  template <TensorLike X, class C>
  X operator()(const X& x, const Tensor<double, 1>&, const C&) const {
    return x;
  }
};

struct Batch {
  Tensor<double, 4> images = uniform<double>(Shape{16, 10, 10, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{16}, 3};
};

/// Mean and variance of the loss of one batch.
struct Moments {
  double mean, variance;
};
template <class Draw>
Moments loss_moments(const Draw& draw) {
  constexpr Index draws = 400;
  const Diffusion model(Identity{}, Cosine{}, CleanTarget{}, SimpleWeight{}, draw);
  Times losses(Shape{draws});
  for (Index i = 0; i < draws; ++i) {
    losses(i) = loss(model, Batch{}, Key{7}.fold(static_cast<std::uint64_t>(i))).item();
  }
  const double mean = statistics::mean_of(losses);
  return {mean, statistics::variance_around(mean, losses)};
}

}  // namespace

static_assert(TimeDraw<StratifiedTimes> && TimeDraw<AntitheticTimes> && TimeDraw<LateTimes> && !TimeDraw<Cosine>);

TEST_CASE("Independent times are uniform, each by itself, and do not change with the batch") {
  const auto u = UniformTimes{}.quantiles(20000, Key{1});
  check_uniform(u);
  CHECK(UniformTimes{}.quantiles(9, Key{1}) == dense(view(u).slice(0, 0, 9)));
  double covariance = 0;
  for (Index i = 0; i + 1 < u.size(); ++i) covariance += (u(i) - 0.5) * (u(i + 1) - 0.5) / 20000;
  CHECK(std::abs(covariance) < 4 / 12.0 / std::sqrt(20000));
}

TEST_CASE("Antithetic times come in pairs around the middle") {
  const auto u = AntitheticTimes{}.quantiles(20001, Key{2});
  for (Index i = 0; i + 1 < u.size(); i += 2) CHECK(u(i) + u(i + 1) == doctest::Approx(1).epsilon(1e-15));
  check_uniform(dense(view(u).slice(0, 0, 10000)));
  Times odd(Shape{10000});
  for (Index i = 0; i < 10000; ++i) odd(i) = u(2 * i + 1);
  check_uniform(odd);
  CHECK(AntitheticTimes{}.quantiles(5, Key{2}) == dense(view(u).slice(0, 0, 5)));
}

TEST_CASE("Stratified times are one in each part, at the schedule's quantiles") {
  const auto times = draw_times(StratifiedTimes{}, Karras{}, 50, Key{3});
  const auto u = stratified(50, Key{3});
  for (Index i = 0; i < 50; ++i) CHECK(times(i) == Karras{}.time(u(i)));
  check_uniform(StratifiedTimes{}.quantiles(20000, Key{3}));
}

TEST_CASE("Times of a grid are its steps, each as often") {
  std::vector<int> seen(11);
  for (double t : draw_times(GridTimes{.steps = 10}, Cosine{}, 1000, Key{4}).values()) {
    const double step = std::round(t * 10);
    CHECK(t == step / 10);
    ++seen[static_cast<std::size_t>(step)];
  }
  CHECK(seen[0] == 0);
  for (std::size_t i = 1; i <= 10; ++i) CHECK(seen[i] == 100);
}

TEST_CASE("Log-normal times: the noise has the quantiles of the distribution on any schedule") {
  constexpr Index n = 100;
  const LogNormalTimes draw{.mean = -0.5, .deviation = 0.9};
  const auto check = [&](const auto& schedule) {
    const auto times = draw_times(draw, schedule, n, Key{5});
    const auto u = stratified(n, Key{5});
    for (Index i = 0; i < n; ++i) {
      const double z = (std::log(schedule(times(i)).ratio()) + 0.5) / 0.9;
      CHECK(below(z) == doctest::Approx(u(i)).epsilon(1e-9));
    }
  };
  check(Cosine{});
  check(LinearBeta{});
  check(Karras{});
  const auto as_karras = draw_times(LogNormalTimes{}, Karras{}, n, Key{6});
  for (Index i = 0; i < n; ++i)
    CHECK(as_karras(i) == doctest::Approx(Karras{}.time(stratified(n, Key{6})(i))).epsilon(1e-12));
  CHECK(draw_times(LogNormalTimes{.mean = 50}, Karras{}, 1, Key{6})(0) == doctest::Approx(80).epsilon(1e-12));
}

TEST_CASE("Logit-normal times: the logit has the quantiles of the distribution") {
  constexpr Index n = 100;
  const auto times = draw_times(LogitNormalTimes{.mean = 0.3, .deviation = 1.4}, Cosine{}, n, Key{5});
  const auto u = stratified(n, Key{5});
  for (Index i = 0; i < n; ++i) {
    const double z = (std::log(times(i) / (1 - times(i))) - 0.3) / 1.4;
    CHECK(below(z) == doctest::Approx(u(i)).epsilon(1e-9));
  }
}

TEST_CASE("Every draw gives every row of a batch a uniform quantile") {
  constexpr std::uint64_t draws = 4000;
  const auto check = [](const char* name, const auto& draw) {
    CAPTURE(name);
    std::vector<std::vector<double>> rows(5);
    for (std::uint64_t d = 0; d < draws; ++d) {
      const auto u = draw.quantiles(5, Key{11}.fold(d));
      for (Index i = 0; i < 5; ++i) rows[static_cast<std::size_t>(i)].push_back(u(i));
    }
    for (const auto& row : rows) CHECK(statistics::distance_from_uniform(row) < 1.95);
  };
  check("StratifiedTimes", StratifiedTimes{});
  check("UniformTimes", UniformTimes{});
  check("AntitheticTimes", AntitheticTimes{});
  check("GridTimes", GridTimes{});
  check("LogNormalTimes", LogNormalTimes{});
  check("LogitNormalTimes", LogitNormalTimes{});
  check("LateTimes", LateTimes{});
}

TEST_CASE("Data in a fixed order: at every noise level, every image is as likely as the others") {
  // Two modes, half of a batch each, always in the same rows. What a network learns at a level is the mean of the clean
  // images that it is shown there: that of both.
  Tensor<double, 4> images(Shape{8, 1, 1, 1}, -0.8);
  for (Index i = 4; i < 8; ++i) images(i, 0, 0, 0) = 0.8;
  const Diffusion model(Identity{}, Cosine{}, CleanTarget{});
  constexpr std::uint64_t batches = 2000;
  double learnt[8] = {};
  int seen[8] = {};
  for (std::uint64_t k = 0; k < batches; ++k) {
    const auto example = model.corrupt(images, Key{9}.fold(k));
    for (Index i = 0; i < 8; ++i) {
      const auto part = static_cast<std::size_t>(example.level(i) / 1000 * 8);
      learnt[part] += example.target(i, 0, 0, 0) / batches;
      ++seen[part];
    }
  }
  for (int part = 0; part < 8; ++part) {
    CHECK(seen[part] == batches);  // one of every batch
    CHECK(std::abs(learnt[part]) < 4 * 0.8 / std::sqrt(batches));
  }
}

TEST_CASE("A user's draw has a time of its own") {
  constexpr Index n = 1000;
  const auto times = draw_times(LateTimes{}, Cosine{}, n, Key{5});
  CHECK(statistics::mean_of(times) == doctest::Approx(2 / 3.0).epsilon(1e-3));
  const Diffusion model(Identity{}, Cosine{}, CleanTarget{}, SimpleWeight{}, LateTimes{});
  const auto level = model.corrupt(Tensor<double, 4>(Shape{n, 1, 1, 1}), Key{5}).level;
  CHECK(statistics::mean_of(level) == doctest::Approx(2000 / 3.0).epsilon(1e-3));
}

TEST_CASE(
    "Stratified times at least halve the variance of the loss, antithetic ones too where it grows with the noise") {
  const Moments independent = loss_moments(UniformTimes{});
  const Moments stratified = loss_moments(StratifiedTimes{}), paired = loss_moments(AntitheticTimes{});
  CHECK(independent.variance > 2 * stratified.variance);
  CHECK(independent.variance > 2 * paired.variance);
  // The same loss, by all of them.
  const double error = 4 * std::sqrt(independent.variance / 400 * 2);
  CHECK(std::abs(stratified.mean - independent.mean) < error);
  CHECK(std::abs(paired.mean - independent.mean) < error);
}

TEST_CASE("Time draws refuse what is no distribution") {
  CHECK_THROWS_WITH(draw_times(LogNormalTimes{.deviation = 0}, Cosine{}, 1, Key{1}),
                    "LogNormalTimes: deviation is 0; it must be positive");
  CHECK_THROWS_AS(draw_times(LogitNormalTimes{.deviation = -1}, Cosine{}, 1, Key{1}), ValueError);
  CHECK_THROWS_WITH(draw_times(GridTimes{.steps = 0}, Cosine{}, 1, Key{1}),
                    "GridTimes: steps is 0; it must be at least 1");
}

}  // namespace time_draw_test
