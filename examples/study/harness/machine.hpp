// What a record says of where and when it was made.
#pragma once

#include <ctime>
#include <fstream>
#include <string>

#include "inkling/kernels/isa.hpp"

namespace study {

/// The processor's name and the instruction set in use.
inline std::string machine() {
  std::string name = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) {
      name = line.substr(line.find(':') + 2);
      break;
    }
  }
  const char* sets[] = {"no vectors", "AVX2", "AVX-512"};
  return name + ", " + sets[static_cast<int>(ink::kernels::isa())];
}

/// Today, UTC.
inline std::string date() {
  const std::time_t now = std::time(nullptr);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

}  // namespace study
