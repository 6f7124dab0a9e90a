#include "inkling/gen/diffusion.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

/// Answers what makes the model expect the same clean image everywhere, whatever the target.
template <class Schedule, class Target>
struct Knowing {
  using value_type = double;
  double clean;
  Schedule schedule;
  Target target;

  template <class C>
  Images operator()(const Images& input, const Tensor<double, 1>& level, const C&) const {
    Images answer(input.shape());
    const double t = time_of(level(0));
    const Scales s = schedule(t);
    const Mix mix = target(s);
    const double scale = detail::input_scale(target, s);
    for (Index i = 0; i < input.size(); ++i) {
      const double x = input.data()[i] / scale;
      answer.mutable_data()[i] = mix.clean * clean + mix.noise * (x - s.alpha * clean) / s.sigma;
    }
    return answer;
  }
  static void visit(auto&, auto&&) {}

 private:
  double time_of(double level) const {
    if constexpr (std::is_same_v<Target, KarrasTarget>) {
      return std::exp(level / 250);
    } else {
      return level / 1000;
    }
  }
};

template <class Schedule, class Target>
void check_recovers(const Schedule& schedule, const Target& target) {
  const Diffusion model(Knowing<Schedule, Target>{0.4, schedule, target}, schedule, target);
  for (int steps : {2, 10, 50}) {
    const auto x = generate(Ddim{.steps = steps}, model, Shape{2, 2, 2, 1}, Key{1});
    for (double v : x.values()) CHECK(v == doctest::Approx(0.4).epsilon(1e-6));
    const auto y = generate(Heun{.steps = steps}, model, Shape{2, 2, 2, 1}, Key{1});
    for (double v : y.values()) CHECK(v == doctest::Approx(0.4).epsilon(1e-6));
  }
}

}  // namespace

TEST_CASE("Every target leads every sampler to the image that the network knows") {
  check_recovers(Cosine{}, NoiseTarget{});
  check_recovers(Cosine{}, CleanTarget{});
  check_recovers(Cosine{}, VelocityTarget{});
  check_recovers(LinearBeta{}, NoiseTarget{});
  check_recovers(LinearBeta{}, CleanTarget{});
  check_recovers(LinearBeta{}, VelocityTarget{});
  check_recovers(Karras{}, NoiseTarget{});
  check_recovers(Karras{}, CleanTarget{});
  check_recovers(Karras{}, KarrasTarget{});
}

TEST_CASE("Corruption mixes image and noise as the schedule says, and asks for the target") {
  const auto images = uniform<double>(Shape{512, 2, 2, 1}, Key{1}, -1, 1);
  const Diffusion model(Knowing<Cosine, VelocityTarget>{0, {}, {}}, Cosine{}, VelocityTarget{});
  const auto example = model.corrupt(images, Key{2});
  double noise_mean = 0, noise_square = 0, level_mean = 0;
  for (Index i = 0; i < 512; ++i) {
    const double t = example.level(i) / 1000;
    level_mean += t / 512;
    const Scales s = Cosine{}(t);
    for (Index p = 4 * i; p < 4 * i + 4; ++p) {
      const double clean = images.data()[p], x = example.state.data()[p];
      const double noise = s.alpha * example.target.data()[p] + s.sigma * x;  // of v = α·ε − σ·x₀ and x = α·x₀ + σ·ε
      CHECK(x == doctest::Approx(s.alpha * clean + s.sigma * noise).epsilon(1e-9));
      noise_mean += noise / 2048;
      noise_square += noise * noise / 2048;
    }
  }
  CHECK(std::abs(noise_mean) < 4 / std::sqrt(2048.0));
  CHECK(std::abs(noise_square - 1) < 4 * std::sqrt(2.0 / 2048));
  CHECK(std::abs(level_mean - 0.5) < 1e-3);  // one draw in each 512th of [0, 1]
}

TEST_CASE("Stratified draws: one in each n-th of the interval") {
  const auto u = stratified(100, Key{3});
  for (Index i = 0; i < 100; ++i) CHECK(std::floor(u(i) * 100) == static_cast<double>(i));
}

TEST_CASE("The prior is as strong as the schedule's strongest noise") {
  const Diffusion model(Knowing<Karras, KarrasTarget>{0, {}, {}}, Karras{.sigma_max = 40}, KarrasTarget{});
  const auto x = model.prior(Shape{50, 20, 20, 1}, Key{4});
  double square = 0;
  for (double v : x.values()) square += v * v / 20000;
  CHECK(std::sqrt(square) == doctest::Approx(40).epsilon(0.02));
}

TEST_CASE("A target that cannot tell the image is refused") {
  CHECK_THROWS_WITH(clean_estimate(NoiseTarget{}, Scales{0, 1}),
                    "target: alpha is 0, sigma is 1; the clean image cannot be told from this target at this "
                    "signal-to-noise ratio");
}
