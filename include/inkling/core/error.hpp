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
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

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

template <class X>
void append_text(std::string& out, const X& x) {
  if constexpr (std::is_convertible_v<const X&, std::string_view>) {
    out += std::string_view(x);
  } else if constexpr (std::is_same_v<X, char>) {
    out += x;
  } else if constexpr (std::is_same_v<X, bool>) {
    out += x ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<X>) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr;
    out.append(digits.data(), end);
  } else {
    out += to_string(x);
  }
}

}  // namespace detail

/// Joins strings, numbers (shortest exact form) and anything with a `to_string` found by its namespace.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (detail::append_text(out, parts), ...);
  return out;
}

}  // namespace ink
