#include "inkling/io/npy_header.hpp"

#include <string>

#include <doctest/doctest.h>

#include "../support/errors.hpp"

namespace npy_header_test {

using namespace ink;
using detail::npy_type;
using testing::message_of;

TEST_CASE("dtypes are read as numpy reads them: kind, bytes and byte order") {
  struct Case {
    const char* descr;
    char kind;
    int size;
    bool swapped;
  };
  for (const Case& c :
       {Case{"<f4", 'f', 4, false}, Case{">f4", 'f', 4, true}, Case{"=f8", 'f', 8, false}, Case{"|f4", 'f', 4, false},
        Case{"|b1", 'b', 1, false}, Case{">b1", 'b', 1, false}, Case{"?", 'b', 1, false}, Case{"e", 'f', 2, false},
        Case{">e", 'f', 2, true}, Case{"<i", 'i', 4, false}, Case{"Q", 'u', 8, false}, Case{">u2", 'u', 2, true},
        Case{"float32", 'f', 4, false}, Case{"int16", 'i', 2, false}, Case{"f04", 'f', 4, false},
        Case{"f +8", 'f', 8, false}}) {
    const auto type = npy_type(c.descr);
    INFO(c.descr);
    CHECK(type.kind == c.kind);
    CHECK(type.size == c.size);
    CHECK(type.swapped == c.swapped);
  }
  for (const char* descr : {"<float32", "f5", "f1", "i3", "b2", "f4 ", " f4", "f-4", "1f4", "f4,f4", "<", "<<f4", ""}) {
    INFO(descr);
    CHECK(message_of<ValueError>([&] { npy_type(descr); }).find("(unknown)") != std::string::npos);
  }
}

TEST_CASE("the last of equal keys counts, and what follows a dictionary is white space or a comment") {
  const auto read = [](const std::string& text, bool has_long = true) { return detail::NpyDictionary(text, has_long); };
  const std::string good =
      "{'descr': 'x', 'shape': (9,), 'fortran_order': False, 'shape': (1_0L, 0xfL), 'descr': '<f4'}";
  CHECK(read(good).descr == "<f4");
  CHECK(read(good).shape == std::vector<Index>{10, 15});
  CHECK(message_of<ValueError>([&] { read(good, false); }) == "npy: the shape must hold integers from 0");
  for (const char* after : {"", "\n", " \n\t\f\r\n", " # comment", "#\n#"}) CHECK(!read(good + after).fortran_order);
  for (const char* after : {",", "x", "L", "{}", "\\\n", "\v", "\n x"}) {
    CHECK(message_of<ValueError>([&] { read(good + after); }) == "npy: the header has text after its dictionary");
  }
  for (const char* before : {" ", " \t", "\n", "\f\n"}) CHECK(read(before + good).shape.size() == 2);
  CHECK(message_of<ValueError>([&] { read("\n " + good); }) == "npy: the dictionary of the header is indented");
}

}  // namespace npy_header_test
