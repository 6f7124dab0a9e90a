#include "inkling/gen/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ancestral_euler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/dpm2.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2m_sde.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2s.hpp"
#include "inkling/gen/sampler/euler.hpp"
#include "inkling/gen/sampler/flow_euler.hpp"
#include "inkling/gen/sampler/flow_heun.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/sampler/predictor_corrector.hpp"
#include "inkling/gen/sampler/renoise.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"

namespace sampler_test {

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

/// Leaves x as it is.
struct Stay {
  std::vector<double> times(const auto&, const auto&) const { return {}; }
  NoMemory begin(const auto&, const auto&, const auto&) const { return {}; }
  auto step(const auto&, const auto& x, double, double, NoMemory&, Key, const auto&) const { return x; }
};

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
  CHECK(final_variance(AncestralEuler{.steps = 10}, model) == doctest::Approx(0.159).epsilon(0.03));
  CHECK(final_variance(AncestralEuler{.steps = 50}, model) == doctest::Approx(0.301).epsilon(0.03));
  CHECK(final_variance(AncestralEuler{.steps = 200}, model) == doctest::Approx(0.344).epsilon(0.03));
  CHECK(final_variance(Heun{.steps = 50}, model) == doctest::Approx(0.36).epsilon(0.03));
  CHECK(final_variance(Heun{.steps = 50, .churn = 10}, model) == doctest::Approx(0.376).epsilon(0.03));
}

TEST_CASE("DPM-Solver++ (2M) SDE ends at the published variances") {
  const GaussianData<Karras> model{{.sigma_min = 0.02, .sigma_max = 40}};
  CHECK(final_variance(DpmPlusPlus2MSde{.steps = 10}, model) == doctest::Approx(0.434).epsilon(0.03));
  CHECK(final_variance(DpmPlusPlus2MSde{.steps = 50}, model) == doctest::Approx(0.366).epsilon(0.03));
  CHECK(final_variance(DpmPlusPlus2MSde{.steps = 200}, model) == doctest::Approx(0.360).epsilon(0.03));
  const DpmPlusPlus2MSde heun{.steps = 10, .variant = DpmPlusPlus2MSde::Variant::heun};
  CHECK(final_variance(heun, model) == doctest::Approx(0.669).epsilon(0.03));
}

