// Checksums: CRC-32 (gzip, PNG) and Adler-32 (zlib).
//
// CRC-32 is ISO 3309 with the reflected polynomial 0xEDB88320; Adler-32 is RFC 1950, section 9. Both can be continued:
// the sum of two parts is the sum of the second part started from the sum of the first.
//
// Example:
//     std::array<std::uint8_t, 3> abc{'a', 'b', 'c'};
//     std::uint32_t sum = io::crc32(abc);                   // 0x352441C2
//     sum = io::crc32(abc, sum);                            // of "abcabc"
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ink {
namespace detail {

inline constexpr std::array<std::uint32_t, 256> crc32_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0u);
    table[byte] = value;
  }
  return table;
}();

}  // namespace detail

namespace io {

inline std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t previous = 0) {
  std::uint32_t sum = ~previous;
  for (const std::uint8_t byte : bytes) sum = (sum >> 8) ^ detail::crc32_table[(sum ^ byte) & 0xFF];
  return ~sum;
}

inline std::uint32_t adler32(std::span<const std::uint8_t> bytes, std::uint32_t previous = 1) {
  constexpr std::uint32_t modulus = 65521;
  constexpr std::size_t run = 5552;  // the longest run whose sums cannot overflow 32 bits
  std::uint32_t a = previous & 0xFFFF, b = previous >> 16;
  for (std::size_t begin = 0; begin < bytes.size(); begin += run) {
    for (const std::uint8_t byte : bytes.subspan(begin, bytes.size() - begin < run ? bytes.size() - begin : run)) {
      a += byte;
      b += a;
    }
    a %= modulus;
    b %= modulus;
  }
  return b << 16 | a;
}

}  // namespace io
}  // namespace ink
