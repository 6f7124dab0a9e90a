// Orders: in which sequence an image's pixels are drawn. An order is a permutation of the places row · columns +
// column, the first to be drawn first.
//
//   raster    rows from the top, pixels from the left
//   column    columns from the left, pixels from the top
//   spiral    clockwise around the image from its upper left corner, inward
//   random    every order equally likely
//   spread    every prefix covers the image evenly: the next place is the one with the least Σ 1/d², d its distances to
//             the places before it, on a torus. R. Ulichney, "The void-and-cluster method for dither array generation",
//             1993, fills its largest voids in the same way. Time in proportion to pixels².
//   blocks    rectangles in raster order, and within one its pixels in raster order
//
// The same orders serve causal networks (gen/reordered.hpp) and those that draw any pixels from any others.
//
// B. Uria, I. Murray, H. Larochelle, "A deep and tractable density estimator", 2014, arXiv:1310.1757.
//
// Errors: ValueError for an extent below 1, or blocks that do not divide the image; check_order: for a list that is not
// a permutation.
//
// Example:
//     Order even = orders::spread(28, 28), any = orders::random(28, 28, Key{1});
//     Order patches = orders::blocks(28, 28, 4), rows = orders::blocks(28, 28, 1, 28);
//     Index first_row = even[0] / 28, first_column = even[0] % 28;
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/nn/check.hpp"

namespace ink {

/// Places row · columns + column, the first to be drawn first.
using Order = std::vector<Index>;

/// When each place is drawn: inverse[order[i]] = i. Throws unless the order is a permutation.
inline Order inverse_order(const Order& order) {
  Order inverse(order.size(), -1);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool inside = order[i] >= 0 && order[i] < static_cast<Index>(order.size());
    if (!inside || inverse[static_cast<std::size_t>(order[i])] >= 0) {
      throw ValueError(
          text("order: place ", i, " is ", order[i], "; every place in [0, ", order.size(), ") must be there once"));
    }
    inverse[static_cast<std::size_t>(order[i])] = static_cast<Index>(i);
  }
  return inverse;
}

namespace detail {

inline Index checked_pixels(Index height, Index columns) {
  require_positive("order", "height", height);
  require_positive("order", "columns", columns);
  return checked_product("order", "height x columns", height, columns);
}

}  // namespace detail

namespace orders {

inline Order blocks(Index height, Index columns, Index block_height, Index block_columns) {
  detail::require_divides("order", "block height", block_height, "height", height);
  detail::require_divides("order", "block columns", block_columns, "columns", columns);
  const Index pixels = detail::checked_pixels(height, columns);
  const Index block = block_height * block_columns, across = columns / block_columns;
  Order order(static_cast<std::size_t>(pixels));
  for (Index i = 0; i < pixels; ++i) {
    const Index b = i / block, within = i % block;
    const Index row = b / across * block_height + within / block_columns;
    order[static_cast<std::size_t>(i)] = row * columns + b % across * block_columns + within % block_columns;
  }
  return order;
}

inline Order blocks(Index height, Index columns, Index size) { return blocks(height, columns, size, size); }

inline Order raster(Index height, Index columns) { return blocks(height, columns, 1, 1); }

inline Order column(Index height, Index columns) { return blocks(height, columns, height, 1); }

inline Order spiral(Index height, Index columns) {
  Order order;
  order.reserve(static_cast<std::size_t>(detail::checked_pixels(height, columns)));
  const auto draw = [&](Index row, Index column) { order.push_back(row * columns + column); };
  for (Index ring = 0; 2 * ring < std::min(height, columns); ++ring) {
    const Index bottom = height - 1 - ring, right = columns - 1 - ring;
    for (Index c = ring; c <= right; ++c) draw(ring, c);
    for (Index r = ring + 1; r <= bottom; ++r) draw(r, right);
    for (Index c = right - 1; bottom > ring && c >= ring; --c) draw(bottom, c);
    for (Index r = bottom - 1; right > ring && r > ring; --r) draw(r, ring);
  }
  return order;
}

inline Order random(Index height, Index columns, Key key) {
  return permutation(detail::checked_pixels(height, columns), key);
}

inline Order spread(Index height, Index columns) {
  const Index pixels = detail::checked_pixels(height, columns);
  const auto distance = [](Index a, Index b, Index extent) {
    const Index d = std::abs(a - b);
    return std::min(d, extent - d);
  };
  std::vector<std::int64_t> crowding(static_cast<std::size_t>(pixels));  // whole numbers: the same everywhere
  // A third of the way in, halves, quarters and eighths of the image all have a place near their middle.
  crowding[static_cast<std::size_t>(height / 3 * columns + columns / 3)] = -1;
  Order order;
  for (Index i = 0; i < pixels; ++i) {
    const Index place = std::min_element(crowding.begin(), crowding.end()) - crowding.begin();
    order.push_back(place);
    for (Index p = 0; p < pixels; ++p) {
      const Index dr = distance(p / columns, place / columns, height),
                  dc = distance(p % columns, place % columns, columns);
      auto& here = crowding[static_cast<std::size_t>(p)];
      if (p == place) {
        here = INT64_MAX;
      } else if (here < INT64_MAX) {
        here += (std::int64_t{1} << 32) / (dr * dr + dc * dc);
      }
    }
  }
  return order;
}

}  // namespace orders
}  // namespace ink
