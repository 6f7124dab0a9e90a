// NPY: the array files of NumPy.
//
// What numpy.load(allow_pickle=False) reads is read, and what it refuses is refused: either byte order, C and Fortran
// order, versions 1.0 to 3.0, the shapes of Python 2, |b1 (as 0 and 1), <f2, and all integers and floating-point
// numbers up to 64 bits. Bytes after the array are left alone: numpy.save may have put another one there. Elements that
// no tensor holds (complex numbers, extended precision, text, dates, records, objects) are refused by their name.
//
// The elements may be of another type than the tensor's if every one of them is a value of that type: int64 that fit
// into int32, float64 that are floats exactly, floats that are whole numbers. The first that is not is named with its
// place. NaN stays NaN.
//
// Files are written as numpy.save writes them: version 1.0, little-endian, C order.
//
// Errors: IoError for the file and for content that is not what is asked for.
//
// Example:
//     io::write_npy("samples.npy", Tensor<float, 2>({8, 784}));
//     auto samples = io::read_npy<float, 2>("samples.npy");
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/tensor.hpp"
#include "inkling/io/dtype.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/npy_header.hpp"

namespace ink {
namespace detail {

template <class T>
concept NpyElement =
    (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, float> || std::is_same_v<T, double>;

template <NpyElement T>
constexpr NpyType npy_type_of() {
  return {std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u', static_cast<int>(sizeof(T)), false};
}

template <NpyElement T>
std::string npy_descr() {
  return text(sizeof(T) == 1 ? "|" : "<", npy_type_of<T>().kind, sizeof(T));
}

/// The bits of an element, as the number that they are in memory.
inline std::uint64_t npy_bits(const std::uint8_t* from, NpyType type) {
  std::uint64_t bits = 0;
  for (int b = 0; b < type.size; ++b) bits |= std::uint64_t{from[type.swapped ? type.size - 1 - b : b]} << 8 * b;
  return bits;
}

/// Calls f with the value as an int64, a uint64 or a double, which hold any element exactly.
template <class F>
auto with_npy_value(std::uint64_t bits, NpyType type, F f) {
  if (type.kind == 'b') return f(std::uint64_t{bits != 0});
  if (type.kind == 'u') return f(bits);
  if (type.kind == 'i') {
    const int unused = 64 - 8 * type.size;
    return f(static_cast<std::int64_t>(bits << unused) >> unused);
  }
  if (type.size == 2) return f(static_cast<double>(float_from_float16(static_cast<std::uint16_t>(bits))));
  if (type.size == 4) return f(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
  return f(std::bit_cast<double>(bits));
}

/// Sets `out` to the same value, or returns false if T has no such value.
template <class T, class From>
bool convert_exactly(From x, T& out) {
  if constexpr (std::is_integral_v<From> && std::is_integral_v<T>) {
    out = static_cast<T>(x);
    return std::in_range<T>(x);
  } else if constexpr (std::is_integral_v<From>) {
    out = static_cast<T>(x);
    return out < std::ldexp(T{1}, std::numeric_limits<From>::digits) && static_cast<From>(out) == x;
  } else if constexpr (std::is_integral_v<T>) {
    const From limit = std::ldexp(From{1}, std::numeric_limits<T>::digits);
    if (!(x < limit && x >= (std::is_signed_v<T> ? -limit : From{0}) && x == std::trunc(x))) return false;
    out = static_cast<T>(x);
    return true;
  } else {
    const bool finite = std::isfinite(x);
    if (finite && std::abs(x) > static_cast<From>(std::numeric_limits<T>::max())) return false;
    out = static_cast<T>(x);
    return !finite || static_cast<From>(out) == x;
  }
}

/// Where in the file each element of a tensor lies, one after the other: as they lie, or the first axis fastest.
class NpyOrder {
 public:
  explicit NpyOrder(const NpyHeader& header) : shape_(header.shape), index_(shape_.size()), steps_(shape_.size(), 1) {
    const std::size_t rank = shape_.size();
    for (std::size_t i = 1; i < rank; ++i) {
      const std::size_t a = header.fortran_order ? i : rank - 1 - i, inner = header.fortran_order ? a - 1 : a + 1;
      steps_[a] = steps_[inner] * shape_[inner];
    }
  }

  Index at() const { return at_; }

  void next() {
    for (std::size_t a = shape_.size(); a-- > 0;) {
      at_ += steps_[a];
      if (++index_[a] < shape_[a]) return;
      at_ -= index_[a] * steps_[a];
      index_[a] = 0;
    }
  }

  /// "(1, 2)"
  std::string index() const {
    std::string out;
    for (const Index i : index_) out += text(out.empty() ? "(" : ", ", i);
    return out.empty() ? "()" : out + ")";
  }

 private:
  std::vector<Index> shape_, index_, steps_;
  Index at_ = 0;
};

template <class T>
void convert_npy(const NpyHeader& header, const std::uint8_t* data, T* to, Index count) {
  const NpyType type = header.type;
  const bool same = type.kind == npy_type_of<T>().kind && type.size == npy_type_of<T>().size;
  if (same && !type.swapped && !(header.fortran_order && header.shape.size() > 1)) {
    if (count) std::memcpy(to, data, static_cast<std::size_t>(count) * sizeof(T));
    return;
  }
  NpyOrder order(header);
  for (Index i = 0; i < count; ++i, ++to, order.next()) {
    const std::uint64_t bits = npy_bits(data + order.at() * type.size, type);
    if (same) {
      std::memcpy(to, &bits, sizeof(T));  // NaN keeps its bits
      continue;
    }
    with_npy_value(bits, type, [&](auto value) {
      if (convert_exactly(value, *to)) return;
      throw ValueError(text("npy: element ", order.index(), " of the '", header.descr, "' is ", value, ", which no '",
                            npy_descr<T>(), "' is"));
    });
  }
}

}  // namespace detail

namespace io {

/// The array in the bytes of an NPY file; ValueError if it is not what is asked for.
template <detail::NpyElement T, int R>
Tensor<T, R> decode_npy(std::span<const std::uint8_t> bytes) {
  const detail::NpyHeader header(bytes);
  if (header.shape.size() != static_cast<std::size_t>(R)) {
    throw ValueError(text("npy: the rank is ", header.shape.size(), "; ", R, " is asked for"));
  }
  Shape<R> shape;
  for (int a = 0; a < R; ++a) shape[a] = header.shape[static_cast<std::size_t>(a)];
  detail::check_allocatable(shape);
  const std::size_t there = bytes.size() - header.data;
  const std::size_t needed = static_cast<std::size_t>(shape.size()) * static_cast<std::size_t>(header.type.size);
  if (there < needed) throw ValueError(text("npy: the data has ", there, " bytes; ", shape, " needs ", needed));
  auto out = Tensor<T, R>::uninitialized(shape);
  detail::convert_npy(header, bytes.data() + header.data, out.mutable_data(), shape.size());
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
