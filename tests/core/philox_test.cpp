#include "inkling/core/philox.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include <doctest/doctest.h>

namespace philox_test {

using namespace ink;

TEST_CASE("Philox 4x32-10: the published vectors (Random123, kat_vectors)") {
  using Words = Philox::Words;
  constexpr std::uint32_t ones = 0xffffffff;
  static_assert(Philox::block({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox::block({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox::block({ones, ones, ones, ones}, {ones, ones}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Key: its number, and folding") {
  constexpr Key key{0x0123456789abcdef};
  static_assert(key.seed() == 0x0123456789abcdef);
  CHECK(Key(key.seed()) == key);
  CHECK(key.block(0) == Philox::block({0, 0, 0, 0}, {0x89abcdef, 0x01234567}));
  CHECK(key.block(5, 7) == Philox::block({5, 0, 7, 0}, {0x89abcdef, 0x01234567}));
  std::set<std::uint64_t> seen{key.seed()};
  for (std::uint64_t i = 0; i < 1000; ++i) {
    seen.insert(key.fold(i).seed());
    seen.insert(key.fold(i).fold(0).seed());
    seen.insert(key.fold(i << 32 | 1).fold(1).seed());
  }
  CHECK(seen.size() == 3001);
}

TEST_CASE("Stream: uniform has the moments of the uniform distribution") {
  Stream stream(Key{3});
  constexpr int n = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    squares += u * u;
  }
  // Standard errors: sqrt(1/12 / n) = 9.1e-4 for the mean, sqrt(4/45 / n) = 9.4e-4 for the mean square; four of each.
  CHECK(std::abs(sum / n - 0.5) < 4 * 9.2e-4);
  CHECK(std::abs(squares / n - 1.0 / 3) < 4 * 9.5e-4);
}

TEST_CASE("Stream: below is even (chi-square)") {
  Stream stream(Key{4});
  std::array<int, 7> count{};
  constexpr double n = 70000;
  for (int i = 0; i < 70000; ++i) ++count[stream.below(7)];
  double chi_square = 0;
  for (int c : count) chi_square += (c - n / 7) * (c - n / 7) / (n / 7);
  CHECK(chi_square < 22.46);  // six degrees of freedom, p = 0.001
  CHECK(stream.below(1) == 0);
  for (int i = 0; i < 100; ++i) CHECK(stream.below((std::uint64_t{1} << 63) + 1) <= std::uint64_t{1} << 63);
}

TEST_CASE("Stream: the bits of its key's blocks, row by row") {
  Stream stream(Key{5}, 9);
  const auto first = Key{5}.block(0, 9), second = Key{5}.block(1, 9);
  CHECK(stream.bits() == (std::uint64_t{first[1]} << 32 | first[0]));
  CHECK(stream.bits() == (std::uint64_t{first[3]} << 32 | first[2]));
  CHECK(stream.bits() == (std::uint64_t{second[1]} << 32 | second[0]));
}

}  // namespace philox_test
