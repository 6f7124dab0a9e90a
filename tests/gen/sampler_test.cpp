#include "inkling/gen/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"

using namespace ink;
using namespace analytic;

namespace {

/// The grid that the table of final variances was made with: round(linspace(999, 0, n)), then the end.
struct Linspaced : GaussianData<LinearBeta> {
  std::vector<double> times(int n) const {
    std::vector<double> grid;
    for (int i = 0; i < n; ++i) grid.push_back((std::round(999.0 - 999.0 * i / (n - 1)) + 1) / 1000);
    grid.push_back(0);
    return grid;
  }
};

template <class S, class M>
double final_variance(const S& sampler, const M& model) {
  const Shape<4> shape{4, 100, 100, 1};
  return variance_of(sample(sampler, model, model.prior(shape, Key{1}), Key{2}));
}

template <class S>
double order(const S& coarse, const S& fine) {
  const ThreeModes model;
  const Images start(Shape<4>{1, 5, 1, 1}, {-12, -4, 0.5, 3, 11});
  const auto exact = sample(Heun{.steps = 4000}, model, start, Key{1});
  const auto error = [&](const S& sampler) {
    const auto x = sample(sampler, model, start, Key{1});
    double worst = 0;
    for (Index i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x.data()[i] - exact.data()[i]));
    return worst;
  };
  return std::log2(error(coarse) / error(fine));
}

}  // namespace

TEST_CASE("DDPM ends at the published variances of Gaussian data") {
  const Linspaced model;
  using V = Ddpm::Variance;
  CHECK(final_variance(Ddpm{.steps = 10}, model) == doctest::Approx(0.162).epsilon(0.03));
  CHECK(final_variance(Ddpm{.steps = 50}, model) == doctest::Approx(0.291).epsilon(0.03));
  CHECK(final_variance(Ddpm{.steps = 10, .variance = V::large}, model) == doctest::Approx(0.463).epsilon(0.03));
  CHECK(final_variance(Ddpm{.steps = 50, .variance = V::large}, model) == doctest::Approx(0.378).epsilon(0.03));
}

TEST_CASE("The ancestral step ends at the published variances on Karras' grid") {
  const GaussianData<Karras> model{{.sigma_min = 0.02, .sigma_max = 40}};
  CHECK(final_variance(Ddim{.steps = 10, .eta = 1}, model) == doctest::Approx(0.159).epsilon(0.03));
  CHECK(final_variance(Ddim{.steps = 50, .eta = 1}, model) == doctest::Approx(0.301).epsilon(0.03));
  CHECK(final_variance(Heun{.steps = 50}, model) == doctest::Approx(0.36).epsilon(0.03));
  CHECK(final_variance(Heun{.steps = 50, .churn = 10}, model) == doctest::Approx(0.376).epsilon(0.03));
}

TEST_CASE("Orders of convergence on three modes: Euler 1, Heun 2") {
  CHECK(order(Ddim{.steps = 80}, Ddim{.steps = 160}) == doctest::Approx(1).epsilon(0.1));
  CHECK(order(Heun{.steps = 40}, Heun{.steps = 80}) == doctest::Approx(2).epsilon(0.1));
}

TEST_CASE("DDIM with eta 1 is DDPM with the small variance") {
  const Linspaced model;
  const auto x = model.prior(Shape<4>{2, 3, 3, 1}, Key{3});
  CHECK(sample(Ddim{.steps = 10, .eta = 1}, model, x, Key{4}) == sample(Ddpm{.steps = 10}, model, x, Key{4}));
}

TEST_CASE("DDIM with eta 0 is Euler's step along the noise") {
  // d(x/α)/d(σ/α) = ε̂, with ε̂ = (x − α·x̂₀)/σ.
  const GaussianData<Cosine> model;
  const auto x = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
  const double t = 0.7, s = 0.6;
  const Scales from = model.scales(t), to = model.scales(s);
  NoMemory none;
  const auto stepped = Ddim{}.step(model, x, t, s, none, Key{4}, Unconditional{});
  const auto clean = model.posterior(x, t, Unconditional{}).mean();
  for (Index i = 0; i < x.size(); ++i) {
    const double noise = (x.data()[i] - from.alpha * clean.data()[i]) / from.sigma;
    const double euler = to.alpha * (x.data()[i] / from.alpha + (to.ratio() - from.ratio()) * noise);
    CHECK(stepped.data()[i] == doctest::Approx(euler).epsilon(1e-12));
  }
}

