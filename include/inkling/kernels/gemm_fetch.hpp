// What the matrix product fetches ahead of its use, while the tiles of a block are computed.
//
// A few hundred bytes of a row are too short for the hardware to see them coming, and a burst of fetches would hold up
// the multiply-adds: so what the next block or panel needs is spread over the tiles of this one, a few lines each.
//
//   FetchPacked   rows that are packed after this block: every tile fetches one line of each
//   fetch_rows    the next rows of B, before these are packed: short rows far apart again; if k is short, the tile of C
//                 below, whose lines are longer on their way from memory than a tile takes
//   FetchRows     the next panel of A, read where it lies: every tile of a panel fetches its share of the lines
//
// Example, where `tile` is the next to be computed:
//     FetchPacked<float> ahead;
//     ahead.add(Walk<float>{next_block, ld}, width);
//     ahead.next(tile);
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "inkling/kernels/gemm_micro.hpp"

namespace ink::kernels::detail {

template <class T>
inline constexpr Index line_elements = 64 / static_cast<Index>(sizeof(T));

/// To be read or, with Write = 1, to be written. Inlined by force: gcc takes a function that only fetches for one
/// without an effect, and drops its calls.
template <class T, int Write = 0>
INKLING_INLINE void fetch_rows(Walk<T> rows, Index count, Index width) {
  for (Index i = 0; i < count; ++i, rows.at += rows.step) {
    for (Index j = 0; j < width; j += line_elements<T>) __builtin_prefetch(rows.at + j, Write);
  }
}

template <class T>
class FetchPacked {
 public:
  /// Two pieces at the most, each of rows of `width` elements.
  void add(Walk<T> rows, Index width) {
    (now_.lines == 0 ? now_ : later_) = Piece{rows, (width + line_elements<T> - 1) / line_elements<T>};
  }
  void next(MicroTile<T>& tile) {
    if (now_.lines == 0) now_ = std::exchange(later_, Piece{});
    tile.ahead = now_.lines > 0 ? now_.rows : Walk<T>{};
    if (now_.lines == 0) return;
    now_.rows.at += line_elements<T>;
    --now_.lines;
  }

 private:
  struct Piece {
    Walk<T> rows;
    Index lines;
  };
  Piece now_{}, later_{};
};

template <class T>
class FetchRows {
 public:
  /// For a panel of `tiles` tiles and `ks` steps of k.
  FetchRows(Index tiles, Index ks)
      : share_(static_cast<Index>(std::bit_floor(
            static_cast<std::uint64_t>(std::min(tiles, gemm_block<T>(PanelOrder::rows) / line_elements<T>))))),
        piece_(ks / share_) {}
  void fetch(MicroTile<T>& tile, Walk<T> next_panel, Index i) const {
    tile.often = i < share_ ? share_ * line_elements<T> : 0;
    tile.ahead = {next_panel.at + i * piece_, next_panel.step};
  }

 private:
  Index share_, piece_;  // how many tiles fetch, and the elements of a row that each of them does
};

}  // namespace ink::kernels::detail
