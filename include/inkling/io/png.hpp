// PNG images (ISO/IEC 15948): 8 bits a channel, grey or RGB, with text fields.
//
// An image is (height, width, channels) with 1 or 3 channels. Bytes are written as they are; numbers are scaled from
// [low, high] to 0..255, rounded, and clamped. Each row uses the filter with the smallest sum of absolute differences
// (PNG specification, section 12.8).
//
// Errors: ShapeError for another number of channels or an empty image; ValueError for pixels that are not finite, an
// empty range, or a text keyword that PNG does not allow; IoError for the file.
//
// Example:
//     Tensor<float, 3> image({28, 28, 1}, -1.0f);
//     io::write_png("black.png", image, {.low = -1, .high = 1, .text = {{"seed", "42"}}});
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/tensor.hpp"
#include "inkling/io/deflate.hpp"
#include "inkling/io/file.hpp"

namespace ink {
namespace io {

struct PngOptions {
  double low = -1;                                             ///< the value that becomes 0
  double high = 1;                                             ///< the value that becomes 255
  std::vector<std::pair<std::string, std::string>> text = {};  ///< keyword and text, such as the seed; UTF-8
};

}  // namespace io

namespace detail {

inline void append_chunk(io::Bytes& out, std::string_view type, std::span<const std::uint8_t> data) {
  if (data.size() > 0x7FFFFFFF) throw ValueError("encode_png: a chunk has more than 2^31 - 1 bytes");
  put_big32(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = out.size();
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), data.begin(), data.end());
  put_big32(out, io::crc32(std::span<const std::uint8_t>(out).subspan(begin)));
}

/// tEXt for ASCII, iTXt for anything else.
inline void append_text_chunk(io::Bytes& out, std::string_view keyword, std::string_view content) {
  bool printable = !keyword.empty() && keyword.size() < 80 && keyword.front() != ' ' && keyword.back() != ' ';
  for (const char c : keyword) printable = printable && c >= ' ' && c <= '~';
  if (!printable || keyword.find("  ") != keyword.npos) {
    throw ValueError(text("encode_png: text keyword is \"", keyword,
                          "\"; it must be 1 to 79 printable ASCII characters without outer or double spaces"));
  }
  if (content.find('\0') != content.npos) {
    throw ValueError(text("encode_png: the text of \"", keyword, "\" has a zero byte; PNG ends texts with it"));
  }
  bool ascii = true;
  for (const char c : content) ascii = ascii && static_cast<unsigned char>(c) < 128;
  std::string data(keyword);
  data.append(ascii ? 1u : 5u, '\0');
  data += content;
  const io::Bytes bytes(data.begin(), data.end());
  append_chunk(out, ascii ? "tEXt" : "iTXt", bytes);
}

inline std::uint8_t paeth(int left, int up, int corner) {
  const int estimate = left + up - corner;
  const int a = std::abs(estimate - left), b = std::abs(estimate - up), c = std::abs(estimate - corner);
  return static_cast<std::uint8_t>(a <= b && a <= c ? left : b <= c ? up : corner);
}

/// The rows with their filter bytes in front, ready to be compressed.
inline io::Bytes filter_rows(std::span<const std::uint8_t> pixels, std::size_t row_size, std::size_t step) {
  io::Bytes out;
  out.reserve(pixels.size() + pixels.size() / row_size);
  const io::Bytes black(row_size);
  std::span<const std::uint8_t> above = black;
  std::array<io::Bytes, 5> filtered;
  for (auto& candidate : filtered) candidate.resize(row_size);
  for (std::size_t begin = 0; begin < pixels.size(); begin += row_size) {
    const auto row = pixels.subspan(begin, row_size);
    std::array<std::uint64_t, 5> cost{};
    for (std::size_t i = 0; i < row_size; ++i) {
      const int x = row[i], up = above[i], left = i < step ? 0 : row[i - step], corner = i < step ? 0 : above[i - step];
      const std::array<int, 5> difference{x, x - left, x - up, x - (left + up) / 2, x - paeth(left, up, corner)};
      for (std::size_t f = 0; f < 5; ++f) {
        filtered[f][i] = static_cast<std::uint8_t>(difference[f]);
        cost[f] += filtered[f][i] < 128 ? filtered[f][i] : 256u - filtered[f][i];
      }
    }
    std::size_t best = 0;
    for (std::size_t f = 1; f < 5; ++f) best = cost[f] < cost[best] ? f : best;
    out.push_back(static_cast<std::uint8_t>(best));
    out.insert(out.end(), filtered[best].begin(), filtered[best].end());
    above = row;
  }
  return out;
}

/// Throws unless a file can hold the image.
inline void check_png_shape(const char* operation, const Shape<3>& shape) {
  if (shape[2] != 1 && shape[2] != 3) {
    throw ShapeError(text(operation, ": image is ", shape, "; its last extent, the channels, must be 1 or 3"));
  }
  if (shape[0] < 1 || shape[1] < 1 || shape[0] > 0x7FFFFFFF || shape[1] > 0x7FFFFFFF) {
    throw ShapeError(text(operation, ": image is ", shape, "; height and width must be in [1, 2^31)"));
  }
}

/// The signature, the header and the texts.
inline io::Bytes begin_png(const Shape<3>& shape, const io::PngOptions& options) {
  io::Bytes out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  io::Bytes header;
  put_big32(header, static_cast<std::uint32_t>(shape[1]));
  put_big32(header, static_cast<std::uint32_t>(shape[0]));
  header.insert(header.end(), {8, static_cast<std::uint8_t>(shape[2] == 3 ? 2 : 0), 0, 0, 0});
  append_chunk(out, "IHDR", header);
  for (const auto& [keyword, content] : options.text) append_text_chunk(out, keyword, content);
  return out;
}

/// The pixels as IDAT holds them.
inline io::Bytes pack_png(const Tensor<std::uint8_t, 3>& image) {
  return io::zlib_compress(filter_rows(image.values(), static_cast<std::size_t>(image.extent(1) * image.extent(2)),
                                       static_cast<std::size_t>(image.extent(2))));
}

/// Numbers as bytes.
template <class T>
Tensor<std::uint8_t, 3> png_bytes(const char* operation, const Tensor<T, 3>& image, const io::PngOptions& options) {
  const double low = options.low, range = options.high - options.low;
  if (!(range > 0 && std::isfinite(range))) {
    throw ValueError(text(operation, ": range is [", low, ", ", options.high, "]; low must be below high"));
  }
  auto bytes = Tensor<std::uint8_t, 3>::uninitialized(image.shape());
  std::uint8_t* out = bytes.mutable_data();
  Index at = 0;
  for (const T value : image.values()) {
    const double x = static_cast<double>(value);
    if (!std::isfinite(x)) {
      throw ValueError(text(operation, ": pixel ", place_in(image.shape(), at), " is ", x, "; pixels must be finite"));
    }
    const double level = std::floor((x - low) / range * 255 + 0.5);
    out[at++] = static_cast<std::uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
  }
  return bytes;
}

inline const Tensor<std::uint8_t, 3>& png_bytes(const char*, const Tensor<std::uint8_t, 3>& image,
                                                const io::PngOptions&) {
  return image;
}

}  // namespace detail

namespace io {

/// The bytes of a PNG file.
inline Bytes encode_png(const Tensor<std::uint8_t, 3>& image, const PngOptions& options = {}) {
  detail::check_png_shape("encode_png", image.shape());
  Bytes out = detail::begin_png(image.shape(), options);
  detail::append_chunk(out, "IDAT", detail::pack_png(image));
  detail::append_chunk(out, "IEND", {});
  return out;
}

template <class T>
  requires std::is_floating_point_v<T>
Bytes encode_png(const Tensor<T, 3>& image, const PngOptions& options = {}) {
  return encode_png(detail::png_bytes("encode_png", image, options), options);
}

template <class T>
void write_png(const std::string& path, const Tensor<T, 3>& image, const PngOptions& options = {}) {
  write_file_atomic(path, encode_png(image, options));
}

}  // namespace io
}  // namespace ink
