// Decompression: DEFLATE (RFC 1951) and its wrappings zlib (RFC 1950) and gzip (RFC 1952).
//
// All of gzip's optional header fields and concatenated members are accepted, and every checksum and size is verified.
// The output is limited, so that a small hostile file cannot fill the memory. Malformed input of any kind throws.
//
// Errors: ValueError that names the defect (truncated, bad code lengths, distance too far back, wrong checksum, ...).
//
// Example:
//     io::Bytes bytes = io::read_file("train-labels-idx1-ubyte.gz");
//     if (io::is_gzip(bytes)) bytes = io::gzip_decompress(bytes);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/io/checksum.hpp"

namespace ink {
namespace detail {

// RFC 1951, section 3.2.5: the values that length codes 257.. and distance codes 0.. start from, and their extra bits.
inline constexpr std::array<std::uint16_t, 29> length_base{
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
inline constexpr std::array<std::uint8_t, 29> length_extra{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
inline constexpr std::array<std::uint16_t, 30> distance_base{
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
inline constexpr std::array<std::uint8_t, 30> distance_extra{0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                             6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
/// The order in which a dynamic block stores the lengths of the code for code lengths.
inline constexpr std::array<std::uint8_t, 19> code_length_order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                                11, 4,  12, 3, 13, 2, 14, 1, 15};

/// The code lengths of fixed blocks: literals and lengths.
inline constexpr std::array<std::uint8_t, 288> fixed_lengths = [] {
  std::array<std::uint8_t, 288> lengths{};
  for (std::size_t s = 0; s < 288; ++s) lengths[s] = s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8;
  return lengths;
}();

[[noreturn]] inline void inflate_error(std::string_view what) { throw ValueError(text("inflate: ", what)); }

/// Bits from the least significant end of each byte.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  /// Bits not yet consumed, with at least 15 valid ones or zeros beyond the end.
  std::uint64_t peek() {
    while (count_ <= 48 && next_ < bytes_.size()) {
      buffer_ |= std::uint64_t{bytes_[next_++]} << count_;
      count_ += 8;
    }
    return buffer_;
  }

  void skip(unsigned bits) {
    if (bits > count_) inflate_error("the data is truncated");
    buffer_ >>= bits;
    count_ -= bits;
  }

  std::uint32_t take(unsigned bits) {
    const auto value = static_cast<std::uint32_t>(peek() & ((std::uint64_t{1} << bits) - 1));
    skip(bits);
    return value;
  }

  /// Drops the rest of the current byte and gives back whole bytes that were only looked at.
  std::size_t byte_position() {
    skip(count_ % 8);
    next_ -= count_ / 8;
    buffer_ = 0;
    count_ = 0;
    return next_;
  }

  std::span<const std::uint8_t> take_bytes(std::size_t size) {
    byte_position();
    if (size > bytes_.size() - next_) inflate_error("the data is truncated in a stored block");
    next_ += size;
    return bytes_.subspan(next_ - size, size);
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t next_ = 0;
  std::uint64_t buffer_ = 0;
  unsigned count_ = 0;
};

/// A canonical prefix code: a table for codes of up to `fast_bits` bits, a search by length for the longer ones.
class PrefixDecoder {
 public:
  /// Accepts complete codes; an incomplete one only if it is a single code of one bit or, for distances, empty.
  PrefixDecoder(std::span<const std::uint8_t> lengths, std::string_view what) {
    for (const std::uint8_t length : lengths) ++counts_[length];
    counts_[0] = 0;
    int left = 1;
    unsigned longest = 0;
    for (unsigned length = 1; length <= max_bits; ++length) {
      left = left * 2 - counts_[length];
      if (left < 0) inflate_error(text("the ", what, " code has too many short codes"));
      if (counts_[length]) longest = length;
    }
    if (left > 0 && longest > 1) inflate_error(text("the ", what, " code is incomplete"));
    std::array<std::uint16_t, max_bits + 2> offsets{}, codes{};
    for (unsigned length = 1; length <= max_bits; ++length) {
      offsets[length + 1] = static_cast<std::uint16_t>(offsets[length] + counts_[length]);
      codes[length + 1] = static_cast<std::uint16_t>((codes[length] + counts_[length]) << 1);
    }
    for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      const unsigned length = lengths[symbol];
      if (length == 0) continue;
      symbols_[offsets[length]++] = static_cast<std::uint16_t>(symbol);
      const unsigned code = codes[length]++;
      if (length > fast_bits) continue;
      unsigned reversed = 0;
      for (unsigned bit = 0; bit < length; ++bit) reversed |= (code >> bit & 1) << (length - 1 - bit);
      for (unsigned slot = reversed; slot < fast_.size(); slot += 1u << length) {
        fast_[slot] = static_cast<std::uint16_t>(symbol << 4 | length);
      }
    }
  }

  unsigned decode(BitReader& in) const {
    const std::uint64_t bits = in.peek();
    if (const unsigned entry = fast_[bits & (fast_.size() - 1)]) {
      in.skip(entry & 15);
      return entry >> 4;
    }
    int code = 0, first = 0, index = 0;
    for (unsigned length = 1; length <= max_bits; ++length) {
      code |= static_cast<int>(bits >> (length - 1) & 1);
      const int count = counts_[length];
      if (code - first < count) {
        in.skip(length);
        return symbols_[static_cast<std::size_t>(index + code - first)];
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    in.skip(max_bits);
    inflate_error("the data holds a code that no symbol has");
  }

 private:
  static constexpr unsigned max_bits = 15, fast_bits = 10;
  std::array<std::uint16_t, max_bits + 1> counts_{};
  std::array<std::uint16_t, 288> symbols_{};
  std::array<std::uint16_t, 1u << fast_bits> fast_{};
};

/// Decompresses one DEFLATE stream onto the end of `out`; returns the number of bytes consumed.
class Inflater {
 public:
  Inflater(std::span<const std::uint8_t> in, std::vector<std::uint8_t>& out, std::uint64_t limit)
      : in_(in), out_(out), start_(out.size()), limit_(limit) {}

  std::size_t run() {
    for (bool last = false; !last;) {
      last = in_.take(1);
      switch (in_.take(2)) {
        case 0: stored(); break;
        case 1: {
          static constexpr std::array<std::uint8_t, 32> five = [] {
            std::array<std::uint8_t, 32> lengths{};
            for (auto& length : lengths) length = 5;
            return lengths;
          }();
          static const PrefixDecoder literals{fixed_lengths, "fixed literal"}, distances{five, "fixed distance"};
          compressed(literals, distances);
          break;
        }
        case 2: dynamic(); break;
        default: inflate_error("a block has the reserved type 3");
      }
    }
    return in_.byte_position();
  }

 private:
  void reserve(std::size_t more) {
    if (out_.size() + more > limit_) inflate_error(text("the output exceeds the limit of ", limit_, " bytes"));
  }

  void stored() {
    const auto header = in_.take_bytes(4);
    const unsigned size = header[0] | unsigned{header[1]} << 8;
    if ((header[2] | unsigned{header[3]} << 8) != (size ^ 0xFFFF)) {
      inflate_error("the length of a stored block does not match its complement");
    }
    const auto bytes = in_.take_bytes(size);
    reserve(size);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }

  void dynamic() {
    const unsigned literals = in_.take(5) + 257, distances = in_.take(5) + 1, order = in_.take(4) + 4;
    if (literals > 286) inflate_error(text("a block has ", literals, " literal codes; the most is 286"));
    if (distances > 30) inflate_error(text("a block has ", distances, " distance codes; the most is 30"));
    std::array<std::uint8_t, 19> meta{};
    for (unsigned i = 0; i < order; ++i) meta[code_length_order[i]] = static_cast<std::uint8_t>(in_.take(3));
    const PrefixDecoder meta_code{meta, "code length"};
    std::array<std::uint8_t, 286 + 30> lengths{};
    for (unsigned i = 0; i < literals + distances;) {
      const unsigned symbol = meta_code.decode(in_);
      if (symbol < 16) {
        lengths[i++] = static_cast<std::uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && i == 0) inflate_error("the code lengths start with a repetition of nothing");
      const std::uint8_t value = symbol == 16 ? lengths[i - 1] : std::uint8_t{0};
      const unsigned repeat = symbol == 16 ? 3 + in_.take(2) : symbol == 17 ? 3 + in_.take(3) : 11 + in_.take(7);
      if (i + repeat > literals + distances) inflate_error("a repetition of code lengths goes beyond their end");
      for (unsigned r = 0; r < repeat; ++r) lengths[i++] = value;
    }
    if (lengths[256] == 0) inflate_error("a block has no code for its end");
    const auto all = std::span<const std::uint8_t>(lengths);
    compressed(PrefixDecoder{all.first(literals), "literal"},
               PrefixDecoder{all.subspan(literals, distances), "distance"});
  }

  void compressed(const PrefixDecoder& literals, const PrefixDecoder& distances) {
    for (;;) {
      const unsigned symbol = literals.decode(in_);
      if (symbol < 256) {
        reserve(1);
        out_.push_back(static_cast<std::uint8_t>(symbol));
        continue;
      }
      if (symbol == 256) return;
      if (symbol > 285) inflate_error(text("length code ", symbol, " is reserved"));
      const std::size_t length = length_base[symbol - 257] + in_.take(length_extra[symbol - 257]);
      const unsigned far = distances.decode(in_);
      if (far > 29) inflate_error(text("distance code ", far, " is reserved"));
      const std::size_t distance = distance_base[far] + in_.take(distance_extra[far]);
      if (distance > out_.size() - start_) {
        inflate_error(text("a distance of ", distance, " is too far back; there are ", out_.size() - start_, " bytes"));
      }
      reserve(length);
      // The source may overlap what is being written: byte by byte, by index, as the vector may move.
      for (std::size_t i = 0, from = out_.size() - distance; i < length; ++i) out_.push_back(out_[from + i]);
    }
  }

  BitReader in_;
  std::vector<std::uint8_t>& out_;
  std::size_t start_;
  std::uint64_t limit_;
};

/// The position after a gzip member's header that begins at `begin`.
inline std::size_t skip_gzip_header(std::span<const std::uint8_t> bytes, std::size_t begin) {
  std::size_t at = begin;
  const auto need = [&](std::size_t more) {
    if (more > bytes.size() - at) throw ValueError("gzip_decompress: the header is truncated");
    at += more;
  };
  const auto skip_string = [&] {
    do need(1);
    while (bytes[at - 1] != 0);
  };
  need(10);
  if (bytes[begin] != 0x1F || bytes[begin + 1] != 0x8B)
    throw ValueError("gzip_decompress: the data does not start with 1F 8B");
  if (bytes[begin + 2] != 8)
    throw ValueError(text("gzip_decompress: compression method is ", bytes[begin + 2], "; it must be 8"));
  const unsigned flags = bytes[begin + 3];
  if (flags & 0xE0) throw ValueError("gzip_decompress: the header has reserved flags set");
  if (flags & 4) {  // FEXTRA
    need(2);
    need(bytes[at - 2] | std::size_t{bytes[at - 1]} << 8);
  }
  if (flags & 8) skip_string();   // FNAME
  if (flags & 16) skip_string();  // FCOMMENT
  if (flags & 2) {                // FHCRC
    const std::uint32_t sum = io::crc32(bytes.subspan(begin, at - begin)) & 0xFFFF;
    need(2);
    if (sum != (bytes[at - 2] | std::uint32_t{bytes[at - 1]} << 8))
      throw ValueError("gzip_decompress: the header's checksum is wrong");
  }
  return at;
}

inline std::uint32_t little32(std::span<const std::uint8_t> b) {
  return b[0] | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
}

}  // namespace detail

namespace io {

/// What decompression refuses to exceed unless told otherwise: 4 GiB.
inline constexpr std::uint64_t default_inflate_limit = std::uint64_t{1} << 32;

/// Decompresses a bare DEFLATE stream.
inline std::vector<std::uint8_t> inflate(std::span<const std::uint8_t> bytes,
                                         std::uint64_t limit = default_inflate_limit) {
  std::vector<std::uint8_t> out;
  const std::size_t used = detail::Inflater(bytes, out, limit).run();
  if (used != bytes.size()) detail::inflate_error(text("there are ", bytes.size() - used, " bytes after the end"));
  return out;
}

/// Decompresses a zlib stream.
inline std::vector<std::uint8_t> zlib_decompress(std::span<const std::uint8_t> bytes,
                                                 std::uint64_t limit = default_inflate_limit) {
  if (bytes.size() < 2) throw ValueError("zlib_decompress: the header is truncated");
  if ((bytes[0] & 15) != 8) throw ValueError("zlib_decompress: the compression method must be 8");
  if (bytes[0] >> 4 > 7) throw ValueError("zlib_decompress: the window is larger than 32768 bytes");
  if ((bytes[0] * 256u + bytes[1]) % 31 != 0) throw ValueError("zlib_decompress: the header's check bits are wrong");
  if (bytes[1] & 32) throw ValueError("zlib_decompress: the data needs a preset dictionary");
  std::vector<std::uint8_t> out;
  const std::size_t end = 2 + detail::Inflater(bytes.subspan(2), out, limit).run();
  if (bytes.size() - end < 4) throw ValueError("zlib_decompress: the checksum is truncated");
  if (bytes.size() - end > 4) throw ValueError("zlib_decompress: there are bytes after the end");
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 4; ++i) sum = sum << 8 | bytes[end + i];
  if (sum != adler32(out)) throw ValueError("zlib_decompress: the checksum of the data is wrong");
  return out;
}

inline bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/// Decompresses a gzip file of one or more members; zeros after the last one are ignored, as gzip does.
inline std::vector<std::uint8_t> gzip_decompress(std::span<const std::uint8_t> bytes,
                                                 std::uint64_t limit = default_inflate_limit) {
  std::vector<std::uint8_t> out;
  std::size_t at = 0;
  do {
    at = detail::skip_gzip_header(bytes, at);
    const std::size_t start = out.size();
    at += detail::Inflater(bytes.subspan(at), out, limit).run();
    if (bytes.size() - at < 8) throw ValueError("gzip_decompress: the checksum and size are truncated");
    const auto member = std::span<const std::uint8_t>(out).subspan(start);
    if (detail::little32(bytes.subspan(at)) != crc32(member))
      throw ValueError("gzip_decompress: the checksum of the data is wrong");
    if (detail::little32(bytes.subspan(at + 4)) != (member.size() & 0xFFFFFFFF)) {
      throw ValueError("gzip_decompress: the size of the data is wrong");
    }
    at += 8;
    if (std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), [](auto b) { return b == 0; })) break;
  } while (at < bytes.size());
  return out;
}

}  // namespace io
}  // namespace ink
