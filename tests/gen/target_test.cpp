#include "inkling/gen/target.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/gen/schedule/cosine.hpp"

using namespace ink;

namespace {

/// Answers ε − x₀, and nothing else.
struct Flow {
  Mix operator()(Scales) const { return {-1, 1}; }
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
              PredictionTarget<KarrasTarget> && PredictionTarget<Flow> && !PredictionTarget<Cosine>);

TEST_CASE("A perfect answer gives the clean image back, whatever the schedule") {
  for (Scales s : {Scales{1, 0.01}, Scales{1, 80}, Scales{0.3, 0.7}, preserving(0.2), preserving(1.5)}) {
    CHECK(recovered(NoiseTarget{}, s) == doctest::Approx(clean).epsilon(1e-11));
    CHECK(recovered(CleanTarget{}, s) == near(clean));
    CHECK(recovered(VelocityTarget{}, s) == near(clean));
    CHECK(recovered(KarrasTarget{}, s) == near(clean));
    CHECK(recovered(Flow{}, s) == doctest::Approx(clean).epsilon(1e-11));
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
  const auto from_flow = clean_estimate(Flow{}, Scales{0.4, 0.6});  // x − t·u
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
  CHECK(recovered(Flow{}, nothing) == near(clean));
  CHECK_THROWS_AS(clean_estimate(NoiseTarget{}, Scales{std::nan(""), 1}), ValueError);
}

TEST_CASE("Scale and level are 1 and 1000·t for a target that does not say") {
  const Scales s{0.6, 0.8};
  CHECK(detail::input_scale(NoiseTarget{}, s) == 1);
  CHECK(detail::network_level(NoiseTarget{}, 0.25, s) == 250);
  CHECK(detail::input_scale(KarrasTarget{}, s) == KarrasTarget{}.input_scale(s));
  CHECK(detail::network_level(KarrasTarget{}, 0.25, s) == KarrasTarget{}.level(0.25, s));
}
