// What a page needs to know of a PNG or APNG file: its size, and of an animation its last frame, for readers who asked
// their system for less motion.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace study {

struct PngFile {
  std::vector<std::uint8_t> bytes;
  std::uint32_t width = 0, height = 0;
  int frames = 1;
  std::vector<std::uint8_t> last;  ///< the last frame as a PNG, if it covers the whole picture; else empty
};

/// IoError if the file cannot be read or is no PNG.
PngFile read_png_file(const std::string& path);

}  // namespace study
