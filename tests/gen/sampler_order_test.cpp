// Orders of convergence, by the slope of the error over 20 to 320 steps, on three modes of which the exact flow is
// known.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "all_samplers.hpp"
#include "analytic.hpp"
#include "inkling/gen/sample.hpp"

namespace sampler_order_test {

using namespace ink;
using namespace analytic;

namespace {

/// Even steps in σ: where Adams and Bashforth's fixed coefficients are exact.
struct EvenModes : ThreeModes {
  EvenModes() { schedule = {.sigma_min = 0.5, .sigma_max = 4}; }

  std::vector<double> times(int steps) const {
    std::vector<double> times;
    for (int i = 0; i <= steps; ++i) {
      times.push_back(schedule.sigma_max + (schedule.sigma_min - schedule.sigma_max) * i / steps);
    }
    return times;
  }
};

const Images start(Shape<4>{1, 5, 1, 1}, {-12, -4, 0.5, 3, 11});

template <class S, class M>
double error(const S& sampler, const M& model) {
  const auto x = sample(sampler, model, start, Key{1});
  double worst = 0;
  for (Index i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x.data()[i] - model.exact(start.data()[i])));
  return worst;
}

/// −d ln(error)/d ln(steps), by least squares.
template <class S, class M = ThreeModes>
double order(S sampler, int first = 20, int last = 320, const M& model = {}) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int steps = first; steps <= last; steps *= 2) {
    sampler.steps = steps;
    const double x = std::log(steps), y = std::log(error(sampler, model));
    n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  return -(n * sxy - sx * sy) / (n * sxx - sx * sx);
}

/// Whether a slope is within a tenth of a whole order.
doctest::Approx about(double order) { return doctest::Approx(order).epsilon(0.1 / order); }

}  // namespace

TEST_CASE("Order 1: Euler and DDIM, which are the same") {
  CHECK(order(Euler{}) == about(1));
  CHECK(order(Ddim{}) == order(Euler{}));
  CHECK(order(FlowEuler{}) == order(Euler{}));
  CHECK(order(Lms{.order = 1}) == about(1));
  CHECK(order(Deis{.order = 1}) == about(1));
}

TEST_CASE("Order 2") {
  CHECK(order(Heun{}) == about(2));
  CHECK(order(FlowHeun{}) == about(2));
  CHECK(order(Dpm2{}) == about(2));
  CHECK(order(DpmPlusPlus2S{}) == about(2));
  CHECK(order(DpmPlusPlus2M{}) == about(2));
  CHECK(order(Lms{.order = 2}) == about(2));
  CHECK(order(Deis{.order = 2}) == about(2));
}

TEST_CASE("Order 3") {
  const double corrected = order(UniPc{});
  CHECK(corrected > 2.8);
  CHECK(corrected < 3.6);
  CHECK(order(UniPc{.corrector = false}) == about(2));
  CHECK(order(DpmPlusPlus3M{}) == about(3));
  // Over few steps the ways that these begin, with one and two estimates, are still felt.
  CHECK(order(Lms{.order = 3}) > 2.7);
  CHECK(order(Deis{.order = 3}) > 2.7);
  CHECK(order(Lms{.order = 4}) > 3);
}

TEST_CASE("A step of DPM-Solver++ (3M) is of order 3; with half of the third term, as other code has it, of order 2") {
  // One step from a known state with a known history: the error of a method of order p falls as h^{p + 1}.
  const ThreeModes model;
  const double sigma = 0.5, x = 0.6;
  const auto errors = [&](double h) {
    const auto at = [&](double steps) { return sigma * std::exp(-steps * h); };
    const auto clean = [&](double steps) {
      return model.posterior(Images(Shape{1, 1, 1, 1}, model.flow(x, sigma, at(steps))), at(steps), 0).mean().item();
    };
    const double m0 = clean(0), d0 = m0 - clean(-1), d1 = clean(-1) - clean(-2);
    const double phi1 = -std::expm1(-h), phi2 = 1 - phi1 / h, phi3 = 0.5 - phi2 / h;
    const double first = at(1) / sigma * x + phi1 * m0 + phi2 * (d0 + 0.5 * (d0 - d1)), third = phi3 * (d0 - d1) / 2;
    const double exact = model.flow(x, sigma, at(1));
    return std::array{std::abs(first + 2 * third - exact), std::abs(first + third - exact)};
  };
  const auto coarse = errors(0.005), fine = errors(0.0025);
  CHECK(std::log2(coarse[0] / fine[0]) == about(4));
  CHECK(std::log2(coarse[1] / fine[1]) == about(3));
}

TEST_CASE("The fixed coefficients of PLMS and PNDM: order 2 on uneven steps, more on even ones") {
  CHECK(order(Plms{}) == about(2));
  CHECK(order(Pndm{}) == about(2));
  CHECK(order(Plms{}, 20, 320, EvenModes{}) > 3.2);
  CHECK(order(Pndm{}, 20, 320, EvenModes{}) > 3.2);
}

}  // namespace sampler_order_test
