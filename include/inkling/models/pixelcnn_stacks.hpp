// The causal stacks of a PixelCNN: from a scaled image to features of every pixel that depend on earlier pixels only.
//
//   SingleStack  x₀ = first(x) + p + e,     xₗ₊₁ = GatedBlock(xₗ)
//   DoubleStack  v₀ = vertical(x) + p, h₀ = horizontal(x) + p,     (vₗ₊₁, hₗ₊₁) = GatedTwoStackBlock(vₗ, hₗ, eₗ)
//
// The first layers have mask a, all others mask b, layer l with dilation 2^(l mod dilations); the features are x or h
// of the last layer. e embeds the condition; without classes there is none and labels are ignored. p is a learned
// vector of every place in the image, if the extents are given. Both also work pixel by pixel: a cache holds the input
// of every layer for the pixels so far, `at` computes the features of the next pixel from it and adds what later pixels
// need.
//
// Shapes: x (N, H, W, 1) -> (N, H, W, width); at -> (N, width).
//
// Errors: see nn/gated.hpp and nn/embedding.hpp.
//
// Example:
//     const detail::StackOptions options{.width = 16, .layers = 2};
//     detail::DoubleStack<float> stacks(options, Key{1});
//     Tensor<float, 4> x(Shape{4, 28, 28, 1});
//     auto features = stacks(x, Unconditional{});                          // (4, 28, 28, 16)
//     auto cache = stacks.cache(x.shape(), Unconditional{});
//     auto first = stacks.at(x, 0, 0, cache);                              // (4, 16)
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "inkling/nn/embedding.hpp"
#include "inkling/nn/gated.hpp"

namespace ink::detail {

struct StackOptions {
  Index width = 64;
  Index layers = 6;
  Index kernel = 3;        ///< of the gated blocks
  Index first_kernel = 7;  ///< of the layer that reads the image
  Index classes = 0;       ///< 0: unconditional
  Index dilations = 1;     ///< after so many layers the dilation starts again at 1
  Shape<2> positions{};    ///< height and columns of the image; (0, 0): no learned positions
};

/// The options of gated block number `layer`.
template <class Block>
typename Block::Options block_options(const StackOptions& o, Index layer) {
  return {.width = o.width, .kernel = o.kernel, .dilation = Index{1} << layer % o.dilations};
}

/// A learned vector for every place of an image, or nothing.
template <class T>
struct PlaceVectors {
  std::optional<Parameter<T, 3>> table;  ///< (H, W, C)

  PlaceVectors(const StackOptions& o, Key key) {
    if (o.positions.size() == 0) return;
    table.emplace(init::normal<T>(Shape<3>{o.positions[0], o.positions[1], o.width}, key, 0.1));
  }

  template <TensorLikeOfRank<4> X>
  X add(const X& x) const {
    if (!table) return x;
    const auto& s = table->shape();
    return x + reshape(table->on(x), Shape<4>{1, s[0], s[1], s[2]});
  }
  Tensor<T, 3> add(const Tensor<T, 3>& x, Index row) const {
    return table ? x + slice(table->value, 0, row, row + 1) : x;
  }
  Tensor<T, 2> add(const Tensor<T, 2>& x, Index row, Index column) const {
    if (!table) return x;
    const auto& s = table->shape();
    return x +
           slice(reshape(table->value, Shape<2>{s[0] * s[1], s[2]}), 0, row * s[1] + column, row * s[1] + column + 1);
  }

  static void visit(auto& self, auto&& f) { f("table", self.table); }
};

/// The inputs of every layer for the pixels so far, and the embedded condition of every layer (or none).
template <class T>
struct StackCache {
  std::vector<Tensor<T, 4>> horizontal, vertical;
  std::vector<Tensor<T, 3>> links;  ///< of the current row
  std::vector<Tensor<T, 2>> conditions;
};

/// One embedding for every place a condition enters, none without classes; from the start as strong as the features.
template <class T>
std::vector<ClassEmbedding<T>> class_embeddings(Index classes, Index places, Index width, Key key) {
  if (classes < 0) throw ValueError(text("pixelcnn: classes are ", classes, "; they must not be negative"));
  std::vector<ClassEmbedding<T>> embeddings;
  for (Index i = 0; classes > 0 && i < places; ++i) {
    embeddings.emplace_back(typename ClassEmbedding<T>::Options{.classes = classes, .width = width, .std = 1},
                            key.fold(static_cast<std::uint64_t>(i)));
  }
  return embeddings;
}

template <class T>
std::vector<Tensor<T, 4>> empty_maps(Index count, const Shape<4>& image, Index width) {
  std::vector<Tensor<T, 4>> maps;
  for (Index i = 0; i < count; ++i) maps.emplace_back(Shape<4>{image[0], image[1], image[2], width});
  return maps;
}

/// Writes `count` neighbouring pixels of every image, from (row, column) on: values has N · count · C elements.
template <class T>
void set_pixels(Tensor<T, 4>& map, Index row, Index column, Index count, const T* values) {
  const auto& s = map.shape();
  T* out = map.mutable_data();
  for (Index n = 0; n < s[0]; ++n) {
    std::copy_n(values + n * count * s[3], count * s[3], out + ((n * s[1] + row) * s[2] + column) * s[3]);
  }
}

template <class T>
struct SingleStack {
  CausalConv2d<T> first;
  PlaceVectors<T> positions;
  std::vector<ClassEmbedding<T>> classes;
  std::vector<GatedBlock<T>> blocks;