TEST_CASE("Renoise is biased: it never reaches the deviation of the data, and more steps do not help") {
  const Linspaced model;
  const auto deviation = [&](const auto& sampler, Index side) {
    const Shape<4> shape{4, side, side, 1};
    return std::sqrt(variance_of(sample(sampler, model, model.prior(shape, Key{1}), Key{2})));
  };
  CHECK(deviation(Renoise{.steps = 10}, 100) == doctest::Approx(0.343).epsilon(0.02));
  CHECK(deviation(Renoise{.steps = 50}, 100) == doctest::Approx(0.397).epsilon(0.02));
  CHECK(deviation(Renoise{.steps = 1000}, 32) == doctest::Approx(0.420).epsilon(0.03));
  CHECK(deviation(Ddpm{.steps = 1000}, 32) == doctest::Approx(0.596).epsilon(0.03));
  CHECK(deviation(Ddim{.steps = 1000}, 32) == doctest::Approx(0.598).epsilon(0.03));
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

TEST_CASE("One family: Euler and flow Euler are DDIM, ancestral Euler is DDIM of the same eta") {
  const Linspaced model;
  const auto x = model.prior(Shape<4>{2, 3, 3, 1}, Key{3});
  const auto end = [&](const auto& sampler) { return sample(sampler, model, x, Key{4}); };
  CHECK(end(Euler{.steps = 10}) == end(Ddim{.steps = 10}));
  CHECK(end(FlowEuler{.steps = 10}) == end(Ddim{.steps = 10}));
  CHECK(end(FlowEuler{.steps = 10, .stochastic = true}) == end(Renoise{.steps = 10}));
  for (double eta : {0.0, 0.5, 1.0}) {
    CHECK(end(AncestralEuler{.steps = 10, .eta = eta}) == end(Ddim{.steps = 10, .eta = eta}));
  }
  // Far beyond 1, all that the step may have is fresh noise.
  CHECK(end(AncestralEuler{.steps = 10, .eta = 1e3}) == end(Renoise{.steps = 10}));
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
  CHECK(final_variance(FlowHeun{.steps = 20}, model) == doctest::Approx(0.36).epsilon(0.03));
  CHECK(final_variance(Dpm2{.steps = 20}, model) == doctest::Approx(0.36).epsilon(0.03));
  CHECK(final_variance(DpmPlusPlus2S{.steps = 20}, model) == doctest::Approx(0.36).epsilon(0.03));
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

TEST_CASE("Heun, in the coordinates of the noise and of the flow, averages the slopes of both ends") {
  const GaussianData<Cosine> model;
  const auto x = model.prior(Shape<4>{1, 3, 3, 1}, Key{3});
  const double t = 0.7, s = 0.5;
  const Scales from = model.scales(t), to = model.scales(s);
  const auto check = [&](const auto& sampler, auto scale, auto time, double clean, double noise) {
    auto memory = sampler.begin(model, x, 0);
    const auto stepped = sampler.step(model, x, t, s, memory, Key{4}, 0);
    for (Index i = 0; i < 9; ++i) {
      const auto slope = [&](double y, Scales at, double when) {
        const double c = model.posterior(Images(Shape{1, 1, 1, 1}, y), when, 0).mean().item();
        return clean * c + noise * (y - at.alpha * c) / at.sigma;
      };
      const double y = x.data()[i] / scale(from), h = time(to) - time(from), here = slope(x.data()[i], from, t);
      const double there = slope(scale(to) * (y + h * here), to, s);
      CHECK(stepped.data()[i] == doctest::Approx(scale(to) * (y + h * 0.5 * (here + there))).epsilon(1e-12));
    }
  };
  check(Heun{}, [](Scales a) { return a.alpha; }, [](Scales a) { return a.ratio(); }, 0, 1);
  const auto sum = [](Scales a) { return a.alpha + a.sigma; };
  check(FlowHeun{}, sum, [&](Scales a) { return a.sigma / sum(a); }, -1, 1);
}

TEST_CASE("DPM-Solver-2 and DPM-Solver++ (2S) use the noise and the clean image half of the way in the log-SNR") {
  const GaussianData<Karras> model;
  const double t = 2, s = 0.5, middle = 1, x = 1.7;
  const auto clean = [&](double y, double at) {
    return model.posterior(Images(Shape{1, 1, 1, 1}, y), at, 0).mean().item();
  };
  const double there = x + (middle - t) * (x - clean(x, t)) / t;
  NoMemory none;
  const Images start(Shape{1, 1, 1, 1}, x);
  CHECK(Dpm2{}.step(model, start, t, s, none, Key{1}, 0).item() ==
        doctest::Approx(x + (s - t) * (there - clean(there, middle)) / middle).epsilon(1e-12));
  CHECK(DpmPlusPlus2S{}.step(model, start, t, s, none, Key{1}, 0).item() ==
        doctest::Approx(s / t * x + (1 - s / t) * clean(there, middle)).epsilon(1e-12));
}

TEST_CASE("The middle of a step lies between its ends, in all noise as well") {
  const GaussianData<Cosine> model;
  const Images x(Shape{1, 1, 1, 1}, 1.5);
  const std::vector<std::pair<double, double>> steps{{1, 0.9}, {1, 0.999}, {0.998, 0.997}, {0.6, 0.5}};
  for (const auto& [t, s] : steps) {
    const auto middle = detail::midpoint(model, x, t, s, 0);
    CHECK(log_snr(middle.at) > log_snr(model, t) + 0.05 * (log_snr(model, s) - log_snr(model, t)));
    CHECK(log_snr(middle.at) < log_snr(model, s) - 0.05 * (log_snr(model, s) - log_snr(model, t)));
  }
  CHECK(detail::midpoint(model, x, 0.5, 0, 0).x == x);
}

TEST_CASE("The corrector of Langevin brings a wrong distribution nearer to the right one") {
  const GaussianData<Karras> model;
  const double s = 0.5, right = 0.36 + s * s;
  NoMemory none;
  for (double variance : {0.1, 2.0}) {
    const Images x = normal<double>(Shape{2, 100, 100, 1}, Key{1}) * std::sqrt(variance);
    for (int corrections : {0, 1, 10}) {
      const PredictorCorrector<Stay> sampler{.corrections = corrections, .snr = 0.3};
      // x ← (1 − e/right)·x + √(2e)·z, with ‖g‖ of the images as they are.
      double expected = variance;
      for (int i = 0; i < corrections; ++i) {
        const double e = 2 * 0.09 * right * right / expected;
        expected = (1 - e / right) * (1 - e / right) * expected + 2 * e;
      }
      const Images y = sampler.step(model, x, 1, s, none, Key{5}, 0);
      CHECK(variance_of(y) == doctest::Approx(expected).epsilon(0.04));
      if (corrections == 0) CHECK(y == x);
    }
    CHECK(variance_of(PredictorCorrector<Stay>{.corrections = 20, .snr = 0.3}.step(model, x, 1, s, none, Key{5}, 0)) ==
          doctest::Approx(right).epsilon(0.1));
    CHECK(PredictorCorrector<Stay>{}.step(model, x, 1, 0, none, Key{5}, 0) == x);
  }
  CHECK_THROWS_WITH_AS(sample(PredictorCorrector<>{.snr = 0}, model, Images(Shape{1, 1, 1, 1}), Key{1}),
                       "PredictorCorrector: corrections is 1, snr is 0; they must not be negative, and snr not 0",
                       ValueError);
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
  CHECK_THROWS_WITH(sample(AncestralEuler{.eta = -1}, cosine, x, Key{1}),
                    "AncestralEuler: eta is -1; it must not be negative");
}

}  // namespace sampler_test
