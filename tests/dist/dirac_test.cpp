#include "inkling/dist/dirac.hpp"

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/core/random.hpp"

using namespace ink;

TEST_CASE_TEMPLATE("Dirac: is its value, and how far x is from it", T, float, double) {
  const Tensor<T, 2> at(Shape{2, 2}, {T(0), T(1), T(-2), T(0.5)}), x(Shape{2, 2}, {T(1), T(1), T(0), T(0)});
  const Dirac d(at);
  CHECK(d.mean() == at);
  CHECK(d.sample(Key{1}) == at);
  CHECK(d.log_prob(x)(0) == -1);
  CHECK(d.log_prob(x)(1) == -4.25);
}

TEST_CASE("Dirac: gradient of the squared distance") {
  const auto at = normal<double>(Shape{3, 2}, Key{2}), x = normal<double>(Shape{3, 2}, Key{3});
  CHECK(gradcheck([](const auto& m, const auto& v) { return Dirac(m).log_prob(v); }, at, x) < 1e-8);
}
