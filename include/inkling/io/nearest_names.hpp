// nearest_names: what someone who wrote a name that does not exist may have meant.
//
// Example:
//     std::vector<std::string> names{"encoder.weight", "decoder.bias"};
//     std::string list = detail::nearest_names("encoder.weights", names);    // both, quoted, the nearest first
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/io/json.hpp"

namespace ink::detail {

/// The number of single-character edits between two names.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// The three that take the fewest edits, quoted.
inline std::string nearest_names(std::string_view name, const std::vector<std::string>& names) {
  std::vector<std::size_t> distance;
  for (const auto& other : names) distance.push_back(edit_distance(name, other));
  const auto near =
      sorted_order(distance.size(), [&](std::size_t a, std::size_t b) { return distance[a] < distance[b]; });
  std::string list;
  for (std::size_t i = 0; i < near.size() && i < 3; ++i) list += (i ? ", " : "") + io::json_quote(names[near[i]]);
  return list;
}

}  // namespace ink::detail
