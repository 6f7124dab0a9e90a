#include "inkling/io/checksum.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace checksum_test {

using namespace ink;

namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("checksums have their published check values") {
  const auto digits = bytes_of("123456789");
  CHECK(io::crc32(digits) == 0xCBF43926u);
  CHECK(io::adler32(digits) == 0x091E01DEu);
  CHECK(io::crc32({}) == 0u);
  CHECK(io::adler32({}) == 1u);
  CHECK(io::crc32(bytes_of("The quick brown fox jumps over the lazy dog")) == 0x414FA339u);
  CHECK(io::adler32(bytes_of("Wikipedia")) == 0x11E60398u);
}

TEST_CASE("checksums continue over parts") {
  std::vector<std::uint8_t> bytes(20000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i % 251);
  const std::span<const std::uint8_t> all(bytes);
  for (const std::size_t cut : {0u, 1u, 5552u, 5553u, 19999u, 20000u}) {
    CHECK(io::crc32(all.subspan(cut), io::crc32(all.first(cut))) == io::crc32(all));
    CHECK(io::adler32(all.subspan(cut), io::adler32(all.first(cut))) == io::adler32(all));
  }
}

TEST_CASE("crc32 of any length and begin is that of the bit-by-bit definition") {
  std::vector<std::uint8_t> bytes(100);
  std::uint32_t random = 1;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>((random = random * 1664525u + 1013904223u) >> 24);
  const std::span<const std::uint8_t> all(bytes);
  const auto defined = [](std::span<const std::uint8_t> part) {
    std::uint32_t sum = 0xFFFFFFFFu;
    for (const std::uint8_t byte : part) {
      sum ^= byte;
      for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ (sum & 1 ? 0xEDB88320u : 0u);
    }
    return ~sum;
  };
  for (std::size_t begin = 0; begin < 17; ++begin) {
    for (std::size_t size = 0; size < 50; ++size) {
      CHECK(io::crc32(all.subspan(begin, size)) == defined(all.subspan(begin, size)));
    }
  }
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    const auto rest = all.subspan(cut);
    CHECK(detail::crc32_joined(io::crc32(all.first(cut)), io::crc32(rest), rest.size()) == io::crc32(all));
  }
}

TEST_CASE("adler32 does not overflow on the largest bytes") {
  const std::vector<std::uint8_t> bytes(1000000, 255);
  // a = 1 + 255 n, b = n + 255 n (n + 1) / 2, both modulo 65521, n = 10^6.
  const std::uint64_t n = bytes.size();
  const std::uint64_t a = (1 + 255 * n) % 65521, b = (n + 255 * (n * (n + 1) / 2)) % 65521;
  CHECK(io::adler32(bytes) == (b << 16 | a));
}

}  // namespace checksum_test
