#include "inkling/dist/dirac.hpp"

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"

namespace dirac_test {

using namespace ink;
using namespace ink::testing;

TEST_CASE_TEMPLATE("Dirac: the mean and every draw are the value itself", T, float, double) {
  const auto value = normal<T>(Shape{3, 2, 2, 1}, Key{1});
  const Dirac dirac(value);
  CHECK(dirac.mean().shares_storage_with(value));
  CHECK(dirac.sample(Key{2}) == value);
  CHECK(dirac.sample(Key{3}) == value);
}

TEST_CASE_TEMPLATE("Dirac: the log-probability is minus the squared distance of the row", T, float, double) {
  const Dirac dirac(Tensor<T, 3>(Shape{3, 1, 2}, {0, 1, 2, -3, 5, 5}));
  CHECK(dirac.log_prob(Tensor<T, 3>(Shape{3, 1, 2}, {0, 1, T(2.5), -1, 4, 8})) ==
        Tensor<T, 1>(Shape{3}, {0, T(-4.25), -10}));
}

TEST_CASE("Dirac: rows without elements, and no rows") {
  CHECK(Dirac(Tensor<float, 2>(Shape{3, 0})).log_prob(Tensor<float, 2>(Shape{3, 0})) == Tensor<float, 1>(Shape{3}));
  CHECK(Dirac(Tensor<float, 2>(Shape{0, 3})).log_prob(Tensor<float, 2>(Shape{0, 3})) == Tensor<float, 1>(Shape{0}));
  CHECK(Dirac(Tensor<float, 1>(Shape{2}, {1, 2})).log_prob(Tensor<float, 1>(Shape{2}, {1, 5})) ==
        Tensor<float, 1>(Shape{2}, {0, -9}));
}

TEST_CASE("Dirac: gradients by the value and by the target; rows alone as in the batch") {
  const auto f = [](const auto& m, const auto& x) { return Dirac(m).log_prob(x); };
  CHECK(gradcheck(f, normal<double>(Shape{3, 2, 5}, Key{1}), normal<double>(Shape{3, 2, 5}, Key{2})) < 1e-8);
  check_invariance<2>(f, normal<float>(Shape{3, 50, 50}, Key{1}), normal<float>(Shape{3, 50, 50}, Key{2}));
}

TEST_CASE("Dirac: other extents are refused") {
  const Dirac dirac(Tensor<float, 2>(Shape{3, 2}));
  CHECK_THROWS_AS(dirac.log_prob(Tensor<float, 2>(Shape{3, 4})), ShapeError);
  CHECK_THROWS_AS(dirac.log_prob(Tensor<float, 2>(Shape{2, 2})), ShapeError);
  // An axis of 1 is not stretched.
  CHECK_THROWS_AS(dirac.log_prob(Tensor<float, 2>(Shape{1, 1})), ShapeError);
}

}  // namespace dirac_test
