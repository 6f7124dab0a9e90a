// Options that are numbers: what is wrong with one is said of that one, in the type in which it is used.
//
// NaN compares false with everything, so every rule that ties two options together can fail because of either: each is
// asked for being finite first. And a number that is finite as double may not be so as float, in which most models
// compute: a learning rate of 1e39 is infinite there, a beta of 1 - 1e-9 is 1 and never forgets, an eps of 1e-50 is 0.
//
// Errors: ValueError "operation: name is value; it must be rule".
//
// Example:
//     detail::require_option(0.5 > 0, "adamw", "eps", 0.5, "positive");
//     detail::require_finite("adamw", "lr", 1e-3);
//     detail::require_finite("adamw", "lr", 1e-3, true);                     // also as float
#pragma once

#include <cmath>
#include <string>

#include "inkling/core/error.hpp"

namespace ink::detail {

template <class X>
void require_option(bool good, const char* operation, const char* name, const X& value, const char* rule) {
  if (!good) throw ValueError(text(operation, ": ", name, " is ", value, "; it must be ", rule));
}

inline void require_finite(const char* operation, const char* name, double value, bool as_float = false) {
  require_option(std::isfinite(value), operation, name, value, "finite");
  require_option(!as_float || std::isfinite(static_cast<float>(value)), operation, name, value, "finite as float");
}

inline void require_not_negative(const char* operation, const char* name, double value, bool as_float = false) {
  require_option(std::isfinite(value) && value >= 0, operation, name, value, "finite and not negative");
  require_finite(operation, name, value, as_float);
}

/// What a moving average keeps of its past.
inline void require_memory(const char* operation, const char* name, double value, bool as_float) {
  require_option(value >= 0 && value < 1, operation, name, value, "in [0, 1)");
  require_option(!as_float || static_cast<float>(value) < 1, operation, name, value, "below 1 as float");
}

}  // namespace ink::detail
