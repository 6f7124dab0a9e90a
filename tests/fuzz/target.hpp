// A fuzz target: what is done with some bytes from outside, and what must hold whatever they are.
//
//   json, npy, idx, safetensors     what is read is written and read again, the same
//   png                             what is written is unpacked to the same pixels and texts
//   png_reader                      what is read is written and read again, the same
//   inflate, gzip, deflate          what is unpacked is packed and unpacked again, the same; a size is never exceeded
//   checkpoint, model_file          a model is filled as a whole or not at all
//   train_log                       what is kept is what stood there, up to the step
//   captions                        tokens and words turn into each other
//
// For all: the library's errors and no others are thrown, and memory stays below `base + factor * size` of the input.
// fuzzer.cpp gives a target to libFuzzer (`./dev fuzz`); replay_test.cpp tries all on the seeds and on mutations of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../support/allocations.hpp"
#include "inkling/core/error.hpp"
#include "inkling/core/memory.hpp"

namespace ink::fuzz {

using Input = std::span<const std::uint8_t>;

struct Target {
  std::string_view name;
  void (*run)(Input input);
  std::size_t base, factor;  ///< of the memory that it may take
};

/// Something does not hold.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* what) {
  if (!holds) throw Broken(what);
}

/// Runs f; false if it refused its input by an error of the library.
template <class F>
bool accepts(const F& f) {
  try {
    f();
    return true;
  } catch (const ShapeError&) {
  } catch (const ValueError&) {
  } catch (const IoError&) {
  }
  return false;
}

/// Bytes that hold what they are made of to the last one: an overrun is seen by the address sanitizer.
inline void run(const Target& target, Input input) {
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  release_memory();
  const testing::AllocationCount count;
  target.run(exact);
  if (count.peak() > target.base + target.factor * input.size()) {
    throw Broken(text(target.name, ": ", input.size(), " bytes took ", count.peak(), " bytes of memory"));
  }
}

inline std::string_view text_of(Input input) { return {reinterpret_cast<const char*>(input.data()), input.size()}; }

}  // namespace ink::fuzz
