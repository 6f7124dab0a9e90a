// The letters of JSON: reading and checking a text without keeping anything of it (see io/json.hpp).
//
// JsonChecker    throws ValueError, with the byte, unless a text is JSON of the kinds that json.hpp names
// JsonReader     reads or skips a string, an integer, a value at some byte of a text that has been checked
//
// A check takes memory for the keys of the objects that it is in, 12 to 20 bytes each, and for nothing else.
//
// Example:
//     std::string_view text = R"(["a", 7])";
//     detail::JsonChecker(text).document();
//     detail::JsonReader reader(text, 1);
//     std::string a = reader.string();
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/sorted_order.hpp"
#include "inkling/io/utf8.hpp"

namespace ink {
namespace detail {

/// Reads a JSON text from some byte on. What it reads of strings and integers it checks; what it skips must have been
/// checked before.
class JsonReader {
 public:
  JsonReader(std::string_view in, std::size_t at) : in_(in), at_(at) {}

  std::size_t at() const { return at_; }
  char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  void next() { ++at_; }

  [[noreturn]] void fail(std::string_view what) const { throw ValueError(text("json: byte ", at_, ": ", what)); }

  void skip_space() {
    while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\t' || in_[at_] == '\n' || in_[at_] == '\r')) ++at_;
  }

  void expect(char c, std::string_view what) {
    skip_space();
    if (peek() != c) fail(at_ < in_.size() ? what : "the text is truncated");
    ++at_;
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

  /// Appends what the string says to `out`, unless that is null.
  void string(std::string* out) {
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
      if (out) out->append(in_.substr(at_, length));
      at_ += length;
    }
    ++at_;
  }

  std::string string() {
    std::string out;
    string(&out);
    return out;
  }

  void skip_string() {
    for (++at_; peek() != '"'; ++at_) at_ += peek() == '\\';
    ++at_;
  }

  void skip_value() {
    std::int64_t depth = 0;
    do {
      const char c = peek();
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      if (c == '"') {
        skip_string();
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        integer();
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

 private:
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

  void escape(std::string* out) {
    const char c = peek();
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = names.find(c); i != names.npos && c != '\0') {
      if (out) *out += values[i];
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
    if (!out) return;
    const auto put = [&](unsigned byte) { *out += static_cast<char>(static_cast<unsigned char>(byte)); };
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

 protected:
  std::string_view in_;

 private:
  std::size_t at_;
};

/// Checks a whole text: afterwards any value in it can be read without looking for faults.
class JsonChecker : JsonReader {
 public:
  explicit JsonChecker(std::string_view in) : JsonReader(in, 0) {
    if (in.size() > std::numeric_limits<std::uint32_t>::max()) fail("the text is longer than 2^32 - 1 bytes");
  }

  void document() {
    value(0);
    skip_space();
    if (at() != in_.size()) fail("there is text after the end");
  }

 private:
  static constexpr int max_depth = 32;

  void value(int depth) {
    if (depth > max_depth) fail("the nesting is too deep");
    skip_space();
    if (at() == in_.size()) fail("the text is truncated");
    const char c = peek();
    if (c == '"') {
      string(nullptr);
    } else if (c == '{' || c == '[') {
      container(c == '{', depth);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      integer();
    } else {
      fail("a value must be an object, array, string or integer");
    }
  }

  void container(bool is_object, int depth) {
    const char close = is_object ? '}' : ']';
    next();
    skip_space();
    if (peek() == close) return next();
    std::vector<std::uint32_t> keys;
    for (;;) {
      if (is_object) {
        skip_space();
        if (peek() != '"') fail(at() < in_.size() ? "a key must be a string" : "the text is truncated");
        keys.push_back(static_cast<std::uint32_t>(at()));
        string(nullptr);
        expect(':', "a key must be followed by a colon");
      }
      value(depth + 1);
      skip_space();
      if (peek() == close) break;
      expect(',', "items must be separated by commas");
    }
    next();
    check_keys(keys);
  }

  void check_keys(const std::vector<std::uint32_t>& keys) const {
    const auto order =
        sorted_order(keys.size(), [&](std::size_t a, std::size_t b) { return compare(keys[a], keys[b]) < 0; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (compare(keys[order[i - 1]], keys[order[i]]) != 0) continue;
      fail(text("the key \"", JsonReader(in_, keys[order[i]]).string(), "\" occurs twice"));
    }
  }

  /// Of the keys at two places; they are written out only if they are spelled with a backslash.
  int compare(std::size_t a, std::size_t b) const {
    for (std::size_t i = 1;; ++i) {
      const char x = in_[a + i], y = in_[b + i];
      if (x == '\\' || y == '\\') return JsonReader(in_, a).string().compare(JsonReader(in_, b).string());
      if (x == '"' || y == '"') return (x != '"') - (y != '"');
      if (x != y) return static_cast<unsigned char>(x) < static_cast<unsigned char>(y) ? -1 : 1;
    }
  }
};

}  // namespace detail
}  // namespace ink
