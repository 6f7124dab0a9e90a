#include "inkling/core/error.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace error_test {

using namespace ink;

namespace elsewhere {
struct Point {};
std::string to_string(const Point&) { return "point"; }
}  // namespace elsewhere

TEST_CASE("text joins strings, numbers and what has a to_string") {
  CHECK(text() == "");
  CHECK(text("a", std::string("b"), 'c', 7, -3L, true, elsewhere::Point{}) == "abc7-3truepoint");
  CHECK(text(std::uint8_t{200}) == "200");
  CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
}

TEST_CASE("text writes floats in their shortest exact form") {
  CHECK(text(0.1f, ' ', 0.1, ' ', 1.5) == "0.1 0.1 1.5");
  CHECK(text(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
  CHECK(text(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("errors are standard exceptions; IoError names path and reason") {
  CHECK_THROWS_AS(throw ShapeError("x"), std::invalid_argument);
  CHECK_THROWS_AS(throw ValueError("x"), std::invalid_argument);
  const IoError error("a.png", "cannot be opened");
  CHECK(std::string(error.what()) == "a.png: cannot be opened");
  CHECK(error.path() == "a.png");
  CHECK(error.reason() == "cannot be opened");
}

}  // namespace error_test
