// Blocks of 64 elements in local arrays: the unit of the row and column kernels (reductions, softmax, norms).
//
// Loops of a constant length over local arrays are what a compiler at plain -O2 vectorises without doubt. Sums keep 64
// partial sums, element i of a row in sum i mod 64, and fold them in a fixed tree: the order depends on the length
// alone, and rounding errors grow 64 times slower than in a plain loop.
#pragma once

#include <cstring>

#include "inkling/kernels/isa.hpp"

namespace ink::kernels::detail {

inline constexpr Index block_size = 64;

template <class T>
using Block = T[block_size];

/// The first `count` elements from `p`, the rest `fill`.
template <class T>
INKLING_INLINE void load_block(T (&block)[block_size], const T* p, Index count, T fill = T(0)) {
  if (count >= block_size) {
    std::memcpy(block, p, sizeof(block));
  } else {
    for (Index i = 0; i < block_size; ++i) block[i] = fill;
    std::memcpy(block, p, static_cast<std::size_t>(count) * sizeof(T));
  }
}

template <class T>
INKLING_INLINE void store_block(T* p, const T (&block)[block_size], Index count) {
  if (count >= block_size) {
    std::memcpy(p, block, sizeof(block));
  } else {
    std::memcpy(p, block, static_cast<std::size_t>(count) * sizeof(T));
  }
}

template <class T>
INKLING_INLINE T fold_sum(T (&block)[block_size]) {
  for (Index i = 0; i < 32; ++i) block[i] += block[i + 32];
  for (Index i = 0; i < 16; ++i) block[i] += block[i + 16];
  for (Index i = 0; i < 8; ++i) block[i] += block[i + 8];
  for (Index i = 0; i < 4; ++i) block[i] += block[i + 4];
  return (block[0] + block[2]) + (block[1] + block[3]);
}

template <class T>
INKLING_INLINE T larger(T a, T b) {
  return a < b || b != b ? b : a;  // a NaN in either is kept
}

template <class T>
INKLING_INLINE T fold_max(T (&block)[block_size]) {
  for (Index i = 0; i < 32; ++i) block[i] = larger(block[i], block[i + 32]);
  for (Index i = 0; i < 16; ++i) block[i] = larger(block[i], block[i + 16]);
  for (Index i = 0; i < 8; ++i) block[i] = larger(block[i], block[i + 8]);
  for (Index i = 0; i < 4; ++i) block[i] = larger(block[i], block[i + 4]);
  return larger(larger(block[0], block[2]), larger(block[1], block[3]));
}

/// How many items of `size` elements make a task of about 16,384.
constexpr Index rows_per_task(Index size) { return size >= 16384 ? 1 : 16384 / (size > 0 ? size : 1); }

/// A matrix (rows, columns) as strips of at most 64 neighbouring columns. Narrow matrices are read several rows at
/// once: lane l of a strip is column (first + l) mod columns.
struct Strips {
  Index rows, columns;
  Index width() const { return columns >= block_size ? block_size : block_size / columns * columns; }

  /// body(first column, lanes, offset of the first element, step, full steps, lanes of a last shorter step).
  template <class F>
  INKLING_INLINE void for_each(F&& body) const {
    if (columns < block_size) {
      const Index lanes = width(), size = rows * columns;
      body(Index{0}, lanes, Index{0}, lanes, size / lanes, size % lanes);
      return;
    }
    for (Index c = 0; c < columns; c += block_size) {
      body(c, columns - c < block_size ? columns - c : block_size, c, columns, rows, Index{0});
    }
  }
};

}  // namespace ink::kernels::detail
