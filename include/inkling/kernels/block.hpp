// Blocks of 64 elements in local arrays: the unit of the row and column kernels (reductions, softmax, norms).
//
// Loops of a constant length over local arrays are what a compiler at plain -O2 vectorises without doubt. Sums keep 64
// partial sums, element i of a row in sum i mod 64, and fold them in a fixed tree: the order depends on the length
// alone. Long sums are cut, and their parts added with what rounding lost of them (W. Kahan, "Further remarks on
// reducing truncation errors", 1965), so that errors do not grow with the length.
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

/// 64 long sums: `sum` is added to, and spilled before it is so large that much is lost with every number.
template <class T>
struct LongSum {
  Block<T> sum, total, lost;
  bool spilled = false;

  INKLING_INLINE LongSum() {
    for (Index l = 0; l < block_size; ++l) sum[l] = T(0);
  }

  INKLING_INLINE void spill() {
    if (!spilled) {
      for (Index l = 0; l < block_size; ++l) total[l] = lost[l] = T(0);
    }
    spilled = true;
    for (Index l = 0; l < block_size; ++l) {
      const T term = sum[l] - lost[l], next = total[l] + term;
      lost[l] = (next - total[l]) - term;
      total[l] = next;
      sum[l] = T(0);
    }
  }

  /// All is in `sum`.
  INKLING_INLINE void finish() {
    if (!spilled) return;
    for (Index l = 0; l < block_size; ++l) sum[l] = total[l] + (sum[l] - lost[l]);
  }
};

/// How many items of `size` elements make a task of about 16,384.
constexpr Index rows_per_task(Index size) { return size >= 16384 ? 1 : 16384 / (size > 0 ? size : 1); }

/// At most 64 neighbouring columns of a matrix, cut into blocks. Narrow matrices are read several rows at once: lane l
/// of a strip is column (first + l) mod columns.
struct Strip {
  Index first, lanes;          ///< the first column, and how many lanes are in use
  Index offset, step, blocks;  ///< of the first block, from one to the next, and how many are full
  Index rest;                  ///< lanes of a last shorter block, if there is one

  static constexpr Index span = 128;  ///< blocks of a sum that is not spilled

  /// body(offset of a block, how many lanes it has), and between() after every `span` of them but the last. A single
  /// copy of the body: these are long.
  template <class F, class G>
  INKLING_INLINE void for_each_block(F&& body, G&& between) const {
    const Index all = blocks + (rest > 0 ? 1 : 0);
    Index at = offset;
    for (Index b = 0; b < all;) {
      const Index end = all - b < span ? all : b + span;
      for (; b < end; ++b, at += step) body(at, b < blocks ? lanes : rest);
      if (b < all) between();
    }
  }
  template <class F>
  INKLING_INLINE void for_each_block(F&& body) const {
    Index at = offset;
    for (Index b = 0, all = blocks + (rest > 0 ? 1 : 0); b < all; ++b, at += step) body(at, b < blocks ? lanes : rest);
  }

  /// out[c] of the columns of the strip: lanes of the same column added in order.
  template <class T>
  INKLING_INLINE void gather(T (&block)[block_size], Index columns, T* out) const {
    const Index width = columns - first < lanes ? columns - first : lanes;
    for (Index l = width; l < lanes; ++l) block[l % width] += block[l];
    for (Index l = 0; l < width; ++l) out[first + l] = block[l];
  }
};

/// body(strip) for the strips of a matrix (rows, columns).
template <class F>
INKLING_INLINE void for_each_strip(Index rows, Index columns, F&& body) {
  const bool narrow = columns < block_size;
  for (Index c = 0; c < columns; c += block_size) {
    Strip strip{c, columns - c < block_size ? columns - c : block_size, c, columns, rows, 0};
    if (narrow) {
      const Index lanes = block_size / columns * columns, size = rows * columns;
      strip = {0, lanes, 0, lanes, size / lanes, size % lanes};
    }
    body(strip);
  }
}

}  // namespace ink::kernels::detail
