#include "inkling/io/utf8.hpp"

#include <string>

#include <doctest/doctest.h>

namespace utf8_test {

using namespace ink::detail;

namespace {

/// As RFC 3629 encodes a code point.
std::string encoded(unsigned code) {
  const auto byte = [](unsigned b) { return static_cast<char>(static_cast<unsigned char>(b)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000) return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
          byte(0x80 | (code & 63))};
}

}  // namespace

TEST_CASE("every code point but surrogates is valid, and nothing above the last") {
  std::string all;
  for (unsigned code = 0; code <= 0x10FFFF; ++code) {
    const std::string bytes = encoded(code);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (utf8_length(bytes) != (surrogate ? 0 : bytes.size())) FAIL_CHECK("code point ", code);
    if (!surrogate && code % 97 == 0) all += bytes;
  }
  CHECK(is_utf8(all));
  CHECK(!is_utf8(all + "\x80"));
  CHECK(utf8_length(encoded(0x110000)) == 0);
  CHECK(utf8_length("") == 0);
}

TEST_CASE("overlong forms, stray and missing continuations are not valid") {
  for (const char* bytes : {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",
                            "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3\x28", "\xFF"}) {
    CHECK(utf8_length(bytes) == 0);
  }
}

}  // namespace utf8_test
