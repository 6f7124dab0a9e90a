// Extent: an extent or a number of elements that is worked out from others, and knows when it has left what a tensor
// can hold.
//
//   Extent height = (Extent(rows) + 2 * pad) * count
//
// Sums and products of extents that a user gives may be larger than any integer. An Extent holds a number of
// [0, 2^48]; what is negative or beyond, on the way or at the end, makes everything that is computed from it unfit, and
// nothing ever wraps around. `value()` of what does not fit is -1.
//
// checked_product multiplies and throws ShapeError, with the factors, if that does not fit.
//
// Example:
//     detail::Extent side = (detail::Extent(28) + 2) * 5 + 2;                         // 152
//     bool fits = (detail::Extent(Index{1} << 40) * 512).fits();                      // false
//     Index pixels = detail::checked_product("crop", "height x columns", 28, 28);     // 784
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "inkling/core/error.hpp"

namespace ink {

using Index = std::int64_t;

namespace detail {

class Extent {
 public:
  static constexpr Index largest = Index{1} << 48;  ///< elements of a tensor

  constexpr Extent(Index n) : value_(n >= 0 && n <= largest ? n : -1) {}

  constexpr bool fits() const { return value_ >= 0; }
  constexpr Index value() const { return value_; }

  friend constexpr Extent operator+(Extent a, Extent b) {
    return a.fits() && b.fits() ? Extent(a.value_ + b.value_) : Extent(-1);
  }
  friend constexpr Extent operator*(Extent a, Extent b) {
    if (!a.fits() || !b.fits() || (b.value_ > 0 && a.value_ > largest / b.value_)) return Extent(-1);
    return Extent(a.value_ * b.value_);
  }

 private:
  Index value_;
};

/// The number, or what is known of one that does not fit.
inline std::string to_string(Extent n) { return n.fits() ? text(n.value()) : "outside of [0, 2^48]"; }

[[noreturn]] INKLING_NOINLINE inline void refuse_product(const char* operation, const char* what, const Index* factor,
                                                         std::size_t count) {
  std::string factors;
  for (std::size_t i = 0; i < count; ++i) factors += text(i ? " x " : "", factor[i]);
  throw ShapeError(text(operation, ": ", what, " is ", factors, "; it must be in [0, 2^48]"));
}

/// The product of factors, of which none may be negative; ShapeError if it is beyond 2^48.
template <class... Factors>
constexpr Index checked_product(const char* operation, const char* what, Factors... factors) {
  const Extent result = (Extent(1) * ... * Extent(static_cast<Index>(factors)));
  if (!result.fits()) {
    const Index list[] = {static_cast<Index>(factors)...};
    refuse_product(operation, what, list, sizeof...(factors));
  }
  return result.value();
}

/// n *= by, or false if no integer holds the product.
constexpr bool multiply(Index& n, Index by) {
#if defined(__GNUC__)
  return !__builtin_mul_overflow(n, by, &n);
#else
  constexpr Index most = std::numeric_limits<Index>::max();
  if (by != 0 && (n > most / (by < 0 ? -by : by) || n < -most / (by < 0 ? -by : by))) return false;
  n *= by;
  return true;
#endif
}

}  // namespace detail
}  // namespace ink
