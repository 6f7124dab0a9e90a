// Settings of a run of the study: what the command line says, and what follows from it for every experiment.
#pragma once

#include <cstdint>
#include <string>

#include "inkling/core/random.hpp"
#include "inkling/core/shape.hpp"

namespace study {

struct Settings {
  std::string data = "examples/data/mnist";  ///< folder of the MNIST files
  std::string out = "out/study";
  std::string weights = "examples/weights";  ///< folder of the weights that are shipped, the judge's among them
  double minutes = 60;                       ///< of the whole run, on all workers
  bool full = false;                         ///< all of MNIST?
  int workers = 2;                           ///< processes, of one thread each
  ink::Index steps = 0;  ///< of every training instead of seconds: what tests want, the same numbers anywhere
  std::uint64_t seed = 1;

  /// Images that are drawn for a figure that compares few systems, and for one cell of many.
  ink::Index drawn() const { return steps > 0 ? 20 : full ? 10000 : minutes < 30 ? 300 : 1000; }
  ink::Index drawn_a_cell() const { return steps > 0 ? 20 : full ? 1000 : minutes < 30 ? 100 : 500; }

  /// The key of everything random in one task: of its name and a seed.
  ink::Key key(const std::string& task, std::uint64_t number = 0) const {
    std::uint64_t hash = 1469598103934665603u;  // FNV-1a
    for (const char c : task) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return ink::Key{seed}.fold(hash).fold(number);
  }
};

/// Seeds of a figure that decides a verdict.
constexpr int seeds = 3;

}  // namespace study
