// One group of k of a matrix product: packing, blocks and tiles.
//
// Panels of B are packed once and shared by all threads; every task packs the panels of A that it needs, or reads them
// where they lie if they are rows in memory and do not crowd each other out of the cache, multiplies them with panels
// of B that fill half of a second-level cache, and keeps the tile of C in registers (Goto and van de Geijn, 2008).
// What is needed next is fetched meanwhile (gemm_fetch.hpp).
#pragma once

#include <algorithm>
#include <type_traits>

#include "inkling/core/function_ref.hpp"
#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/gemm_fetch.hpp"
#include "inkling/kernels/gemm_pack.hpp"

namespace ink::kernels {

template <class T>
struct GemmOptions {
  bool accumulate = false;  ///< add to C instead of overwriting it
  T alpha = 1;
  const T* bias = nullptr;  ///< of length n, added once
};

enum class Threads { no, yes };

namespace detail {

inline constexpr Index gemm_packed_bytes = Index{2} << 20;   // of B, shared; half of it for a thread alone
inline constexpr Index gemm_chunk_bytes = Index{512} << 10;  // of B, read by one task for each block of k
inline constexpr Index gemm_strip = 64;                      // steps of k that are packed for all panels in turn
inline constexpr Index gemm_few_rows = 24;                   // of A, for which B is not packed
inline constexpr Index gemm_serial_size = 50'000;            // multiply-adds below which threads do not pay
inline constexpr Index gemm_task_size = 1'000'000;
inline constexpr Index gemm_task_panels = 16;  // of A, at the most
inline constexpr Index gemm_short = 128;       // steps of k, for which C is fetched before
inline constexpr Index gemm_tasks = 8;         // that leave no thread idle for long

constexpr Index div_up(Index a, Index b) { return (a + b - 1) / b; }

/// Writes where `count` rows of C begin, from `row` on.
template <class T>
using RowsOfC = FunctionRef<void(T** to, Index row, Index count)>;

/// Called as epilogue(c, row, column, columns) on each finished piece of a row, while it is still in the cache.
template <class T>
using Epilogue = FunctionRef<void(T*, Index, Index, Index)>;

/// Rows [row_begin, row_end) of a product over k.
template <class T, PanelOrder Order>
class GemmRange {
 public:
  /// `epilogue` may be null.
  GemmRange(Index row_begin, Index row_end, Index n, Index k, const Operand<T>& a, const Operand<T>& b, RowsOfC<T> c,
            const GemmOptions<T>& options, const Epilogue<T>* epilogue = nullptr)
      : row_begin_(row_begin),
        row_end_(row_end),
        n_(n),
        k_(k),
        a_(a),
        b_(b),
        c_(c),
        options_(options),
        epilogue_(epilogue) {}

  /// The part of k in [k_begin, k_end), at most a group.
  void run(Index k_begin, Index k_end, Threads threads) const {
    if (rows() * n_ * (k_end - k_begin) < gemm_serial_size) threads = Threads::no;
    if (b_.data && rows() <= gemm_few_rows) return run_in_place(k_begin, k_end, threads);
    const Index nr = micro_.nr, element = static_cast<Index>(sizeof(T));
    const Index budget = threads == Threads::yes ? gemm_packed_bytes : gemm_packed_bytes / 2;
    const Index columns = std::min(div_up(n_, nr) * nr, budget / (kc * element) / nr * nr);
    const Index deepest = threads == Threads::yes ? budget / (columns * element) / kc * kc : kc;
    const Index depth = std::min(k_end - k_begin, deepest);
    Scratch<T> packed(columns * depth);
    for (Index col0 = 0; col0 < n_; col0 += columns) {
      const Index col1 = std::min(n_, col0 + columns);
      for (Index k0 = k_begin; k0 < k_end; k0 += depth) {
        const Index k1 = std::min(k_end, k0 + depth);
        pack(packed.data(), col0, col1, k0, k1, threads);
        multiply(packed.data(), col0, col1, k_begin, k0, k1, k_end, threads);
      }
    }
  }

 private:
  static constexpr Index kc = gemm_block<T>(Order);
  Index rows() const { return row_end_ - row_begin_; }

