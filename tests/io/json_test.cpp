#include "inkling/io/json.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "../support/allocations.hpp"

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

std::string string_of(std::string_view json) { return io::parse_json(json).string(); }

std::int64_t integer_of(std::string_view json) { return io::parse_json(json).integer(); }

}  // namespace

TEST_CASE("values of the accepted kinds are read") {
  const io::Json json = io::parse_json(" {\"a\" : [1, -2,\t0],\r\n\"b\":{\"c\":\"x\"}, \"e\":[], \"f\":{} } ");
  REQUIRE(json.is(Kind::object));
  std::string keys;
  for (const auto& [key, value] : json.members()) keys += key + (value.is(Kind::array) ? "[" : "{");
  CHECK(keys == "a[b{e[f{");
  CHECK(json.members().size() == 4);
  REQUIRE(json.find("a"));
  std::vector<std::int64_t> numbers;
  for (const io::Json& item : json.find("a")->items()) numbers.push_back(item.integer());
  CHECK(numbers == std::vector<std::int64_t>{1, -2, 0});
  CHECK(json.find("b")->find("c")->string() == "x");
  CHECK(json.find("e")->items().empty());
  CHECK(json.find("f")->members().empty());
  CHECK(!json.find("none"));
  CHECK(!json.find("e")->find("none"));
}

TEST_CASE("what is skipped is skipped whole") {
  const io::Json json = io::parse_json(R"([ {"]\"":["}\\", {}] , "k":-7 } , "[\"\\" ,[[ ],3], 12 ])");
  std::string kinds;
  for (const io::Json& item : json.items()) {
    kinds += item.is(Kind::object) ? 'o' : item.is(Kind::array) ? 'a' : item.is(Kind::string) ? 's' : 'i';
  }
  CHECK(kinds == "osai");
  const io::Json first = *json.items().begin();
  CHECK(first.find("k")->integer() == -7);
  CHECK((*first.find("]\"")->items().begin()).string() == "}\\");
}

TEST_CASE("a value asked for as another kind is an error, and a value outlives its text") {
  const auto message = [](const auto& ask) {
    try {
      ask(io::parse_json(R"([1, "x"])"));
    } catch (const ValueError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message([](const io::Json& json) { json.integer(); }) == "json: byte 0: the value is not an integer");
  CHECK(message([](const io::Json& json) { json.members(); }) == "json: byte 0: the value is not an object");
  CHECK(message([](const io::Json& json) { (*json.items().begin()).string(); }) ==
        "json: byte 1: the value is not a string");
  CHECK(message([](const io::Json& json) { (*++json.items().begin()).items(); }) ==
        "json: byte 4: the value is not an array");
  const io::Json kept = *io::parse_json(std::string(R"([["kept"]])")).items().begin();
  CHECK((*kept.items().begin()).string() == "kept");
}

TEST_CASE("integers cover exactly 64 bits") {
  CHECK(integer_of("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(integer_of("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  for (const char* json : {"9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    CHECK(error_of(json).find("an integer is beyond 64 bits") != std::string::npos);
  }
  CHECK(integer_of("-0") == 0);
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
  CHECK(error_of("{\"b\":{\"b\":1},\"a\":{\"b\":1,\"a\":1}}") == "");  // each object has its own keys
  const std::string good = R"({"k":["v\u00e9",-12,{}]})";
  REQUIRE(error_of(good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(error_of(good.substr(0, size)) != "");
}

namespace {

/// The most memory that was in use at once, of what `f` asked for.
template <class F>
std::size_t peak_of(const F& f) {
  testing::AllocationCount count;
  f();
  return count.peak();
}

std::string repeated(std::string_view item, std::size_t bytes) {
  std::string out = "[";
  while (out.size() < bytes) (out += item) += ',';
  out.back() = ']';
  return out;
}

}  // namespace

TEST_CASE("a text takes at most four times its size") {
  constexpr std::size_t bytes = 1 << 15;
  std::string keys = "{", escaped = "{";
  for (int i = 0; keys.size() < bytes; ++i) keys += text("\"", i, "\":0,");
  for (int i = 0; escaped.size() < bytes; ++i) escaped += text("\"\\n", i, "\":[],");
  keys.back() = escaped.back() = '}';
  for (const std::string& json :
       {repeated("0", bytes), repeated("{}", bytes), repeated("\"\"", bytes), repeated("[[[]],{\"a\":0}]", bytes),
        "\"" + std::string(bytes, 'x') + "\"", keys, escaped}) {
    std::size_t items = 0;
    const auto peak = peak_of([&] {
      const io::Json parsed = io::parse_json(json);
      if (parsed.is(Kind::array)) items = parsed.items().size();
      if (parsed.is(Kind::object)) items = parsed.members().size();
    });
    INFO(json.substr(0, 20), " ", items, " items: ", static_cast<double>(peak) / static_cast<double>(json.size()));
    CHECK(peak <= 4 * json.size());
  }
}

TEST_CASE("a key that occurs twice is found among many that differ in their last letters only") {
  const std::string common(400, 'k');
  std::string json = "{";
  for (int i = 0; i < 500; ++i) json += text("\"", common, i, "\":", i, ",");
  CHECK(io::parse_json(json + "\"\":0}").find(common + "499")->integer() == 499);
  CHECK(error_of(json + "\"\\u006b" + common.substr(1) + "77\":0}").ends_with("kk77\" occurs twice"));
  CHECK(error_of(json + "\"" + common + "77\":0}").ends_with("kk77\" occurs twice"));
}

}  // namespace json_test
