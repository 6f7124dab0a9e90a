#include "inkling/gen/sampler/multistep.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/deis.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2m.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2m_sde.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_3m.hpp"
#include "inkling/gen/sampler/lms.hpp"
#include "inkling/gen/sampler/plms.hpp"
#include "inkling/gen/sampler/pndm.hpp"
#include "inkling/gen/sampler/uni_pc.hpp"
#include "inkling/gen/schedule/cosine.hpp"

namespace multistep_test {

using namespace ink;
using namespace analytic;

namespace {

/// ∫₀¹ f, by Simpson's rule.
template <class F>
double integral(F f) {
  constexpr int n = 20000;
  double sum = f(0.0) + f(1.0);
  for (int i = 1; i < n; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(static_cast<double>(i) / n);
  return sum / (3 * n);
}

/// Begins with some signal left: from noise alone methods differ (all_noise).
struct Begun : GaussianData<Cosine> {
  std::vector<double> times(int n) const {
    auto times = GaussianData<Cosine>::times(n);
    for (double& t : times) t *= 0.95;
    return times;
  }
};

const Begun model;
const std::vector<double> times = model.times(8);
constexpr double start = 1.3;

double clean(double x, double t) { return model.posterior(Images(Shape{1, 1, 1, 1}, x), t, 0).mean().item(); }
double lambda(double t) { return log_snr(model, t); }

template <class S>
double sampled(const S& sampler) {
  return sample(sampler, model, Images(Shape{1, 1, 1, 1}, start), Key{7}).item();
}

/// A loop over the steps with one evaluation each: next(i, x, x̂₀, from, to, h) is x at the end of step i, the last
/// being x̂₀ by itself.
template <class F>
double by_hand(F next) {
  double x = start;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const Scales from = model.scales(times[i]), to = model.scales(times[i + 1]);
    const double m = clean(x, times[i]);
    x = to.sigma == 0 ? m : next(i, x, m, from, to, lambda(times[i + 1]) - lambda(times[i]));
  }
  return x;
}

/// DPM-Solver++ (2M) as equations.md has it.
double two_m() {
  double previous = 0, h_previous = 0;
  return by_hand([&](std::size_t i, double x, double m, Scales from, Scales to, double h) {
    const double r = h_previous / h, d = i == 0 ? m : (1 + 1 / (2 * r)) * m - 1 / (2 * r) * previous;
    previous = m;
    h_previous = h;
    return to.sigma / from.sigma * x - to.alpha * std::expm1(-h) * d;
  });
}

}  // namespace

TEST_CASE("Moments of an exponential weight") {
  for (double z : {-30., -3., -1.001, -0.999, -1e-3, 0., 1e-9, 0.999, 1.001, 4., 30.}) {
    CAPTURE(z);
    const auto moment = detail::moments(z);
    const auto weight = [&](double t) { return std::exp(z * t - std::max(z, 0.0)); };
    const double all = integral(weight);
    for (int m = 0; m < detail::max_order; ++m) {
      const double mean = integral([&](double t) { return weight(t) * std::pow(t, m); }) / all;
      CHECK(moment[static_cast<std::size_t>(m)] == doctest::Approx(mean).epsilon(1e-10));
    }
  }
}

TEST_CASE("Weights for even steps are those of Adams and Bashforth") {
  const auto check = [](const std::vector<double>& places, const std::vector<double>& want) {
    const auto got = detail::polynomial_weights(places, 0);
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-13));
  };
  check({0}, {1});
  check({0, -1}, {1.5, -0.5});
  check({0, -1, -2}, {23. / 12, -16. / 12, 5. / 12});
  check({0, -1, -2, -3}, {55. / 24, -59. / 24, 37. / 24, -9. / 24});
  check({0, 1}, {0.5, 0.5});
}

