// Errors: misuse throws, always, in one format: the operation, who is what, and the rule that was broken.
//
//   matmul: a is (4, 5), b is (64, 3); a[1] must equal b[0]
//
// ShapeError   extents that do not fit together
// ValueError   any other argument outside its domain
// IoError      a file or stream that cannot be read or written; names the path and the reason
//
// Example:
//     try {
//       throw ValueError(text("dropout: rate is ", 1.5, "; it must be in [0, 1)"));
//     } catch (const std::invalid_argument& error) {
//       std::string what = error.what();
//     }
#pragma once

#include <array>
#include <charconv>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "inkling/config.hpp"

namespace ink {

struct ShapeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct ValueError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

class IoError : public std::runtime_error {
 public:
  IoError(std::string path, std::string reason)
      : std::runtime_error(path + ": " + reason), path_(std::move(path)), reason_(std::move(reason)) {}
  const std::string& path() const { return path_; }
  const std::string& reason() const { return reason_; }

 private:
  std::string path_, reason_;
};

namespace detail {

/// What a message is made of: a thing, and how to write it.
class TextPart {
 public:
  template <class X>
  explicit TextPart(const X& x) {
    if constexpr (std::is_convertible_v<const X&, const char*>) {
      object_ = static_cast<const char*>(x);
      append_ = append_characters;
    } else {
      object_ = &x;
      append_ = [](std::string& out, const void* object) { append(out, *static_cast<const X*>(object)); };
    }
  }
  void append_to(std::string& out) const { append_(out, object_); }

 private:
  static void append_characters(std::string& out, const void* object) { out += static_cast<const char*>(object); }
  static void append(std::string& out, char x) { out += x; }
  static void append(std::string& out, bool x) { out += x ? "true" : "false"; }
  template <class X>
  static void append(std::string& out, const X& x) {
    if constexpr (std::is_convertible_v<const X&, std::string_view>) {
      out += std::string_view(x);
    } else if constexpr (std::is_arithmetic_v<X>) {
      std::array<char, 32> digits;
      out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr);
    } else {
      out += to_string(x);
    }
  }

  const void* object_;
  void (*append_)(std::string&, const void*);
};

inline std::string joined(std::initializer_list<TextPart> parts) {
  std::string out;
  for (const TextPart& part : parts) part.append_to(out);
  return out;
}

}  // namespace detail

/// Joins strings, numbers (shortest exact form) and anything with a `to_string` found by its namespace.
template <class... Parts>
INKLING_NOINLINE std::string text(const Parts&... parts) {
  return detail::joined({detail::TextPart(parts)...});
}

}  // namespace ink
