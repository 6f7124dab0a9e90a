// summary: a table of a model's parameters: path, shape, count; then the total and the bytes it takes.
//
//   parameter  shape    count
//   weight     (64, 10)   640
//   bias       (10)        10
//   total                 650 parameters, 2600 bytes
//
// Example:
//     std::string table = summary(Linear<float>({.in = 64, .out = 10}, Key{1}));
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "inkling/nn/module.hpp"

namespace ink {

template <class M>
std::string summary(const M& model) {
  std::vector<std::array<std::string, 3>> rows{{"parameter", "shape", "count"}};
  Index total = 0;
  std::size_t bytes = 0;
  for_each_parameter(model, [&](const std::string& name, const auto& p) {
    rows.push_back({name, to_string(p.shape()), text(p.value.size())});
    total += p.value.size();
    bytes += p.value.values().size_bytes();
  });
  rows.push_back({"total", "", text(total)});
  std::array<std::size_t, 3> width{};
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < 3; ++c) width[c] = std::max(width[c], row[c].size());
  }
  std::string out;
  for (const auto& row : rows) {
    out += row[0] + std::string(width[0] - row[0].size() + 2, ' ');
    out += row[1] + std::string(width[1] - row[1].size() + 2, ' ');
    out += std::string(width[2] - row[2].size(), ' ') + row[2] + "\n";
  }
  out.pop_back();
  return out + text(" parameters, ", bytes, " bytes\n");
}

}  // namespace ink
