#include "inkling/gen/target.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/target/previous.hpp"
#include "statistics.hpp"

namespace target_test {

using namespace ink;

namespace {

/// A target of the user's, of one line: x_t − x₀.
struct Residual {
  Mix operator()(Scales s) const { return {s.alpha - 1, s.sigma}; }
};

/// One that depends on the time, and has no answer without it.
struct Timed {
  Mix mix(double t, Scales) const { return {t, 1 - t}; }
};

constexpr double clean = 0.7, noise = -1.3;

double noisy(Scales s) { return s.alpha * clean + s.sigma * noise; }

/// The clean image that follows from a perfect answer.
template <class Target>
double recovered(const Target& target, Scales s) {
  const Mix mix = target(s);
  const CleanEstimate estimate = clean_estimate(target, s);
  return estimate.input * noisy(s) + estimate.output * (mix.clean * clean + mix.noise * noise);
}

Scales preserving(double angle) { return {std::cos(angle), std::sin(angle)}; }

doctest::Approx near(double v) { return doctest::Approx(v).epsilon(1e-13); }

}  // namespace

static_assert(PredictionTarget<NoiseTarget> && PredictionTarget<CleanTarget> && PredictionTarget<VelocityTarget> &&
              PredictionTarget<KarrasTarget> && PredictionTarget<FlowTarget> && PredictionTarget<ScoreTarget> &&
              PredictionTarget<PreviousTarget<Cosine>> && PredictionTarget<DrawnPreviousTarget<Cosine>> &&
              PredictionTarget<Residual> && PredictionTarget<Timed> && !PredictionTarget<Cosine>);

TEST_CASE("A perfect answer gives the clean image back, whatever the schedule") {
  for (Scales s : {Scales{1, 0.01}, Scales{1, 80}, Scales{0.3, 0.7}, preserving(0.2), preserving(1.5)}) {
    CHECK(recovered(NoiseTarget{}, s) == doctest::Approx(clean).epsilon(1e-11));
    CHECK(recovered(CleanTarget{}, s) == near(clean));
    CHECK(recovered(VelocityTarget{}, s) == near(clean));
    CHECK(recovered(KarrasTarget{}, s) == near(clean));
    CHECK(recovered(FlowTarget{}, s) == doctest::Approx(clean).epsilon(1e-11));
    CHECK(recovered(ScoreTarget{}, s) == doctest::Approx(clean).epsilon(1e-11));
    CHECK(recovered(Residual{}, s) == doctest::Approx(clean).epsilon(1e-11));
  }
}

TEST_CASE("The clean image from noise, velocity, flow and itself: the textbook's formulas") {
  for (double angle : {0.1, 0.8, 1.4}) {
    const Scales s = preserving(angle);
    const auto from_noise = clean_estimate(NoiseTarget{}, s);  // (x − σ·ε)/α
    CHECK(from_noise.input == near(1 / s.alpha));
    CHECK(from_noise.output == near(-s.sigma / s.alpha));
    const auto from_velocity = clean_estimate(VelocityTarget{}, s);  // α·x − σ·v
    CHECK(from_velocity.input == near(s.alpha));
    CHECK(from_velocity.output == near(-s.sigma));
    const auto from_clean = clean_estimate(CleanTarget{}, s);
    CHECK(from_clean.input == 0);
    CHECK(from_clean.output == 1);
  }
  const auto from_flow = clean_estimate(FlowTarget{}, Scales{0.4, 0.6});  // x − t·u
  CHECK(from_flow.input == near(1));
  CHECK(from_flow.output == near(-0.6));
}

TEST_CASE("One answer turns into another: velocity is α·ε − σ·x₀, and ε is σ·x + α·v") {
  const Scales s = preserving(0.9);
  const Mix v = VelocityTarget{}(s);
  const double velocity = v.clean * clean + v.noise * noise;
  CHECK(velocity == near(s.alpha * noise - s.sigma * clean));
  CHECK(s.sigma * noisy(s) + s.alpha * velocity == near(noise));
  CHECK((noisy(s) - s.alpha * recovered(VelocityTarget{}, s)) / s.sigma == near(noise));
}

TEST_CASE("Karras' preconditioning: skip, output, input and level of the paper") {
  for (double sigma : {0.01, 0.5, 1.0, 80.0}) {
    for (double data : {0.5, 0.6162}) {
      const KarrasTarget target{.data_deviation = data};
      const Scales s{1, sigma};
      const double total = sigma * sigma + data * data;
      const auto estimate = clean_estimate(target, s);
      CHECK(estimate.input == near(data * data / total));
      CHECK(estimate.output == near(sigma * data / std::sqrt(total)));
      CHECK(target.input_scale(s) == near(1 / std::sqrt(total)));
      CHECK(target.level(0, s) == near(1000 * std::log(sigma) / 4));
      // Input and target have variance 1, and do not need a weight: that of the paper is 1/c_out².
      const Mix mix = target(s);
      CHECK(mix.clean * mix.clean * data * data + mix.noise * mix.noise == near(1));
      CHECK(target.input_scale(s) * target.input_scale(s) * total == near(1));
      CHECK(total / (sigma * sigma * data * data) * estimate.output * estimate.output == near(1));
    }
  }
}

TEST_CASE("Noise tells nothing about an image of which nothing is left, velocity and clean image do") {
  const Scales nothing{0, 1};
  CHECK_THROWS_WITH_AS(clean_estimate(NoiseTarget{}, nothing),
                       "target: alpha is 0, sigma is 1; the clean image cannot be told from this target at this "
                       "signal-to-noise ratio",
                       ValueError);
  CHECK(recovered(VelocityTarget{}, nothing) == near(clean));
  CHECK(recovered(CleanTarget{}, nothing) == near(clean));
  CHECK(recovered(FlowTarget{}, nothing) == near(clean));
  CHECK_THROWS_AS(clean_estimate(NoiseTarget{}, Scales{std::nan(""), 1}), ValueError);
  CHECK_THROWS_AS(clean_estimate(ScoreTarget{}, nothing), ValueError);
  CHECK_THROWS_AS(clean_estimate(ScoreTarget{}, Scales{1, 0}), ValueError);
}

TEST_CASE("Scale and level are 1 and 1000·t for a target that does not say") {
  const Scales s{0.6, 0.8};
  CHECK(input_scale(NoiseTarget{}, s) == 1);
  CHECK(network_level(NoiseTarget{}, 0.25, s) == 250);
  CHECK(input_scale(KarrasTarget{}, s) == KarrasTarget{}.input_scale(s));
  CHECK(network_level(KarrasTarget{}, 0.25, s) == KarrasTarget{}.level(0.25, s));
}

TEST_CASE("The score is the gradient of the density of x_t given x₀") {
  const Scales s{0.6, 0.8};
  const Mix score = ScoreTarget{}(s);
  const auto log_density = [&](double x) { return -std::pow(x - s.alpha * clean, 2) / (2 * s.sigma * s.sigma); };
  const double h = 1e-5, slope = (log_density(noisy(s) + h) - log_density(noisy(s) - h)) / (2 * h);
  CHECK(score.clean * clean + score.noise * noise == doctest::Approx(slope).epsilon(1e-9));
}

TEST_CASE("The next less noisy image is the mean of DDPM's posterior") {
  const LinearBeta schedule;
  const PreviousTarget target(schedule, 1000);
  for (double t : {0.0021, 0.1, 0.5, 0.9, 1.0}) {
    const double bar = std::pow(schedule(t).alpha, 2), before = std::pow(schedule(t - 0.001).alpha, 2);
    const double between = bar / before, beta = 1 - between;
    const double mean = std::sqrt(before) * beta / (1 - bar) * clean +
                        std::sqrt(between) * (1 - before) / (1 - bar) * noisy(schedule(t));
    const Mix mix = target.mix(t, schedule(t));
    CHECK(mix.clean * clean + mix.noise * noise == doctest::Approx(mean).epsilon(1e-9));
    const double from_noise = (noisy(schedule(t)) - beta / std::sqrt(1 - bar) * noise) / std::sqrt(between);
    CHECK(mix.clean * clean + mix.noise * noise == doctest::Approx(from_noise).epsilon(1e-9));
    const CleanEstimate estimate = clean_estimate(mix, schedule(t));
    CHECK(estimate.input * noisy(schedule(t)) + estimate.output * mean == doctest::Approx(clean).epsilon(1e-9));
    const double variance = (1 - before) / (1 - bar) * beta;
    CHECK(DrawnPreviousTarget(schedule, 1000).deviation(t, schedule(t)) ==
          doctest::Approx(std::sqrt(variance)).epsilon(1e-7));
  }
  // The last step ends at the image itself.
  const Mix last = target.mix(0.0007, schedule(0.0007));
  CHECK(last.clean == 1);
  CHECK(last.noise == 0);
  CHECK(DrawnPreviousTarget(schedule, 1000).deviation(0.0007, schedule(0.0007)) == 0);
}

TEST_CASE("A previous image needs the model's schedule and a step") {
  const PreviousTarget target(LinearBeta{}, 1000);
  CHECK_THROWS_AS(target.mix(0.5, Cosine{}(0.5)), ValueError);
  CHECK_THROWS_WITH(PreviousTarget(Cosine{}, 0), "PreviousTarget: steps is 0; it must be at least 1");
}

namespace {

/// Answers nothing; corruption does not ask.
struct Silent {
  using value_type = double;
};

}  // namespace

TEST_CASE("What is asked for follows the time, and has fresh noise if the target draws") {
  constexpr Index n = 60, pixels = 400;
  const Tensor<double, 4> images(Shape{n, 20, 20, 1}, 0.5);
  const auto corrupted = [&](const auto& target) {
    return Diffusion(Silent{}, Cosine{}, target).corrupt(images, Key{1});
  };
  const auto timed = corrupted(Timed{});
  const auto mean = corrupted(PreviousTarget(Cosine{}, 10)), drawn = corrupted(DrawnPreviousTarget(Cosine{}, 10));
  CHECK(mean.state == drawn.state);
  CHECK(timed.state == drawn.state);
  double worst = 0;
  Tensor<double, 1> fresh(Shape{n * pixels});
  Index drawn_images = 0;
  for (Index i = 0; i < n; ++i) {
    const double t = timed.level(i) / 1000;
    const Scales s = Cosine{}(t);
    const Mix mix = PreviousTarget(Cosine{}, 10).mix(t, s);
    const double deviation = DrawnPreviousTarget(Cosine{}, 10).deviation(t, s);
    drawn_images += deviation > 0;
    for (Index k = i * pixels; k < (i + 1) * pixels; ++k) {
      const double z = (mean.state.data()[k] - s.alpha * 0.5) / s.sigma;
      worst = std::max(worst, std::abs(timed.target.data()[k] - (t * 0.5 + (1 - t) * z)));
      worst = std::max(worst, std::abs(mean.target.data()[k] - (mix.clean * 0.5 + mix.noise * z)));
      const double difference = drawn.target.data()[k] - mean.target.data()[k];
      if (deviation == 0) CHECK(difference == 0);
      if (deviation > 0) fresh(drawn_images * pixels - pixels + k - i * pixels) = difference / deviation;
    }
  }
  CHECK(worst < 1e-9);
  CHECK(drawn_images == 54);  // of 60 in ten steps; the last has none
  const double count = static_cast<double>(drawn_images * pixels), scale = static_cast<double>(n * pixels) / count;
  CHECK(std::abs(statistics::mean_of(fresh) * scale) < 4 / std::sqrt(count));
  CHECK(std::abs(statistics::variance_around(0, fresh) * scale - 1) < 4 * std::sqrt(2 / count));
}

}  // namespace target_test
