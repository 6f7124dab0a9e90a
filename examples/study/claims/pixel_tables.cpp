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
  const int each = bits_of(images.levels()) - table.shift;
  for (Index b = 0; b < table.neighbours; ++b) {
    const auto [dr, dc] = before[static_cast<std::size_t>(b)];
    const Index row = pixel / side + dr, column = pixel % side + dc;
    if (row < 0 || column < 0 || column >= side) continue;
    const std::uint8_t* from = images.plane(row * side + column);
    const int up = each * static_cast<int>(b);
    for (std::size_t n = 0; n < all.size(); ++n) all[n] |= static_cast<std::uint32_t>(from[n] >> table.shift) << up;
  }
  return all;
}

/// How often each level was seen, and in all, for every context.
class Counts {
 public:
  Counts(std::size_t contexts, int levels)
      : levels_(static_cast<std::size_t>(levels)), seen_(contexts * levels_), all_(contexts) {}

  void add(const std::vector<std::uint32_t>& contexts, const std::uint8_t* values) {
    for (std::size_t n = 0; n < contexts.size(); ++n) {
      ++seen_[contexts[n] * levels_ + values[n]];
      ++all_[contexts[n]];
    }
  }
  double probability(std::uint32_t context, std::uint8_t value, double otherwise) const {
    return (seen_[context * levels_ + value] + otherwise) / (all_[context] + 1.0);
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
  const int each = bits_of(train.levels()) - table.shift;
  const std::size_t count = std::size_t{1} << (each * static_cast<int>(table.neighbours));
  Counts global(1, train.levels()), everywhere(count, train.levels()), here(table.place ? count : 1, train.levels());
  const std::vector<std::uint32_t> none(static_cast<std::size_t>(train.images()));
  for (Index p = 0; p < pixels; ++p) {
    global.add(none, train.plane(p));
    everywhere.add(contexts(train, table, p), train.plane(p));
  }
  std::vector<double> nats(static_cast<std::size_t>(test.images()));
  for (Index p = 0; p < pixels; ++p) {
    if (table.place) {
      here.clear();
      here.add(contexts(train, table, p), train.plane(p));
    }
    const auto asked = contexts(test, table, p);
    const std::uint8_t* value = test.plane(p);
    for (std::size_t n = 0; n < nats.size(); ++n) {
      double likely = global.probability(0, value[n], 1.0 / train.levels());
      if (table.neighbours > 0) likely = everywhere.probability(asked[n], value[n], likely);
      if (table.place) likely = here.probability(asked[n], value[n], likely);
      nats[n] -= std::log(likely);
    }
  }
  return nats;
}

}  // namespace study
