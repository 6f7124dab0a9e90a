#include "inkling/io/json_reader.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace json_reader_test {

using namespace ink;
using detail::JsonReader;

TEST_CASE("a value of any kind is skipped to the byte after it") {
  for (const char* value :
       {"12", "-7", R"("x\\\"]")", "[]", "{}", R"([1,[2,"]"],{"}":[]}])", R"({"a":{"b":"{"},"c":-1})"}) {
    const std::string text = std::string(value) + " ,next";
    JsonReader reader(text, 0);
    reader.skip_value();
    CHECK(reader.at() == std::string_view(value).size());
  }
}

TEST_CASE("strings are read or skipped, and both end in the same place") {
  const std::string_view text = R"("a\u00e9\n\"" , 5)";
  JsonReader reads(text, 0), skips(text, 0);
  CHECK(reads.string() == "a\xC3\xA9\n\"");
  skips.skip_string();
  CHECK(reads.at() == skips.at());
  reads.expect(',', "");
  reads.skip_space();
  CHECK(reads.integer() == 5);
}

}  // namespace json_reader_test
