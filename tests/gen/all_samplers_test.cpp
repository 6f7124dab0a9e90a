// What holds for every sampler: finite images from every schedule in any number of steps; rows that do not depend on
// the batch; a key for each row. A new sampler goes into all_samplers.hpp, a new schedule into `schedules` below.
#include "all_samplers.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/exponential.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/schedule/rectified_flow.hpp"
#include "inkling/gen/schedule/scaled_linear_beta.hpp"
#include "inkling/gen/schedule/sigmoid.hpp"
#include "inkling/gen/schedule/variance_exploding.hpp"
#include "inkling/gen/schedule/variance_preserving.hpp"
#include "inkling/gen/schedule/zero_terminal_snr.hpp"
#include "inkling/gen/target.hpp"
#include "inkling/gen/target/previous.hpp"

namespace all_samplers_test {

using namespace ink;

namespace {

/// Any schedule, so that every sampler is compiled for one model alone.
struct AnySchedule {
  std::string name;
  std::function<Scales(double)> at;
  std::function<std::vector<double>(int)> times;

  template <class S>
  AnySchedule(std::string n, const S& schedule)
      : name(std::move(n)), at(schedule), times([schedule](int steps) { return schedule.times(steps); }) {}

  Scales operator()(double t) const { return at(t); }
  static double time(double u) { return u; }  // nothing is trained
};

/// Begins at pure noise.
struct Straight {
  Scales operator()(double t) const { return {1 - t, t}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

/// No change in the middle: steps that go nowhere.
struct Flat {
  Scales operator()(double t) const { return {1, 20 * (t < 0.4 ? t : std::max(0.4, t - 0.2))}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

std::vector<AnySchedule> schedules() {
  return {{"LinearBeta", LinearBeta{}},
          {"LinearBeta, 50 steps", LinearBeta({.steps = 50})},
          {"Cosine", Cosine{}},
          {"Karras", Karras{}},
          {"straight", Straight{}},
          {"flat", Flat{}},
          {"ScaledLinearBeta", ScaledLinearBeta{}},
          {"Sigmoid", Sigmoid{}},
          {"VariancePreserving", VariancePreserving{}},
          {"VarianceExploding", VarianceExploding{}},
          {"Exponential", Exponential{}},
          {"RectifiedFlow", RectifiedFlow{}},
          {"ZeroTerminalSnr", ZeroTerminalSnr(Cosine{})}};
}

using Images = Tensor<float, 4>;

/// Remembers the last clean image that it was asked for.
struct Model : analytic::GaussianData<AnySchedule, float> {
  mutable Images last{};

  template <class C>
  auto posterior(const Images& x, double t, const C& condition) const {
    auto posterior = analytic::GaussianData<AnySchedule, float>::posterior(x, t, condition);
    last = posterior.mean();
    return posterior;
  }
};

}  // namespace

TEST_CASE("Every sampler ends at finite images, from every schedule, in any number of steps") {
  for (const auto& schedule : schedules()) {
    CAPTURE(schedule.name);
    const Model model{{schedule}};
    const Images noise = model.prior(Shape<4>{2, 2, 2, 1}, Key{1});
    for (int steps : {1, 2, 3, 10, 1000}) {
      CAPTURE(steps);
      for_every_sampler(steps, [&](const std::string& name, const auto& sampler) {
        const Images x = sample(sampler, model, noise, Key{2});
        float largest = 0;
        for (float v : x.values()) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : HUGE_VALF;
        // Images have a deviation of 0.6. In very few steps the methods of high order overshoot.
        CHECK_MESSAGE(largest < (steps < 10 ? 200 : 4), name << " ends at " << largest);
      });
    }
  }
}

TEST_CASE("The last step is to the clean image that is expected there, without noise") {
  const Model model{{{"LinearBeta", LinearBeta{}}}};
  const Images noise = model.prior(Shape<4>{2, 2, 2, 1}, Key{1});
  for (int steps : {1, 2, 5}) {
    for_every_sampler(steps, [&](const std::string& name, const auto& sampler) {
      CAPTURE(name);
      CHECK(sample(sampler, model, noise, Key{2}) == model.last);
    });
  }
}

TEST_CASE("An image depends on its own row alone, and with a key for each row on its own key") {
  const Model model{{{"Cosine", Cosine{}}}};
  const Images noise = model.prior(Shape<4>{3, 2, 2, 1}, Key{1});
  const auto row = [](const Images& x, Index n) { return Images(dense(view(x).slice(0, n, n + 1))); };
  const SampleKeys keys({Key{5}, Key{6}, Key{7}});
  for_every_sampler(4, [&](const std::string& name, const auto& sampler) {
    if (name == "AdaptiveOde") return;  // its steps suit the whole batch
    CAPTURE(name);
    const Images x = sample(sampler, model, noise, Key{2});
    CHECK(row(x, 0) == sample(sampler, model, row(noise, 0), Key{2}));
    const Images y = sample(sampler, model, noise, keys);
    CHECK(row(y, 2) == sample(sampler, model, row(noise, 2), Key{7}));
    const bool random = row(x, 2) != row(y, 2);
    const bool deterministic = x == sample(sampler, model, noise, Key{3});
    CHECK(random != deterministic);
  });
}

namespace {

/// Answers with the exact target, rounded to float, and has the clean image computed back from it.
template <class Target>
struct ThroughTarget : Model {
  Target target;

  template <class C>
  auto posterior(const Images& x, double t, const C& condition) const {
    const Scales s = scales(t);
    const Images clean = Model::posterior(x, t, condition).mean();
    const Mix mix = target_mix(target, t, s);
    const Images answer = detail::mixed(x, clean, s, mix);
    const CleanEstimate estimate = clean_estimate(mix, s);
    return Dirac(Images(detail::combine(estimate.input, x, estimate.output, answer)));
  }
};

/// Whether `Ddim` ends at finite images through this target; a target that says nothing there is refused.
template <class Target>
void check_target(const AnySchedule& schedule, const std::string& name, const Target& target, bool may_be_refused) {
  CAPTURE(schedule.name);
  CAPTURE(name);
  const ThroughTarget<Target> model{{{schedule}}, target};
  const Images noise = model.prior(Shape<4>{2, 2, 2, 1}, Key{1});
  for (int steps : {1, 2, 3, 10, 100, 1000}) {
    CAPTURE(steps);
    Images x;
    try {
      x = sample(Ddim{.steps = steps}, model, noise, Key{2});
    } catch (const ValueError& refused) {
      CHECK(may_be_refused);
      CHECK(std::string(refused.what()).find("the clean image cannot be told from this target") != std::string::npos);
      continue;
    }
    CHECK(std::all_of(x.values().begin(), x.values().end(), [](float v) { return std::isfinite(v); }));
  }
}

}  // namespace

TEST_CASE("Every target gives finite images with every schedule, or is refused where it says nothing") {
  for (const auto& schedule : schedules()) {
    const bool silent = schedule(schedule.times(1).front()).alpha == 0;  // noise alone says nothing of the image
    check_target(schedule, "NoiseTarget", NoiseTarget{}, silent);
    check_target(schedule, "ScoreTarget", ScoreTarget{}, silent);
    check_target(schedule, "CleanTarget", CleanTarget{}, false);
    check_target(schedule, "VelocityTarget", VelocityTarget{}, false);
    check_target(schedule, "FlowTarget", FlowTarget{}, false);
    check_target(schedule, "KarrasTarget", KarrasTarget{}, false);
    // Where a step changes nothing, the image before it says nothing new.
    check_target(schedule, "PreviousTarget", PreviousTarget(schedule), silent || schedule.name == "flat");
  }
}

}  // namespace all_samplers_test
