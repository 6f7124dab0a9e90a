#include "inkling/train/finite.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "toy.hpp"

namespace finite_test {

using namespace ink;

TEST_CASE_TEMPLATE("finite: every finite number is, and what is not is found wherever it stands", T, float, double) {
  using Limits = std::numeric_limits<T>;
  const T finite[] = {T{0},
                      -T{0},
                      T{1},
                      Limits::max(),
                      -Limits::max(),
                      Limits::lowest(),
                      Limits::min(),
                      Limits::denorm_min(),
                      -Limits::denorm_min(),
                      std::nextafter(Limits::max(), T{0})};
  Tensor<T, 1> x(Shape{8200});
  for (Index i = 0; i < x.size(); ++i) x(i) = finite[static_cast<std::size_t>(i) % std::size(finite)];
  for (const Index count : {0, 1, 7, 8, 9, 4095, 4096, 4097, 8200}) {
    CHECK(detail::first_not_finite(x.data(), count) == -1);
  }
  for (const T bad :
       {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN()}) {
    for (const Index at : {0, 5, 4095, 4096, 8191, 8199}) {
      auto spoilt = x;
      spoilt(at) = bad;
      CHECK(detail::first_not_finite(spoilt.data(), spoilt.size()) == at);
      CHECK(detail::first_not_finite(spoilt.data(), at) == -1);
    }
  }
}

TEST_CASE("finite: a place is told by its indices") {
  Tensor<float, 3> x(Shape{2, 3, 4});
  CHECK(detail::not_finite("x", x) == "");
  x(1, 2, 0) = -std::numeric_limits<float>::infinity();
  CHECK(detail::not_finite("x", x) == "x(1, 2, 0) is -inf");
  CHECK(detail::not_finite("x", Tensor<double, 0>(std::nan(""))) == "x is nan");
  CHECK(detail::not_finite("x", Tensor<std::int64_t, 1>(Shape{2})) == "");
  CHECK(detail::not_finite("x", Tensor<float, 2>(Shape{0, 4})) == "");

  toy::Network<float> model;
  CHECK(detail::not_finite_parameter(model) == "");
  model.second.weight.value(3, 0) = std::nanf("");
  CHECK(detail::not_finite_parameter(model) == "second.weight(3, 0) is nan");
}

TEST_CASE("finite: the largest weight is the largest, of either sign") {
  toy::Network<float> model;
  model.first.weight.value(1, 4) = -3000;
  CHECK(detail::largest_weight(model) == 3000);
}

}  // namespace finite_test
