#include "inkling/ops/gather.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/core/random.hpp"

namespace gather_test {

using namespace ink;

TEST_CASE("gather: places in the given order, some twice, some not at all") {
  Tensor<int, 3> x(Shape{2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(gather(x, {2, 0, 2, 2}) ==
        Tensor<int, 3>(Shape{2, 4, 2}, {5, 6, 1, 2, 5, 6, 5, 6, 11, 12, 7, 8, 11, 12, 11, 12}));
  CHECK(gather(x, {}).shape() == Shape<3>{2, 0, 2});
}

TEST_CASE("gather: a permutation and its inverse give back what there was") {
  const auto x = normal<float>(Shape{3, 5, 2}, Key{1});
  CHECK(gather(gather(x, {4, 2, 0, 1, 3}), {2, 3, 1, 4, 0}) == x);
}

TEST_CASE("gather: gradient") {
  const auto x = normal<double>(Shape{2, 4, 3}, Key{1});
  CHECK(gradcheck([](const auto& v) { return gather(v, {1, 3, 1, 0, 1}); }, x) < 1e-8);
  CHECK(gradcheck([](const auto& v) { return gather(v, {}); }, x) < 1e-8);
}

TEST_CASE("gather: refuses a place that is not there") {
  const Tensor<float, 3> x(Shape{1, 3, 1});
  CHECK_THROWS_WITH_AS(gather(x, {0, 3}), "gather: x is (1, 3, 1), places[1] is 3; it must be in [0, 3)", ShapeError);
  CHECK_THROWS_AS(gather(x, {-1}), ShapeError);
}

}  // namespace gather_test
