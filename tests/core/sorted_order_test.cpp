#include "inkling/core/sorted_order.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace sorted_order_test {

using namespace ink;

TEST_CASE("sorted_order: the indices of sorted elements, equal ones as they stand") {
  const std::vector<std::string> words{"pear", "fig", "apple", "fig", "date"};
  const auto by_text = sorted_order(words.size(), [&](std::size_t a, std::size_t b) { return words[a] < words[b]; });
  CHECK(by_text == std::vector<std::size_t>{2, 4, 1, 3, 0});
  const auto by_length =
      sorted_order(words.size(), [&](std::size_t a, std::size_t b) { return words[a].size() > words[b].size(); });
  CHECK(by_length == std::vector<std::size_t>{2, 0, 4, 1, 3});
}

TEST_CASE("sorted_order: none, one, and many with few values") {
  const auto never = [](std::size_t, std::size_t) { return false; };
  CHECK(sorted_order(0, never).empty());
  CHECK(sorted_order(1, never) == std::vector<std::size_t>{0});
  const auto value = [](std::size_t i) { return i * 7919 % 5; };
  const auto order = sorted_order(1000, [&](std::size_t a, std::size_t b) { return value(a) < value(b); });
  bool sorted = true;
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto a = value(order[i - 1]), b = value(order[i]);
    sorted = sorted && (a < b || (a == b && order[i - 1] < order[i]));
  }
  CHECK(sorted);
}

TEST_CASE("sorted_by: items are moved, and equal ones keep their order") {
  std::vector<std::pair<int, std::string>> items{{2, "a"}, {1, "b"}, {2, "c"}, {0, "d"}};
  items = sorted_by(std::move(items), [](const auto& item) { return item.first; });
  std::string names;
  for (const auto& item : items) names += item.second;
  CHECK(names == "dbac");
}

}  // namespace sorted_order_test
