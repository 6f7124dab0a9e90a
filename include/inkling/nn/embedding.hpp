// Embeddings: numbers that are names (tokens, positions, classes) or times, as vectors.
//
//   Embedding         row `id` of a learned table
//   LearnedPositions  x[n, t] + table[offset + t]
//   ClassEmbedding    a row per class and one more, the last, for "no class": the null row that training with dropped
//                     labels learns (J. Ho, T. Salimans, "Classifier-free diffusion guidance", 2022, arXiv:2207.12598)
//
// Shapes: Embedding         ids (int32, rank R) -> (ids…, width)
//         LearnedPositions  x (N, T, width) -> the same
//         ClassEmbedding    x (N, …) and a condition for N images -> (N, width)
//
// ids may be recorded too (`tape.constant(ids)`): the result is recorded iff they are. ClassEmbedding reads from x only
// the size of the batch and whether it is recorded.
//
// Errors: ValueError for an id outside the table, or a label outside [0, classes) that is not null_label; ShapeError if
// the positions do not reach, or there is not one label per image.
//
// Example:
//     Embedding<float> tokens({.count = 256, .width = 64}, Key{1});
//     LearnedPositions<float> positions({.tokens = 784, .width = 64}, Key{2});
//     auto h = positions(tokens(Tensor<std::int32_t, 2>(Shape{8, 784}, 17)));             // (8, 784, 64)
//     ClassEmbedding<float> classes({.classes = 10, .width = 64}, Key{3});
//     auto c = classes(h, ClassLabels{Tensor<std::int32_t, 1>(Shape{8}, null_label)});    // (8, 64)
#pragma once

#include <cstdint>

#include "inkling/nn/check.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/init.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/embedding.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {

template <class T = float>
struct Embedding {
  struct Options {
    Index count = 0;  ///< of different ids
    Index width = 0;
    double std = 1;
  };

  Parameter<T, 2> table;

  Embedding(const Options& o, Key key) {
    detail::require_positive("embedding", "count", o.count);
    detail::require_positive("embedding", "width", o.width);
    table.value = init::normal<T>(Shape<2>{o.count, o.width}, key, o.std);
  }

  template <int R>
  static constexpr Shape<R + 1> out_shape(const Options& o, const Shape<R>& ids) {
    Shape<R + 1> y;
    for (int a = 0; a < R; ++a) y[a] = ids[a];
    y[R] = o.width;
    return y;
  }

  template <TensorLike Ids>
  auto operator()(const Ids& ids) const {
    return embedding(table.on(ids), value(ids));
  }

  static void visit(auto& self, auto&& f) { f("table", self.table); }
};

template <class T = float>
struct LearnedPositions {
  struct Options {
    Index tokens = 0, width = 0;
    double std = 0.02;
  };

  Parameter<T, 2> table;

  LearnedPositions(const Options& o, Key key) {
    detail::require_positive("learned_positions", "tokens", o.tokens);
    detail::require_positive("learned_positions", "width", o.width);
    table.value = init::normal<T>(Shape<2>{o.tokens, o.width}, key, o.std);
  }

  static constexpr Shape<3> out_shape(const Options& o, const Shape<3>& x) {
    check(x, {o.tokens, o.width}, 0);
    return x;
  }

  /// `offset` is the position of x's first token.
  template <TensorLikeOfRank<3> X>
  auto operator()(const X& x, Index offset = 0) const {
    const auto& shape = value(x).shape();
    check(shape, table.shape(), offset);
    return x + slice(table.on(x), 0, offset, offset + shape[1]);
  }

  static void visit(auto& self, auto&& f) { f("table", self.table); }

 private:
  static constexpr void check(const Shape<3>& x, const Shape<2>& table, Index offset) {
    detail::require_extent("learned_positions", x, 2, "width", table[1]);
    if (offset < 0 || offset > table[0] - x[1]) {
      throw ShapeError(text("learned_positions: x is ", x, ", offset is ", offset, ", tokens are ", table[0],
                            "; offset + x[1] must not exceed tokens"));
    }
  }
};

template <class T = float>
struct ClassEmbedding {
  struct Options {
    Index classes = 0, width = 0;
    double std = 0.02;
  };

  Parameter<T, 2> table;

  ClassEmbedding(const Options& o, Key key) {
    detail::require_positive("class_embedding", "classes", o.classes);
    detail::require_positive("class_embedding", "width", o.width);
    table.value = init::normal<T>(Shape<2>{o.classes + 1, o.width}, key, o.std);
  }

  Index classes() const { return table.shape()[0] - 1; }

  template <TensorLike X>
  auto operator()(const X& x, const Unconditional&) const {
    const auto null = static_cast<std::int32_t>(classes());
    return embedding(table.on(x), Tensor<std::int32_t, 1>(Shape<1>{value(x).shape()[0]}, null));
  }

  template <TensorLike X>
  auto operator()(const X& x, const ClassLabels& condition) const {
    const auto& shape = value(x).shape();
    auto rows = condition.ids;
    if (rows.size() != shape[0]) {
      throw ShapeError(
          text("class_embedding: x is ", shape, ", labels are ", rows.shape(), "; there must be one label per x[0]"));
    }
    std::int32_t* id = rows.mutable_data();
    for (Index i = 0; i < rows.size(); ++i) {
      if (id[i] < null_label || id[i] >= classes()) {
        throw ValueError(text("class_embedding: label ", i, " is ", id[i], ", classes are ", classes(),
                              "; it must be in [0, classes), or null_label"));
      }
      if (id[i] == null_label) id[i] = static_cast<std::int32_t>(classes());
    }
    return embedding(table.on(x), rows);
  }

  static void visit(auto& self, auto&& f) { f("table", self.table); }
};

}  // namespace ink
