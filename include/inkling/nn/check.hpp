// Checks that layers share: options that must be positive (or not negative), and extents that an option fixes.
//
// They are constexpr, so that `out_shape` serves static_assert, the run time and tables alike: broken rules do not
// compile in the first and throw in the others.
//
// Errors: ValueError for an option, ShapeError for an extent.
//
// Example:
//     constexpr Shape<2> y = Linear<>::out_shape({.in = 64, .out = 10}, Shape<2>{8, 64});
//     static_assert(y == Shape<2>{8, 10});
#pragma once

#include "inkling/core/shape.hpp"

namespace ink::detail {

constexpr void require_positive(const char* layer, const char* option, Index actual) {
  if (actual < 1) throw ValueError(text(layer, ": ", option, " is ", actual, "; it must be at least 1"));
}

constexpr void require_not_negative(const char* layer, const char* option, Index actual) {
  if (actual < 0) throw ValueError(text(layer, ": ", option, " is ", actual, "; it must not be negative"));
}

/// `whole` must be a multiple of `part`.
constexpr void require_divides(const char* layer, const char* part_name, Index part, const char* whole_name,
                               Index whole) {
  require_positive(layer, part_name, part);
  require_positive(layer, whole_name, whole);
  if (whole % part != 0) {
    throw ValueError(text(layer, ": ", whole_name, " is ", whole, ", ", part_name, " is ", part, "; ", part_name,
                          " must divide ", whole_name));
  }
}

/// Extent `axis` of x must be what the option says. Negative axes count from the end.
template <int R>
constexpr void require_extent(const char* layer, const Shape<R>& x, int axis, const char* option, Index expected,
                              const char* name = "x") {
  const int a = axis_index(axis, R);
  if (x[a] != expected) {
    throw ShapeError(text(layer, ": ", name, " is ", x, ", ", option, " is ", expected, "; ", name, "[", a,
                          "] must equal ", option));
  }
}

}  // namespace ink::detail
