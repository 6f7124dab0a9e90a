// The header of an NPY file: magic number, version, and a Python dictionary of three keys.
//
// NpyHeader    what it says: the dtype as it is spelled, the order of the axes, the extents, and where the data begin
// npy_type     what elements a dtype stands for: kind, bytes, byte order; or why they can't be read
//
// Read is what numpy.load(allow_pickle=False) reads: versions 1.0, 2.0 (latin-1) and 3.0 (UTF-8), up to 10,000
// characters, keys in any order and the last of equal ones, comments, any white space, integers of Python with
// underscores, bases and the L of Python 2. Not read are backslashes in strings and parentheses around values, which
// nobody writes.
//
// Errors: ValueError that says what is wrong.
//
// Example:
//     detail::NpyType type = detail::npy_type(">f4");       // kind 'f', size 4, swapped
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/core/shape.hpp"
#include "inkling/io/utf8.hpp"

namespace ink {
namespace detail {

static_assert(std::endian::native == std::endian::little, "npy data is copied as it lies in memory");

/// The elements of a file.
struct NpyType {
  char kind = 'V';  ///< b boolean, i and u integer, f floating point
  int size = 0;     ///< in bytes
  bool swapped = false;
};

/// What elements of a kind that can't be read are called; empty for one that can be.
inline std::string_view npy_refused_kind(char kind) {
  switch (kind) {
    case 'b':
    case 'i':
    case 'u':
    case 'f': return "";
    case 'c': return "complex numbers";
    case 'g': return "extended precision, whose layout depends on the machine";
    case 'S':
    case 'a':
    case 'U': return "text";
    case 'O': return "Python objects";
    case 'M':
    case 'm': return "dates or times";
    case 'V': return "records or raw data";
    default: return "unknown";
  }
}

/// The kind and size of a dtype without its byte order: a letter of C, or a kind and a number of bytes.
inline NpyType npy_sized_type(std::string_view name) {
  constexpr auto word = static_cast<int>(sizeof(long)), pointer = static_cast<int>(sizeof(void*));
  struct Letter {
    char letter, kind;
    int size;
  };
  constexpr std::array<Letter, 31> letters{
      {{'?', 'b', 1},  {'b', 'i', 1},       {'B', 'u', 1},       {'h', 'i', 2},       {'H', 'u', 2},
       {'i', 'i', 4},  {'I', 'u', 4},       {'l', 'i', word},    {'L', 'u', word},    {'q', 'i', 8},
       {'Q', 'u', 8},  {'n', 'i', pointer}, {'N', 'u', pointer}, {'p', 'i', pointer}, {'P', 'u', pointer},
       {'e', 'f', 2},  {'f', 'f', 4},       {'d', 'f', 8},       {'g', 'g', 16},      {'F', 'c', 8},
       {'D', 'c', 16}, {'G', 'c', 32},      {'S', 'S', 0},       {'a', 'S', 0},       {'U', 'U', 0},
       {'O', 'O', 8},  {'M', 'M', 8},       {'m', 'm', 8},       {'V', 'V', 0},       {'c', 'S', 1},
       {'T', 'U', 16}}};
  if (name.empty()) return {'\0', 0};
  if (name.size() == 1) {
    const auto at = std::find_if(letters.begin(), letters.end(), [&](const Letter& l) { return l.letter == name[0]; });
    return at == letters.end() ? NpyType{'\0', 0} : NpyType{at->kind, at->size};
  }
  const char kind = name[0];
  if (std::string_view("SaUOMmVc").find(kind) != std::string_view::npos) return {kind, 0};
  // Read as C's strtol does: blanks, a sign, digits.
  name.remove_prefix(1);
  while (!name.empty() && (name[0] == ' ' || (name[0] >= '\t' && name[0] <= '\r'))) name.remove_prefix(1);
  if (name.starts_with('+')) name.remove_prefix(1);
  int size = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), size);
  if (error != std::errc{} || end != name.data() + name.size()) return {'\0', 0};
  const bool is_power = size == 1 || size == 2 || size == 4 || size == 8;
  if (kind == 'f' && (size == 12 || size == 16)) return {'g', size};
  if (kind == 'b' && size == 1) return {'b', 1};
  if ((kind == 'i' || kind == 'u') && is_power) return {kind, size};
  if (kind == 'f' && is_power && size > 1) return {kind, size};
  return {'\0', 0};
}