  template <class F>
  static void for_each(Index count, Threads threads, F&& f) {
    if (threads == Threads::yes) return parallel_for(count, 1, [&](Index begin, Index) { f(begin); });
    for (Index i = 0; i < count; ++i) f(i);
  }

  void pack(T* packed, Index col0, Index col1, Index k0, Index k1, Threads threads) const {
    const Index nr = micro_.nr, panels = div_up(col1 - col0, nr), blocks = div_up(k1 - k0, kc);
    if ((col1 - col0) * (k1 - k0) < gemm_serial_size) threads = Threads::no;
    constexpr Index together = 4;  // panels; more would crowd each other out of the cache's sets
    const Index items = div_up(panels, together);
    for_each(items * blocks, threads, [&](Index item) {
      const Index block = item % blocks, panel0 = item / blocks * together;  // by columns, as they are read
      const Index k = k0 + block * kc, ks = std::min(kc, k1 - k);
      for (Index step = 0; step < ks; step += gemm_strip) {
        const Index steps = std::min(gemm_strip, ks - step);
        for (Index panel = panel0; panel < std::min(panels, panel0 + together); ++panel) {
          const Index col = col0 + panel * nr, columns = std::min(nr, col1 - col);
          T* dst = packed + block * kc * panels * nr + (panel * ks + step) * nr;
          if (columns < nr) std::fill_n(dst, steps * nr, T(0));
          const Index next = k + step + gemm_strip;
          if (b_.data && next + gemm_strip <= k1) {
            fetch_rows(Walk<T>{b_.data + next * b_.ld + col, b_.ld}, gemm_strip, columns);
          }
          b_.pack(dst, col, columns, k + step, steps, nr);
        }
      }
    });
  }

  void multiply(const T* packed, Index col0, Index col1, Index k_begin, Index k0, Index k1, Index k_end,
                Threads threads) const {
    const Index mr = micro_.mr, nr = micro_.nr, panels = div_up(col1 - col0, nr);
    const Index row_panels = div_up(rows(), mr), panel_work = mr * (col1 - col0) * (k1 - k0);
    Index height = mr * std::clamp<Index>(gemm_task_size / std::max<Index>(panel_work, 1), 1, gemm_task_panels);
    const Index panel_bytes = nr * std::min(kc, k1 - k0) * static_cast<Index>(sizeof(T));
    Index chunk = std::max<Index>(1, gemm_chunk_bytes / panel_bytes);
    const bool few = row_panels * mr <= gemm_tasks * height;
    if (threads == Threads::no || (few && thread_count() == 1)) {
      height = mr * std::min(row_panels, gemm_task_panels);
    } else if (few) {  // too few tasks: smaller ones, and in both directions
      height = mr * div_up(row_panels, gemm_tasks);
      chunk = std::min(chunk, std::max<Index>(1, panels * div_up(rows(), height) / gemm_tasks));
    }
    chunk = div_up(panels, div_up(panels, chunk));
    const Index row_tasks = div_up(rows(), height), column_tasks = div_up(panels, chunk);
    for_each(row_tasks * column_tasks, threads, [&](Index task) {
      const Index row0 = row_begin_ + task % row_tasks * height, row1 = std::min(row_end_, row0 + height);
      const Index panel0 = task / row_tasks * chunk, panel1 = std::min(panels, panel0 + chunk);
      PanelsOfA a(div_up(row1 - row0, mr) * mr);
      T* c[gemm_task_panels * gemm_max_rows];
      c_(c, row0, row1 - row0);
      for (Index k = k0; k < k1; k += kc) {
        const Index ks = std::min(kc, k1 - k);
        const T* b = packed + (k - k0) * panels * nr;
        FetchPacked<T> ahead;
        if constexpr (Order == PanelOrder::columns) {
          pack_columns(a.data(), row0, row1, k, ks);
          const bool more = k + 2 * kc <= k_;
          if (more && a_.data) ahead.add({a_.data + (k + kc) * a_.ld + row0, a_.ld}, row1 - row0);
          if (more && b_.data && threads == Threads::no && task == 0) {  // a thread alone packs the next block itself
            ahead.add({b_.data + (k + kc) * b_.ld + col0, b_.ld}, col1 - col0);
          }
        }
        const FetchRows<T> next(panel1 - panel0, ks);
        for (Index row = row0; row < row1; row += mr) {
          T* at = Order == PanelOrder::columns ? a.data() + (row - row0) * ks : a.data();
          RowPanel panel =
              row_panel(at, c + (row - row0), row, std::min(mr, row1 - row), k, ks, k == k_begin, k + ks == k_end);
          for (Index p = panel0; p < panel1; ++p) {
            const Index col = col0 + p * nr;
            panel.tile.b = b + p * ks * nr;
            panel.tile.b_stride = nr;
            if constexpr (Order == PanelOrder::columns) ahead.next(panel.tile);
            if (panel.next_rows) next.fetch(panel.tile, {panel.next_rows, a_.ld}, p - panel0);
            if (Order == PanelOrder::rows && ks <= gemm_short && row + 2 * mr <= row1) fetch_c(panel.c + mr, col);
            tile(panel, col, std::min(nr, col1 - col));
          }
        }
      }
    });
  }

