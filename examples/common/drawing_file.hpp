// What a program drew, as a file: a PNG of all images in rows, an animation of how they came about, or numbers.
//
//   DrawingFile file("digits.png", {.columns = 10, .scale = 2});      refuses what cannot be written, before the
//   drawing file.write(images, frames, {{"seed", "42"}});
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "inkling/io/apng.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/npy.hpp"
#include "inkling/io/temporary_file.hpp"
#include "inkling/ops/image.hpp"

struct DrawingLayout {
  ink::Index columns = 10;
  ink::Index scale = 2;   ///< screen pixels a pixel, both ways
  bool animated = false;  ///< a .png too
};

class DrawingFile {
 public:
  using Images = ink::Tensor<float, 4>;

  /// Errors: ValueError for an ending that is not known; IoError for a place that cannot be written.
  DrawingFile(std::string path, const DrawingLayout& layout) : path_(std::move(path)), layout_(layout) {
    const std::string ending = std::filesystem::path(path_).extension().string();
    if (ending == ".apng") layout_.animated = true;
    numbers_ = ending == ".npy";
    if (ending != ".png" && ending != ".apng" && !numbers_) {
      throw ink::ValueError("--out is '" + path_ + "'; it must end in .png, .apng or .npy");
    }
    if (numbers_ && layout_.animated) throw ink::ValueError("--animate is of .png and .apng, not of .npy");
    const ink::detail::TemporaryFile probe(path_);
  }

  bool animated() const { return layout_.animated; }

  /// images in [−1, 1]; frames of the same shape, the last of which is shown longer.
  void write(const Images& images, const std::vector<Images>& frames,
             const std::vector<std::pair<std::string, std::string>>& text) const {
    if (numbers_) {
      ink::io::write_npy(path_, images);
    } else if (!layout_.animated) {
      ink::io::write_png(path_, sheet(images), {.text = text});
    } else {
      std::vector<ink::Tensor<float, 3>> sheets;
      for (const Images& frame : frames) sheets.push_back(sheet(frame));
      ink::io::write_apng(path_, sheets, {.seconds = 0.1, .last_seconds = 2, .png = {.text = text}});
    }
  }

 private:
  ink::Tensor<float, 3> sheet(const Images& images) const {
    const auto grid = ink::image_grid(images, std::min(layout_.columns, images.extent(0)));
    const auto big = ink::upsample_nearest(
        grid.reshape(ink::Shape{ink::Index{1}, grid.extent(0), grid.extent(1), ink::Index{1}}), layout_.scale);
    return big.reshape(ink::Shape{big.extent(1), big.extent(2), ink::Index{1}});
  }

  std::string path_;
  DrawingLayout layout_;
  bool numbers_ = false;
};
