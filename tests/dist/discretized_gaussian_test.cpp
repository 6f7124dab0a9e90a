#include "inkling/dist/discretized_gaussian.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"

namespace discretized_gaussian_test {

using namespace ink;

namespace {

/// Every one of the grey levels, a row each.
template <class T>
Tensor<T, 2> every_level(int levels) {
  Tensor<T, 2> x({levels, 1});
  for (Index k = 0; k < levels; ++k) x(k, 0) = static_cast<T>(2.0 * static_cast<double>(k) / (levels - 1) - 1);
  return x;
}

template <class T>
double total(double mean, double deviation, int levels) {
  const DiscretizedGaussian d(Tensor<T, 2>(Shape{levels, 1}, static_cast<T>(mean)), deviation, levels);
  const auto all = d.log_prob(every_level<T>(levels));
  double sum = 0;
  for (T nats : all.values()) sum += std::exp(static_cast<double>(nats));
  return sum;
}

double log_prob(double mean, double deviation, double x, int levels = 256) {
  const Shape<2> one{1, 1};
  return DiscretizedGaussian(Tensor<double, 2>(one, mean), deviation, levels)
      .log_prob(Tensor<double, 2>(one, x))
      .item();
}

}  // namespace

TEST_CASE("The probabilities of all grey levels sum to one") {
  for (double mean : {0.0, -0.97, 1.0, 3.0}) {
    for (double deviation : {1e-3, 0.01, 0.3, 20.0}) {
      CHECK(std::abs(total<double>(mean, deviation, 256) - 1) < 1e-12);
      CHECK(std::abs(total<float>(mean, deviation, 256) - 1) < 2e-4);
    }
  }
  CHECK(std::abs(total<double>(0.1, 0.5, 2) - 1) < 1e-14);
}

TEST_CASE("A level four deviations away: the normal distribution itself, not its tanh approximation") {
  // The middle of level 0.5 is four deviations above the mean; the level is half a deviation wide.
  const double half = 1.0 / 255, deviation = 4 * half, x = 127 * half, mean = x - 4 * deviation;
  const double exact = std::log(0.5 * (std::erfc(3.75 / std::sqrt(2.0)) - std::erfc(4.25 / std::sqrt(2.0))));
  CHECK(log_prob(mean, deviation, x) == doctest::Approx(exact).epsilon(1e-12));
  CHECK(exact == doctest::Approx(std::log(7.7729e-5)).epsilon(1e-4));  // Φ(4.25) − Φ(3.75)
  const auto approximation = [](double z) {
    return 0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
  };
  CHECK(exact - std::log(approximation(4.25) - approximation(3.75)) == doctest::Approx(0.369).epsilon(0.01));
}

TEST_CASE("Both tails are finite, symmetric, and fall as the density does") {
  const double half = 1.0 / 255;
  for (double deviation : {0.01, 0.004, 0.001}) {
    const double near = log_prob(0, deviation, 101 * half), far = log_prob(0, deviation, 201 * half);
    CHECK(std::isfinite(far));
    CHECK(near == doctest::Approx(log_prob(0, deviation, -101 * half)).epsilon(1e-12));
    // The level's nearer edge holds nearly all of it: ∫ φ ≈ φ(a)/a.
    for (const auto& [value, edge] :
         {std::pair(near, 100 * half / deviation), std::pair(far, 200 * half / deviation)}) {
      CHECK(value == doctest::Approx(-edge * edge / 2 - std::log(edge * std::sqrt(2 * M_PI))).epsilon(1e-3));
    }
  }
  // No step where erfc leaves the range of a double: halfway from 37 to 38 deviations the slope is as the neighbours'.
  const auto at = [](double z) { return detail::log_normal_mass(z, z + 1); };
  for (double z = 35; z < 39; z += 0.01) {
    CHECK(at(z) - at(z + 0.01) == doctest::Approx(0.01 * (z + 0.005 + 1 / z)).epsilon(1e-4));
  }
}

TEST_CASE("The outer levels hold everything beyond") {
  CHECK(log_prob(-5, 0.1, -1) == doctest::Approx(0));
  CHECK(log_prob(5, 0.1, 1) == doctest::Approx(0));
  CHECK(log_prob(0, 1, 1, 2) == doctest::Approx(std::log(0.5)));
}

TEST_CASE("The gradient in the mean, at the edges and far out") {
  const auto x = every_level<double>(9);
  const auto mean = normal<double>(x.shape(), Key{1}) * 0.5;
  const auto f = [&](const auto& m) { return sum(DiscretizedGaussian(m, 0.2, 9).log_prob(x)); };
  CHECK(gradcheck(f, mean) < 1e-7);
  Tape tape;
  const auto far = tape.variable(Tensor<double, 2>(Shape{1, 1}, -1.0));
  const auto nats = sum(DiscretizedGaussian(far, 0.01).log_prob(Tensor<double, 2>(Shape{1, 1}, 1.0)));
  CHECK(tape.backward(nats)[far].item() == doctest::Approx((2 - 1.0 / 255) / 1e-4).epsilon(1e-3));
}

TEST_CASE("Draws are grey levels, each as often as its probability") {
  const int levels = 5;
  const Index n = 20000;
  const DiscretizedGaussian d(Tensor<double, 2>(Shape{n, Index{1}}, 0.3), 0.6, levels);
  const auto drawn = d.sample(Key{1});
  const auto all = every_level<double>(levels);
  double square = 0;
  for (Index k = 0; k < levels; ++k) {
    double seen = 0;
    for (double v : drawn.values()) seen += v == all(k, 0);
    const double expected = static_cast<double>(n) * std::exp(log_prob(0.3, 0.6, all(k, 0), levels));
    square += (seen - expected) * (seen - expected) / expected;
  }
  CHECK(square < 18.5);  // 4 degrees of freedom: 0.001
}

TEST_CASE("Misuse says what is wrong") {
  const Tensor<double, 2> mean(Shape{2, 3});
  CHECK_THROWS_WITH_AS(DiscretizedGaussian(mean, 1, 1), "DiscretizedGaussian: levels is 1; it must be at least 2",
                       ValueError);
  CHECK_THROWS_AS(DiscretizedGaussian(mean, 0), ValueError);
  CHECK_THROWS_WITH_AS(DiscretizedGaussian(mean, 1).log_prob(Tensor<double, 2>(Shape{2, 1})),
                       "discretized_gaussian.log_prob: x is (2, 1), mean is (2, 3); both must be equal", ShapeError);
}

TEST_CASE("Far out in float, the gradient keeps its digits") {
  // d log P/dμ → (edge − μ)/σ² from the nearer edge, and 1/(edge − μ) on top: Mills' ratio
  for (const float mean : {-0.9f, 0.6f}) {
    Tape tape;
    const auto m = tape.variable(Tensor<float, 2>(Shape{1, 1}, {mean}));
    const float x = 1.0f / 255;  // level 128
    const auto nats = DiscretizedGaussian(m, 0.002).log_prob(Tensor<float, 2>(Shape{1, 1}, {x}));
    const double g = static_cast<double>(tape.backward(sum(nats))[m](0, 0));
    const double edge = static_cast<double>(mean < x ? x - 1.0f / 255 : x + 1.0f / 255);
    const double z = (edge - static_cast<double>(mean)) / 0.002;
    CHECK(g == doctest::Approx((z + 1 / z) / 0.002).epsilon(2e-5));
  }
}

TEST_CASE("Of a mean that is no number no level is drawn") {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto x =
      DiscretizedGaussian(Tensor<float, 2>(Shape{1, 3}, {infinity, std::nanf(""), 5.0f}), 0.1).sample(Key{1});
  CHECK(std::isnan(x(0, 0)));
  CHECK(std::isnan(x(0, 1)));
  CHECK(x(0, 2) == 1);
}

}  // namespace discretized_gaussian_test
