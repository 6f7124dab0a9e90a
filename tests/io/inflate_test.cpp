#include "inkling/io/inflate.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace inflate_test {

using namespace ink;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes hex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(value(digits[i]) * 16 + value(digits[i + 1])));
  }
  return bytes;
}

std::string string_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// What is thrown, or "" if nothing is.
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

std::string inflate_error(std::string_view digits) {
  return error_of([&] { io::inflate(hex(digits)); });
}

// All streams below were written by zlib.
constexpr std::string_view austen =
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a "
    "wife. However little known the feelings or views of such a man may be on his first entering a neighbourhood, this "
    "truth is so well fixed in the minds of the surrounding families, that he is considered the rightful property of "
    "some one or other of their daughters.";
constexpr std::string_view austen_dynamic =
    "2d90d191c33008445ba1804ceac895a158c8624e060fa0e8dcfd41923f69d8ddb7f0e34006055ca777984c2f542b635c50b65f9635b0ee586f"
    "e0bd78c88c781f084761208653ccd08c84415a4c77910a4dd427e30d8e690e4f4ce12aec1fc9a2867778c8c200c120f7884b100702a1218e40"
    "1888c28b7059ba6c6e3dac093dca959101ec51bb910602d951c3141246dafb53a6f66892a543f4d92c1e26b0708c70fd61cd56093c88eb1b92"
    "1f9baa32b966582b070d42fbae1ed388d8848d2a6af853af41f336079c2a27aa5fefb6726441cc152454fa4d27855a6618e2c0f77f";
constexpr std::string_view inkling_gzip = "1f8b0800000000000203f3cccbcec9cc4b070064cdbd8e07000000";

/// A gzip member of "Inkling" with the given flags and header fields.
Bytes member(std::uint8_t flags, const Bytes& fields) {
  const Bytes plain = hex(inkling_gzip);
  Bytes out(plain.begin(), plain.begin() + 10);
  out[3] = flags;
  out.insert(out.end(), fields.begin(), fields.end());
  if (flags & 2) {
    const std::uint32_t sum = io::crc32(out);
    out.push_back(static_cast<std::uint8_t>(sum));
    out.push_back(static_cast<std::uint8_t>(sum >> 8));
  }
  out.insert(out.end(), plain.begin() + 10, plain.end());
  return out;
}

}  // namespace

TEST_CASE("inflate reads stored, fixed and dynamic blocks") {
  CHECK(string_of(io::inflate(hex("010600f9ff73746f726564"))) == "stored");
  CHECK(string_of(io::inflate(hex("4b4c4a4e44420a19a93939f9101200"))) == "abcabcabcabcabc hello hello");
  CHECK(string_of(io::inflate(hex(austen_dynamic))) == austen);
  CHECK(io::inflate(hex("0300")).empty());
  CHECK(string_of(io::inflate(hex("000300fcff616263010300fcff646566"))) == "abcdef");
}

TEST_CASE("zlib and gzip wrappings are read and checked") {
  CHECK(string_of(io::zlib_decompress(hex("78daf3cccbcec9cc4b07000adf02cd"))) == "Inkling");
  const Bytes plain = hex(inkling_gzip);
  CHECK(io::is_gzip(plain));
  CHECK_FALSE(io::is_gzip(hex("1f")));
  CHECK(string_of(io::gzip_decompress(plain)) == "Inkling");
  CHECK(string_of(io::gzip_decompress(member(4, hex("0300616263")))) == "Inkling");
  CHECK(string_of(io::gzip_decompress(member(8, hex("6e616d6500")))) == "Inkling");
  CHECK(string_of(io::gzip_decompress(member(16, hex("00")))) == "Inkling");
  CHECK(string_of(io::gzip_decompress(member(31, hex("0100786e006300")))) == "Inkling");  // every flag

  Bytes two = member(8, hex("6e00"));
  two.insert(two.end(), plain.begin(), plain.end());
  CHECK(string_of(io::gzip_decompress(two)) == "InklingInkling");
  two.insert(two.end(), 512, 0);
  CHECK(string_of(io::gzip_decompress(two)) == "InklingInkling");
}

TEST_CASE("every defect of a DEFLATE stream has its own message") {
  CHECK(inflate_error("") == "inflate: the data is truncated");
  CHECK(inflate_error(austen_dynamic.substr(0, 100)) == "inflate: the data is truncated");
  CHECK(inflate_error("010600f9ff7374") == "inflate: the data is truncated in a stored block");
  CHECK(inflate_error("010600f8ff73746f726564") ==
        "inflate: the length of a stored block does not match its complement");
  CHECK(inflate_error("07") == "inflate: a block has the reserved type 3");
  CHECK(inflate_error("030000") == "inflate: there are 1 bytes after the end");
  // The malformed streams that zlib tests itself with (test/infcover.c).
  CHECK(inflate_error("0000000000") == "inflate: the length of a stored block does not match its complement");
  CHECK(inflate_error("06") == "inflate: a block has the reserved type 3");
  CHECK(inflate_error("fc0000") == "inflate: a block has 288 literal codes; the most is 286");
  CHECK(inflate_error("0400feff") == "inflate: the code length code is incomplete");
  CHECK(inflate_error("04009204") == "inflate: the code length code has too many short codes");
  CHECK(inflate_error("0400244900") == "inflate: the code lengths start with a repetition of nothing");
  CHECK(inflate_error("040024e9ffff") == "inflate: a repetition of code lengths goes beyond their end");
  CHECK(inflate_error("040024e9ff6d") == "inflate: a block has no code for its end");
  CHECK(inflate_error("048049922449922471ffff931100") == "inflate: the literal code has too many short codes");
  CHECK(inflate_error("04804992244992240fb4ffffc384") == "inflate: the distance code is incomplete");
  CHECK(inflate_error("04c0810800000000207feb0b0000") == "inflate: the data holds a code that no symbol has");
  CHECK(inflate_error("0cc081000000000090ff6b0400") == "inflate: a distance of 1 is too far back; there are 0 bytes");
  // A distance of 1 before anything was written; a reserved distance code; a reserved length code; all fixed blocks.
  CHECK(inflate_error("0302") == "inflate: a distance of 1 is too far back; there are 0 bytes");
  CHECK(inflate_error("027effff") == "inflate: distance code 31 is reserved");
  CHECK(inflate_error("1b07") == "inflate: length code 287 is reserved");
}

