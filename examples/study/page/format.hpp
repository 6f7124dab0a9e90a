// Numbers as text: three significant digits.
#pragma once

#include <cstdio>
#include <string>

namespace study {

inline std::string number(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g", value);
  return out;
}

}  // namespace study
