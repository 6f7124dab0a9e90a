#include "inkling/gen/watched.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/sampler/uni_pc.hpp"
#include "inkling/gen/schedule/cosine.hpp"

namespace watched_test {

using namespace ink;
using analytic::Images;

namespace {

struct Step {
  Index index;
  double t, s;
  Images x_t, clean;
};

const analytic::GaussianData<Cosine> model;
const Images noise = model.prior(Shape<4>{2, 2, 2, 1}, Key{1});

/// Counts what it is asked.
struct Asked : analytic::GaussianData<Cosine> {
  int* count;

  template <class C>
  auto posterior(const Images& x, double t, const C& condition) const {
    ++*count;
    return analytic::GaussianData<Cosine>::posterior(x, t, condition);
  }
};

/// As a model without posterior(): every step adds 1.
struct Adder {
  std::vector<double> times(const auto&, const auto&) const { return {3, 2, 1}; }
  int begin(const auto&, const auto&, const auto&) const { return 0; }
  auto step(const auto&, const auto& x, double, double, int&, const auto&, const auto&) const { return x + 1; }
};

template <class S>
std::vector<Step> watch(const S& sampler) {
  std::vector<Step> steps;
  const auto watched = sample(sampler, model, noise, Key{2}, Unconditional{}, [&](const StepView<Images>& view) {
    steps.push_back({view.index, view.t, view.s, view.x_t, view.clean});
  });
  CHECK(watched == sample(sampler, model, noise, Key{2}));
  return steps;
}

}  // namespace

TEST_CASE("A callback sees every step, what it began with and what it expected") {
  const Ddim sampler{.steps = 5, .eta = 0.5};
  const auto steps = watch(sampler);
  const auto times = model.times(5);
  REQUIRE(steps.size() == 5);
  Images x = noise;
  NoMemory none;
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(steps[i].index == static_cast<Index>(i));
    CHECK(steps[i].t == times[i]);
    CHECK(steps[i].s == times[i + 1]);
    CHECK(steps[i].x_t == x);
    CHECK(steps[i].clean == model.posterior(x, times[i], 0).mean());
    x = sampler.step(model, x, times[i], times[i + 1], none, Key{2}.fold(i), Unconditional{});
  }
}

TEST_CASE("Of several clean images in a step, the callback sees the last") {
  const auto steps = watch(Heun{.steps = 3});
  REQUIRE(steps.size() == 3);
  const Scales from = model.scales(steps[0].t), to = model.scales(steps[0].s);
  const Images euler = detail::toward_clean(noise, model.posterior(noise, steps[0].t, 0).mean(), from, to, 0);
  CHECK(steps[0].clean == model.posterior(euler, steps[0].s, 0).mean());
}

TEST_CASE(
    "A multistep sampler keeps its history under a callback, which sees the clean image of a step that asks no more") {
  const auto steps = watch(UniPc{.steps = 6});
  REQUIRE(steps.size() == 6);
  CHECK(steps[5].clean == steps[4].clean);
  CHECK(steps[4].clean != steps[3].clean);
  CHECK(steps[5].clean == sample(UniPc{.steps = 6}, model, noise, Key{2}));
}

TEST_CASE("A callback that returns false stops the sampling where it is") {
  int asked = 0, shown = 0;
  const Asked counter{{}, &asked};
  const auto stopped = sample(Ddim{.steps = 10}, counter, noise, Key{2}, Unconditional{},
                              [&](const auto& view) { return ++shown, view.index < 2; });
  CHECK(asked == 3);
  CHECK(shown == 3);
  const auto times = model.times(10);
  Images x = noise;
  NoMemory none;
  for (std::size_t i = 0; i < 3; ++i) x = Ddim{}.step(model, x, times[i], times[i + 1], none, Key{2}.fold(i), 0);
  CHECK(stopped == x);
}

TEST_CASE("Of a model without posterior() the callback sees where the step arrived") {
  std::vector<double> before, after;
  const Images x(Shape{1, 1, 1, 1}, 5);
  const auto note = [&](const auto& view) {
    before.push_back(view.x_t.item());
    after.push_back(view.clean.item());
  };
  CHECK(sample(Adder{}, 0, x, Key{1}, Unconditional{}, note).item() == 7);
  CHECK(before == std::vector<double>{5, 6});
  CHECK(after == std::vector<double>{6, 7});
}

TEST_CASE("generate takes a callback as well") {
  struct Plain : analytic::GaussianData<Cosine> {
    Images images(const Images& x) const { return x * 10; }
  };
  int shown = 0;
  const auto x =
      generate(Ddim{.steps = 3}, Plain{}, Shape{1, 2, 2, 1}, Key{3}, Unconditional{}, [&](const auto&) { ++shown; });
  CHECK(shown == 3);
  CHECK(x == generate(Ddim{.steps = 3}, Plain{}, Shape{1, 2, 2, 1}, Key{3}));
}

}  // namespace watched_test
