// Checksums: CRC-32 (gzip, PNG) and Adler-32 (zlib).
//
// CRC-32 is ISO 3309 with the reflected polynomial 0xEDB88320; Adler-32 is RFC 1950, section 9. Both can be continued:
// the sum of two parts is the sum of the second part started from the sum of the first. CRC-32 finds every error of up
// to 32 bits in a row, and a single flipped bit wherever it is.
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

inline constexpr std::uint32_t crc32_polynomial = 0xEDB88320u;

/// Table k: what a byte adds to the sum when k more bytes follow it in the same step.
inline constexpr std::array<std::array<std::uint32_t, 256>, 16> crc32_tables = [] {
  std::array<std::array<std::uint32_t, 256>, 16> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? crc32_polynomial : 0u);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 16; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

/// Sixteen bytes a step, each by a table of its own, so that none waits for the one before it.
inline std::uint32_t crc32_of_part(const std::uint8_t* x, std::size_t count, std::uint32_t previous) {
  const auto& t = crc32_tables;
  std::uint32_t sum = ~previous;
  for (; count >= 16; count -= 16, x += 16) {
    sum = t[15][(sum & 0xFF) ^ x[0]] ^ t[14][(sum >> 8 & 0xFF) ^ x[1]] ^ t[13][(sum >> 16 & 0xFF) ^ x[2]] ^
          t[12][(sum >> 24) ^ x[3]] ^ t[11][x[4]] ^ t[10][x[5]] ^ t[9][x[6]] ^ t[8][x[7]] ^ t[7][x[8]] ^ t[6][x[9]] ^
          t[5][x[10]] ^ t[4][x[11]] ^ t[3][x[12]] ^ t[2][x[13]] ^ t[1][x[14]] ^ t[0][x[15]];
  }
  for (; count > 0; --count, ++x) sum = (sum >> 8) ^ t[0][(sum ^ *x) & 0xFF];
  return ~sum;
}

/// The product of two polynomials modulo that of the checksum; the highest bit stands for 1.
constexpr std::uint32_t crc32_product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ ((b & 1) ? crc32_polynomial : 0u);
  }
  return product;
}

/// What the sum of something is multiplied by when `bytes` zeros follow it: x to the power of their bits.
constexpr std::uint32_t crc32_shift(std::uint64_t bytes) {
  std::uint32_t power = 1u << 31;
  for (std::uint32_t square = 1u << 23; bytes != 0; bytes >>= 1, square = crc32_product(square, square)) {
    if (bytes & 1) power = crc32_product(power, square);
  }
  return power;
}

/// The sum of two parts from those of each.
constexpr std::uint32_t crc32_joined(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return crc32_product(crc32_shift(second_bytes), first) ^ second;
}

}  // namespace detail

namespace io {

inline std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t previous = 0) {
  return detail::crc32_of_part(bytes.data(), bytes.size(), previous);
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