TEST_CASE("Weights are exact for polynomials of any places and rates") {
  const std::vector<double> places{0, 1, -0.4, -1.7};
  const auto cubic = [](double t) { return 2 - t + 3 * t * t - 0.5 * t * t * t; };
  for (double z : {-5., 0., 2.}) {
    const auto weights = detail::polynomial_weights(places, z);
    double got = 0, total = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      got += weights[i] * cubic(places[i]);
      total += weights[i];
    }
    const auto weight = [&](double t) { return std::exp(z * t); };
    CHECK(total == doctest::Approx(1).epsilon(1e-13));
    CHECK(got ==
          doctest::Approx(integral([&](double t) { return weight(t) * cubic(t); }) / integral(weight)).epsilon(1e-10));
  }
}

TEST_CASE("Places at infinity and places that were there before say nothing") {
  const double infinity = std::numeric_limits<double>::infinity();
  detail::History<Images> history;
  const auto number = [](double v) { return Images(Shape{1, 1, 1, 1}, v); };
  history.push(-infinity, number(5), 3);
  CHECK(detail::from_history(history, 3, -infinity, 0, 1).item() == 5);
  history.push(0, number(2), 3);
  CHECK(detail::from_history(history, 3, 0, 1, 1).item() == 2);
  history.push(0, number(3), 3);
  CHECK(detail::from_history(history, 3, 0, 1, 1).item() == 3);
  history.push(1, number(4), 3);
  CHECK(detail::from_history(history, 3, 1, 2, 0).item() == doctest::Approx(4 + 0.5 * 1));
  CHECK(detail::from_history(history, 1, 1, 2, 0).item() == 4);
  CHECK(detail::from_history(history, 3, 1, infinity, 0).item() == 4);
  CHECK(detail::from_history(history, 3, 1, 1, 0).item() == 4);
  CHECK(history.size() == 3);
  history.push(2, number(0), 2);
  CHECK(history.size() == 2);
  CHECK(history.places == std::vector<double>{2, 1});
}

TEST_CASE("DpmPlusPlus2M, and UniPc's predictor alone, are DPM-Solver++ (2M)") {
  CHECK(sampled(DpmPlusPlus2M{.steps = 8}) == doctest::Approx(two_m()).epsilon(1e-12));
  CHECK(sampled(UniPc{.steps = 8, .corrector = false}) == doctest::Approx(two_m()).epsilon(1e-12));
  CHECK(sampled(UniPc{.steps = 8}) != doctest::Approx(two_m()).epsilon(1e-6));
  CHECK(sampled(DpmPlusPlus2MSde{.steps = 8, .eta = 0}) == doctest::Approx(two_m()).epsilon(1e-12));
}

TEST_CASE("UniPc is the corrector B2(h) of order 2") {
  double x = start, m0 = clean(x, times[0]), previous = 0, lambda_previous = 0;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const Scales from = model.scales(times[i]), to = model.scales(times[i + 1]);
    const double here = lambda(times[i]), h = lambda(times[i + 1]) - here, hh = -h, b = std::expm1(hh);
    if (to.sigma == 0) {
      x = m0;
      break;
    }
    const double r1 = (lambda_previous - here) / h, d1 = i == 0 ? 0 : (previous - m0) / r1;
    const double linear = to.sigma / from.sigma * x - to.alpha * b * m0;
    const double ms = clean(linear - to.alpha * b * 0.5 * d1, times[i + 1]);
    const double b1 = (b / hh - 1) / b, b2 = 2 * ((b / hh - 1) / hh - 0.5) / b;
    const double rho1 = i == 0 ? 0 : (b1 - b2) / (1 - r1), rho2 = i == 0 ? 0.5 : b1 - rho1;
    x = linear - to.alpha * b * (rho1 * d1 + rho2 * (ms - m0));
    previous = m0;
    lambda_previous = here;
    m0 = ms;
  }
  CHECK(sampled(UniPc{.steps = 8}) == doctest::Approx(x).epsilon(1e-12));
}

