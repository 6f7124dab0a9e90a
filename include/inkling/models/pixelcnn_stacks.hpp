// The causal stacks of a PixelCNN: from a scaled image to features of every pixel that depend on earlier pixels only.
//
//   SingleStack  x₀ = first(x) + p + m + e,     xₗ₊₁ = GatedBlock(xₗ)
//   DoubleStack  v₀ = vertical(x) + p + m, h₀ = horizontal(x) + p + m,     (vₗ₊₁, hₗ₊₁) = GatedTwoStackBlock(vₗ, hₗ,
//   eₗ)
//
// The first layers have mask a, all others mask b, layer l with dilation 2^(l mod dilations); the features are x or h
// of the last layer. e is the class's embedding plus a linear map of the caption's vector, each if there is one. p is a
// learned vector of every place in the image, if the extents are given. m are the features of a sketch, which is known
// from the start, so that they may look ahead (the map of arXiv:1606.05328). Both also work pixel by pixel: a cache
// holds the input of every layer for the pixels so far, `at` computes the features of the next pixel from it and adds
// what later pixels need.
//
// Shapes: x (N, H, W, 1) -> (N, H, W, width); at -> (N, width). Told: caption (N, text), sketch (N, H, W, width), or
// empty.
//
// Errors: see nn/gated.hpp and nn/embedding.hpp.
//
// Example:
//     const detail::StackOptions options{.width = 16, .layers = 2};
//     detail::DoubleStack<float> stacks(options, Key{1});
//     Tensor<float, 4> x(Shape{4, 28, 28, 1});
//     const detail::Told<Unconditional, Tensor<float, 2>, Tensor<float, 4>> nothing{};
//     auto features = stacks(x, nothing);                                  // (4, 28, 28, 16)
//     auto cache = stacks.cache(x.shape(), nothing);
//     auto first = stacks.at(x, 0, 0, cache);                              // (4, 16)
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "inkling/nn/conv.hpp"
#include "inkling/nn/embedding.hpp"
#include "inkling/nn/gated.hpp"

namespace ink::detail {

struct StackOptions {
  Index width = 64;
  Index layers = 6;
  Index kernel = 3;        ///< of the gated blocks
  Index first_kernel = 7;  ///< of the layer that reads the image
  Index classes = 0;       ///< 0: unconditional
  Index text = 0;          ///< width of a caption's vector; 0: none
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

  static void visit(auto& self, auto&& f) { f("table", self.table, Axes::image_channels); }
};

/// What the stacks are told: a condition that may have labels, a caption's vector and the features of a sketch.
template <class C, class V, class M>
struct Told {
  C condition;
  V caption;
  M sketch;
};

/// A sketch (N, H, W, 1) as features (N, H, W, width) that see 6 pixels in every direction.
template <class T>
struct SketchFeatures {
  Conv2d<T> first, second;

  SketchFeatures(Index width, Key key)
      : first({.in = 1, .out = width, .kernel = 7}, key.fold(0)),
        second({.in = width, .out = width, .dilation = 3}, key.fold(1)) {}

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& sketch) const {
    return second(silu(first(sketch)));
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
  }
};

/// x and the features of a sketch, if there is one.
template <class X>
X add_sketch(const X& x, const X& sketch) {
  return value(sketch).empty() ? x : X(x + sketch);
}

/// The inputs of every layer for the pixels so far, the embedded condition of every layer and a sketch's features (or
/// none).
template <class T>
struct StackCache {
  std::vector<Tensor<T, 4>> horizontal, vertical;
  std::vector<Tensor<T, 3>> links;  ///< of the current row
  std::vector<Tensor<T, 2>> conditions;
  Tensor<T, 4> sketch;

  Tensor<T, 3> with_sketch(const Tensor<T, 3>& x, Index row) const {
    return sketch.empty() ? x : x + dense(view(sketch).slice(1, row, row + 1)).reshape(x.shape());
  }
  Tensor<T, 2> with_sketch(const Tensor<T, 2>& x, Index row, Index column) const {
    return sketch.empty() ? x : x + pixel(sketch, row, column);
  }
};

/// A vector for every place where a condition enters, none without classes and captions. Classes are from the start as
/// strong as the features.
template <class T>
struct ConditionVectors {
  std::vector<ClassEmbedding<T>> classes;
  std::vector<Linear<T>> captions;

  ConditionVectors(const StackOptions& o, Index places, Index width, Key key) {
    for (Index i = 0; i < places; ++i) {
      const Key own = key.fold(static_cast<std::uint64_t>(i));
      if (o.classes > 0) {
        classes.emplace_back(typename ClassEmbedding<T>::Options{.classes = o.classes, .width = width, .std = 1}, own);
      }
      if (o.text > 0) captions.emplace_back(typename Linear<T>::Options{.in = o.text, .out = width}, own.fold(0));
    }
  }

  std::size_t size() const { return std::max(classes.size(), captions.size()); }

