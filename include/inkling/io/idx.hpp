// IDX: the array format of MNIST.
//
// Magic number 00 00 TT DD (TT element type, DD rank), DD extents as big-endian u32, then row-major big-endian data.
// Element types: 08 u8, 09 i8, 0B i16, 0C i32, 0D f32, 0E f64. Files may be gzip-compressed, which is seen from their
// first bytes; a path that ends in ".gz" is written compressed.
//
// Errors: IoError for the file and for every way its content can be wrong.
//
// Example:
//     Tensor<std::uint8_t, 1> labels(Shape{3}, {5, 0, 4});
//     io::write_idx("labels-idx1-ubyte", labels);
//     labels = io::read_idx<std::uint8_t, 1>("labels-idx1-ubyte");
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "inkling/core/tensor.hpp"
#include "inkling/io/deflate.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/inflate.hpp"

namespace ink {
namespace detail {

/// The IDX code of an element type.
template <class T>
constexpr std::uint8_t idx_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>)
    return 0x08;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return 0x09;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return 0x0B;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return 0x0C;
  else if constexpr (std::is_same_v<T, float>)
    return 0x0D;
  else if constexpr (std::is_same_v<T, double>)
    return 0x0E;
  else
    return 0;
}

inline std::string idx_type_name(unsigned type) {
  switch (type) {
    case 0x08: return "u8";
    case 0x09: return "i8";
    case 0x0B: return "i16";
    case 0x0C: return "i32";
    case 0x0D: return "f32";
    case 0x0E: return "f64";
    default: return text("unknown (code ", type, ")");
  }
}

template <class T>
concept IdxElement = idx_type<T>() != 0;

/// Copies elements from or to big-endian order.
template <class T>
void copy_big_endian(const void* from, void* to, std::size_t count) {
  std::memcpy(to, from, count * sizeof(T));
  if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) {
    auto* bytes = static_cast<unsigned char*>(to);
    for (std::size_t i = 0; i < count; ++i, bytes += sizeof(T)) {
      for (std::size_t b = 0; b < sizeof(T) / 2; ++b) std::swap(bytes[b], bytes[sizeof(T) - 1 - b]);
    }
  }
}

inline std::uint32_t big32(std::span<const std::uint8_t> b) {
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

}  // namespace detail

namespace io {

/// The array in the bytes of an IDX file, uncompressed; ValueError if it is not what is asked for.
template <class T, int R>
  requires detail::IdxElement<T>
Tensor<T, R> decode_idx(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 4) throw ValueError("idx: the magic number is truncated");
  if (bytes[0] != 0 || bytes[1] != 0) throw ValueError("idx: the magic number does not start with two zero bytes");
  if (bytes[2] != detail::idx_type<T>()) {
    throw ValueError(text("idx: the elements are ", detail::idx_type_name(bytes[2]), "; ",
                          detail::idx_type_name(detail::idx_type<T>()), " is asked for"));
  }
  if (bytes[3] != R) throw ValueError(text("idx: the rank is ", bytes[3], "; ", R, " is asked for"));
  constexpr std::size_t data = 4 + 4 * static_cast<std::size_t>(R);
  if (bytes.size() < data) throw ValueError("idx: the extents are truncated");
  Shape<R> shape;
  for (int a = 0; a < R; ++a) shape[a] = detail::big32(bytes.subspan(4 + 4 * static_cast<std::size_t>(a)));
  if (!detail::is_allocatable(shape)) throw ValueError(text("idx: the shape ", shape, " overflows"));
  const auto count = static_cast<std::uint64_t>(shape.size());
  const std::uint64_t there = bytes.size() - data, needed = count * sizeof(T);
  if (there < needed) {
    throw ValueError(text("idx: the data is truncated: ", shape, " needs ", needed, " bytes, ", there, " are there"));
  }
  if (there > needed) throw ValueError(text("idx: there are ", there - needed, " bytes after the data of ", shape));
  auto out = Tensor<T, R>::uninitialized(shape);
  if (count) detail::copy_big_endian<T>(bytes.data() + data, out.mutable_data(), static_cast<std::size_t>(count));
  return out;
}

template <class T, int R>
  requires detail::IdxElement<T>
Tensor<T, R> read_idx(const std::string& path) {
  Bytes bytes = read_file(path);
  try {
    if (is_gzip(bytes)) bytes = gzip_decompress(bytes);
    return decode_idx<T, R>(bytes);
  } catch (const std::invalid_argument& error) {
    throw IoError(path, error.what());
  }
}

template <class T, int R>
  requires detail::IdxElement<T>
Bytes encode_idx(const Tensor<T, R>& tensor) {
  static_assert(R > 0 && R < 256, "IDX holds ranks 1 to 255");
  Bytes out{0, 0, detail::idx_type<T>(), static_cast<std::uint8_t>(R)};
  for (int a = 0; a < R; ++a) {
    if (tensor.extent(a) > 0xFFFFFFFF) {
      throw ShapeError(text("encode_idx: tensor is ", tensor.shape(), "; extents must be below 2^32"));
    }
    detail::put_big32(out, static_cast<std::uint32_t>(tensor.extent(a)));
  }
  const std::size_t begin = out.size(), count = static_cast<std::size_t>(tensor.size());
  out.resize(begin + count * sizeof(T));
  if (count) detail::copy_big_endian<T>(tensor.data(), out.data() + begin, count);
  return out;
}

template <class T, int R>
  requires detail::IdxElement<T>
void write_idx(const std::string& path, const Tensor<T, R>& tensor) {
  const Bytes bytes = encode_idx(tensor);
  write_file_atomic(path, path.ends_with(".gz") ? gzip_compress(bytes) : bytes);
}

}  // namespace io
}  // namespace ink
