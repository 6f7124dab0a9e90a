// Reading PNG images (ISO/IEC 15948): grey, RGB or palette, with or without alpha, 1 to 16 bits, interlaced or not.
//
// The image is (height, width, channels), with 1 channel for grey and 3 for RGB and palettes; `channels` asks for one
// of them: colours become grey by their luma 0.299 R + 0.587 G + 0.114 B, grey becomes three equal channels. What is
// transparent shows the `background`. As numbers, 0 becomes `low` and the file's largest value `high`, at its full
// depth; as bytes, all depths are scaled to 0..255 and rounded. Colour profiles and gamma are not applied. Of an
// animation it is the default image.
//
// Every chunk's checksum and the whole structure are checked, and sizes before anything is allocated.
//
// Errors: ValueError for bytes that are not such an image or larger than `limit` pixels, and for options outside their
// domain; IoError with the path for a file.
//
// Example:
//     io::write_png("sketch.png", Tensor<float, 3>({28, 28, 1}, 1.0f));
//     auto sketch = io::read_png<float>("sketch.png", {.channels = 1});            // (28, 28, 1), in [-1, 1]
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/io/idx.hpp"
#include "inkling/io/inflate.hpp"
#include "inkling/io/png.hpp"

namespace ink {
namespace io {

struct PngReadOptions {
  double low = -1;                               ///< what 0 becomes
  double high = 1;                               ///< what the largest value becomes
  int channels = 0;                              ///< 1 or 3; 0: as in the file
  double background = 0;                         ///< grey behind what is transparent, from 0 (black) to 1
  std::uint64_t limit = std::uint64_t{1} << 28;  ///< pixels
};

}  // namespace io

namespace detail {

class PngReader {
 public:
  explicit PngReader(std::span<const std::uint8_t> bytes, std::uint64_t limit) : bytes_(bytes), limit_(limit) {
    read_chunks();
    unpack();
  }

  Index height() const { return height_; }
  Index width() const { return width_; }
  bool grey() const { return (color_ & 2) == 0; }

  /// Red, green, blue and alpha of pixel i, from 0 to 1.
  std::array<double, 4> color(std::size_t i) const {
    const std::uint16_t* s = samples_.data() + i * samples_of_pixel();
    if (color_ == palette_color) {
      const auto& entry = palette_[s[0]];
      return {entry[0] / 255.0, entry[1] / 255.0, entry[2] / 255.0, entry[3] / 255.0};
    }
    const double most = (1 << depth_) - 1;
    const std::size_t colors = grey() ? 1 : 3;
    const bool hidden = !clear_.empty() && std::equal(clear_.begin(), clear_.end(), s);
    const double alpha = color_ & 4 ? s[colors] / most : hidden ? 0 : 1;
    return {s[0] / most, s[colors > 1 ? 1 : 0] / most, s[colors - 1] / most, alpha};
  }

 private:
  static constexpr int palette_color = 3;

  [[noreturn]] static void fail(const std::string& what) { throw ValueError("png: " + what); }

  std::size_t samples_of_pixel() const {
    return color_ == palette_color ? 1 : (grey() ? 1u : 3u) + (color_ & 4 ? 1u : 0u);
  }

  void read_chunks() {
    constexpr std::array<std::uint8_t, 8> signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    if (bytes_.size() < 8 || !std::equal(signature.begin(), signature.end(), bytes_.begin())) {
      fail("the bytes do not begin with the signature of PNG");
    }
    std::string last;
    for (std::size_t at = 8; last != "IEND";) {
      if (bytes_.size() - at < 12) fail("the file is truncated");
      const std::size_t size = big32(bytes_.subspan(at));
      if (size > bytes_.size() - at - 12) fail("the file is truncated");
      const std::string type(bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 4,
                             bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 8);
      if (io::crc32(bytes_.subspan(at + 4, size + 4)) != big32(bytes_.subspan(at + 8 + size))) {
        fail(text("the checksum of chunk ", io_name(type), " is wrong"));
      }
      chunk(type, bytes_.subspan(at + 8, size), last);
      last = type;
      at += 12 + size;
    }
    if (packed_.empty()) fail("there is no IDAT");
  }

  /// A chunk's name for a message: nothing but letters.
  static std::string io_name(const std::string& type) {
    return std::all_of(type.begin(), type.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); })
               ? type
               : "?";
  }

  void chunk(const std::string& type, std::span<const std::uint8_t> data, const std::string& last) {
    if (last.empty() != (type == "IHDR")) fail("the first chunk, and no other, must be IHDR");
    if (type == "IHDR") {
      header(data);
    } else if (type == "PLTE") {
      set_palette(data);
    } else if (type == "tRNS") {
      set_transparency(data);
    } else if (type == "IDAT") {
      if (!packed_.empty() && last != "IDAT") fail("the chunks IDAT do not follow one another");
      packed_.insert(packed_.end(), data.begin(), data.end());
    } else if (type != "IEND" && (type[0] & 32) == 0) {
      fail(text("chunk ", io_name(type), " is unknown and marked as needed"));
    }
  }