TEST_CASE("UniPc asks again where it did not come from its own last step") {
  struct Asked : GaussianData<Cosine> {
    mutable int count = 0;
    auto posterior(const Images& x, double t, const Unconditional& condition) const {
      ++count;
      return GaussianData<Cosine>::posterior(x, t, condition);
    }
  };
  const Asked asked;
  const Images x(Shape{1, 1, 1, 1}, start);
  auto history = UniPc{}.begin(asked, x, 0);
  const auto evaluations = [&](double t, double s) {
    const int before = asked.count;
    UniPc{}.step(asked, x, t, s, history, Key{1}, Unconditional{});
    return asked.count - before;
  };
  CHECK(evaluations(0.8, 0.6) == 2);
  CHECK(evaluations(0.6, 0.5) == 1);
  CHECK(evaluations(0.7, 0.6) == 2);
  CHECK(evaluations(0.6, 0) == 0);
}

TEST_CASE("DpmPlusPlus3M is the exponential integral of a parabola") {
  std::vector<double> m, at;
  const double x = by_hand([&](std::size_t i, double y, double now, Scales from, Scales to, double h) {
    m.insert(m.begin(), now);
    at.insert(at.begin(), lambda(times[i]));
    const double phi1 = -std::expm1(-h), phi2 = 1 - phi1 / h, phi3 = 0.5 - phi2 / h;
    double out = to.sigma / from.sigma * y + to.alpha * phi1 * now;
    if (i == 1) out += to.alpha * phi2 * (m[0] - m[1]) / ((at[0] - at[1]) / h);
    if (i >= 2) {
      const double r0 = (at[0] - at[1]) / h, r1 = (at[1] - at[2]) / h;
      const double d0 = (m[0] - m[1]) / r0, d1 = (m[1] - m[2]) / r1;
      out += to.alpha * (phi2 * (d0 + r0 / (r0 + r1) * (d0 - d1)) + 2 * phi3 * (d0 - d1) / (r0 + r1));
    }
    return out;
  });
  CHECK(sampled(DpmPlusPlus3M{.steps = 8}) == doctest::Approx(x).epsilon(1e-12));
}

TEST_CASE("DpmPlusPlus2MSde is the formula of its header") {
  for (double eta : {0.5, 1.0}) {
    for (auto variant : {DpmPlusPlus2MSde::Variant::midpoint, DpmPlusPlus2MSde::Variant::heun}) {
      double previous = 0, h_previous = 0;
      const double x = by_hand([&](std::size_t i, double y, double m, Scales from, Scales to, double h) {
        const double all = (1 + eta) * h, r = h_previous / h;
        const double c =
            variant == DpmPlusPlus2MSde::Variant::midpoint ? 0.5 * -std::expm1(-all) : std::expm1(-all) / all + 1;
        const double z = normal<double>(Shape{1, 1, 1, 1}, Key{7}.fold(i)).item();
        const double out = to.sigma / from.sigma * std::exp(-eta * h) * y - to.alpha * std::expm1(-all) * m +
                           (i == 0 ? 0 : c * to.alpha * (m - previous) / r) +
                           to.sigma * std::sqrt(-std::expm1(-2 * eta * h)) * z;
        previous = m;
        h_previous = h;
        return out;
      });
      // With "heun" the first step has no history to average.
      CHECK(sampled(DpmPlusPlus2MSde{.steps = 8, .eta = eta, .variant = variant}) == doctest::Approx(x).epsilon(1e-11));
    }
  }
}

