#include "study/claims/pixel_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace study {
namespace {

using namespace ink;

constexpr Index side = 28, pixels = side * side;

struct Offset {
  Index row, column;
};

/// Pixels before one in raster order, the nearest first.
constexpr std::array<Offset, 16> before = {{{0, -1},
                                            {-1, 0},
                                            {-1, -1},
                                            {-1, 1},
                                            {0, -2},
                                            {-2, 0},
                                            {-1, -2},
                                            {-1, 2},
                                            {-2, -1},
                                            {-2, 1},
                                            {-2, -2},
                                            {-2, 2},
                                            {0, -3},
                                            {-3, 0},
                                            {-1, 3},
                                            {-1, -3}}};

int bits_of(int levels) {
  int bits = 0;
  while ((1 << bits) < levels) ++bits;
  return bits;
}

/// What the neighbours of a pixel look like, as a number, in every image. Outside of the image is level 0.
std::vector<std::uint32_t> contexts(const PixelPlanes& images, const PixelTable& table, Index pixel) {
  std::vector<std::uint32_t> all(static_cast<std::size_t>(images.images()));
  const int each = table.bits, shift = bits_of(images.levels()) - each;
  for (Index b = 0; b < table.neighbours; ++b) {
    const auto [dr, dc] = before[static_cast<std::size_t>(b)];
    const Index row = pixel / side + dr, column = pixel % side + dc;
    if (row < 0 || column < 0 || column >= side) continue;
    const std::uint8_t* from = images.plane(row * side + column);
    const int up = each * static_cast<int>(b);
    for (std::size_t n = 0; n < all.size(); ++n) all[n] |= static_cast<std::uint32_t>(from[n] >> shift) << up;
  }
  return all;
}

/// How often each level was seen, and in all, for every context.
class Counts {
 public:
  Counts(const PixelTable& table, int levels)
      : levels_(static_cast<std::size_t>(levels)), all_(std::size_t{1} << (table.bits * table.neighbours)) {
    seen_.resize(all_.size() * levels_);
  }

  void add(const std::vector<std::uint32_t>& contexts, const std::uint8_t* values) {
    for (std::size_t n = 0; n < contexts.size(); ++n) {
      ++seen_[contexts[n] * levels_ + values[n]];
      ++all_[contexts[n]];
    }
  }
  /// Makes probabilities without the contexts into those given the contexts.
  void refine(std::vector<double>& likely, const std::vector<std::uint32_t>& contexts,
              const std::uint8_t* values) const {
    for (std::size_t n = 0; n < likely.size(); ++n) {
      likely[n] = (seen_[contexts[n] * levels_ + values[n]] + likely[n]) / (all_[contexts[n]] + 1.0);
    }
  }
  void clear() {
    std::fill(seen_.begin(), seen_.end(), 0u);
    std::fill(all_.begin(), all_.end(), 0u);
  }

 private:
  std::size_t levels_;
  std::vector<std::uint32_t> seen_, all_;
};

}  // namespace

PixelPlanes::PixelPlanes(const systems::Tokens& tokens, int levels)
    : levels_(levels), images_(tokens.extent(0)), values_(static_cast<std::size_t>(tokens.size())) {
  for (Index n = 0; n < images_; ++n) {
    for (Index p = 0; p < pixels; ++p) {
      values_[static_cast<std::size_t>(p * images_ + n)] = static_cast<std::uint8_t>(tokens.data()[n * pixels + p]);
    }
  }
}

std::vector<double> table_nats(const PixelPlanes& train, const PixelPlanes& test, const PixelTable& table) {
  std::vector<PixelTable> tables;  // everywhere in the image, the finer ones later
  for (int bits = 1; table.neighbours > 0 && bits <= table.bits; ++bits) {
    tables.push_back({table.neighbours, false, bits});
  }
  std::vector<Counts> everywhere;
  for (const PixelTable& t : tables) {
    everywhere.emplace_back(t, train.levels());
    for (Index p = 0; p < pixels; ++p) everywhere.back().add(contexts(train, t, p), train.plane(p));
  }
  Counts global({}, train.levels()), here(table, train.levels());
  for (Index p = 0; p < pixels; ++p) global.add(contexts(train, {}, p), train.plane(p));
  std::vector<double> nats(static_cast<std::size_t>(test.images())), likely(nats.size());
  for (Index p = 0; p < pixels; ++p) {
    const std::uint8_t* values = test.plane(p);
    std::fill(likely.begin(), likely.end(), 1.0 / train.levels());
    global.refine(likely, contexts(test, {}, p), values);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      everywhere[i].refine(likely, contexts(test, tables[i], p), values);
    }
    if (table.place) {
      here.clear();
      here.add(contexts(train, table, p), train.plane(p));
      here.refine(likely, contexts(test, table, p), values);
    }
    for (std::size_t n = 0; n < nats.size(); ++n) nats[n] -= std::log(likely[n]);
  }
  return nats;
}

}  // namespace study
