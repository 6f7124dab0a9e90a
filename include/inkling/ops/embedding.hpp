// Rows of a table picked by number, and numbers as unit vectors.
//
//   embedding(table, ids)[…, c] = table[ids[…], c]         gradient: rows of dy are added to the rows they came from
//   one_hot<T>(ids, classes)[…, k] = 1 if ids[…] = k, else 0
//
// Shapes: table (V, C), ids int32 of any rank (…) -> (…, C);  ids (…) -> (…, classes).
//
// Errors: ValueError for an id outside of [0, V) or [0, classes), with its place, and for classes below 1.
//
// Example:
//     auto table = normal<float>(Shape{10, 64}, Key{1});
//     Tensor<std::int32_t, 1> labels(Shape{3}, {7, 0, 7});
//     auto e = embedding(table, labels);                   // (3, 64)
//     auto h = one_hot<float>(labels, 10);                 // (3, 10)
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/core/parallel.hpp"

namespace ink {
namespace detail {

template <int R>
void check_ids(const char* operation, const Tensor<std::int32_t, R>& ids, Index count) {
  for (const std::int32_t& id : ids.values()) {
    if (id < 0 || id >= count) {
      throw ValueError(text(operation, ": ", element_text("ids", ids.shape(), &id - ids.data()), " is ", id,
                            "; ids must be in [0, ", count, ")"));
    }
  }
}

/// The shape of the ids with one more axis, the last.
template <int R>
Shape<R + 1> with_last_axis(const Shape<R>& shape, Index extent) {
  Shape<R + 1> result;
  for (int a = 0; a < R; ++a) result[a] = shape[a];
  result[R] = extent;
  return result;
}

/// table[ids[i]] += rows[i], in the order of i. Threads share out the columns, so that no two meet in an element.
template <class T>
void add_rows_at(Index count, Index width, const std::int32_t* ids, const T* rows, T* table) {
  const Index columns = count * width < 32768 ? width : 32;
  parallel_for(width, std::max<Index>(columns, 1), [=](Index begin, Index end) {
    for (Index i = 0; i < count; ++i) {
      const T* from = rows + i * width;
      T* to = table + ids[i] * width;
      for (Index c = begin; c < end; ++c) to[c] += from[c];
    }
  });
}

}  // namespace detail

template <TensorLikeOfRank<2> W, TensorLike Ids>
  requires std::same_as<scalar_t<Ids>, std::int32_t>
auto embedding(const W& table, const Ids& ids) {
  using T = scalar_t<W>;
  constexpr int R = rank_v<Ids>;
  const auto shape = value(table).shape();
  const Index width = shape[1], count = value(ids).size();
  detail::check_ids("embedding", value(ids), shape[0]);
  auto y = Tensor<T, R + 1>::uninitialized(detail::with_last_axis(value(ids).shape(), width));
  const T* from = value(table).data();
  T* to = y.mutable_data();
  parallel_for(count, 16384 / std::max<Index>(width, 1) + 1, [=, numbers = value(ids).data()](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) std::copy_n(from + numbers[i] * width, width, to + i * width);
  });
  return record(std::move(y), [shape, numbers = value(ids)](const auto& dy, auto dtable) {
    dtable.update(shape, [&](auto& g) {
      detail::add_rows_at(numbers.size(), shape[1], numbers.data(), dy.data(), g.mutable_data());
    });
  }, table);
}

/// Numbers do not carry gradients: the result lives where the ids live and is constant.
template <class T, TensorLike Ids>
  requires std::same_as<scalar_t<Ids>, std::int32_t>
auto one_hot(const Ids& ids, Index classes) {
  if (classes < 1) throw ValueError(text("one_hot: classes is ", classes, "; it must be at least 1"));
  detail::check_ids("one_hot", value(ids), classes);
  Tensor<T, rank_v<Ids> + 1> y(detail::with_last_axis(value(ids).shape(), classes));
  T* out = y.mutable_data();
  for (const std::int32_t id : value(ids).values()) {
    out[id] = T{1};
    out += classes;
  }
  if constexpr (Recorded<Ids>) {
    return constant_on(ids, y);
  } else {
    return y;
  }
}

}  // namespace ink
