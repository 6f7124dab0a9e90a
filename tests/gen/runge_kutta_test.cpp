#include "inkling/gen/sampler/runge_kutta.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/adaptive_ode.hpp"
#include "inkling/gen/schedule/cosine.hpp"

namespace runge_kutta_test {

using namespace ink;
using namespace analytic;

TEST_CASE("The integral of a known equation is as exact as it is asked to be, in either direction") {
  // dy/du = −2y/(1 + u): y = 1/(1 + u)²
  const Images one(Shape{2, 1, 1, 1}, {1, 3});
  for (double tolerance : {1e-3, 1e-5, 1e-7}) {
    int asked = 0;
    const auto f = [&](double u, const Images& y) {
      ++asked;
      return Images(y * (-2 / (1 + u)));
    };
    const Images there = detail::integrate(f, one, 0, 3, tolerance, tolerance);
    CHECK(std::abs(there(0, 0, 0, 0) - 1. / 16) < 2 * tolerance);
    CHECK(std::abs(there(1, 0, 0, 0) - 3. / 16) < 6 * tolerance);
    CHECK(asked < 30 / std::cbrt(tolerance));
    const Images back = detail::integrate(f, there, 3, 0, tolerance, tolerance);
    CHECK(std::abs(back(0, 0, 0, 0) - 1) < 50 * tolerance);
    CHECK(back(0, 0, 0, 0) != 1);
  }
}

TEST_CASE("One step of the pair is of order 3") {
  const auto error_of = [](double h) {
    const auto f = [](double, const Images& y) { return Images(y * -1.0); };
    const Images y = detail::integrate(f, Images(Shape{1, 1, 1, 1}, 1), 0, h, 1e9, 1e9);
    return std::abs(y.item() - std::exp(-h));
  };
  // Any error is tolerated: first steps of h/20, which then grow. Their number does not depend on h.
  CHECK(std::log2(error_of(0.4) / error_of(0.2)) == doctest::Approx(4).epsilon(0.05));
}

TEST_CASE("AdaptiveOde meets its tolerance on three modes, and counts its evaluations") {
  const ThreeModes model;
  const Images start(Shape<4>{1, 5, 1, 1}, {-12, -4, 0.5, 3, 11});
  int before = 0;
  for (double tolerance : {1e-2, 1e-3, 1e-4, 1e-5}) {
    const AdaptiveOde sampler{.atol = tolerance, .rtol = tolerance};
    const auto times = sampler.times(model, start);
    REQUIRE(times.size() == 3);
    auto memory = sampler.begin(model, start, 0);
    Images x = start;
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
      x = sampler.step(model, x, times[i], times[i + 1], memory, Key{1}, 0);
    }
    CHECK(x == sample(sampler, model, start, Key{2}));
    for (Index i = 0; i < x.size(); ++i) CHECK(std::abs(x.data()[i] - model.exact(start.data()[i])) < 20 * tolerance);
    CHECK(memory.evaluations > before);
    CHECK(memory.evaluations < 40 / std::cbrt(tolerance));
    before = memory.evaluations;
  }
}

TEST_CASE("AdaptiveOde begins at pure noise and ends at the clean image") {
  struct Straight {
    Scales operator()(double t) const { return {1 - t, t}; }
    std::vector<double> times(int steps) const { return detail::even_times(steps); }
  };
  const GaussianData<Straight> model;
  const auto x = normal<double>(Shape<4>{4, 50, 50, 1}, Key{1});
  const auto y = sample(AdaptiveOde{.atol = 1e-5, .rtol = 1e-5}, model, x, Key{2});
  // The flow of Gaussian data multiplies: x → 0.6·x.
  for (Index i = 0; i < 20; ++i) CHECK(y.data()[i] == doctest::Approx(0.6 * x.data()[i]).epsilon(1e-3));
}

TEST_CASE("AdaptiveOde: the images of a batch differ within the tolerance from what they are alone") {
  const GaussianData<Cosine> model;
  const auto both = model.prior(Shape<4>{2, 3, 3, 1}, Key{3}), one = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
  const AdaptiveOde sampler{.atol = 1e-4, .rtol = 1e-4};
  const auto x = sample(sampler, model, both, Key{4}), y = sample(sampler, model, one, Key{4});
  for (Index i = 0; i < 9; ++i) CHECK(std::abs(x.data()[i] - y.data()[i]) < 1e-3);
}

TEST_CASE("AdaptiveOde refuses what makes no sense, and what takes too long") {
  const ThreeModes model;
  const Images start(Shape<4>{1, 1, 1, 1}, 3);
  CHECK_THROWS_WITH_AS(sample(AdaptiveOde{.atol = 0}, model, start, Key{1}),
                       "AdaptiveOde: atol is 0, rtol is 0.001; they must be positive", ValueError);
  CHECK_THROWS_WITH_AS(sample(AdaptiveOde{.max_evaluations = 1}, model, start, Key{1}),
                       doctest::Contains("AdaptiveOde: max_evaluations is 1, reached at t = "), ValueError);
}

}  // namespace runge_kutta_test
