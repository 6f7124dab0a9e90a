#include "inkling/io/dtype.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

namespace dtype_test {

using namespace ink;

TEST_CASE("all half precision numbers have the value of their definition") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023);
    const double sign = bits & 0x8000 ? -1 : 1;
    const float x = detail::float_from_float16(static_cast<std::uint16_t>(bits));
    bool right = false;
    if (exponent == 31) {
      right = fraction ? std::isnan(x) : x == sign * std::numeric_limits<double>::infinity();
    } else {
      const double magnitude = exponent ? std::ldexp(1 + fraction / 1024.0, exponent - 15) : std::ldexp(fraction, -24);
      right = x == sign * magnitude;
    }
    if (!right || std::signbit(x) != (sign < 0)) FAIL("bits " << bits << " became " << x);
  }
  CHECK(detail::float_from_bfloat16(0x4049) == 3.140625f);
  CHECK(detail::float_from_bfloat16(0xC000) == -2.0f);
}

TEST_CASE("types have the names and sizes of the format") {
  CHECK(detail::safe_dtype_of<float>() == "F32");
  CHECK(detail::safe_dtype_of<double>() == "F64");
  CHECK(detail::safe_dtype_of<std::uint8_t>() == "U8");
  CHECK(detail::safe_dtype_of<std::int32_t>() == "I32");
  CHECK(detail::safe_dtype_of<long>() == (sizeof(long) == 8 ? "I64" : "I32"));
  CHECK(detail::safe_dtypes[detail::safe_dtype_index("BF16")].size == 2);
  CHECK(detail::safe_dtype_index("F128") == detail::safe_dtypes.size());
}

}  // namespace dtype_test
