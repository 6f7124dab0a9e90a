#include "inkling/ops/rows.hpp"

#include <doctest/doctest.h>

namespace rows_test {

using namespace ink;

TEST_CASE("rows: every axis but the last counts rows") {
  CHECK(detail::rows_of(Shape{8, 16, 10}).count == 128);
  CHECK(detail::rows_of(Shape{8, 16, 10}).length == 10);
  CHECK(detail::rows_of(Shape{7}).count == 1);
  CHECK(detail::rows_of(Shape{7}).length == 7);
  CHECK(detail::rows_of(Shape{0, 3}).count == 0);
}

}  // namespace rows_test
