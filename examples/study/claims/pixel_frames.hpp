// Pictures of pixels that appear one after the other: those that are missing are dark grey.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/io/apng.hpp"
#include "inkling/io/grid.hpp"
#include "systems/tokens.hpp"

namespace study {

/// The first `count` images of tokens, on a grid.
inline ink::Tensor<float, 3> token_grid(const systems::Tokens& tokens, int levels, ink::Index count,
                                        ink::Index columns) {
  count = std::min(count, tokens.extent(0));
  systems::Images images({count, tokens.extent(1), tokens.extent(2), 1});
  for (ink::Index i = 0; i < images.size(); ++i) {
    const auto token = tokens.data()[i];
    images.mutable_data()[i] =
        token == ink::missing_token ? -0.5f : 2 * static_cast<float>(token) / static_cast<float>(levels - 1) - 1;
  }
  return ink::image_grid(images, columns, {.pad = 1});
}

/// Collects every so many steps of a drawing, of its first images, as the frames of an animation.
class PixelFrames {
 public:
  PixelFrames(int levels, ink::Index count, ink::Index columns, ink::Index every)
      : levels_(levels), count_(count), columns_(columns), every_(every) {}

  /// After a step; what is drawn after the first piece of images is left out.
  void add(ink::Index step, const systems::Tokens& x) {
    if (step < next_) done_ = true;
    next_ = step + 1;
    if (done_) return;
    if (frames_.empty()) {
      const systems::Tokens nothing(x.shape(), ink::missing_token);
      frames_.push_back(token_grid(nothing, levels_, count_, columns_));
    }
    last_ = token_grid(x, levels_, count_, columns_);
    kept_ = (step + 1) % every_ == 0;
    if (kept_) frames_.push_back(last_);
  }
  systems::OnPixels watcher() {
    return [this](ink::Index step, const systems::Tokens& x) { add(step, x); };
  }

  void write(const std::string& path, double seconds) {
    if (!kept_) frames_.push_back(last_);
    frames_.insert(frames_.begin(), last_);  // what is shown where animations are not
    ink::io::write_apng(path, frames_, {.seconds = seconds, .last_seconds = 2});
  }

 private:
  int levels_;
  ink::Index count_, columns_, every_, next_ = 0;
  bool done_ = false, kept_ = true;
  std::vector<ink::Tensor<float, 3>> frames_;
  ink::Tensor<float, 3> last_;
};

}  // namespace study
