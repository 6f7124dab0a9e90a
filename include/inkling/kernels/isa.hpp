// Instruction sets: chosen once at run time, so that a program compiled with plain -O2 reaches the speed of its
// machine.
//
// A kernel is written once, as an always-inline body templated on the vector width in bytes. `dispatch` instantiates
// the body inside functions that carry target attributes and calls the one for `isa()`. Two rules follow:
//   - vectors are locals of such bodies, never parameters or results of a function that is not inlined: the calling
//     convention of vectors depends on the instruction set;
//   - a lambda handed to parallel_for does not inherit the attribute: dispatch inside of it, not around it.
//
// The environment variable INKLING_ISA=portable|avx2|avx512 lowers the choice; it cannot raise it above the machine.
// A program compiled with INKLING_PORTABLE defined (in all of its units) has every kernel once, for what the compiler
// is told to assume: smaller and quicker to build, for debugging.
//
// In use:
//     kernels::dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
//       for (Index i = 0; i < n; ++i) y[i] = a * x[i] + y[i];
//     });
#pragma once

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "inkling/config.hpp"
#include "inkling/core/shape.hpp"

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__)) && !defined(INKLING_PORTABLE)
#define INKLING_X86 1
#define INKLING_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define INKLING_TARGET_AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")))
#else
#define INKLING_X86 0
#endif

namespace ink::kernels {

/// `portable` is what the compiler was told to assume: SSE2 on x86-64, NEON on 64-bit ARM.
enum class Isa { portable, avx2, avx512 };

namespace detail {

inline Isa machine_isa() {
#if INKLING_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return wide ? Isa::avx512 : Isa::avx2;
  }
#endif
  return Isa::portable;
}

inline Isa initial_isa() {
  const Isa machine = machine_isa();
  const char* wish = std::getenv("INKLING_ISA");
  if (!wish) return machine;
  if (std::strcmp(wish, "portable") == 0) return Isa::portable;
  if (std::strcmp(wish, "avx2") == 0 && machine >= Isa::avx2) return Isa::avx2;
  return machine;
}

inline std::atomic<Isa>& current_isa() {
  static std::atomic<Isa> value{initial_isa()};
  return value;
}

template <class F>
__attribute__((flatten)) void run_portable(F& f) {
  f.template operator()<16>();
}
#if INKLING_X86
template <class F>
INKLING_TARGET_AVX2 __attribute__((flatten)) void run_avx2(F& f) {
  f.template operator()<32>();
}
template <class F>
INKLING_TARGET_AVX512 __attribute__((flatten)) void run_avx512(F& f) {
  f.template operator()<64>();
}
#endif

/// f(0), …, f(N − 1), one after the other, where f is inlined: -O2 unrolls no loop that would grow.
template <int N, class F>
INKLING_INLINE void unroll(F&& f) {
  [&]<int... I>(std::integer_sequence<int, I...>)
      INKLING_LAMBDA_INLINE { (f(I), ...); }(std::make_integer_sequence<int, N>{});
}

template <class T, int Width>
struct Simd {
  typedef T type __attribute__((vector_size(Width)));
  static constexpr int lanes = Width / static_cast<int>(sizeof(T));
};

}  // namespace detail

/// The instruction set in use.
inline Isa isa() { return detail::current_isa().load(std::memory_order_relaxed); }

/// Uses `wish`, or the best the machine has below it; for tests and measurements.
inline void set_isa(Isa wish) {
  const Isa machine = detail::machine_isa();
  detail::current_isa().store(wish < machine ? wish : machine, std::memory_order_relaxed);
}

/// Calls f.operator()<Width>() compiled for the instruction set in use; Width is 16, 32 or 64 bytes.
template <class F>
void dispatch(F&& f) {
#if INKLING_X86
  switch (isa()) {
    case Isa::avx512: return detail::run_avx512(f);
    case Isa::avx2: return detail::run_avx2(f);
    case Isa::portable: break;
  }
#endif
  detail::run_portable(f);
}

}  // namespace ink::kernels
