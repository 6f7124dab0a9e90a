// Operands of small products that lie in panels as the micro-kernel reads them.
//
// What gemm would pack for each product is packed once for all that need it, and padded to whole tiles, so that no tile
// is an edge. The same bits as gemm's.
//
// Example, c (m, n) = a (m, k) b (k, n) with b packed before:
//     Panels<float> panels;
//     panels.pack(packed, b, n, n, k, false);
//     panels.multiply(m, n, k, a, k, packed, panels.nr, k * panels.nr, c, n, 1.0f, false);
#pragma once

#include <algorithm>

#include "inkling/kernels/gemm_pack.hpp"

namespace ink::kernels::detail {

constexpr Index whole(Index n, Index unit) { return (n + unit - 1) / unit * unit; }

template <class T>
struct Panels {
  Micro<T> micro = detail::micro<T, PanelOrder::rows>();
  Index nr = micro.nr;

  /// dst (panels, k, nr) from b (k, n), or from its transpose (n, k).
  void pack(T* dst, const T* b, Index ld, Index n, Index k, bool transposed) const {
    for (Index col = 0; col < n; col += nr, dst += k * nr) {
      const Index columns = std::min(nr, n - col);
      if (columns < nr) std::fill_n(dst, k * nr, T{});
      if (transposed) {
        transpose_block(dst, nr, b + col * ld, ld, columns, k);
      } else {
        copy_rows(dst, nr, b + col, ld, k, columns);
      }
    }
  }

  /// c (m, n) = alpha·a·b (+ c). Memory of a and c reaches to whole tiles of rows, of b and c to whole panels. b has a
  /// row every b_stride, a panel every `panel` elements; k is at most a group of gemm.
  void multiply(Index m, Index n, Index k, const T* a, Index a_stride, const T* b, Index b_stride, Index panel, T* c,
                Index c_stride, T alpha, bool accumulate) const {
    T* to[gemm_max_rows];
    MicroTile<T> tile{.a_stride = a_stride, .b_stride = b_stride, .c = to, .alpha = alpha};
    for (Index row = 0; row < m; row += micro.mr) {
      const int rows = static_cast<int>(std::min<Index>(micro.mr, m - row));
      for (Index r = 0; r < micro.mr; ++r) to[r] = c + (row + r) * c_stride;
      for (tile.column = 0; tile.column < n; tile.column += nr, b += panel) {
        for (Index k0 = 0, block = gemm_block<T>(PanelOrder::rows); k0 < k; k0 += block) {
          tile.k = std::min(block, k - k0);
          tile.a = a + row * a_stride + k0;
          tile.b = b + k0 * b_stride;
          tile.accumulate = accumulate || k0 > 0;
          micro.run(tile, rows, micro.nr);
        }
      }
      b -= whole(n, nr) / nr * panel;
    }
  }
};

}  // namespace ink::kernels::detail