  void header(std::span<const std::uint8_t> data) {
    if (data.size() != 13) fail(text("IHDR has ", data.size(), " bytes; it must have 13"));
    width_ = big32(data);
    height_ = big32(data.subspan(4));
    depth_ = data[8];
    color_ = data[9];
    if (width_ < 1 || height_ < 1 || width_ > 0x7FFFFFFF || height_ > 0x7FFFFFFF) {
      fail(text("the image is ", height_, " x ", width_, "; both must be in [1, 2^31)"));
    }
    if (static_cast<std::uint64_t>(width_) > limit_ / static_cast<std::uint64_t>(height_)) {
      fail(text("the image is ", height_, " x ", width_, "; more than ", limit_, " pixels are not read"));
    }
    const bool power = depth_ == 1 || depth_ == 2 || depth_ == 4 || depth_ == 8 || depth_ == 16;
    const bool known = color_ == 0 || color_ == 2 || color_ == palette_color || color_ == 4 || color_ == 6;
    if (!power || !known || (depth_ < 8 && color_ != 0 && color_ != palette_color) ||
        (depth_ == 16 && color_ == palette_color)) {
      fail(text("depth ", depth_, " does not go with colour type ", color_));
    }
    if (data[10] != 0 || data[11] != 0 || data[12] > 1) fail("the compression, filter or interlace method is unknown");
    interlaced_ = data[12] == 1;
  }

  void set_palette(std::span<const std::uint8_t> data) {
    if (!palette_.empty() || !packed_.empty()) fail("PLTE must stand once, before IDAT");
    if (data.empty() || data.size() % 3 != 0 || data.size() > 768) fail("PLTE must have 1 to 256 colours of 3 bytes");
    for (std::size_t i = 0; i < data.size(); i += 3) palette_.push_back({data[i], data[i + 1], data[i + 2], 255});
  }

  void set_transparency(std::span<const std::uint8_t> data) {
    if (color_ == palette_color) {
      if (data.size() > palette_.size()) fail("tRNS has more entries than PLTE");
      for (std::size_t i = 0; i < data.size(); ++i) palette_[i][3] = data[i];
      return;
    }
    if (color_ & 4) fail("tRNS does not go with an alpha channel");
    if (data.size() != 2 * samples_of_pixel()) fail("tRNS must have 2 bytes for each channel");
    clear_.clear();
    for (std::size_t i = 0; i < data.size(); i += 2) {
      clear_.push_back(static_cast<std::uint16_t>(data[i] << 8 | data[i + 1]));
    }
  }

  struct Pass {
    Index top, left, down, across;  ///< the first pixel and the steps
  };

