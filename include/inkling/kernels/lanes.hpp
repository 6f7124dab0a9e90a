// Lanes: a row of numbers walked by whole vectors, then by single numbers; for use inside of `dispatch` (isa.hpp).
//
// A body is a lambda `[&]<class V>(Index i, …) INKLING_LAMBDA_INLINE` that is compiled twice: V is the vector type of
// the instruction set for the long part of the row and the plain number for its end. It reads with `load<V>(p + i)` and
// writes with `store(p + i, v)`. Sums are formed in lanes and added up in the order of the lanes, so that a row's sum
// depends on nothing but the row.
#pragma once

#include <cstring>

#include "inkling/core/shape.hpp"
#include "inkling/kernels/isa.hpp"

// Vectors that an always-inlined function returns never meet a calling convention.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace ink::kernels::detail {

template <class V, class T>
INKLING_INLINE V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}

template <class V, class T>
INKLING_INLINE void store(T* p, const V& v) {
  std::memcpy(p, &v, sizeof(V));
}

template <class T, int Width>
struct Lanes {
  using V = typename Simd<T, Width>::type;
  static constexpr Index count = Width / static_cast<int>(sizeof(T));

  template <class F>
  INKLING_INLINE static void each(Index n, F f) {
    Index i = 0;
    for (; i + count <= n; i += count) f.template operator()<V>(i);
    for (; i < n; ++i) f.template operator()<T>(i);
  }

  /// Σ over the row; the body adds to its second argument.
  template <class F>
  INKLING_INLINE static T sum(Index n, F f) {
    V lanes{};
    T total{};
    Index i = 0;
    for (; i + count <= n; i += count) f.template operator()<V>(i, lanes);
    for (; i < n; ++i) f.template operator()<T>(i, total);
    for (Index l = 0; l < count; ++l) total += lanes[l];
    return total;
  }

  INKLING_INLINE static T max(const T* x, Index n) {
    T best = x[0];
    Index i = 0;
    if (n >= count) {
      V lanes = load<V>(x);
      for (i = count; i + count <= n; i += count) {
        const V v = load<V>(x + i);
        lanes = v > lanes ? v : lanes;
      }
      for (Index l = 0; l < count; ++l) best = lanes[l] > best ? lanes[l] : best;
    }
    for (; i < n; ++i) best = x[i] > best ? x[i] : best;
    return best;
  }
};

/// out[i] = f(in[i]) along a row for a scalar formula, in blocks of a fixed size that vectorise; in place allowed.
template <class T, class F>
INKLING_INLINE void map_row(Index n, F f, T* out, const T* in) {
  constexpr Index block = 16;
  Index i = 0;
  for (; i + block <= n; i += block) {
    T a[block], b[block];
    std::memcpy(a, in + i, sizeof(a));
    for (Index l = 0; l < block; ++l) b[l] = f(a[l]);
    std::memcpy(out + i, b, sizeof(b));
  }
  for (; i < n; ++i) out[i] = f(in[i]);
}

}  // namespace ink::kernels::detail

#pragma GCC diagnostic pop
