// NPY: the array files of NumPy (format 1.0 to 3.0), little-endian and in C order.
//
// Element types: f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 (the numbers are bytes). Files are written as version 1.0, as NumPy
// does.
//
// Errors: IoError for the file and for content that is not what is asked for.
//
// Example:
//     io::write_npy("samples.npy", Tensor<float, 2>({8, 784}));
//     auto samples = io::read_npy<float, 2>("samples.npy");
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "inkling/core/tensor.hpp"
#include "inkling/io/file.hpp"

namespace ink {
namespace detail {

static_assert(std::endian::native == std::endian::little, "npy data is copied as it lies in memory");

template <class T>
concept NpyElement =
    (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, float> || std::is_same_v<T, double>;

template <NpyElement T>
std::string npy_descr() {
  return text(sizeof(T) == 1 ? "|" : "<",
              std::is_floating_point_v<T> ? "f"
              : std::is_signed_v<T>       ? "i"
                                          : "u",
              sizeof(T));
}

/// Reads the Python dictionary of an NPY header: the three keys in any order, nothing else.
class NpyHeader {
 public:
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;

  explicit NpyHeader(std::string_view in) : in_(in) {
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (which < 0 || seen[which]) throw ValueError(text("npy: the header has the key '", key, "' too much"));
      seen[which] = true;
      if (which == 0) descr = string();
      if (which == 1) fortran_order = boolean();
      if (which == 2) tuple();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!in_.empty()) throw ValueError("npy: the header has text after its dictionary");
    if (!seen[0] || !seen[1] || !seen[2]) throw ValueError("npy: the header lacks descr, fortran_order or shape");
  }

 private:
  void skip_space() {
    while (!in_.empty() && (in_[0] == ' ' || in_[0] == '\n' || in_[0] == '\t')) in_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (in_.empty() || in_[0] != c) return false;
    in_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) throw ValueError(text("npy: the header has no '", c, "' where one is needed"));
  }
  std::string string() {
    skip_space();
    const char quote = in_.empty() ? '\0' : in_[0];
    const auto end = quote == '\'' || quote == '"' ? in_.find(quote, 1) : in_.npos;
    if (end == in_.npos) throw ValueError("npy: the header has no string where one is needed");
    std::string out(in_.substr(1, end - 1));
    in_.remove_prefix(end + 1);
    return out;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (!in_.starts_with(word)) continue;
      in_.remove_prefix(word.size());
      return word == "True";
    }
    throw ValueError("npy: fortran_order must be True or False");
  }
  void tuple() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      Index extent = -1;
      const auto [end, error] = std::from_chars(in_.data(), in_.data() + in_.size(), extent);
      if (error != std::errc{} || extent < 0) throw ValueError("npy: the shape must hold integers from 0");
      in_.remove_prefix(static_cast<std::size_t>(end - in_.data()));
      shape.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view in_;
};

}  // namespace detail

namespace io {

/// The array in the bytes of an NPY file; ValueError if it is not what is asked for.
template <detail::NpyElement T, int R>
Tensor<T, R> decode_npy(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < 10 || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    throw ValueError("npy: the file does not start with \\x93NUMPY");
  }
  const unsigned version = bytes[6];
  if (version < 1 || version > 3) throw ValueError(text("npy: the version is ", version, "; it must be 1, 2 or 3"));
  const std::size_t begin = version == 1 ? 10 : 12;
  if (bytes.size() < begin) throw ValueError("npy: the header is truncated");
  std::size_t length = bytes[8] | std::size_t{bytes[9]} << 8;
  if (version > 1) length |= std::size_t{bytes[10]} << 16 | std::size_t{bytes[11]} << 24;
  if (length > bytes.size() - begin) throw ValueError("npy: the header is truncated");
  const detail::NpyHeader header({reinterpret_cast<const char*>(bytes.data()) + begin, length});
  const std::string descr = detail::npy_descr<T>();
  if (header.descr != descr && !(sizeof(T) == 1 && header.descr == "<" + descr.substr(1))) {
    throw ValueError(text("npy: the elements are '", header.descr, "'; '", descr, "' is asked for"));
  }
  if (header.shape.size() != static_cast<std::size_t>(R)) {
    throw ValueError(text("npy: the rank is ", header.shape.size(), "; ", R, " is asked for"));
  }
  if (header.fortran_order && R > 1) throw ValueError("npy: the data is in Fortran order; C order is needed");
  Shape<R> shape;
  for (int a = 0; a < R; ++a) shape[a] = header.shape[static_cast<std::size_t>(a)];
  detail::check_allocatable(shape);
  const auto data = bytes.subspan(begin + length);
  const std::size_t needed = static_cast<std::size_t>(shape.size()) * sizeof(T);
  if (data.size() != needed) {
    throw ValueError(text("npy: the data has ", data.size(), " bytes; ", shape, " needs ", needed));
  }
  auto out = Tensor<T, R>::uninitialized(shape);
  if (needed) std::memcpy(out.mutable_data(), data.data(), needed);
  return out;
}

template <detail::NpyElement T, int R>
Tensor<T, R> read_npy(const std::string& path) {
  const Bytes bytes = read_file(path);
  try {
    return decode_npy<T, R>(bytes);
  } catch (const std::invalid_argument& error) {
    throw IoError(path, error.what());
  }
}

template <detail::NpyElement T, int R>
Bytes encode_npy(const Tensor<T, R>& tensor) {
  std::string header = text("{'descr': '", detail::npy_descr<T>(), "', 'fortran_order': False, 'shape': (");
  for (int a = 0; a < R; ++a) header += text(tensor.extent(a), a + 1 < R ? ", " : R == 1 ? "," : "");
  header += "), }";
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  Bytes out{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  out.push_back(static_cast<std::uint8_t>(header.size()));
  out.push_back(static_cast<std::uint8_t>(header.size() >> 8));
  out.insert(out.end(), header.begin(), header.end());
  const std::size_t begin = out.size(), size = static_cast<std::size_t>(tensor.size()) * sizeof(T);
  out.resize(begin + size);
  if (size) std::memcpy(out.data() + begin, tensor.data(), size);
  return out;
}

template <detail::NpyElement T, int R>
void write_npy(const std::string& path, const Tensor<T, R>& tensor) {
  write_file_atomic(path, encode_npy(tensor));
}

}  // namespace io
}  // namespace ink