TEST_CASE("DDIM with eta 0 is Euler's method on the probability flow, from noise to image") {
  const auto check = [](const auto& schedule) {
    const GaussianData<std::decay_t<decltype(schedule)>> model{schedule};
    const auto start = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
    Images y = start;  // x/α, as a function of σ/α
    const auto times = schedule.times(12);
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
      const Scales from = schedule(times[i]), to = schedule(times[i + 1]);
      const Images x = i == 0 ? start : Images(y * from.alpha);
      const Images clean = model.posterior(x, times[i], 0).mean();
      const Images noise = (x - from.alpha * clean) / from.sigma;
      y = x / from.alpha + (to.ratio() - from.ratio()) * noise;
    }
    const auto x = sample(Ddim{.steps = 12}, model, start, Key{4});
    for (Index i = 0; i < 9; ++i) CHECK(x.data()[i] == doctest::Approx(y.data()[i]).epsilon(1e-12));
  };
  check(LinearBeta{});
  check(Karras{});
}

TEST_CASE("Every sampler can begin at pure noise") {
  struct Straight {
    Scales operator()(double t) const { return {1 - t, t}; }
    std::vector<double> times(int steps) const { return detail::even_times(steps); }
  };
  const GaussianData<Straight> model;
  CHECK(final_variance(Ddim{.steps = 100}, model) == doctest::Approx(0.36).epsilon(0.04));
  CHECK(final_variance(Ddpm{.steps = 100}, model) == doctest::Approx(0.36).epsilon(0.15));
  CHECK(final_variance(Heun{.steps = 20}, model) == doctest::Approx(0.36).epsilon(0.03));
}

TEST_CASE("The step of DDPM, and of DDIM with eta 1, has the mean and the variance of the posterior") {
  const GaussianData<LinearBeta> model;
  const auto x = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
  const double t = 0.6, s = 0.5;
  const auto bar = [&](double time) { return std::pow(model.scales(time).alpha, 2); };
  const double between = bar(t) / bar(s), beta = 1 - between;
  const auto clean = model.posterior(x, t, 0).mean();
  const auto z = normal<double>(x.shape(), Key{4});
  const auto check = [&](const auto& sampler, double variance) {
    NoMemory none;
    const auto stepped = sampler.step(model, x, t, s, none, Key{4}, 0);
    for (Index i = 0; i < 9; ++i) {
      const double mean = std::sqrt(bar(s)) * beta / (1 - bar(t)) * clean.data()[i] +
                          std::sqrt(between) * (1 - bar(s)) / (1 - bar(t)) * x.data()[i];
      CHECK(stepped.data()[i] == doctest::Approx(mean + std::sqrt(variance) * z.data()[i]).epsilon(1e-12));
    }
  };
  const double small = (1 - bar(s)) / (1 - bar(t)) * beta;
  check(Ddpm{}, small);
  check(Ddim{.eta = 1}, small);
  check(Ddpm{.variance = Ddpm::Variance::large}, beta);
}

TEST_CASE("A sample does not depend on the size of its batch") {
  const Linspaced model;
  const auto both = model.prior(Shape<4>{2, 3, 3, 1}, Key{3});
  const auto first = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
  const auto x = sample(Ddpm{.steps = 5}, model, both, Key{4}), y = sample(Ddpm{.steps = 5}, model, first, Key{4});
  CHECK(std::equal(y.values().begin(), y.values().end(), x.values().begin()));
}

TEST_CASE("Samplers refuse what makes no sense") {
  const Linspaced model;
  const auto x = model.prior(Shape<4>{1, 2, 2, 1}, Key{3});
  const GaussianData<Cosine> cosine;
  CHECK_THROWS_WITH(sample(Ddim{.steps = 0}, cosine, x, Key{1}), "sampler: steps is 0; it must be at least 1");
  CHECK_THROWS_WITH(sample(Ddim{.eta = 2}, cosine, x, Key{1}), "Ddim: eta is 2; it must be in [0, 1]");
}
