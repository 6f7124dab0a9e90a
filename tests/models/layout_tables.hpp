// The tables of include/inkling/nn/LAYOUTS.md, read as what they say: the parameters of a layer with given options.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace layout_tables {

using Number = std::int64_t;
/// Options and counters by name; a list's element i is "name[i]".
using Values = std::map<std::string, Number>;

/// Formulas of integers: + − · / and comparisons, max(a, b), names, name[i].
class Formula {
 public:
  Formula(std::string_view text, const Values& values) : values_(values) {
    for (std::size_t i = 0; i < text.size();) {  // every sign as one character
      const auto take = [&](std::string_view from, char to) {
        if (!text.substr(i).starts_with(from)) return false;
        text_ += to;
        i += from.size();
        return true;
      };
      if (take("−", '-') || take("·", '*') || take("≠", '#') || take("≤", '{') || take("≥", '}')) continue;
      if (text[i] != ' ') text_ += text[i];
      ++i;
    }
  }

  Number value() {
    const Number v = comparison();
    if (at_ != text_.size()) fail();
    return v;
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error("formula: " + text_ + " at " + std::to_string(at_)); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }

  Number comparison() {
    const Number a = sum();
    if (accept('=')) return a == sum();
    if (accept('#')) return a != sum();
    if (accept('<')) return a < sum();
    if (accept('>')) return a > sum();
    if (accept('{')) return a <= sum();
    if (accept('}')) return a >= sum();
    return a;
  }
  Number sum() {
    Number a = product();
    for (;;) {
      if (accept('+')) {
        a += product();
      } else if (accept('-')) {
        a -= product();
      } else {
        return a;
      }
    }
  }
  Number product() {
    Number a = factor();
    for (;;) {
      if (accept('*')) {
        a *= factor();
      } else if (accept('/')) {
        a /= factor();
      } else {
        return a;
      }
    }
  }
  Number factor() {
    if (accept('(')) {
      const Number a = comparison();
      expect(')');
      return a;
    }
    std::string word;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_') word += text_[at_++];
    if (word.empty()) fail();
    if (std::isdigit(static_cast<unsigned char>(word[0]))) return std::stoll(word);
    if (word == "max") {
      expect('(');
      const Number a = sum();
      expect(',');
      const Number b = sum();
      expect(')');
      return std::max(a, b);
    }
    if (accept('[')) {
      word += "[" + std::to_string(sum()) + "]";
      expect(']');
    }
    const auto found = values_.find(word);
    if (found == values_.end()) throw std::runtime_error("formula: " + text_ + ": what is " + word + "?");
    return found->second;
  }

  std::string text_;
  const Values& values_;
  std::size_t at_ = 0;
};

inline std::string trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return std::string(s);
}

/// The parts between commas that are in no brackets.
inline std::vector<std::string> listed(std::string_view s) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (const char c : s) {
    depth += c == '(' || c == '[';
    depth -= c == ')' || c == ']';
    if (c == ',' && depth == 0) {
      parts.push_back(trimmed(part));
      part.clear();
    } else {
      part += c;
    }
  }
  if (!trimmed(part).empty()) parts.push_back(trimmed(part));
  return parts;
}

/// "name = formula" or "name".
inline std::pair<std::string, std::string> binding(const std::string& s) {
  const auto at = s.find('=');
  if (at == std::string::npos) return {s, {}};
  return {trimmed(std::string_view(s).substr(0, at)), trimmed(std::string_view(s).substr(at + 1))};
}

/// What stands in the last brackets of the text.
inline std::string in_last_brackets(std::string_view s) {
  std::size_t end = s.rfind(')'), begin = end;
  if (end == std::string_view::npos) throw std::runtime_error("no shape in: " + std::string(s));
  for (int depth = 1; depth > 0;) {
    if (begin-- == 0) throw std::runtime_error("brackets in: " + std::string(s));
    depth += (s[begin] == ')') - (s[begin] == '(');
  }
  return std::string(s.substr(begin + 1, end - begin - 1));
}

struct Parameter {
  std::string name;
  std::vector<Number> shape, torch_shape;
};