  INKLING_INLINE void fetch_c(T* const* c, Index col) const {
    for (Index r = 0; r < micro_.mr; ++r) fetch_rows<T, 1>({c[r] + col, 0}, 1, micro_.nr);
  }

  /// Room for what a task packs of A: all of its panels if A is given by columns, else one at a time, on the stack.
  struct PanelsOfColumns : Scratch<T> {
    explicit PanelsOfColumns(Index rows) : Scratch<T>(rows * kc) {}
  };
  struct PanelOfRows {
    explicit PanelOfRows(Index) {}
    T* data() { return panel; }
    alignas(64) T panel[gemm_max_rows * kc];
  };
  using PanelsOfA = std::conditional_t<Order == PanelOrder::columns, PanelsOfColumns, PanelOfRows>;

  struct RowPanel {
    MicroTile<T> tile;
    Index row, rows;
    bool last;
    const T* next_rows;  ///< where the next panel of rows begins, if it lies in memory
    T* const* c;
  };

  /// All panels of a task at once, if A is given by columns: a row of memory holds a piece of each of them.
  void pack_columns(T* a, Index row0, Index row1, Index k, Index ks) const {
    const Index mr = micro_.mr;
    if ((row1 - row0) % mr != 0) {
      const Index whole = (row1 - row0) / mr * mr;
      std::fill_n(a + whole * ks, mr * ks, T(0));
    }
    for (Index step = 0; step < ks; step += gemm_strip) {
      const Index steps = std::min(gemm_strip, ks - step);
      for (Index row = row0; row < row1; row += mr) {
        a_.pack(a + (row - row0) * ks + step * mr, row, std::min(mr, row1 - row), k + step, steps, mr);
      }
    }
  }

  /// Few rows: packing B would cost as much as the product.
  void run_in_place(Index k_begin, Index k_end, Threads threads) const {
    const Index nr = micro_.nr, chunk = std::max<Index>(micro_.wide(), div_up(n_, gemm_tasks * nr) * nr);
    for_each(div_up(n_, chunk), threads, [&](Index task) {
      const Index col0 = task * chunk, col1 = std::min(n_, col0 + chunk);
      alignas(64) T a[gemm_max_rows * kc];
      alignas(64) T last[gemm_max_columns * kc];
      for (Index k = k_begin; k < k_end; k += kc) {
        const Index ks = std::min(kc, k_end - k);
        for (Index row = row_begin_; row < row_end_; row += micro_.mr) {
          const Index rows = std::min<Index>(micro_.mr, row_end_ - row);
          if (Order == PanelOrder::columns) pack_columns(a, row, row + rows, k, ks);
          T* c[gemm_max_rows];
          c_(c, row, rows);
          RowPanel panel = row_panel(a, c, row, rows, k, ks, k == k_begin, k + ks == k_end);
          for (Index col = col0, columns; col < col1; col += columns) {
            columns = std::min(nr, col1 - col);
            if (Order == PanelOrder::rows && rows == 1 && col1 - col >= micro_.wide()) columns = micro_.wide();
            if (columns >= micro_.width(rows, columns)) {
              panel.tile.b = b_.data + k * b_.ld + col;
              panel.tile.b_stride = b_.ld;
            } else {
              std::fill_n(last, ks * nr, T(0));
              b_.pack(last, col, columns, k, ks, nr);
              panel.tile.b = last;
              panel.tile.b_stride = nr;
            }
            tile(panel, col, columns);
          }
        }
      }
    });
  }

