#include "inkling/metrics/class_balance.hpp"

#include <doctest/doctest.h>

namespace class_balance_test {

using namespace ink;
using metrics::class_balance;
using Labels = Tensor<std::int32_t, 1>;

TEST_CASE("1 if all classes occur alike, 0 if one does, and between") {
  CHECK(class_balance(Labels(Shape{6}, {0, 1, 2, 2, 1, 0}), 3) == doctest::Approx(1).epsilon(1e-15));
  CHECK(class_balance(Labels(Shape{5}, 2), 3) == 0);
  // p = 1/4, 3/4 of 4 classes: (ln 4 − ¾ ln 3)/ln 4
  CHECK(class_balance(Labels(Shape{4}, {0, 3, 3, 3}), 4) == doctest::Approx(0.405639062229566).epsilon(1e-14));
}

TEST_CASE("what can't be a class is refused with its row") {
  CHECK_THROWS_WITH_AS(class_balance(Labels(Shape{2}, {1, 3}), 3), "class_balance: label 1 is 3; it must be in [0, 3)",
                       ValueError);
  CHECK_THROWS_WITH_AS(class_balance(Labels(Shape{2}), 1), "class_balance: classes are 1; there must be at least 2",
                       ValueError);
  CHECK_THROWS_WITH_AS(class_balance(Labels(Shape{0}), 2), "class_balance: there are no labels; at least one is needed",
                       ValueError);
}

}  // namespace class_balance_test
