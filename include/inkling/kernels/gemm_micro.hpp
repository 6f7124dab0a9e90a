// The micro-kernel of the matrix product: one tile of C stays in registers while k runs.
//
//   c[i][j] = alpha * sum_k a(i, k) * b(k, j)  (+ c[i][j])  (+ bias[j])
//
// A tile is Rows x (Vectors * lanes): 12 x 32 floats with AVX-512, 6 x 16 with AVX2, 4 x 8 with SSE. Every step of k
// loads one row of the packed B panel and broadcasts one element of each row of A, so that the loads stay below the
// multiply-adds (van Zee and van de Geijn, BLIS, 2015).
//
// Each element of the tile is one chain of fused multiply-adds in the order of k, whatever the shape of the tile: small
// and narrow tiles are faster for edges and give the same bits.
#pragma once

#include <cstdint>

#include "inkling/kernels/isa.hpp"

namespace ink::kernels {

/// How a panel of A is laid out: `rows` a(i, k) = p[i * stride + k], `columns` a(i, k) = p[k * mr + i].
enum class PanelOrder { rows, columns };

/// The length of a block of k. Part of what a product means: sums are formed per block, then added in order. Long
/// blocks spare passes over C; where A is given by columns, the panels of a whole task are packed and have to stay in
/// the cache.
template <class T>
constexpr Index gemm_block(PanelOrder order) {
  return (order == PanelOrder::rows ? 2048 : 1024) / static_cast<Index>(sizeof(T));
}

/// Beyond this length of k groups of blocks are summed apart, then added in order. They are what threads share of a
/// weight gradient (A by columns): long ones spare additions, short ones let all threads have some of a short k.
template <class T>
constexpr Index gemm_group(PanelOrder order, Index k = 0) {
  return (order == PanelOrder::rows || k <= 32 * gemm_block<T>(order) ? 4 : 8) * gemm_block<T>(order);
}

namespace detail {

inline constexpr int gemm_max_rows = 12, gemm_max_columns = 32;  // of any tile

/// Lines of memory to fetch, `step` elements apart: one at every step of k, or one of each row of the next panel.
template <class T>
struct Walk {
  const T* at = nullptr;
  Index step = 0;
};

template <class T>
struct MicroTile {
  Index k = 0;
  const T* a = nullptr;  ///< a panel of mr rows
  Index a_stride = 0;    ///< of rows, where it is not known at compile time
  Index often = 0;       ///< rows: how often to fetch a line of each row of the next panel, a power of two; 0: never
  const T* b = nullptr;  ///< b(k, j) = b[k * b_stride + j]
  Index b_stride = 0;
  T* const* c = nullptr;  ///< one pointer for each of mr rows; rows outside of C point to spare memory
  Index column = 0;       ///< of all of them, where the tile begins
  const T* bias = nullptr;
  T alpha = 1;
  bool accumulate = false;
  Walk<T> ahead = {};  ///< columns: what is packed later, if anything; rows: where the next panel is
};

/// The rows of A are RowStride apart, `a_stride` if that is 0. Every third row has a pointer of its own: the other two
/// are one and two strides away, which an x86 address can say.
template <class T, int Width, int Rows, int Vectors, Index RowStride, Index StepStride, bool Fetch = false>
INKLING_INLINE void micro_tile(const MicroTile<T>& t, int row0) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes;
  V sum[Rows][Vectors] = {};
  const Index a_stride = RowStride == 0 ? t.a_stride : RowStride;
  const T* a[(Rows + 2) / 3];
  unroll<(Rows + 2) / 3>([&](int g) INKLING_LAMBDA_INLINE { a[g] = t.a + (row0 + 3 * g) * a_stride; });
  const T* b = t.b;
  const Index b_stride = t.b_stride;
  Walk<T> ahead = t.ahead.at ? t.ahead : Walk<T>{t.a, 0};
  constexpr Index line = 64 / static_cast<int>(sizeof(T));
  const Index often = t.often - 1;
  for (Index k = t.k; k > 0; --k) {
    if constexpr (RowStride == 0 && Rows > 1) {
      if ((k & often) == 0) {
        const T* row = ahead.at;
        unroll<Rows>([&](int) INKLING_LAMBDA_INLINE {
          __builtin_prefetch(row, 0, 2);
          row += ahead.step;
        });
        ahead.at += line;
      }
    }
    if constexpr (Fetch) {
      __builtin_prefetch(ahead.at, 0, 2);
      ahead.at += ahead.step;
    }
    V bv[Vectors];
    unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { __builtin_memcpy(&bv[v], b + v * lanes, sizeof(V)); });
    unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
      const T ar = a[r / 3][r % 3 * a_stride];  // scalar times vector: becomes one broadcast
      unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { sum[r][v] += ar * bv[v]; });
    });
    unroll<(Rows + 2) / 3>([&](int g) INKLING_LAMBDA_INLINE { a[g] += StepStride; });
    b += b_stride;
  }
  T* c[Rows];
  unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE { c[r] = t.c[row0 + r] + t.column; });
  const T alpha = t.alpha;
  if (alpha != 1) {
    unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
      unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { sum[r][v] = alpha * sum[r][v]; });
    });
  }
  if (t.accumulate) {
    unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
      unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE {
        V before;
        __builtin_memcpy(&before, c[r] + v * lanes, sizeof(V));
        sum[r][v] += before;
      });
    });
  }
  if (t.bias) {
    unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE {
      V bias;
      __builtin_memcpy(&bias, t.bias + v * lanes, sizeof(V));
      unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE { sum[r][v] += bias; });
    });
  }
  unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
    unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { __builtin_memcpy(c[r] + v * lanes, &sum[r][v], sizeof(V)); });
  });
}

