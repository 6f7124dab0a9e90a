#include "inkling/dist/gaussian.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "../ops/operation_checks.hpp"
#include "../support/errors.hpp"

using namespace ink;
using namespace ink::testing;

namespace {

constexpr double pi = 3.14159265358979323846;

}  // namespace

TEST_CASE_TEMPLATE("Gaussian: the log-probability is the closed form, row by row", T, float, double) {
  const auto mean = normal<T>(Shape{4, 3, 2}, Key{1}), x = normal<T>(Shape{4, 3, 2}, Key{2});
  for (double deviation : {0.05, 1.0, 7.5}) {
    const auto nats = Gaussian(mean, deviation).log_prob(x);
    REQUIRE(nats.shape() == Shape{4});
    for (Index n = 0; n < 4; ++n) {
      double expected = 0;
      for (Index i = 6 * n; i < 6 * n + 6; ++i) {
        const double z = (static_cast<double>(x.data()[i]) - static_cast<double>(mean.data()[i])) / deviation;
        expected += std::log(std::exp(-z * z / 2) / (deviation * std::sqrt(2 * pi)) + 1e-300);
        if (std::abs(z) > 20) expected = std::nan("");
      }
      if (std::isnan(expected)) continue;
      CHECK(static_cast<double>(nats(n)) == doctest::Approx(expected).epsilon(std::is_same_v<T, float> ? 1e-5 : 1e-12));
    }
  }
}

TEST_CASE("Gaussian: the density of one number integrates to one") {
  constexpr Index points = 4001;  // from −10 to 10 deviations
  Tensor<double, 2> x(Shape{points, 1});
  for (Index i = 0; i < points; ++i) x(i, 0) = 0.3 + 2.5 * (static_cast<double>(i) - 2000) / 200;
  const auto nats = Gaussian(Tensor<double, 2>(Shape{points, 1}, 0.3), 2.5).log_prob(x);
  double integral = 0;
  for (double v : nats.values()) integral += std::exp(v) * 2.5 / 200;
  CHECK(integral == doctest::Approx(1).epsilon(1e-12));
}
