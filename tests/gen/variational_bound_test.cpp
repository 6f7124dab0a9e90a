#include "inkling/gen/likelihood/variational_bound.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/likelihood/continuous_bound.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/nn/condition.hpp"
#include "statistics.hpp"

namespace variational_bound_test {

using namespace ink;
using namespace analytic;

namespace {

const Unconditional nothing;

struct Straight {
  Scales operator()(double t) const { return {1 - t, t}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

constexpr double variance = 0.04;

template <class Schedule>
GaussianData<Schedule> exact(const Schedule& schedule) {
  return {schedule, variance};
}

/// Normal data on 256 grey levels, and what they cost under the distribution that they are drawn from.
struct Digits {
  Images images;
  double nats;

  explicit Digits(Index n) {
    const DiscretizedGaussian source(Images({n, 4, 4, 1}), std::sqrt(variance));
    images = source.sample(Key{7});
    nats = -statistics::mean_of(source.log_prob(images));
  }
};

constexpr double per_image = 16;

/// What the steps but the last cost on average, per pixel: ½(SNR_s − SNR_t)·E(x₀ − x̂₀)².
template <class M>
double expected_diffusion(const M& model, int steps) {
  const auto times = model.times(steps);
  double sum = 0;
  for (std::size_t i = 0; i + 2 < times.size(); ++i) {
    const double t = std::pow(model.scales(times[i]).ratio(), -2), s = std::pow(model.scales(times[i + 1]).ratio(), -2);
    sum += 0.5 * (s - t) / (1 / variance + t);
  }
  return sum;
}

}  // namespace

TEST_CASE("The bound of normal data with their exact denoiser has its closed form, step by step") {
  const Digits digits(64);
  const auto model = exact(LinearBeta{});
  const auto nats = variational_bound(model, digits.images, nothing, Key{1}, {.steps = 1000});
  CHECK(std::abs(statistics::mean_of(nats.diffusion) / per_image - expected_diffusion(model, 1000)) < 0.1);
  // Of a normal distribution of the deviation 0.01 on levels of 2/255, to second order.
  const double decoder = 0.5 + std::log(0.01 * std::sqrt(2 * M_PI)) - std::log(2.0 / 255);
  CHECK(std::abs(statistics::mean_of(nats.decoder) / per_image - decoder) < 0.1);
}

TEST_CASE("More steps lower the bound, to the data's own nats") {
  const Digits digits(64);
  const double truth = digits.nats / per_image;
  CHECK(truth == doctest::Approx(0.5 * std::log(2 * M_PI * M_E * variance) - std::log(2.0 / 255)).epsilon(0.01));
  const auto bound = [&](int steps) {
    const auto nats = variational_bound(exact(Karras{}), digits.images, nothing, Key{1}, {.steps = steps});
    return statistics::mean_of(nats.total) / per_image;
  };
  const double b5 = bound(5), b20 = bound(20), b80 = bound(80), b1000 = bound(1000);
  CHECK(b5 > b20 + 0.5);
  CHECK(b20 > b80 + 0.1);
  CHECK(b80 > b1000 + 0.02);
  CHECK(b1000 > truth);
  CHECK(b1000 < truth + 0.06);
}

TEST_CASE("In continuous time the bound is the data's own nats, whatever the schedule") {
  const Digits digits(64);
  const auto check = [&](const auto& schedule) {
    const auto nats = continuous_bound(exact(schedule), digits.images, nothing, Key{2}, {.points = 400});
    CHECK(std::abs(statistics::mean_of(nats.total) - digits.nats) / per_image < 0.03);
  };
  check(LinearBeta{});
  check(Karras{});
  check(Cosine{});
}

TEST_CASE("A denoiser that is wrong costs more") {
  const Digits digits(64);
  const auto nats = [&](double believed) {
    const GaussianData<Karras> model{{}, believed};
    return statistics::mean_of(continuous_bound(model, digits.images, nothing, Key{2}, {.points = 200}).total);
  };
  CHECK(nats(variance) < nats(2 * variance) - 0.5);
  CHECK(nats(variance) < nats(variance / 2) - 0.5);
}

TEST_CASE("The prior's term has its closed form") {
  const auto images = Digits(3).images;
  const auto check = [&](const auto& model, double alpha, double sigma, double prior) {
    const auto nats = variational_bound(model, images, nothing, Key{1}, {.steps = 2}).prior;
    for (Index n = 0; n < 3; ++n) {
      double sum = 0;
      for (Index i = 0; i < 16; ++i) {
        const double x = images.data()[16 * n + i], v = prior * prior;
        sum += 0.5 * ((alpha * alpha * x * x + sigma * sigma) / v - std::log(sigma * sigma / v) - 1);
      }
      CHECK(nats(n) == doctest::Approx(sum).epsilon(1e-9));
    }
  };
  const double bar = 4.0358e-5;  // of DDPM's 1000 steps
  const Scales end = LinearBeta{}(1);
  CHECK(end.alpha * end.alpha == doctest::Approx(bar).epsilon(1e-3));
  check(exact(LinearBeta{}), end.alpha, end.sigma, 1);
  check(exact(Straight{}), 0, 1, 1);
  check(exact(Karras{}), 1, 80, 80);  // ½·Σ x²/σ²
}

TEST_CASE("Every step costs the divergence of two normal distributions") {
  const auto images = Digits(5).images;
  const auto model = exact(LinearBeta{});
  const auto times = model.times(4);
  const auto bar = [&](double t) { return std::pow(model.scales(t).alpha, 2); };
  for (bool large : {false, true}) {
    const auto nats = variational_bound(model, images, nothing, Key{3}, {.steps = 4, .large_variance = large});
    Tensor<double, 1> expected(Shape{5});
    for (std::size_t i = 0; i < 3; ++i) {
      const double t = times[i], s = times[i + 1], beta = 1 - bar(t) / bar(s),
                   small = (1 - bar(s)) / (1 - bar(t)) * beta;
      const Images x = noised(images, model.scales(t), Key{3}.fold(i)), clean = model.posterior(x, t, nothing).mean();
      const double filled = large ? beta : small, slope = std::sqrt(bar(s)) * beta / (1 - bar(t));
      for (Index j = 0; j < images.size(); ++j) {
        const double mean = slope * (images.data()[j] - clean.data()[j]);  // of the two posteriors, apart
        expected(j / 16) += 0.5 * (small / filled - 1 - std::log(small / filled) + mean * mean / filled);
      }
    }
    for (Index n = 0; n < 5; ++n) {
      CHECK(nats.diffusion(n) == doctest::Approx(expected(n)).epsilon(1e-9));
      CHECK(nats.total(n) == doctest::Approx(nats.prior(n) + nats.diffusion(n) + nats.decoder(n)).epsilon(1e-12));
    }
  }
}

TEST_CASE("Drawn steps are right on average, and nearly so each time") {
  const Digits digits(16);
  const auto model = exact(Cosine{});
  const int n = 100;
  Tensor<double, 1> drawn(Shape{n});
  for (Index i = 0; i < n; ++i) {
    const Key key = Key{1}.fold(static_cast<std::uint64_t>(i));
    const auto nats = variational_bound(model, digits.images, nothing, key, {.steps = 200, .draws = 10});
    drawn(i) = statistics::mean_of(nats.diffusion) / per_image;
  }
  const double mean = statistics::mean_of(drawn), expected = expected_diffusion(model, 200);
  const double error = std::sqrt(statistics::variance_around(mean, drawn) / n);
  CHECK(error < 0.02 * expected);
  CHECK(std::abs(mean - expected) < 4 * error);
}

TEST_CASE("A model that has learned the width of its steps") {
  // The geometric mean of the two variances, for every pixel.
  struct Learned : GaussianData<LinearBeta> {
    struct Posterior {
      Images clean;
      const Images& mean() const { return clean; }
      Images variance(double small, double large) const { return Images(clean.shape(), std::sqrt(small * large)); }
    };
    Posterior posterior(const Images& x, double t, const Unconditional&) const {
      return {GaussianData::posterior(x, t, nothing).mean()};
    }
  };
  const auto images = Digits(3).images;
  const VariationalBoundOptions two{.steps = 2}, wide{.steps = 2, .large_variance = true};
  const Learned model{exact(LinearBeta{})};
  const auto learned = variational_bound(model, images, nothing, Key{1}, two);
  const auto small = variational_bound(exact(LinearBeta{}), images, nothing, Key{1}, two);
  const auto large = variational_bound(exact(LinearBeta{}), images, nothing, Key{1}, wide);
  const double r = std::pow(model.scales(1).sigma / model.scales(0.5).sigma, 2);
  for (Index n = 0; n < 3; ++n) {
    const double expected = small.diffusion(n) / std::sqrt(r) + 8 * (1 / std::sqrt(r) - 1 + std::log(r) / 2);
    CHECK(learned.diffusion(n) == doctest::Approx(expected).epsilon(1e-9));
    CHECK(large.diffusion(n) == doctest::Approx(small.diffusion(n) / r + 8 * (1 / r - 1 + std::log(r))).epsilon(1e-9));
    CHECK(learned.prior(n) == small.prior(n));
    CHECK(learned.decoder(n) == small.decoder(n));
  }
  CHECK(variational_bound(model, images, nothing, Key{1}, wide).total == learned.total);
}

TEST_CASE("The terms of one image do not depend on the others") {
  const auto images = Digits(4).images;
  const auto first = Images::from(Shape<4>{1, 4, 4, 1}, images.values().first(16));
  const auto check = [&](const auto& bound) {
    const auto many = bound(images), one = bound(first);
    CHECK(many.prior(0) == one.prior(0));
    CHECK(many.diffusion(0) == one.diffusion(0));
    CHECK(many.decoder(0) == one.decoder(0));
    CHECK(many.decoder(0) != many.decoder(1));
  };
  const auto model = exact(Cosine{});
  check([&](const Images& x) { return variational_bound(model, x, nothing, Key{1}, {.steps = 20, .draws = 5}); });
  check([&](const Images& x) { return continuous_bound(model, x, nothing, Key{1}, {.points = 5}); });
}

TEST_CASE("Bits per dimension of every term") {
  const auto nats = variational_bound(exact(Karras{}), Digits(2).images, nothing, Key{1}, {.steps = 8});
  const auto bits = bits_per_dimension(nats, 16);
  CHECK(bits.prior(1) == doctest::Approx(nats.prior(1) / (16 * std::log(2.0))));
  CHECK(bits.diffusion(1) == doctest::Approx(nats.diffusion(1) / (16 * std::log(2.0))));
  CHECK(bits.total(1) == doctest::Approx(bits.prior(1) + bits.diffusion(1) + bits.decoder(1)));
}

TEST_CASE("Both bounds are finite from one step on, also from pure noise") {
  const auto images = Digits(2).images;
  const auto check = [&](const auto& model) {
    for (int steps : {1, 2, 7}) {
      const auto nats = variational_bound(model, images, nothing, Key{1}, {.steps = steps, .large_variance = true});
      CHECK(std::isfinite(nats.total(0)));
      CHECK(std::isfinite(nats.total(1)));
    }
    CHECK(std::isfinite(continuous_bound(model, images, nothing, Key{1}, {.points = 3}).total(1)));
  };
  check(exact(Straight{}));
  check(exact(Cosine{}));
  check(exact(Karras{}));
}

TEST_CASE("The time of an amount of noise") {
  const auto model = exact(Straight{});
  const NoiseRange range(model);
  CHECK(range.time(model, 1) == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(range.time(model, 3) == doctest::Approx(0.75).epsilon(1e-12));
  CHECK(range.first == doctest::Approx(0.001));
  CHECK(range.most_ratio == doctest::Approx(1e4));  // from pure noise no integral can begin
  struct Level {
    Scales operator()(double) const { return {1, 1}; }
    std::vector<double> times(int steps) const { return detail::even_times(steps); }
  };
  CHECK_THROWS_WITH_AS(NoiseRange(exact(Level{})),
                       "NoiseRange: sigma/alpha is 1 at time 1 and 1 at time 0.001; it must fall, and stay above 0",
                       ValueError);
}

TEST_CASE("Misuse says what is wrong") {
  const auto images = Digits(1).images;
  const auto model = exact(Cosine{});
  CHECK_THROWS_WITH_AS(variational_bound(model, images, nothing, Key{1}, {.draws = -1}),
                       "variational_bound: draws is -1; it must not be negative", ValueError);
  CHECK_THROWS_AS(variational_bound(model, images, nothing, Key{1}, {.steps = 0}), ValueError);
  CHECK_THROWS_AS(variational_bound(model, images, nothing, Key{1}, {.steps = 1, .levels = 1}), ValueError);
  CHECK_THROWS_WITH_AS(continuous_bound(model, images, nothing, Key{1}, {.points = 0}),
                       "continuous_bound: points is 0; it must be at least 1", ValueError);
}

}  // namespace variational_bound_test