template <int Width>
constexpr int micro_rows() {
#if defined(__aarch64__)
  return 8;
#else
  return Width == 64 ? 12 : Width == 32 ? 6 : 4;
#endif
}

/// Tiles of fewer rows than this are computed by a smaller kernel.
constexpr int micro_small(int mr) { return mr == 12 ? 4 : mr == 6 ? 3 : mr / 2; }

/// Any number of rows up to mr by one of the widths that `Micro::width` gives.
template <class T, int Width, PanelOrder Order>
INKLING_INLINE void micro_any(const MicroTile<T>& t, int rows, int columns) {
  constexpr int mr = micro_rows<Width>(), small = micro_small(mr);
  constexpr int lanes = Simd<T, Width>::lanes, narrow = Simd<T, 16>::lanes;
  constexpr Index row = Order == PanelOrder::rows ? 0 : 1;
  constexpr Index step = Order == PanelOrder::rows ? 1 : mr;
  if (columns <= narrow && narrow < lanes) return micro_tile<T, 16, mr, 1, row, step>(t, 0);
  if (columns <= lanes) return micro_tile<T, Width, mr, 1, row, step>(t, 0);
  if constexpr (Order == PanelOrder::rows) {
    if (columns > 2 * lanes) return micro_tile<T, Width, 1, 8, row, step>(t, 0);
    if (rows == 1) return micro_tile<T, Width, 1, 2, row, step>(t, 0);
  }
  if (rows > mr - small) return micro_tile < T, Width, mr, 2, row, step, Order == PanelOrder::columns > (t, 0);
  for (int r = 0; r < rows; r += small) micro_tile<T, Width, small, 2, row, step>(t, r);
}

template <class T, PanelOrder Order>
void micro_portable(const MicroTile<T>& t, int rows, int columns) {
  micro_any<T, 16, Order>(t, rows, columns);
}
#if INKLING_X86
template <class T, PanelOrder Order>
INKLING_TARGET_AVX2 void micro_avx2(const MicroTile<T>& t, int rows, int columns) {
  micro_any<T, 32, Order>(t, rows, columns);
}
template <class T, PanelOrder Order>
INKLING_TARGET_AVX512 void micro_avx512(const MicroTile<T>& t, int rows, int columns) {
  micro_any<T, 64, Order>(t, rows, columns);
}
#endif

/// The micro-kernel of the instruction set in use: its tile is mr x nr.
template <class T>
struct Micro {
  int mr, nr;
  void (*run)(const MicroTile<T>&, int rows, int columns);

  /// The width that is computed for a tile of so many rows and columns (at most nr).
  int width(Index rows, Index columns) const {
    const int lanes = nr / 2, narrow = Simd<T, 16>::lanes;
    return columns > lanes || rows <= micro_small(mr) ? nr : columns > narrow ? lanes : narrow;
  }
  /// The widest tile of a single row, for products of a vector and a matrix: eight chains hide the latency.
  int wide() const { return 4 * nr; }
};

template <class T, PanelOrder Order>
Micro<T> micro() {
#if INKLING_X86
  switch (isa()) {
    case Isa::avx512: return {micro_rows<64>(), 2 * Simd<T, 64>::lanes, micro_avx512<T, Order>};
    case Isa::avx2: return {micro_rows<32>(), 2 * Simd<T, 32>::lanes, micro_avx2<T, Order>};
    case Isa::portable: break;
  }
#endif
  return {micro_rows<16>(), 2 * Simd<T, 16>::lanes, micro_portable<T, Order>};
}

}  // namespace detail
}  // namespace ink::kernels