  template <TensorLike Like, class Told>
  auto operator()(std::size_t place, const Like& like, const Told& told) const {
    const auto label = [&] { return classes[place](like, part_of<ClassLabels>(told.condition)); };
    if (captions.empty()) return label();
    auto vector = captions[place](told.caption);
    return classes.empty() ? vector : vector + label();
  }

  static void visit(auto& self, auto&& f) {
    f("classes", self.classes);
    f("captions", self.captions);
  }
};

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
  ConditionVectors<T> conditions;
  std::vector<GatedBlock<T>> blocks;

  SingleStack(const StackOptions& o, Key key)
      : first({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(0)),
        positions(o, key.fold(3)),
        conditions(o, 1, o.width, key.fold(1)) {
    for (Index l = 0; l < o.layers; ++l) {
      blocks.emplace_back(block_options<GatedBlock<T>>(o, l), key.fold(2).fold(static_cast<std::uint64_t>(l)));
    }
  }

  template <TensorLikeOfRank<4> X, class Told>
  auto operator()(const X& image, const Told& told) const {
    auto x = add_sketch(positions.add(first(image)), told.sketch);
    if (conditions.size() > 0) x = add_to_pixels("pixelcnn", x, conditions(0, x, told));
    for (const auto& block : blocks) x = block(x);
    return x;
  }

  template <class Told>
  StackCache<T> cache(const Shape<4>& image, const Told& told) const {
    StackCache<T> cache{empty_maps<T>(count(), image, first.weight.shape()[3]), {}, {}, {}, told.sketch};
    if (conditions.size() > 0) cache.conditions.push_back(conditions(0, Tensor<T, 1>(Shape<1>{image[0]}), told));
    return cache;
  }

  Tensor<T, 2> at(const Tensor<T, 4>& image, Index row, Index column, StackCache<T>& cache) const {
    auto x = cache.with_sketch(positions.add(first.at(image, row, column), row, column), row, column);
    if (conditions.size() > 0) x = add_to_pixels("pixelcnn", x, cache.conditions[0]);
    for (std::size_t l = 0; l < blocks.size(); ++l) {
      set_pixels(cache.horizontal[l], row, column, 1, x.data());
      x = blocks[l].at(cache.horizontal[l], row, column);
    }
    return x;
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("positions", self.positions);
    decltype(self.conditions)::visit(self.conditions, f);
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
  ConditionVectors<T> conditions;
  std::vector<GatedTwoStackBlock<T>> blocks;

  DoubleStack(const StackOptions& o, Key key)
      : vertical({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(0)),
        horizontal({.in = 1, .out = o.width, .kernel = o.first_kernel, .mask = Mask::a}, key.fold(1)),
        positions(o, key.fold(4)),
        conditions(o, o.layers, 2 * o.width, key.fold(2)) {
    for (Index l = 0; l < o.layers; ++l) {
      blocks.emplace_back(block_options<GatedTwoStackBlock<T>>(o, l), key.fold(3).fold(static_cast<std::uint64_t>(l)));
    }
  }

  template <TensorLikeOfRank<4> X, class Told>
  auto operator()(const X& image, const Told& told) const {
    auto v = add_sketch(positions.add(vertical(image)), told.sketch);
    GatedStacks<decltype(v)> x{v, add_sketch(positions.add(horizontal(image)), told.sketch)};
    const std::size_t last = blocks.size() - 1;
    if (conditions.size() == 0) {
      for (std::size_t l = 0; l < last; ++l) x = blocks[l](x);
      return blocks[last].horizontal_output(x);
    }
    for (std::size_t l = 0; l < last; ++l) x = blocks[l](x, conditions(l, image, told));
    return blocks[last].horizontal_output(x, conditions(last, image, told));
  }

  template <class Told>
  StackCache<T> cache(const Shape<4>& image, const Told& told) const {
    const Index width = vertical.weight.shape()[3], count = static_cast<Index>(blocks.size());
    StackCache<T> cache{empty_maps<T>(count, image, width), empty_maps<T>(count, image, width), {}, {}, told.sketch};
    cache.links.resize(blocks.size());
    for (std::size_t l = 0; l < conditions.size(); ++l) {
      cache.conditions.push_back(conditions(l, Tensor<T, 1>(Shape<1>{image[0]}), told));
    }
    return cache;
  }

  Tensor<T, 2> at(const Tensor<T, 4>& image, Index row, Index column, StackCache<T>& cache) const {
    if (column == 0) enter_row(image, row, cache);
    auto x = cache.with_sketch(positions.add(horizontal.at(image, row, column), row, column), row, column);
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
    decltype(self.conditions)::visit(self.conditions, f);
    f("blocks", self.blocks);
  }

 private:
  /// The vertical stack of a row depends on the rows above only: it is computed at once, for all of its pixels.
  void enter_row(const Tensor<T, 4>& image, Index row, StackCache<T>& cache) const {
    auto v = cache.with_sketch(positions.add(vertical.at_row(image, row), row), row);
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
