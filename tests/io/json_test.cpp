#include "inkling/io/json.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace json_test {

using namespace ink;
using Kind = io::Json::Kind;

namespace {

std::string error_of(std::string_view json) {
  try {
    io::parse_json(json);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

std::string string_of(std::string_view json) { return io::parse_json(json).string; }

}  // namespace

TEST_CASE("values of the accepted kinds are read") {
  const io::Json json = io::parse_json(" {\"a\" : [1, -2,\t0],\r\n\"b\":{\"c\":\"x\"}, \"e\":[], \"f\":{} } ");
  REQUIRE(json.is(Kind::object));
  REQUIRE(json.keys.size() == 4);
  const io::Json* a = json.find("a");
  REQUIRE(a);
  REQUIRE(a->items.size() == 3);
  CHECK(a->items[0].integer == 1);
  CHECK(a->items[1].integer == -2);
  CHECK(a->items[2].integer == 0);
  CHECK(json.find("b")->find("c")->string == "x");
  CHECK(json.find("e")->is(Kind::array));
  CHECK(json.find("f")->items.empty());
  CHECK(json.find("none") == nullptr);
}

TEST_CASE("integers cover exactly 64 bits") {
  CHECK(io::parse_json("9223372036854775807").integer == std::numeric_limits<std::int64_t>::max());
  CHECK(io::parse_json("-9223372036854775808").integer == std::numeric_limits<std::int64_t>::min());
  for (const char* json : {"9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    CHECK(error_of(json).find("an integer is beyond 64 bits") != std::string::npos);
  }
  CHECK(io::parse_json("-0").integer == 0);
  for (const char* json : {"01", "00", "-01"}) CHECK(error_of(json).find("must not start with 0") != std::string::npos);
  for (const char* json : {"1.0", "1e3", "0.5"}) CHECK(error_of(json).find("must be an integer") != std::string::npos);
}

TEST_CASE("strings, escapes and Unicode") {
  CHECK(string_of(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
  CHECK(string_of(R"("\u0041\u00e9\u20AC\uD83D\uDE00")") == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(string_of("\"\xF0\x9F\x98\x80\xE2\x82\xAC\"") == "\xF0\x9F\x98\x80\xE2\x82\xAC");
  CHECK(string_of(R"("\u0000")") == std::string(1, '\0'));
  for (const char* json :
       {R"("\uD83D")", R"("\uD83Dx")", R"("\uD83D\u0041")", R"("\uDE00")", R"("\u12g4")", R"("\x")"}) {
    CHECK(error_of(json) != "");
  }
  // Stray continuation, overlong, surrogate, above U+10FFFF, cut short.
  for (const char* bytes :
       {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    CHECK(error_of("\"" + std::string(bytes) + "\"") == "json: byte 1: a string is not valid UTF-8");
  }
  CHECK(error_of("\"\n\"") == "json: byte 1: a string has a control character");
}

TEST_CASE("quoting is undone by parsing") {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xC3\xA9\xF0\x9F\x98\x80";
  CHECK(string_of(io::json_quote(all)) == all);
  CHECK(io::json_quote("a\"\\\n\x01/") == R"("a\"\\\n\u0001/")");
}

TEST_CASE("what is not strict JSON of these kinds is refused with its place") {
  CHECK(error_of("") == "json: byte 0: the text is truncated");
  CHECK(error_of("{}{}") == "json: byte 2: there is text after the end");
  CHECK(error_of("[1,]") == "json: byte 3: a value must be an object, array, string or integer");
  CHECK(error_of("[1 2]") == "json: byte 3: items must be separated by commas");
  CHECK(error_of("{\"a\" 1}") == "json: byte 5: a key must be followed by a colon");
  CHECK(error_of("{a:1}") == "json: byte 1: a key must be a string");
  CHECK(error_of("{\"a\":1,}") == "json: byte 7: a key must be a string");
  CHECK(error_of("true") == "json: byte 0: a value must be an object, array, string or integer");
  CHECK(error_of("{\"a\":1,\"b\":2,\"a\":3}") == "json: byte 19: the key \"a\" occurs twice");
  CHECK(error_of("{\"a\":1,\"\\u0061\":3}") == "json: byte 18: the key \"a\" occurs twice");
  CHECK(error_of("-") == "json: byte 1: a minus must be followed by a digit");
  CHECK(error_of(std::string(33, '[') + std::string(33, ']')) == "");
  CHECK(error_of(std::string(34, '[') + std::string(34, ']')).find("the nesting is too deep") != std::string::npos);
  CHECK(error_of(std::string(1000000, '[')).find("the nesting is too deep") != std::string::npos);
  const std::string good = R"({"k":["v\u00e9",-12,{}]})";
  REQUIRE(error_of(good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(error_of(good.substr(0, size)) != "");
}

}  // namespace json_test