/// ValueError, with the reason, for elements that can't be read.
inline NpyType npy_type(std::string_view descr) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> names{{{"bool", "?"},
                                                                                 {"bool_", "?"},
                                                                                 {"int8", "i1"},
                                                                                 {"int16", "i2"},
                                                                                 {"int32", "i4"},
                                                                                 {"int64", "i8"},
                                                                                 {"uint8", "u1"},
                                                                                 {"uint16", "u2"},
                                                                                 {"uint32", "u4"},
                                                                                 {"uint64", "u8"},
                                                                                 {"float16", "f2"},
                                                                                 {"half", "f2"},
                                                                                 {"single", "f"},
                                                                                 {"float32", "f"},
                                                                                 {"double", "d"},
                                                                                 {"float64", "d"}}};
  std::string_view name = descr;
  const bool has_order = !name.empty() && std::string_view("<>=|").find(name[0]) != std::string_view::npos;
  const bool swapped = name.starts_with('>');
  if (has_order) name.remove_prefix(1);
  for (const auto& [full, brief] : names) {
    if (!has_order && name == full) name = brief;
  }
  NpyType type = npy_sized_type(name);
  const bool composed = !name.empty() && std::string_view("[({").find(name[0]) != std::string_view::npos;
  const auto refused = npy_refused_kind(composed ? 'V' : type.kind);
  if (!refused.empty()) {
    throw ValueError(text("npy: the elements are '", descr, "' (", refused,
                          "); booleans, integers and numbers of 16, 32 or 64 bits can be read"));
  }
  type.swapped = swapped && type.size > 1;
  return type;
}

/// Reads a literal of Python that is a dictionary of the three keys.
class NpyDictionary {
 public:
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;

  /// `has_long`: may integers end in L?
  NpyDictionary(std::string_view in, bool has_long) : in_(in), has_long_(has_long) {
    if (in.find('\0') != in.npos) throw ValueError("npy: the header has a zero byte");
    skip_indentation();
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (which < 0) throw ValueError(text("npy: the header has the key '", key, "' too much"));
      seen[which] = true;
      if (which == 0) read_descr();
      if (which == 1) fortran_order = boolean();
      if (which == 2) tuple();
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip_space();
    if (!in_.empty()) throw ValueError("npy: the header has text after its dictionary");
    if (!seen[0] || !seen[1] || !seen[2]) throw ValueError("npy: the header lacks descr, fortran_order or shape");
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || c == '\n' || c == '\r'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 128;
  }

  char peek() const { return in_.empty() ? '\0' : in_[0]; }

  /// Before the dictionary lines may be empty, and the first one indented.
  void skip_indentation() {
    while (peek() == ' ' || peek() == '\t') in_.remove_prefix(1);
    while (peek() == '\f' || peek() == '\n' || peek() == '\r') in_.remove_prefix(1);
    if (is_blank(peek())) throw ValueError("npy: the dictionary of the header is indented");
  }

