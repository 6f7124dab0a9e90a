// Inkling configuration: the few compiler facts that the rest of the library asks about.
//
// Nothing here needs to be set by a user. `INKLING_INLINE` marks the bodies that must be inlined into a function with
// target attributes so that they are compiled for its instruction set (see kernels/isa.hpp).
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define INKLING_INLINE inline __attribute__((always_inline))
/// After the parameters of a lambda: its body is compiled as part of the function that calls it.
#define INKLING_LAMBDA_INLINE __attribute__((always_inline))
#define INKLING_NOINLINE __attribute__((noinline))
#else
#define INKLING_INLINE inline
#define INKLING_LAMBDA_INLINE
#define INKLING_NOINLINE
#endif
