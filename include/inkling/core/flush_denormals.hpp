// FlushDenormals: while it lives, results of this thread that are too small for a normal number (below 1.2e-38 as
// float) become zero, those of parallel_for's chunks as well. Processors take a hundred times as long for such numbers,
// and the gradients of a network that is sure of its answer are full of them. Numbers that are given are not changed.
//
// Tape::backward computes under it. At the end of the scope the mode of the thread is what it was. On processors other
// than x86-64 and AArch64 nothing changes.
//
// Trap: compilers do not know of the mode, and may move arithmetic that is written beside a guard across it. What
// functions compute that are called, such as operations on tensors, stays where it is.
//
// Example:
//     Tensor<float, 1> x(Shape{1000}, 1e-20f);
//     FlushDenormals guard;
//     auto y = x * x;                                                      // zeros, and in a hundredth of the time
#pragma once

#include <cstdint>

namespace ink {
namespace detail {

using FloatMode = std::uint64_t;

/// How this thread rounds, traps and treats small numbers.
inline FloatMode float_mode() {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
  std::uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

inline void set_float_mode([[maybe_unused]] FloatMode mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(static_cast<unsigned>(mode));
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

#if defined(__x86_64__)
inline constexpr FloatMode flush_bit = 1u << 15;
inline constexpr FloatMode mode_bits = 0xffc0;  // without the flags of what has happened
#elif defined(__aarch64__)
inline constexpr FloatMode flush_bit = 1u << 24;
inline constexpr FloatMode mode_bits = ~FloatMode{0};
#else
inline constexpr FloatMode flush_bit = 0, mode_bits = 0;
#endif

}  // namespace detail

class FlushDenormals {
 public:
  FlushDenormals() : before_(detail::float_mode()) { detail::set_float_mode(before_ | detail::flush_bit); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
  ~FlushDenormals() { detail::set_float_mode(before_); }

 private:
  detail::FloatMode before_;
};

}  // namespace ink
