#include "inkling/nn/summary.hpp"

#include <doctest/doctest.h>

#include "inkling/nn/mlp.hpp"

namespace summary_test {

using namespace ink;

TEST_CASE("summary: one line a parameter, then the total") {
  CHECK(summary(Mlp<double>({.width = 4, .hidden = 100}, Key{1})) ==
        "parameter    shape     count\n"
        "up.weight    (4, 100)    400\n"
        "up.bias      (100)       100\n"
        "down.weight  (100, 4)    400\n"
        "down.bias    (4)           4\n"
        "total                    904 parameters, 7232 bytes\n");
}

}  // namespace summary_test
