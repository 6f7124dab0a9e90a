// The checksum within a safetensors file: "inkling.checksum":"crc32:<8 hexadecimal digits>" among its metadata.
//
// It is the CRC-32 of the whole file, length and header included, with its own digits as zeros. To other readers it is
// a line of metadata like any other.
//
// What stands under a damaged key must not pass for a file that has no checksum: a value of that form whose key
// differs in one place counts as one that does not agree.
//
// Example:
//     bool declared = detail::declares_checksum("inkling.checksum", "crc32:00000000");
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/core/shape.hpp"
#include "inkling/io/checksum.hpp"

namespace ink::detail {

inline constexpr std::string_view checksum_key = "inkling.checksum";
inline constexpr std::string_view checksum_zero = "crc32:00000000";
inline constexpr std::size_t checksum_digits = 8;

/// As io::crc32, by all threads: a checkpoint is long.
inline std::uint32_t crc32_by_threads(std::span<const std::uint8_t> bytes, std::uint32_t previous) {
  constexpr std::size_t piece = std::size_t{1} << 18;
  if (bytes.size() < 4 * piece) return io::crc32(bytes, previous);
  std::vector<std::uint32_t> sums((bytes.size() + piece - 1) / piece);
  parallel_for(static_cast<Index>(bytes.size()), static_cast<Index>(piece), [&](Index begin, Index end) {
    const auto from = static_cast<std::size_t>(begin);
    sums[from / piece] = io::crc32(bytes.subspan(from, static_cast<std::size_t>(end - begin)));
  });
  std::uint32_t sum = previous;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sum = crc32_joined(sum, sums[i], std::min(piece, bytes.size() - i * piece));
  }
  return sum;
}

inline std::string checksum_text(std::uint32_t sum) {
  std::string out(checksum_zero);
  for (std::size_t i = 0; i < checksum_digits; ++i) {
    out[out.size() - 1 - i] = "0123456789abcdef"[sum >> 4 * i & 15];
  }
  return out;
}

inline bool declares_checksum(std::string_view key, std::string_view value) {
  if (key == checksum_key) return true;
  if (key.size() != checksum_key.size() || value.size() != checksum_zero.size() || !value.starts_with("crc32:")) {
    return false;
  }
  int different = 0;
  for (std::size_t i = 0; i < key.size(); ++i) different += key[i] != checksum_key[i];
  const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return different == 1 && std::all_of(value.begin() + 6, value.end(), hexadecimal);
}

/// Where the digits stand in the bytes of a file whose header ends at `end`; 0 if they are nowhere.
inline std::size_t checksum_place(std::span<const std::uint8_t> bytes, std::size_t end) {
  const std::string entry = text("\"", checksum_key, "\":\"crc32:");
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()), end);
  const auto at = header.find(entry);
  return at == header.npos || at + entry.size() + checksum_digits > end ? 0 : at + entry.size();
}

/// The sum of a header with zeros for digits, and of the data.
inline std::uint32_t checksum_of(std::span<const std::uint8_t> header, std::size_t place) {
  static constexpr std::uint8_t zeros[checksum_digits] = {'0', '0', '0', '0', '0', '0', '0', '0'};
  const auto sum = io::crc32(zeros, io::crc32(header.first(place)));
  return crc32_by_threads(header.subspan(place + checksum_digits), sum);
}

/// Throws unless the file has the sum that it declares.
inline void check_checksum(std::span<const std::uint8_t> bytes, std::size_t header_end) {
  const std::size_t place = checksum_place(bytes, header_end);
  const auto found = place == 0 ? "none" : checksum_text(checksum_of(bytes, place));
  const auto declared = place == 0 ? std::string("unreadable")
                                   : "crc32:" + std::string(bytes.begin() + static_cast<std::ptrdiff_t>(place),
                                                            bytes.begin() + static_cast<std::ptrdiff_t>(place + 8));
  if (found == declared) return;
  throw ValueError(text("safetensors: the file is damaged: its checksum is ", declared, ", that of its bytes is ",
                        found, " (a program that changes the file must leave out the metadata ", checksum_key, ")"));
}

}  // namespace ink::detail
