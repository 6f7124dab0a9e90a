// Animations as APNG (PNG specification, third edition, section 11.3.6): a PNG that browsers play, and that any other
// program shows as its first frame.
//
// Every frame is a whole image, (height, width, channels) as for write_png, and all have one shape. The first frame is
// the default image too, and belongs to the animation: readers disagree about one that does not.
//
// Errors: ShapeError for no frames or frames of different shapes; ValueError for seconds outside [0, 65] or a negative
// number of plays, and as for write_png; IoError for the file.
//
// Example:
//     std::vector<Tensor<float, 3>> frames{Tensor<float, 3>({28, 28, 1}, -1.0f), Tensor<float, 3>({28, 28, 1}, 1.0f)};
//     io::write_apng("blink.png", frames, {.seconds = 0.5});
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "inkling/io/png.hpp"

namespace ink {
namespace io {

struct ApngOptions {
  double seconds = 0.1;       ///< that a frame is shown
  double last_seconds = 1.0;  ///< that the last one is shown
  Index plays = 0;            ///< how often; 0: for ever
  PngOptions png = {};        ///< the range of the numbers, and texts
};

}  // namespace io

namespace detail {

inline void put_big16(io::Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

/// What stands before the pixels of a frame: it covers the whole image, replaces what was there, and takes this long.
inline void append_frame_control(io::Bytes& out, std::uint32_t sequence, const Shape<3>& shape, double seconds) {
  io::Bytes data;
  put_big32(data, sequence);
  put_big32(data, static_cast<std::uint32_t>(shape[1]));
  put_big32(data, static_cast<std::uint32_t>(shape[0]));
  put_big32(data, 0);
  put_big32(data, 0);
  put_big16(data, static_cast<std::uint16_t>(std::lround(seconds * 1000)));
  put_big16(data, 1000);
  data.insert(data.end(), {0, 0});
  append_chunk(out, "fcTL", data);
}

inline void check_apng(const Shape<3>& first, const Shape<3>& frame, const io::ApngOptions& options) {
  check_png_shape("encode_apng", frame);
  if (frame != first) {
    throw ShapeError(text("encode_apng: frames are ", first, " and ", frame, "; all must have one shape"));
  }
  for (const double seconds : {options.seconds, options.last_seconds}) {
    if (!(seconds >= 0 && seconds <= 65)) {
      throw ValueError(text("encode_apng: seconds are ", seconds, "; they must be in [0, 65]"));
    }
  }
  if (options.plays < 0 || options.plays > 0x7FFFFFFF) {
    throw ValueError(text("encode_apng: plays is ", options.plays, "; it must be in [0, 2^31)"));
  }
}

}  // namespace detail

namespace io {

/// The bytes of an APNG file.
template <class T>
Bytes encode_apng(const std::vector<Tensor<T, 3>>& frames, const ApngOptions& options = {}) {
  if (frames.empty()) throw ShapeError("encode_apng: there are no frames; at least one is needed");
  const auto& shape = frames[0].shape();
  for (const auto& frame : frames) detail::check_apng(shape, frame.shape(), options);
  Bytes out = detail::begin_png(shape, options.png), control;
  detail::put_big32(control, static_cast<std::uint32_t>(frames.size()));
  detail::put_big32(control, static_cast<std::uint32_t>(options.plays));
  detail::append_chunk(out, "acTL", control);
  std::uint32_t sequence = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool last = i + 1 == frames.size();
    detail::append_frame_control(out, sequence++, shape, last ? options.last_seconds : options.seconds);
    const Bytes pixels = detail::pack_png(detail::png_bytes("encode_apng", frames[i], options.png));
    if (i == 0) {
      detail::append_chunk(out, "IDAT", pixels);
    } else {
      Bytes data;
      detail::put_big32(data, sequence++);
      data.insert(data.end(), pixels.begin(), pixels.end());
      detail::append_chunk(out, "fdAT", data);
    }
  }
  detail::append_chunk(out, "IEND", {});
  return out;
}

template <class T>
void write_apng(const std::string& path, const std::vector<Tensor<T, 3>>& frames, const ApngOptions& options = {}) {
  write_file_atomic(path, encode_apng(frames, options));
}

}  // namespace io
}  // namespace ink
