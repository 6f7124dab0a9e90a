#include "inkling/gen/diffusion.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/nn/condition.hpp"
#include "statistics.hpp"

namespace diffusion_test {

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

/// Any answer to an input pixel and a level.
template <class T>
struct Pixelwise {
  using value_type = T;
  std::function<double(double, double)> answer;

  template <class C>
  Tensor<T, 4> operator()(const Tensor<T, 4>& x, const Tensor<T, 1>& level, const C&) const {
    Tensor<T, 4> out(x.shape());
    const Index pixels = x.size() / x.extent(0);
    for (Index i = 0; i < x.size(); ++i) {
      out.mutable_data()[i] = static_cast<T>(answer(double(x.data()[i]), double(level(i / pixels))));
    }
    return out;
  }
};

/// The scales at the level that a network was told.
template <class Schedule, class Target>
Scales scales_at(double level, const Schedule& schedule, const Target&) {
  if constexpr (!std::is_same_v<Target, KarrasTarget>) return schedule(level / 1000);
  const double sigma = std::exp(level / 250);
  return {std::is_same_v<Schedule, Karras> ? 1 : std::sqrt(1 - sigma * sigma), sigma};
}

/// A model whose network knows that all images are `clean` everywhere, and answers what follows from that.
template <class Schedule, class Target>
auto knowing(double clean, Schedule schedule, Target target) {
  return Diffusion(Pixelwise<double>{[=](double input, double level) {
    const Scales s = scales_at(level, schedule, target);
    const double x = input / input_scale(target, s);
    const Mix mix = target(s);
    return mix.clean * clean + mix.noise * (x - s.alpha * clean) / s.sigma;
  }},
                   schedule, target);
}

/// Calls f for every schedule with every target.
template <class F>
void for_every_pair(F f) {
  const auto with = [&](const auto& schedule) {
    f(schedule, NoiseTarget{});
    f(schedule, CleanTarget{});
    f(schedule, VelocityTarget{});
    f(schedule, KarrasTarget{});
  };
  with(LinearBeta{});
  with(Cosine{});
  with(Karras{});
}

/// Calls f for the pairs that belong together.
template <class F>
void for_usual_pairs(F f) {
  f(LinearBeta{}, NoiseTarget{});
  f(Cosine{}, VelocityTarget{});
  f(Karras{}, KarrasTarget{});
}

double largest_distance(const Images& x, double from) {
  double worst = 0;
  for (double v : x.values()) worst = std::max(worst, std::isnan(v) ? HUGE_VAL : std::abs(v - from));
  return worst;
}

}  // namespace

TEST_CASE("A network that knows the image makes the model expect it, from every state at every time") {
  for_every_pair([](const auto& schedule, const auto& target) {
    const auto model = knowing(0.4, schedule, target);
    const auto x = normal<double>(Shape{2, 3, 3, 1}, Key{1});
    auto times = schedule.times(7);
    times.pop_back();
    for (double t : times) CHECK(largest_distance(model.posterior(x, t, 0).mean(), 0.4) < 1e-8);
  });
}

TEST_CASE("Every schedule with every target leads to the image that the network knows") {
  for_every_pair([](const auto& schedule, const auto& target) {
    const auto model = knowing(0.4, schedule, target);
    for (int steps : {1, 2, 10, 50}) {
      CHECK(largest_distance(generate(Ddim{.steps = steps}, model, Shape{2, 2, 2, 1}, Key{1}), 0.4) < 1e-8);
    }
  });
}

TEST_CASE("Every sampler leads to the image that the network knows") {
  for_usual_pairs([](const auto& schedule, const auto& target) {
    const auto model = knowing(0.4, schedule, target);
    for (int steps : {1, 2, 10, 50}) {
      CHECK(largest_distance(generate(Ddpm{.steps = steps}, model, Shape{2, 2, 2, 1}, Key{1}), 0.4) < 1e-8);
      CHECK(largest_distance(generate(Heun{.steps = steps}, model, Shape{2, 2, 2, 1}, Key{1}), 0.4) < 1e-8);
    }
  });
}

TEST_CASE("In float everything is finite, whatever the network answers") {
  for_usual_pairs([](const auto& schedule, const auto& target) {
    const Diffusion model(Pixelwise<float>{[](double x, double) { return 0.3 * x - 0.1; }}, schedule, target);
    const auto x = generate(Ddim{.steps = 5, .eta = 1}, model, Shape{3, 4, 4, 1}, Key{2});
    for (float v : x.values()) CHECK(std::abs(v) <= 1);
    CHECK(*std::max_element(x.data(), x.data() + 48) > *std::min_element(x.data(), x.data() + 48));
    const auto example = model.corrupt(x, Key{3});
    for (float v : example.state.values()) CHECK(std::isfinite(v));
    for (float v : example.target.values()) CHECK(std::isfinite(v));
    for (float v : example.level.values()) CHECK(std::isfinite(v));
  });
}

