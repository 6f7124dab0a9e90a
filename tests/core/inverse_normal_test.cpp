#include "inkling/core/inverse_normal.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

namespace inverse_normal_test {

using namespace ink;

TEST_CASE("inverse_normal: values computed with 60 digits (mpmath), in all three regions") {
  struct Value {
    double p, z;
  };
  for (const Value& v :
       {Value{0x1p-54, -8.2923610758135955382}, Value{1e-300, -37.047096299361199237},
        Value{1e-20, -9.2623400897984075796}, Value{1e-9, -5.9978070150076868614}, Value{0.001, -3.0902323061678135354},
        Value{0.02425, -1.9729610513118848376}, Value{0.07499999999999999, -1.439531470938456033},
        Value{0.25, -0.6744897501960817432}, Value{0.4999, -0.00025066283008800749239},
        Value{0.6, 0.25334710313579974132}, Value{0.925, 1.4395314709384562291}, Value{0.975, 1.9599639845400538556}}) {
    CAPTURE(v.p);
    CHECK(std::abs(inverse_normal(v.p) - v.z) <= 1e-15 * std::abs(v.z));
  }
  CHECK(inverse_normal(0.5) == 0);
}

TEST_CASE("inverse_normal: odd about one half, and increasing") {
  double last = -INFINITY;
  for (int i = 1; i < 4096; ++i) {
    const double p = i / 4096.0, z = inverse_normal(p);
    CHECK(z == -inverse_normal(1 - p));
    CHECK(z > last);
    last = z;
  }
}

TEST_CASE("inverse_normal: undone by the distribution function") {
  for (double p = 1e-6; p < 1; p += 0.0097) {
    CHECK(std::abs(std::erfc(-inverse_normal(p) / std::sqrt(2.0)) / 2 - p) < 4e-16 + 1e-14 * p);
  }
}

TEST_CASE("inverse_normal: the ends, subnormal numbers, and what is no probability") {
  CHECK(inverse_normal(0) == -std::numeric_limits<double>::infinity());
  CHECK(inverse_normal(1) == std::numeric_limits<double>::infinity());
  for (const double p : {-0.5, 1.5, std::nan(""), -std::numeric_limits<double>::infinity()}) {
    CHECK(std::isnan(inverse_normal(p)));
  }
  CHECK(inverse_normal(1e-310) == doctest::Approx(-37.66306033194952365).epsilon(1e-12));  // mpmath
  CHECK(inverse_normal(std::numeric_limits<double>::denorm_min()) ==
        doctest::Approx(-38.46740561714434625).epsilon(1e-12));
}

}  // namespace inverse_normal_test