  SingleStack(const StackOptions& o, Key key)
      : first({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(0)),
        positions(o, key.fold(3)),
        classes(class_embeddings<T>(o.classes, 1, o.width, key.fold(1))) {
    for (Index l = 0; l < o.layers; ++l) {
      blocks.emplace_back(block_options<GatedBlock<T>>(o, l), key.fold(2).fold(static_cast<std::uint64_t>(l)));
    }
  }

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& image, const C& condition) const {
    auto x = positions.add(first(image));
    if (!classes.empty()) x = add_to_pixels("pixelcnn", x, classes[0](x, condition));
    for (const auto& block : blocks) x = block(x);
    return x;
  }

  template <class C>
  StackCache<T> cache(const Shape<4>& image, const C& condition) const {
    StackCache<T> cache{empty_maps<T>(count(), image, first.weight.shape()[3]), {}, {}, {}};
    if (!classes.empty()) cache.conditions.push_back(classes[0](Tensor<T, 1>(Shape<1>{image[0]}), condition));
    return cache;
  }

  Tensor<T, 2> at(const Tensor<T, 4>& image, Index row, Index column, StackCache<T>& cache) const {
    auto x = positions.add(first.at(image, row, column), row, column);
    if (!classes.empty()) x = add_to_pixels("pixelcnn", x, cache.conditions[0]);
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      set_pixels(cache.horizontal[l], row, column, 1, x.data());
      x = blocks[l].at(cache.horizontal[l], row, column);
    }
    return x;
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("positions", self.positions);
    f("classes", self.classes);
    f("blocks", self.blocks);
  }

 private:
  Index count() const { return static_cast<Index>(blocks.size()); }
};

template <class T>
struct DoubleStack {
  VerticalConv2d<T> vertical;
  HorizontalConv<T> horizontal;
  PlaceVectors<T> positions;
  std::vector<ClassEmbedding<T>> classes;
  std::vector<GatedTwoStackBlock<T>> blocks;

  DoubleStack(const StackOptions& o, Key key)
      : vertical({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(0)),
        horizontal({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(1)),
        positions(o, key.fold(4)),
        classes(class_embeddings<T>(o.classes, o.layers, 2 * o.width, key.fold(2))) {
    for (Index l = 0; l < o.layers; ++l) {
      blocks.emplace_back(block_options<GatedTwoStackBlock<T>>(o, l), key.fold(3).fold(static_cast<std::uint64_t>(l)));
    }
  }

  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& image, const C& condition) const {
    auto v = positions.add(vertical(image));
    GatedStacks<decltype(v)> x{v, positions.add(horizontal(image))};
    const std::size_t last = blocks.size() - 1;
    if (classes.empty()) {
      for (std::size_t l = 0; l < last; ++l) x = blocks[l](x);
      return blocks[last].horizontal_output(x);
    }
    for (std::size_t l = 0; l < last; ++l) x = blocks[l](x, classes[l](image, condition));
    return blocks[last].horizontal_output(x, classes[last](image, condition));
  }

  template <class C>
  StackCache<T> cache(const Shape<4>& image, const C& condition) const {
    const Index width = vertical.weight.shape()[3], count = static_cast<Index>(blocks.size());
    StackCache<T> cache{empty_maps<T>(count, image, width), empty_maps<T>(count, image, width), {}, {}};
    cache.links.resize(blocks.size());
    for (const auto& embed : classes) {
      cache.conditions.push_back(embed(Tensor<T, 1>(Shape<1>{image[0]}), condition));
    }
    return cache;
  }

  Tensor<T, 2> at(const Tensor<T, 4>& image, Index row, Index column, StackCache<T>& cache) const {
    if (column == 0) enter_row(image, row, cache);
    auto x = positions.add(horizontal.at(image, row, column), row, column);
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      set_pixels(cache.horizontal[l], row, column, 1, x.data());
      x = blocks[l].at(cache.horizontal[l], cache.links[l], row, column);
    }
    return x;
  }

  static void visit(auto& self, auto&& f) {
    f("vertical", self.vertical);
    f("horizontal", self.horizontal);
    f("positions", self.positions);
    f("classes", self.classes);
    f("blocks", self.blocks);
  }

 private:
  /// The vertical stack of a row depends on the rows above only: it is computed at once, for all of its pixels.
  void enter_row(const Tensor<T, 4>& image, Index row, StackCache<T>& cache) const {
    auto v = positions.add(vertical.at_row(image, row), row);
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      set_pixels(cache.vertical[l], row, 0, image.extent(2), v.data());
      auto next = cache.conditions.empty() ? blocks[l].vertical_row(cache.vertical[l], row)
                                           : blocks[l].vertical_row(cache.vertical[l], row, cache.conditions[l]);
      cache.links[l] = std::move(next.link);
      v = std::move(next.output);
    }
  }
};

}  // namespace ink::detail