TEST_CASE("Lms and Deis integrate the polynomial through their noise estimates") {
  // The integrals by Simpson's rule, with Lagrange's polynomial: u is the axis, f its dς/du.
  const auto check = [](const auto& sampler, int order, auto axis, auto from_axis) {
    std::vector<double> noise, at;
    const double x = by_hand([&](std::size_t, double y, double m, Scales from, Scales to, double) {
      noise.insert(noise.begin(), (y - from.alpha * m) / from.sigma);
      at.insert(at.begin(), axis(from));
      const std::size_t n = std::min(noise.size(), static_cast<std::size_t>(order));
      const double end = axis(to);
      const double change = integral([&](double tau) {
        const double u = at[0] + tau * (end - at[0]);
        double p = 0;
        for (std::size_t j = 0; j < n; ++j) {
          double basis = noise[j];
          for (std::size_t k = 0; k < n; ++k) basis *= k == j ? 1 : (u - at[k]) / (at[j] - at[k]);
          p += basis;
        }
        return p * from_axis(u) * (end - at[0]);
      });
      return to.alpha * (y / from.alpha + change);
    });
    CHECK(sampled(sampler) == doctest::Approx(x).epsilon(1e-9));
  };
  for (int order : {1, 2, 3, 4}) {
    check(Lms{.steps = 8, .order = order}, order, [](Scales s) { return s.ratio(); }, [](double) { return 1.0; });
    check(Deis{.steps = 8, .order = order}, order, [](Scales s) { return log_snr(s); },
          [](double u) { return -std::exp(-u); });
  }
}

TEST_CASE("Plms: Heun's method, then the coefficients of Adams and Bashforth") {
  std::vector<double> noise;
  const double x = by_hand([&](std::size_t i, double y, double m, Scales from, Scales to, double) {
    const auto noise_of = [](double v, double c, Scales at) { return (v - at.alpha * c) / at.sigma; };
    const auto along = [&](double e) { return to.alpha * (y / from.alpha + (to.ratio() - from.ratio()) * e); };
    noise.insert(noise.begin(), noise_of(y, m, from));
    if (i == 0) {
      const double euler = along(noise[0]);
      return along(0.5 * (noise[0] + noise_of(euler, clean(euler, times[1]), to)));
    }
    if (i == 1) return along((3 * noise[0] - noise[1]) / 2);
    if (i == 2) return along((23 * noise[0] - 16 * noise[1] + 5 * noise[2]) / 12);
    return along((55 * noise[0] - 59 * noise[1] + 37 * noise[2] - 9 * noise[3]) / 24);
  });
  CHECK(sampled(Plms{.steps = 8}) == doctest::Approx(x).epsilon(1e-9));
}

TEST_CASE("Pndm: three steps of Runge and Kutta, then Plms") {
  std::vector<double> noise;
  const double x = by_hand([&](std::size_t i, double y, double m, Scales from, Scales to, double) {
    const auto noise_of = [](double v, double t) {
      const Scales at = model.scales(t);
      return (v - at.alpha * clean(v, t)) / at.sigma;
    };
    const auto along = [&](double e, Scales there) {
      return there.alpha * (y / from.alpha + (there.ratio() - from.ratio()) * e);
    };
    noise.insert(noise.begin(), (y - from.alpha * m) / from.sigma);
    if (i >= 3) return along((55 * noise[0] - 59 * noise[1] + 37 * noise[2] - 9 * noise[3]) / 24, to);
    const double middle = 0.5 * (times[i] + times[i + 1]);
    const double e2 = noise_of(along(noise[0], model.scales(middle)), middle);
    const double e3 = noise_of(along(e2, model.scales(middle)), middle);
    const double e4 = noise_of(along(e3, to), times[i + 1]);
    return along((noise[0] + 2 * e2 + 2 * e3 + e4) / 6, to);
  });
  CHECK(sampled(Pndm{.steps = 8}) == doctest::Approx(x).epsilon(1e-9));
}

TEST_CASE("Multistep methods refuse orders that they do not have") {
  CHECK_THROWS_WITH_AS(sampled(Lms{.order = 5}), "Lms: order is 5; it must be in [1, 4]", ValueError);
  CHECK_THROWS_WITH_AS(sampled(Deis{.order = 0}), "Deis: order is 0; it must be in [1, 4]", ValueError);
  CHECK_THROWS_WITH_AS(sampled(DpmPlusPlus2MSde{.eta = -1}), "DpmPlusPlus2MSde: eta is -1; it must not be negative",
                       ValueError);
}

}  // namespace multistep_test