  void skip_space() {
    while (is_blank(peek()) || peek() == '#') {
      if (peek() == '#') {
        in_.remove_prefix(std::min(in_.find_first_of("\n\r"), in_.size()));
      } else {
        in_.remove_prefix(1);
      }
    }
  }
  bool accept(char c) {
    skip_space();
    if (peek() != c) return false;
    in_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) throw ValueError(text("npy: the header has no '", c, "' where one is needed"));
  }

  std::string string() {
    skip_space();
    if (!in_.empty() && std::string_view("uUrR").find(peek()) != std::string_view::npos) in_.remove_prefix(1);
    const char quote = peek();
    const auto end = quote == '\'' || quote == '"' ? in_.find(quote, 1) : in_.npos;
    if (end == in_.npos) throw ValueError("npy: the header has no string where one is needed");
    std::string out(in_.substr(1, end - 1));
    if (out.find_first_of("\\\n\r") != out.npos)
      throw ValueError("npy: a string of the header has a backslash or ends a line");
    in_.remove_prefix(end + 1);
    return out;
  }

  /// A string, or the text of whatever else says how elements are composed.
  void read_descr() {
    skip_space();
    const char c = peek();
    if (c != '[' && c != '(' && c != '{') {
      descr = string();
      return;
    }
    std::size_t length = 0;
    int depth = 0;
    do {
      if (length == in_.size()) throw ValueError("npy: the dtype of the header is truncated");
      const char b = in_[length++];
      depth += (b == '[' || b == '(' || b == '{') - (b == ']' || b == ')' || b == '}');
    } while (depth > 0);
    descr = std::string(in_.substr(0, length));
    in_.remove_prefix(length);
  }

  /// True and False, if one stands here.
  bool accept_word(std::string_view word) {
    if (!in_.starts_with(word) || (in_.size() > word.size() && is_word(in_[word.size()]))) return false;
    in_.remove_prefix(word.size());
    return true;
  }
  bool boolean() {
    skip_space();
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    throw ValueError("npy: fortran_order must be True or False");
  }

  void tuple() {
    shape.clear();
    expect('(');
    while (!accept(')')) {
      shape.push_back(extent());
      if (accept(',')) continue;
      if (shape.size() == 1 || !accept(')')) throw ValueError("npy: the shape must be a tuple");
      break;
    }
  }

  [[noreturn]] static void refuse_extent() { throw ValueError("npy: the shape must hold integers from 0"); }

  Index extent() {
    skip_space();
    const bool negative = peek() == '-';
    if (negative || peek() == '+') in_.remove_prefix(1);
    skip_space();
    const Index value = digits();
    if (negative && value != 0) refuse_extent();
    const std::string_view before = in_;
    skip_space();
    if (!has_long_ || !accept_word("L")) in_ = before;
    if (!in_.empty() && (is_word(peek()) || peek() == '.')) refuse_extent();
    return value;
  }

  /// An integer as Python spells it: 10, 1_0, 0xA, 0o12, 0b1010; no needless zero in front.
  Index digits() {
    const char second = in_.size() > 1 ? static_cast<char>(in_[1] | 32) : '\0';
    const Index base = peek() != '0' ? 10 : second == 'x' ? 16 : second == 'o' ? 8 : second == 'b' ? 2 : 10;
    const bool zero = peek() == '0' && base == 10;
    if (base != 10) in_.remove_prefix(2);
    Index value = 0;
    bool expects_digit = base == 10;  // "0x_1" is allowed, "_1" is another thing
    std::size_t count = 0;
    for (;; in_.remove_prefix(1), ++count) {
      const char c = peek();
      if (c == '_' && !expects_digit) {
        expects_digit = true;
        continue;
      }
      const char lower = static_cast<char>(c | 32);
      const Index digit = is_digit(c) ? c - '0' : base == 16 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : base;
      if (digit >= base) break;
      if (zero && digit != 0) refuse_extent();
      if (!multiply(value, base) || value > std::numeric_limits<Index>::max() - digit) refuse_extent();
      value += digit;
      expects_digit = false;
    }
    if (expects_digit || count == 0) refuse_extent();
    return value;
  }

  std::string_view in_;
  bool has_long_;
};

struct NpyHeader {
  std::string descr;
  NpyType type;
  bool fortran_order = false;
  std::vector<Index> shape;
  std::size_t data = 0;  ///< where the elements begin

  explicit NpyHeader(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view magic = "\x93NUMPY";
    const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!file.starts_with(magic)) throw ValueError("npy: the file does not start with \\x93NUMPY");
    if (bytes.size() < 10) throw ValueError("npy: the header is truncated");
    const unsigned version = bytes[6];
    if (version < 1 || version > 3 || bytes[7] != 0) {
      throw ValueError(text("npy: the version is ", version, ".", bytes[7], "; it must be 1.0, 2.0 or 3.0"));
    }
    const std::size_t begin = version == 1 ? 10 : 12;
    if (bytes.size() < begin) throw ValueError("npy: the header is truncated");
    std::size_t length = bytes[8] | std::size_t{bytes[9]} << 8;
    if (version > 1) length |= std::size_t{bytes[10]} << 16 | std::size_t{bytes[11]} << 24;
    if (length > bytes.size() - begin) throw ValueError("npy: the header is truncated");
    const std::string_view header = file.substr(begin, length);
    if (version == 3 && !is_utf8(header)) throw ValueError("npy: the header is not valid UTF-8");
    const auto characters = std::count_if(header.begin(), header.end(), [&](char c) {
      return version < 3 || (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    if (characters > 10000)
      throw ValueError(text("npy: the header has ", characters, " characters; the most is 10000"));
    NpyDictionary dictionary(header, version < 3);
    descr = std::move(dictionary.descr);
    fortran_order = dictionary.fortran_order;
    shape = std::move(dictionary.shape);
    data = begin + length;
    type = npy_type(descr);
  }
};

}  // namespace detail
}  // namespace ink