  /// Rows at such a distance share one set of a first-level cache, and would push each other out.
  static bool crowded(Index ld) { return ld * static_cast<Index>(sizeof(T)) % 4096 == 0; }

  /// A panel of A as the micro-kernel reads it: where it lies, from `a` if it was packed, or packed there now.
  RowPanel row_panel(T* a, T* const* c, Index row, Index rows, Index k, Index ks, bool first, bool last) const {
    const bool accumulate = options_.accumulate || !first;
    RowPanel panel{{.k = ks, .a = a, .a_stride = kc, .alpha = options_.alpha, .accumulate = accumulate},
                   row,
                   rows,
                   last,
                   nullptr,
                   c};
    const Index mr = micro_.mr, small = micro_small(micro_.mr), used = rows <= small ? small : mr;
    if constexpr (Order == PanelOrder::rows) {
      if (a_.data && rows == mr) {  // a whole panel of rows is read where it lies
        panel.next_rows = a_.data + (row + mr) * a_.ld + k;
        if (!crowded(a_.ld)) {
          panel.tile.a = panel.next_rows - mr * a_.ld;
          panel.tile.a_stride = a_.ld;
          return panel;
        }
      }
      a_.pack(a, row, rows, k, ks, kc);
      for (Index r = rows; r < used; ++r) std::fill_n(a + r * kc, ks, T(0));
    }
    return panel;
  }

  void tile(RowPanel& panel, Index col, Index columns) const {
    const Index width = std::max<Index>(columns, micro_.width(panel.rows, columns));
    alignas(64) T spare[4 * gemm_max_columns];
    T* c[gemm_max_rows];
    panel.tile.c = c;
    panel.tile.column = 0;
    panel.tile.bias = panel.last && options_.bias ? options_.bias + col : nullptr;
    if (columns == width && panel.rows == micro_.mr) {
      panel.tile.c = panel.c;
      panel.tile.column = col;
      micro_.run(panel.tile, micro_.mr, static_cast<int>(width));
    } else if (columns == width) {
      for (Index r = 0; r < micro_.mr; ++r) c[r] = r < panel.rows ? panel.c[r] + col : spare;
      micro_.run(panel.tile, static_cast<int>(panel.rows), static_cast<int>(width));
    } else {  // the same kernel on a padded copy of the edge
      alignas(64) T edge[gemm_max_rows * gemm_max_columns], bias[gemm_max_columns];
      std::fill_n(edge, micro_.mr * width, T(0));
      for (Index r = 0; r < micro_.mr; ++r) c[r] = edge + r * width;
      if (panel.tile.accumulate) {
        for (Index r = 0; r < panel.rows; ++r) std::copy_n(panel.c[r] + col, columns, c[r]);
      }
      if (panel.tile.bias) {
        std::fill_n(bias, width, T(0));
        panel.tile.bias = std::copy_n(panel.tile.bias, columns, bias) - columns;
      }
      micro_.run(panel.tile, static_cast<int>(panel.rows), static_cast<int>(width));
      for (Index r = 0; r < panel.rows; ++r) std::copy_n(c[r], columns, panel.c[r] + col);
    }
    if (epilogue_ && panel.last) {
      for (Index r = 0; r < panel.rows; ++r) (*epilogue_)(panel.c[r] + col, panel.row + r, col, columns);
    }
  }

  Index row_begin_, row_end_, n_, k_;
  Operand<T> a_, b_;
  RowsOfC<T> c_;
  const GemmOptions<T>& options_;
  const Epilogue<T>* epilogue_;
  Micro<T> micro_ = micro<T, Order>();
};

}  // namespace detail
}  // namespace ink::kernels
