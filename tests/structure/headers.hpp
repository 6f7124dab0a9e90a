// The public headers as text: what the structural tests read.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace structure {

struct Include {
  std::string name;  ///< "inkling/core/shape.hpp" or "vector"
  bool system;       ///< in angle brackets
};

struct Header {
  std::string path;  ///< below include/inkling, e.g. "core/shape.hpp"
  std::string text;

  /// The folder below include/inkling; empty for the headers at its top.
  std::string folder() const {
    const auto slash = path.find('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    std::size_t at = 0;
    while (at < text.size()) {
      const auto end = std::min(text.find('\n', at), text.size());
      result.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return result;
  }

  std::vector<Include> includes() const {
    std::vector<Include> result;
    for (const auto& line : lines()) {
      const auto hash = line.find_first_not_of(' ');
      if (hash == std::string::npos || line[hash] != '#') continue;
      const auto word = line.find_first_not_of(' ', hash + 1);
      if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
      const auto open = line.find_first_of("<\"", word);
      if (open == std::string::npos) continue;
      const auto close = line.find_first_of(">\"", open + 1);
      result.push_back({line.substr(open + 1, close - open - 1), line[open] == '<'});
    }
    return result;
  }
};

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<Header> public_headers(const std::filesystem::path& source_dir) {
  const auto root = source_dir / "include" / "inkling";
  std::vector<Header> result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp") continue;
    result.push_back({std::filesystem::relative(entry.path(), root).generic_string(), read(entry.path())});
  }
  std::sort(result.begin(), result.end(), [](const Header& a, const Header& b) { return a.path < b.path; });
  return result;
}

}  // namespace structure
