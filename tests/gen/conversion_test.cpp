#include "inkling/gen/target/conversion.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/target/previous.hpp"

namespace conversion_test {

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

/// Calls f for every target.
template <class F>
void for_every_target(F f) {
  f(NoiseTarget{});
  f(CleanTarget{});
  f(VelocityTarget{});
  f(FlowTarget{});
  f(ScoreTarget{});
  f(KarrasTarget{});
  static const PreviousTarget previous(LinearBeta{}, 1000);
  f(previous);
}

const Shape<4> shape{2, 3, 3, 1};
const Images clean = uniform<double>(shape, Key{1}, -1, 1), noise = normal<double>(shape, Key{2});

template <class Target>
Images truth(const Target& target, double t, Scales s) {
  const Mix mix = target_mix(target, t, s);
  return detail::combine(mix.clean, clean, mix.noise, noise);
}

/// The largest difference, relative to the largest number.
double distance(const Images& x, const Images& y) {
  double worst = 0, largest = 0;
  for (Index i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x.data()[i] - y.data()[i]);
    worst = std::isnan(difference) ? HUGE_VAL : std::max(worst, difference);
    largest = std::max(largest, std::abs(y.data()[i]));
  }
  return worst / largest;
}

double amplification(const auto& schedule, double t) {
  return std::abs(conversion(NoiseTarget{}(schedule(t)), CleanTarget{}(schedule(t)), schedule(t)).output);
}

}  // namespace

TEST_CASE("Every target from every other: the truth, and the way back to 1e-12") {
  const LinearBeta schedule;
  for (double t : {0.003, 0.1, 0.5, 0.9, 1.0}) {
    const Scales s = schedule(t);
    const Images x = detail::combine(s.alpha, clean, s.sigma, noise);
    for_every_target([&](const auto& from) {
      for_every_target([&](const auto& to) {
        const Images answer = truth(from, t, s);
        const Images other = convert(from, to, x, answer, t, s);
        CHECK(distance(other, truth(to, t, s)) < 1e-10);
        // The next image differs so little from x_t that its own rounding counts, thousandfold.
        const Mix a = target_mix(from, t, s), b = target_mix(to, t, s);
        const double amplified = std::abs(conversion(b, a, s).output);
        CHECK(distance(convert(to, from, x, other, t, s), answer) < 1e-12 * std::max(1.0, amplified / 1000));
      });
    });
  }
}

TEST_CASE("Any answer, not only a true one, survives the round trip") {
  const LinearBeta schedule;
  const double t = 0.9;
  const Scales s = schedule(t);
  const Images x = normal<double>(shape, Key{3}), answer = normal<double>(shape, Key{4});
  for_every_target([&](const auto& from) {
    for_every_target([&](const auto& to) {
      CHECK(distance(convert(to, from, x, convert(from, to, x, answer, t, s), t, s), answer) < 1e-12);
    });
    CHECK(convert(from, from, x, answer, t, s) == answer);
  });
}

TEST_CASE("A conversion through the clean image and the noise is the same") {
  const Scales s = LinearBeta{}(0.4);
  const Images x = normal<double>(shape, Key{3}), answer = normal<double>(shape, Key{4});
  for_every_target([&](const auto& from) {
    const Mix mix = target_mix(from, 0.4, s);
    const CleanEstimate estimate = clean_estimate(mix, s);
    const Images image = detail::combine(estimate.input, x, estimate.output, answer);
    CHECK(distance(convert(from, CleanTarget{}, x, answer, 0.4, s), image) < 1e-12);
    const Images rest = detail::combine(1 / s.sigma, x, -s.alpha / s.sigma, image);
    CHECK(distance(convert(from, NoiseTarget{}, x, answer, 0.4, s), rest) < 1e-11);
    CHECK(distance(convert(from, VelocityTarget{}, x, answer, 0.4, s),
                   detail::combine(s.alpha, rest, -s.sigma, image)) < 1e-11);
  });
}

TEST_CASE("The textbook's formulas") {
  const Scales s = LinearBeta{}(0.4);
  const auto noise_from_velocity = conversion(VelocityTarget{}(s), NoiseTarget{}(s), s);  // σ·x + α·v
  CHECK(noise_from_velocity.input == doctest::Approx(s.sigma).epsilon(1e-12));
  CHECK(noise_from_velocity.output == doctest::Approx(s.alpha).epsilon(1e-12));
  const Scales half{0.7, 0.3};
  const auto noise_from_flow = conversion(FlowTarget{}(half), NoiseTarget{}(half), half);  // x + (1 − t)·u
  CHECK(noise_from_flow.input == doctest::Approx(1).epsilon(1e-12));
  CHECK(noise_from_flow.output == doctest::Approx(0.7).epsilon(1e-12));
  const auto score = conversion(NoiseTarget{}(s), ScoreTarget{}(s), s);  // −ε/σ
  CHECK(score.input == 0);
  CHECK(score.output == -1 / s.sigma);
}

TEST_CASE("The clean image from the noise multiplies the network's error") {
  // Step 500 of 0 … 999 ends at 501/1000.
  CHECK(amplification(LinearBeta{}, 0.501) == doctest::Approx(3.4).epsilon(0.01));
  CHECK(amplification(LinearBeta{}, 0.901) == doctest::Approx(61).epsilon(0.01));
  CHECK(amplification(LinearBeta{}, 1.0) == doctest::Approx(157).epsilon(0.005));
  CHECK(amplification(Cosine{}, 1.0) == doctest::Approx(20291).epsilon(1e-4));
}

TEST_CASE("The clean image from the next one multiplies it far more") {
  const Scales s = LinearBeta{}(0.9);
  const Mix previous = PreviousTarget(LinearBeta{}, 1000).mix(0.9, s);
  CHECK(std::abs(conversion(previous, CleanTarget{}(s), s).output) > 3000);
}

TEST_CASE("What cannot be told is refused") {
  const Scales nothing{0, 1}, everything{1, 0};
  const Images x(shape, 0.5);
  CHECK_THROWS_WITH_AS(convert(NoiseTarget{}, CleanTarget{}, x, x, 1, nothing),
                       "convert: alpha is 0, sigma is 1; one target cannot be told from the other at this "
                       "signal-to-noise ratio",
                       ValueError);
  CHECK_THROWS_AS(convert(ScoreTarget{}, VelocityTarget{}, x, x, 1, nothing), ValueError);
  CHECK_THROWS_AS(convert(CleanTarget{}, NoiseTarget{}, x, x, 0, everything), ValueError);
  CHECK_THROWS_AS(convert(NoiseTarget{}, CleanTarget{}, x, x, 1, Scales{std::nan(""), 1}), ValueError);
  // The noise is the noise, whatever is left of the image.
  CHECK(convert(NoiseTarget{}, ScoreTarget{}, x, x, 1, nothing) == Images(shape, -0.5));
  CHECK(convert(VelocityTarget{}, CleanTarget{}, x, x, 1, nothing) == Images(shape, -0.5));
}

}  // namespace conversion_test