class Tables {
 public:
  explicit Tables(const std::string& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path);
    Section* section = nullptr;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("### ")) {
        const auto at = line.find('(');
        section = &sections_[line.substr(4, at - 4)];
        section->options = listed(in_last_brackets_of_heading(line, at));
      } else if (line.starts_with("#")) {
        section = nullptr;
      } else if (section && line.starts_with("| ") && !line.starts_with("| name ")) {
        std::vector<std::string> cells;
        std::size_t from = 1;
        for (auto to = line.find('|', from); to != std::string::npos; to = line.find('|', from = to + 1)) {
          cells.push_back(trimmed(std::string_view(line).substr(from, to - from)));
        }
        if (cells.size() != 5) throw std::runtime_error("five cells are needed: " + line);
        cells[0].erase(std::remove(cells[0].begin(), cells[0].end(), '`'), cells[0].end());
        section->rows.push_back(cells);
      }
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, section] : sections_) out.push_back(name);
    return out;
  }

  /// All parameters of a layer, sorted by name.
  std::vector<Parameter> parameters(const std::string& layer, Values given) const {
    std::vector<Parameter> out;
    expand(layer, std::move(given), "", out);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
  }

 private:
  struct Section {
    std::vector<std::string> options;
    std::vector<std::vector<std::string>> rows;
  };

  static std::string in_last_brackets_of_heading(const std::string& line, std::size_t open) {
    if (open == std::string::npos || line.back() != ')') throw std::runtime_error("heading: " + line);
    return line.substr(open + 1, line.size() - open - 2);
  }

  void expand(const std::string& layer, Values given, const std::string& prefix, std::vector<Parameter>& out) const {
    const auto found = sections_.find(layer);
    if (found == sections_.end()) throw std::runtime_error("there is no table of " + layer);
    std::vector<std::string> known;
    for (const auto& option : found->second.options) {
      const auto [name, formula] = binding(option);
      known.push_back(name);
      if (given.contains(name)) continue;
      if (formula.empty()) throw std::runtime_error(layer + ": " + name + " must be told");
      given[name] = Formula(formula, given).value();
    }
    for (const auto& [name, value] : given) {
      if (name.find('[') == std::string::npos && std::find(known.begin(), known.end(), name) == known.end()) {
        throw std::runtime_error(layer + ": " + name + " is no option");
      }
    }
    for (const auto& row : found->second.rows) expand_row(row, given, prefix, out);
  }

  /// With every value below 10 for the letters that are parts of the name.
  void expand_row(const std::vector<std::string>& row, const Values& values, const std::string& prefix,
                  std::vector<Parameter>& out) const {
    for (std::size_t at = 0; at < row[0].size(); ++at) {
      const bool alone = std::islower(static_cast<unsigned char>(row[0][at])) && (at == 0 || row[0][at - 1] == '.') &&
                         (at + 1 == row[0].size() || row[0][at + 1] == '.');
      if (!alone) continue;
      for (Number i = 0; i < 10; ++i) {
        auto counted = row;
        counted[0].replace(at, 1, std::to_string(i));
        Values inner = values;
        inner[std::string(1, row[0][at])] = i;
        expand_row(counted, inner, prefix, out);
      }
      return;
    }
    for (const auto& condition : listed(row[2])) {
      if (Formula(condition, values).value() == 0) return;
    }
    const std::string name = row[0].empty() ? prefix.substr(0, prefix.size() - !prefix.empty()) : prefix + row[0];
    if (row[1].starts_with("(")) {
      out.push_back({name, shape(in_last_brackets(row[1]), values), shape(in_last_brackets(row[4]), values)});
      return;
    }
    const auto open = row[1].find('(');
    Values inner;
    for (const auto& argument : listed(in_last_brackets(row[1]))) {
      const auto [option, formula] = binding(argument);
      inner[option] = Formula(formula, values).value();
    }
    expand(row[1].substr(0, open), std::move(inner), name.empty() ? "" : name + ".", out);
  }

  static std::vector<Number> shape(const std::string& extents, const Values& values) {
    std::vector<Number> out;
    for (const auto& extent : listed(extents)) out.push_back(Formula(extent, values).value());
    return out;
  }

  std::map<std::string, Section> sections_;
};

}  // namespace layout_tables
