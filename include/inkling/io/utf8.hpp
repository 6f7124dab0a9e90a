// UTF-8, as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
//
// Example:
//     std::size_t bytes = detail::utf8_length("\xC3\xA9t\xC3\xA9");     // 2, those of the first letter
//     bool valid = detail::is_utf8("\xC0\xAF");                        // false: overlong
#pragma once

#include <cstddef>
#include <string_view>

namespace ink {
namespace detail {

/// The length of the valid UTF-8 sequence at the start of `bytes`, or 0.
inline std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  const auto next = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return at(i) >= low && at(i) <= high;
  };
  const unsigned lead = at(0);
  if (bytes.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return next(1) ? 2 : 0;
  // The second byte's range leaves out overlong forms, surrogates and what lies above U+10FFFF.
  if (lead >= 0xE0 && lead <= 0xEF) {
    return next(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && next(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    return next(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && next(2) && next(3) ? 4 : 0;
  }
  return 0;
}

inline bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace detail
}  // namespace ink
