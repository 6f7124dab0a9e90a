// Skeletons: strokes thinned to lines that are one pixel wide.
//
// Z. Guo, R. W. Hall, "Parallel thinning with two-subiteration algorithms", Communications of the ACM 32(3), 1989.
// Pixels of at least `ink_level` are ink. Two rounds take turns until neither removes anything; each removes, at once,
// the ink pixels of whose eight neighbours N, NE, E, SE, S, SW, W, NW hold
//
//   C = 1           C = !N (NE + E) + !E (SE + S) + !S (SW + W) + !W (NW + N): the ink around is in one piece
//   2 <= B <= 3     B = min of (NW + N) + (NE + E) + (SE + S) + (SW + W) and (N + NE) + (E + SE) + (S + SW) + (W + NW),
//                   each bracket at most 1: no end of a line, no inside
//   (N + NE + !SE) E = 0  in the first round,   (S + SW + !NW) W = 0  in the second
//
// The pieces of ink (neighbours by edge or corner) and the holes (background, neighbours by edge) are as many as
// before: nothing vanishes, joins or parts. Lines are one pixel wide; where four meet, a square of 2 x 2 may stay. The
// older rule of T. Y. Zhang and C. Y. Suen (CACM 27(3), 1984) loses whole squares of 2 x 2 and shrinks a diagonal that
// is two pixels wide to two pixels. What lies outside the image is background.
//
// (N, H, W, 1) bytes -> (N, H, W, 1) bytes, 0 or 255. Errors: ShapeError for more than one channel.
//
// Example:
//     Tensor<std::uint8_t, 4> bar({1, 28, 28, 1});
//     copy(view(Tensor<std::uint8_t, 4>({1, 3, 20, 1}, 255)), mutable_view(bar).slice(1, 10, 13).slice(2, 4, 24));
//     Tensor<std::uint8_t, 4> line = data::skeleton(bar);                  // about 18 pixels of row 11
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {
namespace data {

inline constexpr std::uint8_t ink_level = 128;  ///< the darkest grey that counts as ink

}  // namespace data

namespace detail {

inline void check_grey(const char* operation, const Shape<4>& images) {
  if (images[3] != 1) throw ShapeError(text(operation, ": images are ", images, "; they must be (N, H, W, 1)"));
}

/// The ink of one image, 0 or 1 a pixel, with a margin of one pixel of background.
class InkMap {
 public:
  InkMap(const std::uint8_t* grey, Index height, Index width)
      : height_(height), width_(width), ink_(static_cast<std::size_t>((height + 2) * (width + 2))) {
    for (Index y = 0; y < height; ++y) {
      for (Index x = 0; x < width; ++x) ink_[at(y, x)] = grey[y * width + x] >= data::ink_level;
    }
  }

  Index height() const { return height_; }
  Index width() const { return width_; }
  bool operator()(Index y, Index x) const { return ink_[at(y, x)] != 0; }
  void remove(Index y, Index x) { ink_[at(y, x)] = 0; }

  /// Which neighbours are ink: bit i is the i-th clockwise from north.
  std::uint8_t neighbours(Index y, Index x) const {
    const std::uint8_t* p = ink_.data() + at(y, x);
    const Index row = width_ + 2;
    return static_cast<std::uint8_t>(p[-row] | p[1 - row] << 1 | p[1] << 2 | p[row + 1] << 3 | p[row] << 4 |
                                     p[row - 1] << 5 | p[-1] << 6 | p[-row - 1] << 7);
  }

 private:
  std::size_t at(Index y, Index x) const { return static_cast<std::size_t>((y + 1) * (width_ + 2) + x + 1); }

  Index height_, width_;
  std::vector<std::uint8_t> ink_;
};

/// The rule of a round of Guo and Hall.
constexpr bool is_thinned(std::uint8_t around, bool second) {
  constexpr unsigned N = 1, NE = 2, E = 4, SE = 8, S = 16, SW = 32, W = 64, NW = 128, sides = N | E | S | W;
  const unsigned next = std::rotr(around, 1),
                 previous = std::rotl(around, 1);  // the neighbours one further, one before
  const int pieces = std::popcount(~unsigned{around} & (next | std::rotr(around, 2)) & sides);
  const int pairs = std::min(std::popcount((around | previous) & sides), std::popcount((around | next) & sides));
  const bool stays = second ? (around & W) != 0 && ((around & (S | SW)) != 0 || (around & NW) == 0)
                            : (around & E) != 0 && ((around & (N | NE)) != 0 || (around & SE) == 0);
  return pieces == 1 && pairs >= 2 && pairs <= 3 && !stays;
}

inline void thin(InkMap& ink) {
  std::vector<Index> chosen;
  const auto round = [&](bool second) {
    chosen.clear();
    for (Index y = 0; y < ink.height(); ++y) {
      for (Index x = 0; x < ink.width(); ++x) {
        if (ink(y, x) && is_thinned(ink.neighbours(y, x), second)) chosen.push_back(y * ink.width() + x);
      }
    }
    for (const Index place : chosen) ink.remove(place / ink.width(), place % ink.width());
    return !chosen.empty();
  };
  for (bool changed = true; changed;) {
    changed = round(false);
    changed |= round(true);
  }
}

}  // namespace detail

namespace data {

inline Tensor<std::uint8_t, 4> skeleton(const Tensor<std::uint8_t, 4>& images) {
  detail::check_grey("skeleton", images.shape());
  const Index height = images.extent(1), width = images.extent(2);
  Tensor<std::uint8_t, 4> out(images.shape());
  if (out.empty()) return out;
  std::uint8_t* lines = out.mutable_data();
  parallel_for(images.extent(0), 16, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      detail::InkMap ink(images.data() + n * height * width, height, width);
      detail::thin(ink);
      for (Index y = 0; y < height; ++y) {
        for (Index x = 0; x < width; ++x) lines[(n * height + y) * width + x] = ink(y, x) ? 255 : 0;
      }
    }
  });
  return out;
}

}  // namespace data
}  // namespace ink
