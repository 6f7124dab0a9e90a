// Base64 (RFC 4648, section 4), for pictures within a page.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace study {

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace study
