// Pixel tables: predictors of one pixel that need no training but counting. What a pixel was in the training digits,
// where the pixels near it, drawn before it, looked the same:
//
//   p(k | context) = (n_k + q_k)/(n + 1),   q the same of coarser contexts: without the place, with fewer bits
//
// They are what a network that predicts one pixel has to beat.
#pragma once

#include <cstdint>
#include <vector>

#include "inkling/core/shape.hpp"
#include "inkling/data/dataset.hpp"
#include "systems/tokens.hpp"

namespace study {

/// Images as one row of all images for each pixel.
class PixelPlanes {
 public:
  PixelPlanes(const systems::Tokens& tokens, int levels);

  int levels() const { return levels_; }
  ink::Index images() const { return images_; }
  const std::uint8_t* plane(ink::Index pixel) const { return values_.data() + pixel * images_; }

 private:
  int levels_;
  ink::Index images_;
  std::vector<std::uint8_t> values_;
};

struct PixelTable {
  ink::Index neighbours = 0;  ///< 0 to 16 of those that come before a pixel, the nearest first
  bool place = false;         ///< a table for every place of the image, or one for all
  int bits = 1;               ///< of a neighbour's level that are looked at, from the highest
};

/// −log p of every test image, in nats.
std::vector<double> table_nats(const PixelPlanes& train, const PixelPlanes& test, const PixelTable& table);

}  // namespace study
