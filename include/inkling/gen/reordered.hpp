// Reordered: a causal network of the raster order as one of any other order.
//
//   p(x) = Π_i p(x_{o(i)} | x_{o(0)}, …, x_{o(i−1)})          o: the order, gen/order.hpp
//
// Pixel i of the image that the inner network sees is pixel o(i) of the image outside; what it answers goes back there.
// The model is otherwise the same: it is trained in one evaluation, and sampled with the inner network's caches.
//
//   (tokens, condition)                  the parameters of every pixel, each from the pixels before it in the order
//   place(i)                             o(i): samplers draw this pixel at step i (`place_at`; raster order if absent)
//   cache(batch, condition)              of the inner network, if it offers one
//   logits_at(tokens, i, cache)          the parameters of pixel o(i)
//
// With blocks, a group of neighbouring pixels is a patch: models::Gpt with .group = 16 in orders::blocks(28, 28, 4)
// predicts 4 × 4 pixels together; in raster order a group of `columns` is a row.
//
// Shapes: those of the inner network, whose height and columns are those of the image.
//
// Errors: ValueError for an order that is not a permutation; ShapeError for tokens of another number of pixels.
//
// Example (declarations):
//     struct Before {                                           // a network: the pixel before, in raster order
//       using value_type = float;
//       template <class C>
//       Tensor<float, 4> operator()(const Tensor<std::int32_t, 3>& x, const C&) const {
//         Tensor<float, 4> y(Shape{x.extent(0), x.extent(1), x.extent(2), Index{1}});
//         for (Index i = 1; i < x.size(); ++i) y.mutable_data()[i] = static_cast<float>(x.data()[i - 1]);
//         return y;
//       }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     Reordered above(Before{}, orders::column(4, 4));           // the pixel above
//     auto y = above(Tensor<std::int32_t, 3>(Shape{1, 4, 4}), Unconditional{});
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "inkling/gen/order.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/gather.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {
/// The pixel that is drawn at step i.
template <class Network>
Index place_at(const Network& network, Index i) {
  if constexpr (requires { network.place(i); }) {
    return network.place(i);
  } else {
    return i;
  }
}

template <class Network>
class Reordered {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;
  using Tokens = Tensor<std::int32_t, 3>;

  Network network;

  Reordered(Network n, Order order)
      : network(std::move(n)), order_(std::move(order)), inverse_(inverse_order(order_)) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  const Order& order() const { return order_; }
  Index place(Index i) const { return order_[static_cast<std::size_t>(i)]; }

  template <TensorLikeOfRank<3> X, class C>
  auto operator()(const X& tokens, const C& condition) const {
    const auto answer = network(constant_on(tokens, in_order(value(tokens))), condition);
    const Shape<4> shape = value(answer).shape();
    const auto places = reshape(answer, Shape<3>{shape[0], shape[1] * shape[2], shape[3]});
    return reshape(gather(places, inverse_), shape);
  }

  template <class C>
    requires requires(const Network& inner, Index batch, const C& condition) { inner.cache(batch, condition); }
  auto cache(Index batch, const C& condition) const {
    return network.cache(batch, condition);
  }

  template <class Cache>
  auto logits_at(const Tokens& tokens, Index i, Cache& cache) const {
    return network.logits_at(in_order(tokens), i, cache);
  }

 private:
  Tokens in_order(const Tokens& tokens) const {
    const Index n = tokens.extent(0), pixels = tokens.extent(1) * tokens.extent(2);
    if (pixels != static_cast<Index>(order_.size())) {
      throw ShapeError(text("reordered: tokens are ", tokens.shape(), ", the order is of ", order_.size(),
                            " pixels; tokens[1] · tokens[2] must equal that"));
    }
    return gather(tokens.reshape(Shape<3>{n, pixels, 1}), order_).reshape(tokens.shape());
  }

  Order order_, inverse_;
};

}  // namespace ink
