// JSON, as far as file headers need it: objects, arrays, strings and 64-bit integers (RFC 8259, strictly).
//
// What a header of this library never holds is refused, not guessed: fractions, exponents, true, false, null, integers
// beyond 64 bits, duplicate keys, invalid UTF-8, and nesting deeper than 32.
//
// Errors: ValueError with the byte at which the text is wrong.
//
// Example:
//     io::Json json = io::parse_json(R"({"shape": [2, 3]})");
//     std::int64_t rows = json.find("shape")->items[0].integer;
//     std::string quoted = io::json_quote("a \"name\"");
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/sorted_order.hpp"

namespace ink {
namespace io {

struct Json {
  enum class Kind { object, array, string, integer };

  Kind kind = Kind::object;
  std::int64_t integer = 0;
  std::string string;
  std::vector<std::string> keys;  ///< of an object, in the order of the text; items holds the values
  std::vector<Json> items;        ///< of an array or object

  bool is(Kind k) const { return kind == k; }

  /// The value of a key, or null.
  const Json* find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == key) return &items[i];
    }
    return nullptr;
  }
};

}  // namespace io

namespace detail {

/// The length of the valid UTF-8 sequence at the start of `bytes`, or 0.
inline std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  const auto next = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return at(i) >= low && at(i) <= high;
  };
  const unsigned lead = at(0);
  if (bytes.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return next(1) ? 2 : 0;
  // The second byte's range leaves out overlong forms, surrogates and what lies above U+10FFFF.
  if (lead >= 0xE0 && lead <= 0xEF) {
    return next(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && next(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    return next(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && next(2) && next(3) ? 4 : 0;
  }
  return 0;
}

inline bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

class JsonParser {
 public:
  explicit JsonParser(std::string_view in) : in_(in) {}

  io::Json document() {
    io::Json json = value(0);
    skip_space();
    if (at_ != in_.size()) fail("there is text after the end");
    return json;
  }

 private:
  using Kind = io::Json::Kind;
  static constexpr int max_depth = 32;

  [[noreturn]] void fail(std::string_view what) const { throw ValueError(text("json: byte ", at_, ": ", what)); }

  char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }

  void skip_space() {
    while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\t' || in_[at_] == '\n' || in_[at_] == '\r')) ++at_;
  }

  void expect(char c, std::string_view what) {
    skip_space();
    if (peek() != c) fail(at_ < in_.size() ? what : "the text is truncated");
    ++at_;
  }

  io::Json value(int depth) {
    if (depth > max_depth) fail("the nesting is too deep");
    skip_space();
    if (at_ == in_.size()) fail("the text is truncated");
    io::Json json;
    const char c = in_[at_];
    if (c == '"') {
      json.kind = Kind::string;
      json.string = string();
    } else if (c == '{' || c == '[') {
      ++at_;
      json.kind = c == '{' ? Kind::object : Kind::array;
      container(json, c == '{' ? '}' : ']', depth);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      json.kind = Kind::integer;
      json.integer = integer();
    } else {
      fail("a value must be an object, array, string or integer");
    }
    return json;
  }

  void container(io::Json& json, char close, int depth) {
    skip_space();
    if (peek() == close) {
      ++at_;
      return;
    }
    for (;;) {
      if (json.is(Kind::object)) {
        skip_space();
        if (peek() != '"') fail(at_ < in_.size() ? "a key must be a string" : "the text is truncated");
        json.keys.push_back(string());
        expect(':', "a key must be followed by a colon");
      }
      json.items.push_back(value(depth + 1));
      skip_space();
      if (peek() == close) break;
      expect(',', "items must be separated by commas");
    }
    ++at_;
    const auto& keys = json.keys;
    const auto order = sorted_order(keys.size(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (keys[order[i - 1]] == keys[order[i]]) fail(text("the key \"", keys[order[i]], "\" occurs twice"));
    }
  }

  std::int64_t integer() {
    const bool negative = peek() == '-';
    if (negative) ++at_;
    const auto digit = [&] { return peek() >= '0' && peek() <= '9'; };
    if (!digit()) fail("a minus must be followed by a digit");
    if (peek() == '0' && at_ + 1 < in_.size() && in_[at_ + 1] >= '0' && in_[at_ + 1] <= '9') {
      fail("a number must not start with 0");
    }
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    std::int64_t number = 0;  // held as a negative number: the range is one wider there
    for (; digit(); ++at_) {
      const int d = peek() - '0';
      if (number < (lowest + d) / 10) fail("an integer is beyond 64 bits");
      number = number * 10 - d;
    }
    if (peek() == '.' || peek() == 'e' || peek() == 'E') fail("a number must be an integer");
    if (!negative && number == lowest) fail("an integer is beyond 64 bits");
    return negative ? number : -number;
  }

  std::string string() {
    std::string out;
    for (++at_;;) {
      if (at_ == in_.size()) fail("the text is truncated");
      const char c = in_[at_];
      if (c == '"') break;
      if (c == '\\') {
        ++at_;
        escape(out);
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) fail("a string has a control character");
      const std::size_t length = utf8_length(in_.substr(at_));
      if (length == 0) fail("a string is not valid UTF-8");
      out.append(in_.substr(at_, length));
      at_ += length;
    }
    ++at_;
    return out;
  }

  unsigned hex4() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("\\u must be followed by four hexadecimal digits");
      code = code * 16 + static_cast<unsigned>(digit);
    }
    return code;
  }

  void escape(std::string& out) {
    const char c = peek();
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = names.find(c); i != names.npos && c != '\0') {
      out += values[i];
      ++at_;
      return;
    }
    if (c != 'u') fail("a backslash is followed by an unknown character");
    ++at_;
    unsigned code = hex4();
    if (code >= 0xDC00 && code <= 0xDFFF) fail("a low surrogate has no high one before it");
    if (code >= 0xD800 && code <= 0xDBFF) {
      const bool escaped = in_.substr(at_).starts_with("\\u");
      if (escaped) at_ += 2;
      const unsigned low = escaped ? hex4() : 0;
      if (low < 0xDC00 || low > 0xDFFF) fail("a high surrogate has no low one after it");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    const auto put = [&](unsigned byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 63));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 63));
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    }
  }

  std::string_view in_;
  std::size_t at_ = 0;
};

}  // namespace detail

namespace io {

inline Json parse_json(std::string_view in) { return detail::JsonParser(in).document(); }

/// A JSON string, quotes included. Everything but quotes, backslashes and control characters stays as it is.
inline std::string json_quote(std::string_view string) {
  std::string out = "\"";
  for (const char c : string) {
    constexpr std::string_view special = "\"\\\b\f\n\r\t", names = "\"\\bfnrt", digits = "0123456789abcdef";
    if (const std::size_t i = special.find(c); i != special.npos) {
      out += '\\';
      out += names[i];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<std::size_t>(c >> 4)];
      out += digits[static_cast<std::size_t>(c & 15)];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace io
}  // namespace ink
