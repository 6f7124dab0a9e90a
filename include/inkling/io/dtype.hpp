// The element types of safetensors files, and half precision widened to float.
//
// F16 is IEEE 754 binary16, BF16 the upper half of a float. Both convert to float exactly.
//
// Example:
//     float third = detail::float_from_float16(0x3555);     // 0.333251953125
//     std::string name = detail::safe_dtype_of<float>();    // "F32"
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "inkling/core/error.hpp"

namespace ink {
namespace detail {

static_assert(std::endian::native == std::endian::little, "safetensors data is copied as it lies in memory");

struct SafeDtype {
  std::string_view name;
  std::uint64_t size;
};

/// In the reference implementation's order, which is the order of the data backwards.
inline constexpr std::array<SafeDtype, 15> safe_dtypes{{{"BOOL", 1},
                                                        {"U8", 1},
                                                        {"I8", 1},
                                                        {"F8_E5M2", 1},
                                                        {"F8_E4M3", 1},
                                                        {"I16", 2},
                                                        {"U16", 2},
                                                        {"F16", 2},
                                                        {"BF16", 2},
                                                        {"I32", 4},
                                                        {"U32", 4},
                                                        {"F32", 4},
                                                        {"F64", 8},
                                                        {"I64", 8},
                                                        {"U64", 8}}};

/// Position in safe_dtypes, or its size if unknown.
inline std::size_t safe_dtype_index(std::string_view name) {
  std::size_t i = 0;
  while (i < safe_dtypes.size() && safe_dtypes[i].name != name) ++i;
  return i;
}

template <class T>
concept SafeElement =
    (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, float> || std::is_same_v<T, double>;

template <SafeElement T>
std::string safe_dtype_of() {
  return text(std::is_floating_point_v<T> ? "F" : std::is_signed_v<T> ? "I" : "U", sizeof(T) * 8);
}

inline float float_from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

inline float float_from_float16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float subnormal = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -subnormal : subnormal;
}

}  // namespace detail
}  // namespace ink
