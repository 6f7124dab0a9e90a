#include "inkling/gen/likelihood/probability_flow.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "gaussian_pair.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/nn/condition.hpp"
#include "statistics.hpp"

namespace probability_flow_test {

using namespace ink;
using namespace analytic;

namespace {

const Unconditional nothing;

double log_normal(double x, double variance) { return -x * x / (2 * variance) - 0.5 * std::log(2 * M_PI * variance); }

/// ln p of a pair of pixels, along the axes of its covariance, with noise ς on it.
template <class Schedule>
double log_density(const GaussianPair<Schedule>& model, double a, double b, double noise) {
  return log_normal((a + b) / std::sqrt(2.0), model.even() + noise * noise) +
         log_normal((a - b) / std::sqrt(2.0), model.odd() + noise * noise);
}

/// A network that always answers 0: with Karras' target, the exact denoiser of normal data of deviation σ_d.
struct Nothing {
  using value_type = float;
  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<float, 1>&, const C&) const {
    return 0.0f * x;
  }
  static void visit(auto&, auto&&) {}
};

struct Straight {
  Scales operator()(double t) const { return {1 - t, t}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

}  // namespace

TEST_CASE("The density of normal data with their exact denoiser, to 1e-3 nats, for every schedule") {
  const auto check = [&](const auto& schedule) {
    const GaussianPair<std::decay_t<decltype(schedule)>> model{schedule};
    const Images x = model.draw(6, Key{1});
    const auto nats = ProbabilityFlow<ExactDivergence>{.steps = 200}.log_density(model, x, nothing, Key{2});
    const double noise = NoiseRange(model).least_ratio;
    for (Index n = 0; n < 6; ++n) {
      const double expected = log_density(model, x.data()[2 * n], x.data()[2 * n + 1], noise);
      CHECK(std::abs(nats(n) - expected) < 1e-3);
    }
  };
  check(Karras{});
  check(LinearBeta{});
  check(Straight{});
}

TEST_CASE("The integration is of fourth order") {
  const GaussianPair<Karras> model{};
  const Images x(Shape<4>{1, 1, 2, 1}, {0.7, -0.3});
  const NoiseRange range(model);
  // What the flow arrives at is known: every axis grows from its deviation at the least noise to that at the most.
  double expected = 0;
  for (const auto& [along, v] : {std::pair(0.4, model.even()), std::pair(1.0, model.odd())}) {
    const double least = v + range.least_ratio * range.least_ratio, most = v + range.most_ratio * range.most_ratio;
    expected += log_normal(along / std::sqrt(2.0) * std::sqrt(most / least), 80 * 80) + 0.5 * std::log(most / least);
  }
  const auto error = [&](int steps) {
    return std::abs(ProbabilityFlow<ExactDivergence>{steps}.log_density(model, x, nothing, Key{2}).item() - expected);
  };
  const double e20 = error(20), e40 = error(40);
  CHECK(e40 < 1e-3);
  CHECK(std::log2(e20 / e40) == doctest::Approx(4).epsilon(0.15));
}

TEST_CASE("Hutchinson's estimate is right on average, and more probes come nearer") {
  const GaussianPair<Karras> model{};
  const Index n = 400;
  Images x({n, 1, 2, 1});
  for (Index i = 0; i < n; ++i) {
    x(i, 0, 0, 0) = 0.7;
    x(i, 0, 1, 0) = -0.3;
  }
  const Images one(Shape<4>{1, 1, 2, 1}, {0.7, -0.3});
  const double exact = ProbabilityFlow<ExactDivergence>{20}.log_density(model, one, nothing, Key{2}).item();
  std::vector<double> spread;
  for (int probes : {1, 4}) {
    const ProbabilityFlow<> flow{.steps = 20, .divergence = {.probes = probes}};
    const auto nats = flow.log_density(model, x, nothing, Key{3});
    const double mean = statistics::mean_of(nats), variance = statistics::variance_around(mean, nats);
    CHECK(std::abs(mean - exact) < 4 * std::sqrt(variance / static_cast<double>(n)));
    spread.push_back(variance);
  }
  CHECK(spread[0] > 0.1);
  CHECK(spread[1] / spread[0] == doctest::Approx(0.25).epsilon(0.3));
}

TEST_CASE("The probes are signs, and the product is that of the Jacobian") {
  const auto signs = Hutchinson{.probes = 2}.directions<Images>(Shape<4>{50, 2, 2, 1}, Key{1});
  REQUIRE(signs.size() == 2);
  for (double v : signs[0].values()) CHECK(std::abs(v) == 1);
  CHECK(std::abs(statistics::mean_of(signs[0])) < 4 / std::sqrt(200.0));
  CHECK(!(signs[0] == signs[1]));
  const auto axes = ExactDivergence{}.directions<Images>(Shape<4>{2, 1, 2, 1}, Key{1});
  REQUIRE(axes.size() == 2);
  CHECK(axes[1] == Images(Shape<4>{2, 1, 2, 1}, {0, 1, 0, 1}));
}

TEST_CASE("A model of the library is differentiated through its network, in float") {
  const auto model = KarrasDenoiser(Nothing{});
  const auto x = normal<float>(Shape<4>{3, 2, 2, 1}, Key{1}) * 0.6f;
  const auto nats = ProbabilityFlow<>{.steps = 40}.log_density(model, x, nothing, Key{2});
  const double variance = 0.6162 * 0.6162 + 1e-4;
  for (Index n = 0; n < 3; ++n) {  // the Jacobian is diagonal: one probe is exact
    double expected = 0;
    for (Index i = 0; i < 4; ++i) expected += log_normal(static_cast<double>(x.data()[4 * n + i]), variance);
    CHECK(std::abs(nats(n) - expected) < 2e-3);
  }
}

TEST_CASE("The probabilities of all grey levels sum to one, with uniform noise on them") {
  const GaussianData<Karras> model{{}, 0.04};
  Images levels({256, 1, 1, 1});
  for (Index k = 0; k < 256; ++k) levels(k, 0, 0, 0) = 2.0 * static_cast<double>(k) / 255 - 1;
  const auto nats = ProbabilityFlow<>{.steps = 30}.negative_log_likelihood(model, levels, nothing, Key{1});
  double sum = 0;
  for (double v : nats.values()) sum += std::exp(-v);
  CHECK(sum == doctest::Approx(1).epsilon(0.01));

  const auto spread = dequantized(levels, 256, Key{2}) - levels;
  for (double v : spread.values()) CHECK(std::abs(v) <= 1.0 / 255);
  CHECK(statistics::variance_around(0, spread) == doctest::Approx(1.0 / (3 * 255 * 255)).epsilon(0.2));
}

TEST_CASE("The density of one image does not depend on the others") {
  const GaussianPair<Cosine> model{};
  const Images x = normal<double>(Shape<4>{3, 1, 2, 1}, Key{1});
  const auto first = Images::from(Shape<4>{1, 1, 2, 1}, x.values().first(2));
  const ProbabilityFlow<> flow{.steps = 5};
  CHECK(flow.negative_log_likelihood(model, x, nothing, Key{2})(0) ==
        flow.negative_log_likelihood(model, first, nothing, Key{2})(0));
}

TEST_CASE("Misuse says what is wrong") {
  const GaussianPair<Cosine> model{};
  const Images x(Shape<4>{1, 1, 2, 1});
  CHECK_THROWS_WITH_AS(ProbabilityFlow<>{.steps = 0}.log_density(model, x, nothing, Key{1}),
                       "ProbabilityFlow: steps is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(ProbabilityFlow<>{.divergence = {.probes = 0}}.log_density(model, x, nothing, Key{1}),
                       "Hutchinson: probes is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(ProbabilityFlow<>{}.negative_log_likelihood(model, x, nothing, Key{1}, 1),
                       "dequantized: levels is 1; it must be at least 2", ValueError);
}

}  // namespace probability_flow_test
