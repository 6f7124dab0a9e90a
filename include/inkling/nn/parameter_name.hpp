// ParameterName: where a parameter is in a model, as "blocks.3.attention.query.weight", written out only when asked
// for.
//
// A walk over a model meets every parameter in every step of training. What it hands out is a chain of the places on
// its way, on the stack; it becomes a string where one is wanted, and compares with one without becoming one.
//
// Example:
//     ParameterName root, blocks(root, "blocks"), third(blocks, 3), weight(third, "weight");
//     std::string name = weight;                        // "blocks.3.weight"
//     bool same = weight == "blocks.3.weight";
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace ink {

class ParameterName {
 public:
  /// The model itself: an empty name.
  ParameterName() = default;
  /// A member of `parent`, which must outlive it, or an element.
  ParameterName(const ParameterName& parent, const char* member) : parent_(&parent), member_(member) {}
  ParameterName(const ParameterName& parent, std::size_t element) : parent_(&parent), element_(element) {}
  ParameterName(const ParameterName&) = delete;
  ParameterName& operator=(const ParameterName&) = delete;

  operator std::string() const {
    if (!parent_) return {};
    std::string name = *parent_;
    if (!name.empty()) name += '.';
    char digits[20];
    return name += piece(digits);
  }

  friend bool operator==(const ParameterName& name, std::string_view text) {
    return name.is_end_of(text) && text.empty();
  }

 private:
  std::string_view piece(char (&digits)[20]) const {
    if (member_) return member_;
    return {digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof(digits), element_).ptr - digits)};
  }

  /// Does the text end with this name? Then it is taken off.
  bool is_end_of(std::string_view& text) const {
    if (!parent_) return true;
    char digits[20];
    const std::string_view last = piece(digits);
    if (!text.ends_with(last)) return false;
    text.remove_suffix(last.size());
    if (parent_->parent_) {
      if (!text.ends_with('.')) return false;
      text.remove_suffix(1);
    }
    return parent_->is_end_of(text);
  }

  const ParameterName* parent_ = nullptr;
  const char* member_ = nullptr;
  std::size_t element_ = 0;
};

}  // namespace ink
