// Rows: a tensor of any rank seen as rows along its last axis, the way softmax, norms and losses work on it.
//
// Shapes: (…, K) is `count` rows of `length` K; a rank-1 tensor is one row.
//
// Example:
//     auto x = normal<float>(Shape{8, 16, 10}, Key{1});
//     auto rows = detail::rows_of(x.shape());              // 128 rows of length 10
#pragma once

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

}  // namespace ink::detail
