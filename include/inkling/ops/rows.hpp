// Rows: a tensor of any rank seen as rows along its last axis, the way softmax, norms and losses work on it.
//
// What an error says of an element is its row along the first axis: row_text.
//
// Shapes: (…, K) is `count` rows of `length` K; a rank-1 tensor is one row.
//
// Example:
//     auto x = normal<float>(Shape{8, 16, 10}, Key{1});
//     auto rows = detail::rows_of(x.shape());              // 128 rows of length 10
#pragma once

#include <string>

#include "inkling/core/error.hpp"
#include "inkling/core/shape.hpp"

namespace ink::detail {

struct Rows {
  Index count = 1, length = 1;
};

template <int R>
constexpr Rows rows_of(const Shape<R>& shape) {
  static_assert(R >= 1, "an operation along the last axis needs rank 1 or more");
  Rows rows{1, shape[R - 1]};
  for (int a = 0; a + 1 < R; ++a) rows.count *= shape[a];
  return rows;
}

/// "row 2" of element `flat`, and where in it if there is more than one.
template <int R>
std::string row_text(const Shape<R>& shape, Index flat) {
  if constexpr (R == 0) {
    return "row 0";
  } else {
    const Shape<R> place = place_in(shape, flat);
    return R == 1 ? text("row ", place[0]) : text("row ", place[0], ", at ", place);
  }
}

}  // namespace ink::detail