TEST_CASE("Corruption mixes image and noise as the schedule says, and asks for the target") {
  constexpr Index n = 512, pixels = 4;
  const auto images = uniform<double>(Shape{n, 2, 2, 1}, Key{1}, -1, 1);
  for_every_pair([&](const auto& schedule, const auto& target) {
    const Diffusion model(Pixelwise<double>{}, schedule, target);
    const auto example = model.corrupt(images, Key{2});
    Tensor<double, 4> noise(images.shape());
    double covariance = 0, worst = 0;
    for (Index i = 0; i < images.size(); ++i) {
      const Scales s = scales_at(example.level(i / pixels), schedule, target);
      const double clean = images.data()[i];
      const double z = (example.state.data()[i] / input_scale(target, s) - s.alpha * clean) / s.sigma;
      const Mix mix = target(s);
      worst = std::max(worst, std::abs(mix.clean * clean + mix.noise * z - example.target.data()[i]));
      noise.mutable_data()[i] = z;
      covariance += clean * z / (n * pixels);
    }
    CHECK(worst < 1e-9);
    CHECK(std::abs(statistics::mean_of(noise)) < 4 / std::sqrt(n * pixels));
    CHECK(std::abs(statistics::variance_around(0, noise) - 1) < 4 * std::sqrt(2.0 / (n * pixels)));
    CHECK(std::abs(covariance) < 4 * std::sqrt(1 / 3.0 / (n * pixels)));
    CHECK(example.weight == Tensor<double, 1>(Shape{n}, 1));
    CHECK(model.corrupt(images, Key{2}).state == example.state);
    CHECK(model.corrupt(images, Key{3}).state != example.state);
  });
}

TEST_CASE("Times are drawn one in each n-th of the schedule's distribution") {
  constexpr Index n = 200;
  const Images images(Shape{n, 1, 1, 1});
  const auto sorted = [](const Tensor<double, 1>& level) {
    std::vector<double> all(level.values().begin(), level.values().end());
    std::sort(all.begin(), all.end());
    return all;
  };
  const auto even = sorted(Diffusion(Pixelwise<double>{}, Cosine{}, VelocityTarget{}).corrupt(images, Key{4}).level);
  const auto karras = sorted(KarrasDenoiser(Pixelwise<double>{}).corrupt(images, Key{5}).level);
  for (std::size_t i = 0; i < n; ++i) {
    CHECK(std::floor(even[i] / 1000 * n) == static_cast<double>(i));
    const double z = (karras[i] / 250 + 1.2) / 1.2;  // ln σ has mean −1.2 and deviation 1.2
    CHECK(std::floor(0.5 * std::erfc(-z / std::sqrt(2.0)) * n) == static_cast<double>(i));
  }
}

TEST_CASE("The prior is as strong as the schedule's strongest noise") {
  for_usual_pairs([](const auto& schedule, const auto& target) {
    const auto x = Diffusion(Pixelwise<double>{}, schedule, target).prior(Shape{50, 20, 20, 1}, Key{4});
    const double variance = std::is_same_v<std::decay_t<decltype(schedule)>, Karras> ? 80 * 80 : 1;
    CHECK(std::abs(statistics::mean_of(x)) < 4 * std::sqrt(variance / 20000));
    CHECK(std::abs(statistics::variance_around(0, x) / variance - 1) < 4 * std::sqrt(2 / 20000.0));
  });
}

TEST_CASE("The network is told level and condition, and given the scaled state") {
  struct Witness {
    using value_type = double;
    Images operator()(const Images& x, const Tensor<double, 1>& level, const ClassLabels& labels) const {
      CHECK(level == Tensor<double, 1>(Shape{2}, 250 * std::log(3.0)));
      CHECK(labels.ids == Tensor<std::int32_t, 1>(Shape{2}, {4, 1}));
      return x;
    }
  };
  const auto model = KarrasDenoiser(Witness{}, {}, {.data_deviation = 0.5});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {4, 1})};
  const Images x(Shape{2, 1, 1, 1}, {1, -2});
  const auto mean = model.posterior(x, 3, labels).mean();  // c_skip·x + c_out·c_in·x
  const double total = 9 + 0.25;
  for (Index i = 0; i < 2; ++i) {
    CHECK(mean.data()[i] == doctest::Approx(x.data()[i] * (0.25 + 3 * 0.5) / total).epsilon(1e-13));
  }
  CHECK(model.predict(x, Tensor<double, 1>(Shape{2}, 250 * std::log(3.0)), labels).mean() == x);
}

TEST_CASE("Finished states are cut off at black and white") {
  const auto model = KarrasDenoiser(Pixelwise<double>{});
  CHECK(model.images(Images(Shape{1, 1, 4, 1}, {-3, -0.5, 1, 1.5})) == Images(Shape{1, 1, 4, 1}, {-1, -0.5, 1, 1}));
}

TEST_CASE("A schedule that ends in pure noise needs a target that can begin there") {
  struct Straight {
    Scales operator()(double t) const { return {1 - t, t}; }
    double time(double u) const { return u; }
    std::vector<double> times(int steps) const { return detail::even_times(steps); }
  };
  const Diffusion noise(Pixelwise<double>{[](double, double) { return 0; }}, Straight{}, NoiseTarget{});
  CHECK_THROWS_WITH_AS(generate(Ddim{.steps = 3}, noise, Shape{1, 2, 2, 1}, Key{1}),
                       "target: alpha is 0, sigma is 1; the clean image cannot be told from this target at this "
                       "signal-to-noise ratio",
                       ValueError);
  const auto velocity = knowing(0.4, Straight{}, VelocityTarget{});
  CHECK(largest_distance(generate(Ddim{.steps = 3}, velocity, Shape{1, 2, 2, 1}, Key{1}), 0.4) < 1e-12);
}

TEST_CASE("Corruption has the same bits at any number of threads") {
  const testing::ThreadCountGuard guard;
  const auto model = KarrasDenoiser(Pixelwise<float>{});
  const auto images = uniform<float>(Shape{40, 28, 28, 1}, Key{1}, -1, 1);
  set_thread_count(1);
  const auto one = model.corrupt(images, Key{2});
  for (int threads : {2, 3}) {
    set_thread_count(threads);
    const auto more = model.corrupt(images, Key{2});
    CHECK(testing::same_bits(more.state, one.state));
    CHECK(testing::same_bits(more.target, one.target));
    CHECK(testing::same_bits(more.level, one.level));
  }
}

}  // namespace diffusion_test
