#include "study/page/base64.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace study {

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return j < bytes.size() ? std::uint32_t{bytes[j]} : 0u; };
    const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += letters[three >> 18];
    out += letters[three >> 12 & 63];
    out += i + 1 < bytes.size() ? letters[three >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? letters[three & 63] : '=';
  }
  return out;
}

}  // namespace study
