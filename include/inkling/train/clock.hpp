// Clocks that a training run may go by.
//
//   steady_seconds     time as it passes
//   processor_seconds  time that this process has computed, on all its threads: on a busy machine a run that goes by it
//                      trains as long as on an idle one. On Windows std::clock tells the time that has passed instead.
//
// Example:
//     double start = processor_seconds();
//     double spent = processor_seconds() - start;
#pragma once

#include <chrono>
#include <ctime>

namespace ink {

inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace ink
