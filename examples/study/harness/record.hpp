// Record: what a task found out, as numbers and words by name, in the order in which they were written.
//
// As a file, a line each: the name, a tab, the value. A series is numbers with spaces between. Numbers are written with
// 17 digits, so that they come back to the bit.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/core/error.hpp"

namespace study {

class Record {
 public:
  void set(const std::string& name, std::string value) {
    if (name.find_first_of("\t\n") != std::string::npos || value.find_first_of("\t\n") != std::string::npos) {
      throw ink::ValueError("record: '" + name + "' or its value has a tab or a line break; neither may");
    }
    for (auto& [key, old] : entries_) {
      if (key == name) {
        old = std::move(value);
        return;
      }
    }
    entries_.emplace_back(name, std::move(value));
  }
  void set(const std::string& name, const char* value) { set(name, std::string(value)); }
  void set(const std::string& name, double value) { set(name, digits(value)); }
  void set(const std::string& name, const std::vector<double>& values) {
    std::string all;
    for (const double v : values) all += (all.empty() ? "" : " ") + digits(v);
    set(name, all);
  }

  bool has(const std::string& name) const { return find(name) != nullptr; }

  const std::string& word(const std::string& name) const {
    const std::string* value = find(name);
    if (value == nullptr) throw ink::ValueError("record: has no '" + name + "'");
    return *value;
  }
  double number(const std::string& name) const {
    const auto all = series(name);
    if (all.size() != 1) throw ink::ValueError("record: '" + name + "' is '" + word(name) + "'; it must be one number");
    return all.front();
  }
  std::vector<double> series(const std::string& name) const {
    std::vector<double> values;
    const char* at = word(name).c_str();
    for (char* end = nullptr;; at = end) {
      const double v = std::strtod(at, &end);
      if (end == at) break;
      values.push_back(v);
    }
    while (*at == ' ') ++at;
    if (*at != '\0') throw ink::ValueError("record: '" + name + "' is '" + word(name) + "'; it must be numbers");
    return values;
  }

  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

  std::string text() const {
    std::string all;
    for (const auto& [name, value] : entries_) all += name + '\t' + value + '\n';
    return all;
  }
  static Record parse(std::string_view in) {
    Record record;
    while (!in.empty()) {
      const auto end = in.find('\n'), tab = in.find('\t');
      if (end == std::string_view::npos || tab > end) throw ink::ValueError("record: a line is not name, tab, value");
      record.set(std::string(in.substr(0, tab)), std::string(in.substr(tab + 1, end - tab - 1)));
      in.remove_prefix(end + 1);
    }
    return record;
  }

 private:
  static std::string digits(double value) {
    char out[32];
    std::snprintf(out, sizeof out, "%.17g", value);
    return out;
  }
  const std::string* find(const std::string& name) const {
    for (const auto& [key, value] : entries_) {
      if (key == name) return &value;
    }
    return nullptr;
  }

  std::vector<std::pair<std::string, std::string>> entries_;
};

}  // namespace study