  /// All samples in the order of the pixels.
  void unpack() {
    if (color_ == palette_color && palette_.empty()) fail("there is no PLTE");
    static constexpr std::array<Pass, 7> adam7{
        {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4}, {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}}};
    static constexpr std::array<Pass, 1> whole{{{0, 0, 1, 1}}};
    const std::span<const Pass> passes = interlaced_ ? std::span<const Pass>(adam7) : std::span<const Pass>(whole);
    std::uint64_t size = 0;
    for (const Pass& p : passes) size += static_cast<std::uint64_t>(rows_of(p)) * (columns_of(p) ? 1 + row_size(p) : 0);
    decompress(size);
    samples_.resize(static_cast<std::size_t>(width_ * height_) * samples_of_pixel());
    std::size_t at = 0;
    for (const Pass& p : passes) at += unpack_pass(p, std::span<std::uint8_t>(rows_).subspan(at));
    rows_ = {};
  }

  Index rows_of(const Pass& p) const { return p.top < height_ ? (height_ - p.top - 1) / p.down + 1 : 0; }
  Index columns_of(const Pass& p) const { return p.left < width_ ? (width_ - p.left - 1) / p.across + 1 : 0; }
  std::size_t bits_of_pixel() const { return samples_of_pixel() * static_cast<std::size_t>(depth_); }
  std::size_t row_size(const Pass& p) const {
    return (static_cast<std::size_t>(columns_of(p)) * bits_of_pixel() + 7) / 8;
  }

  void decompress(std::uint64_t size) {
    try {
      rows_ = io::zlib_decompress(packed_, size);
    } catch (const ValueError& error) {
      fail(text("the pixels cannot be unpacked: ", error.what()));
    }
    if (rows_.size() != size) fail(text("there are ", rows_.size(), " bytes of pixels; there must be ", size));
    packed_ = {};
  }

  std::size_t unpack_pass(const Pass& p, std::span<std::uint8_t> rows) {
    const std::size_t size = row_size(p), step = std::max<std::size_t>(1, bits_of_pixel() / 8);
    if (size == 0) return 0;
    const io::Bytes nothing(size);
    std::span<const std::uint8_t> above = nothing;
    std::size_t at = 0;
    for (Index y = p.top; y < height_; y += p.down, at += 1 + size) {
      const auto row = rows.subspan(at + 1, size);
      unfilter(rows[at], row, above, step);
      put_row(p, y, row);
      above = row;
    }
    return at;
  }

  static void unfilter(std::uint8_t filter, std::span<std::uint8_t> row, std::span<const std::uint8_t> above,
                       std::size_t step) {
    if (filter > 4) fail(text("a row has filter ", filter, "; it must be 0 to 4"));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const int left = i < step ? 0 : row[i - step], up = above[i], corner = i < step ? 0 : above[i - step];
      const int guess = filter == 1   ? left
                        : filter == 2 ? up
                        : filter == 3 ? (left + up) / 2
                        : filter == 4 ? paeth(left, up, corner)
                                      : 0;
      row[i] = static_cast<std::uint8_t>(row[i] + guess);
    }
  }

  void put_row(const Pass& p, Index y, std::span<const std::uint8_t> row) {
    const std::size_t each = samples_of_pixel(), bits = static_cast<std::size_t>(depth_);
    std::size_t bit = 0;
    for (Index x = p.left; x < width_; x += p.across) {
      std::uint16_t* out = samples_.data() + static_cast<std::size_t>(y * width_ + x) * each;
      for (std::size_t c = 0; c < each; ++c, bit += bits) {
        const std::size_t byte = bit / 8;
        out[c] = static_cast<std::uint16_t>(bits == 16 ? row[byte] << 8 | row[byte + 1]
                                                       : (row[byte] >> (8 - bits - bit % 8)) & ((1 << bits) - 1));
        if (color_ == palette_color && out[c] >= palette_.size()) {
          fail(text("pixel (", y, ", ", x, ") has colour ", out[c], "; the palette has ", palette_.size()));
        }
      }
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::uint64_t limit_;
  Index width_ = 0, height_ = 0;
  int depth_ = 0, color_ = 0;
  bool interlaced_ = false;
  std::vector<std::array<std::uint8_t, 4>> palette_;
  std::vector<std::uint16_t> clear_, samples_;
  io::Bytes packed_, rows_;
};

}  // namespace detail

namespace io {

/// The image in the bytes of a PNG file, as bytes or as numbers.
template <class T>
  requires std::is_same_v<T, std::uint8_t> || std::is_floating_point_v<T>
Tensor<T, 3> decode_png(std::span<const std::uint8_t> bytes, const PngReadOptions& options = {}) {
  if (options.channels != 0 && options.channels != 1 && options.channels != 3) {
    throw ValueError(text("decode_png: channels is ", options.channels, "; it must be 1 or 3, or 0 for the file's"));
  }
  if (!(options.background >= 0 && options.background <= 1)) {
    throw ValueError(text("decode_png: background is ", options.background, "; it must be in [0, 1]"));
  }
  if (!std::isfinite(options.low) || !std::isfinite(options.high)) {
    throw ValueError(text("decode_png: range is [", options.low, ", ", options.high, "]; it must be finite"));
  }
  const detail::PngReader image(bytes, options.limit);
  const Index channels = options.channels != 0 ? options.channels : image.grey() ? 1 : 3;
  auto out = Tensor<T, 3>::uninitialized(Shape<3>{image.height(), image.width(), channels});
  T* to = out.mutable_data();
  for (std::size_t i = 0; i < static_cast<std::size_t>(image.height() * image.width()); ++i) {
    auto color = image.color(i);
    for (std::size_t c = 0; c < 3; ++c) color[c] = color[3] * color[c] + (1 - color[3]) * options.background;
    if (channels == 1 && !image.grey()) color[0] = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
      if constexpr (std::is_floating_point_v<T>) {
        *to++ = static_cast<T>(options.low + (options.high - options.low) * color[c]);
      } else {
        *to++ = static_cast<T>(std::floor(color[c] * 255 + 0.5));
      }
    }
  }
  return out;
}

template <class T>
Tensor<T, 3> read_png(const std::string& path, const PngReadOptions& options = {}) {
  const Bytes bytes = read_file(path);
  try {
    return decode_png<T>(bytes, options);
  } catch (const ValueError& error) {
    throw IoError(path, error.what());
  }
}

}  // namespace io
}  // namespace ink
