// sorted_order: in which order to take elements so that they are sorted, without moving them.
//
//   order[0], order[1], ... are 0 ... count - 1 such that no before(order[i + 1], order[i])
//
// sorted_by(items, key) moves them: a vector in the order of key(item), equal ones as they were.
//
// `before(a, b)` compares the elements of two indices, a strict weak order; equal ones stay in their order. All callers
// share one instantiation of std::sort, which takes a compiler longer than most headers: the comparison is called
// through a pointer, so this is for lists that are sorted now and then, not for inner loops.
//
// Example:
//     std::vector<double> x{0.3, 0.1, 0.2};
//     auto order = sorted_order(x.size(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });  // 1, 2, 0
//     x = sorted_by(std::move(x), [](double item) { return -item; });                                  // 0.3, 0.2, 0.1
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace ink {
namespace detail {

/// A comparison of indices whose type is known only to the caller; of equal ones the first comes first.
struct IndexOrder {
  bool (*before)(const void* context, std::size_t a, std::size_t b);
  const void* context;

  bool operator()(std::size_t a, std::size_t b) const {
    return before(context, a, b) || (a < b && !before(context, b, a));
  }
};

inline std::vector<std::size_t> sort_indices(std::size_t count, IndexOrder order) {
  std::vector<std::size_t> indices(count);
  for (std::size_t i = 0; i < count; ++i) indices[i] = i;
  std::sort(indices.begin(), indices.end(), order);
  return indices;
}

}  // namespace detail

template <class Before>
std::vector<std::size_t> sorted_order(std::size_t count, const Before& before) {
  const auto call = [](const void* context, std::size_t a, std::size_t b) {
    return static_cast<bool>((*static_cast<const Before*>(context))(a, b));
  };
  return detail::sort_indices(count, {call, &before});
}

template <class Item, class Key>
std::vector<Item> sorted_by(std::vector<Item> items, const Key& key) {
  std::vector<Item> out;
  out.reserve(items.size());
  const auto before = [&](std::size_t a, std::size_t b) { return key(items[a]) < key(items[b]); };
  for (const std::size_t i : sorted_order(items.size(), before)) out.push_back(std::move(items[i]));
  return out;
}

}  // namespace ink
