// Whether markup that a program wrote hangs together: tags that close in turn, ids that are there once, links and
// labels that lead to one. Stricter than HTML, looser than a validator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace markup_check {

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// The values of an attribute, in the order of the text.
inline std::vector<std::string> attributes(std::string_view text, const std::string& name) {
  const std::string begin = " " + name + "=\"";
  std::vector<std::string> all;
  for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, at + 1)) {
    const std::size_t from = at + begin.size();
    all.emplace_back(text.substr(from, text.find('"', from) - from));
  }
  return all;
}

/// What is wrong with the nesting of tags, or nothing.
inline std::string nesting_fault(std::string_view text) {
  const std::vector<std::string_view> empty_ones = {"meta", "link", "img", "source"};
  std::vector<std::string_view> open;
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == text.npos) return "a tag has no end";
    const auto tag = text.substr(at + 1, end - at - 1);
    if (tag.empty() || tag[0] == '!') continue;
    const bool closes = tag[0] == '/';
    const auto name = tag.substr(closes ? 1 : 0, tag.find_first_of(" />\n", 1) - (closes ? 1 : 0));
    if (closes) {
      if (open.empty() || open.back() != tag.substr(1)) return "</" + std::string(tag.substr(1)) + "> closes nothing";
      open.pop_back();
    } else if (tag.back() != '/' && std::find(empty_ones.begin(), empty_ones.end(), name) == empty_ones.end()) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "<" + std::string(open.back()) + "> stays open";
}

/// An id that is there twice, or that something names and that is not there; or nothing.
inline std::string id_fault(std::string_view text) {
  auto ids = attributes(text, "id");
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) return *twice + " is there twice";
  const auto known = [&](const std::string& id) { return std::binary_search(ids.begin(), ids.end(), id); };
  for (const auto& link : attributes(text, "href")) {
    if (link[0] == '#' && !known(link.substr(1))) return link + " leads nowhere";
  }
  for (const auto& labels : attributes(text, "aria-labelledby")) {
    for (std::size_t at = 0; at < labels.size();) {
      const std::size_t end = std::min(labels.find(' ', at), labels.size());
      if (!known(labels.substr(at, end - at))) return labels + " is no label";
      at = end + 1;
    }
  }
  return "";
}

}  // namespace markup_check
