// JSON, as far as file headers need it: objects, arrays, strings and 64-bit integers (RFC 8259, strictly).
//
// What a header of this library never holds is refused, not guessed: fractions, exponents, true, false, null, integers
// beyond 64 bits, duplicate keys, invalid UTF-8, and nesting deeper than 32.
//
// parse_json checks a text as a whole and keeps a copy of it. A Json is a place in that copy, small and cheap to pass
// by value; what is asked of it is read there and then. So a text takes at most four times its own size, whatever it
// holds, and time in proportion to it (but for the sorting of keys); walking over items costs one reading of them.
//
// Errors: ValueError with the byte at which the text is wrong, and for a value that is asked for as another kind.
//
// Example:
//     io::Json json = io::parse_json(R"({"shape": [2, 3], "name": "grid"})");
//     for (const io::Json& extent : json.find("shape")->items()) {
//       std::int64_t rows = extent.integer();               // 2, then 3
//     }
//     for (const auto& [key, value] : json.members()) {
//       bool text = value.is(io::Json::Kind::string);       // "shape": false, then "name": true
//     }
//     std::string quoted = io::json_quote("a \"name\"");
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "inkling/core/error.hpp"
#include "inkling/io/json_reader.hpp"

namespace ink {
namespace io {

/// A value in a JSON text.
class Json {
 public:
  enum class Kind { object, array, string, integer };
  struct Member;
  template <class Item>
  class Range;

  Kind kind() const {
    const char c = (*text_)[at_];
    return c == '{' ? Kind::object : c == '[' ? Kind::array : c == '"' ? Kind::string : Kind::integer;
  }
  bool is(Kind k) const { return kind() == k; }

  std::int64_t integer() const { return at(Kind::integer, "an integer").integer(); }
  std::string string() const { return at(Kind::string, "a string").string(); }

  /// The values of an array, in the order of the text.
  Range<Json> items() const;
  /// The keys and values of an object, in the order of the text.
  Range<Member> members() const;
  /// The value of an object's key, if there is one; nothing if this is no object.
  std::optional<Json> find(std::string_view key) const;

 private:
  friend Json parse_json(std::string_view in);

  Json(std::shared_ptr<const std::string> text, std::size_t at) : text_(std::move(text)), at_(at) {}

  detail::JsonReader at(Kind k, std::string_view name) const {
    if (!is(k)) throw ValueError(ink::text("json: byte ", at_, ": the value is not ", name));
    return {*text_, at_};
  }

  std::shared_ptr<const std::string> text_;
  std::size_t at_;
};

struct Json::Member {
  std::string key;
  Json value;
};

/// What a `for` loop walks over: the items of an array, or the members of an object.
template <class Item>
class Json::Range {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = const Item*;
    using reference = Item;

    Item operator*() const {
      detail::JsonReader reader(*text_, at_);
      if constexpr (std::is_same_v<Item, Json>) {
        return Json(text_, at_);
      } else {
        std::string key = reader.string();
        find_value(reader);
        return {std::move(key), Json(text_, reader.at())};
      }
    }
    Iterator& operator++() {
      detail::JsonReader reader(*text_, at_);
      if constexpr (!std::is_same_v<Item, Json>) {
        reader.skip_string();
        find_value(reader);
      }
      reader.skip_value();
      reader.skip_space();
      if (reader.peek() == ',') reader.next();
      settle(reader);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    friend class Range;

    Iterator(std::shared_ptr<const std::string> text, std::size_t at) : text_(std::move(text)), at_(at) {}

    static void find_value(detail::JsonReader& reader) {
      reader.expect(':', "");
      reader.skip_space();
    }
    /// At the next item, or past the end.
    void settle(detail::JsonReader& reader) {
      reader.skip_space();
      at_ = reader.peek() == ']' || reader.peek() == '}' ? std::string::npos : reader.at();
    }

    std::shared_ptr<const std::string> text_;
    std::size_t at_;
  };

  Iterator begin() const {
    Iterator first(text_, at_);
    detail::JsonReader reader(*text_, at_ + 1);
    first.settle(reader);
    return first;
  }
  Iterator end() const { return {text_, std::string::npos}; }
  bool empty() const { return begin() == end(); }
  std::size_t size() const {  ///< by walking over all of them
    std::size_t count = 0;
    for (auto i = begin(), last = end(); i != last; ++i) ++count;
    return count;
  }

 private:
  friend class Json;

  Range(std::shared_ptr<const std::string> text, std::size_t at) : text_(std::move(text)), at_(at) {}

  std::shared_ptr<const std::string> text_;
  std::size_t at_;
};

inline Json::Range<Json> Json::items() const {
  at(Kind::array, "an array");
  return {text_, at_};
}

inline Json::Range<Json::Member> Json::members() const {
  at(Kind::object, "an object");
  return {text_, at_};
}

inline std::optional<Json> Json::find(std::string_view key) const {
  if (!is(Kind::object)) return {};
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return {};
}

inline Json parse_json(std::string_view in) {
  detail::JsonChecker(in).document();
  const std::size_t at = in.find_first_not_of(" \t\n\r");
  return {std::make_shared<const std::string>(in), at};
}

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