TEST_CASE("every defect of a wrapping has its own message") {
  const auto zlib = [](std::string_view digits) { return error_of([&] { io::zlib_decompress(hex(digits)); }); };
  CHECK(zlib("78") == "zlib_decompress: the header is truncated");
  CHECK(zlib("77daf3") == "zlib_decompress: the compression method must be 8");
  CHECK(zlib("88daf3") == "zlib_decompress: the window is larger than 32768 bytes");
  CHECK(zlib("78dbf3") == "zlib_decompress: the header's check bits are wrong");
  CHECK(zlib("7820") == "zlib_decompress: the data needs a preset dictionary");
  CHECK(zlib("78daf3cccbcec9cc4b07000adf02") == "zlib_decompress: the checksum is truncated");
  CHECK(zlib("78daf3cccbcec9cc4b07000adf02cd00") == "zlib_decompress: there are bytes after the end");
  CHECK(zlib("78daf3cccbcec9cc4b07000adf02ce") == "zlib_decompress: the checksum of the data is wrong");

  const auto gzip = [](const Bytes& bytes) { return error_of([&] { io::gzip_decompress(bytes); }); };
  const auto changed = [](std::size_t at, int value) {
    Bytes bytes = hex(inkling_gzip);
    bytes[at] = static_cast<std::uint8_t>(value);
    return bytes;
  };
  CHECK(gzip({}) == "gzip_decompress: the header is truncated");
  CHECK(gzip(changed(1, 0)) == "gzip_decompress: the data does not start with 1F 8B");
  CHECK(gzip(changed(2, 7)) == "gzip_decompress: compression method is 7; it must be 8");
  CHECK(gzip(changed(3, 0x40)) == "gzip_decompress: the header has reserved flags set");
  CHECK(gzip(changed(19, 0)) == "gzip_decompress: the checksum of the data is wrong");
  CHECK(gzip(changed(23, 8)) == "gzip_decompress: the size of the data is wrong");
  Bytes header_sum = member(2, {});
  header_sum[10] ^= 1;
  CHECK(gzip(header_sum) == "gzip_decompress: the header's checksum is wrong");
  Bytes trailing = hex(inkling_gzip);
  trailing.insert(trailing.end(), 20, 'x');
  CHECK(gzip(trailing) == "gzip_decompress: the data does not start with 1F 8B");
}

TEST_CASE("the output limit stops a bomb before it fills the memory") {
  const Bytes bytes = hex(austen_dynamic);
  CHECK(error_of([&] { io::inflate(bytes, 374); }) == "inflate: the output exceeds the limit of 374 bytes");
  CHECK(io::inflate(bytes, 375).size() == 375);
  CHECK(error_of([&] { io::inflate(hex("010600f9ff73746f726564"), 5); }) ==
        "inflate: the output exceeds the limit of 5 bytes");
}

TEST_CASE("no truncation or bit flip of a gzip file goes unnoticed, and none crashes") {
  Bytes file = hex("1f8b0800000000000203");
  const Bytes body = hex(austen_dynamic);
  file.insert(file.end(), body.begin(), body.end());
  for (const std::uint32_t word : {0xa4b17ef2u, 375u}) {
    for (int shift = 0; shift < 32; shift += 8) file.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  REQUIRE(string_of(io::gzip_decompress(file)) == austen);

  for (std::size_t size = 0; size < file.size(); ++size) {
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(error_of([&] { io::gzip_decompress(cut, 1 << 20); }) != "");
  }
  int thrown = 0;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes flipped = file;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
    try {
      const Bytes out = io::gzip_decompress(flipped, 1 << 20);
      CHECK(string_of(out) == austen);  // time, operating system and the like do not change the content
    } catch (const ValueError&) {
      ++thrown;
    }
  }
  // The time, extra flags, operating system, text flag and the padding after the last code may change freely.
  CHECK(thrown == static_cast<int>(file.size()) * 8 - (32 + 8 + 8 + 1 + 2));

  // Pairs of changed bytes, by a fixed congruential sequence.
  std::uint32_t state = 1;
  const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 8; };
  for (int round = 0; round < 20000; ++round) {
    Bytes damaged(body);
    for (int i = 0; i < 2; ++i) damaged[next() % damaged.size()] = static_cast<std::uint8_t>(next());
    try {
      const std::size_t size = io::inflate(damaged, 1 << 16).size();
      CHECK(size <= 1 << 16);
    } catch (const ValueError&) {
    }
  }
}

}  // namespace inflate_test
