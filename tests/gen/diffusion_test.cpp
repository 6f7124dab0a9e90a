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
#include "inkling/nn/condition.hpp"
#include "statistics.hpp"

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
    const double x = input / detail::input_scale(target, s);
    const Mix mix = target(s);
    return mix.clean * clean + mix.noise * (x - s.alpha * clean) / s.sigma;
  }}, schedule, target);
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
