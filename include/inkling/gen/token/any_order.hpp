// AnyOrder: autoregression with a network that is not causal. Training removes all but the first k pixels of an order,
// for a random k, tells the network how many are missing, and asks for the next one, or for all that remain.
//
//   Asked::next       L = D·E_k[−log p(x_k | x_{<k})],                             k ~ U{1 … D}
//   Asked::remaining  L = D·E_k[1/(D − k + 1)·Σ_{j not known} −log p(x_j | x_{<k})]
//
// With one order the first estimates the exact −log p(x) of drawing the pixels in that order; the second is no
// likelihood then, but trains for several pixels a step. With uniformly random orders (the default) both have the same
// mean, a bound −log p(x) ≤ L, and the second has the lower variance: every pixel that remains may be the next. That is
// the order-agnostic loss of B. Uria, I. Murray, H. Larochelle, "A deep and tractable density estimator", 2014,
// arXiv:1310.1757, and of autoregressive diffusion (ARDM): E. Hoogeboom et al. 2021, arXiv:2110.02037.
//
// `Orders` is a type with operator()(places, key), which draws one order (gen/order.hpp): RandomOrder, or ListedOrders:
// several orders in one network.
//
// Errors: ValueError for an order that is not a permutation of the places, or no orders.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     AnyOrder ardm(net, Quantizer{2});
//     AnyOrder two_orders(net, Quantizer{2}, ListedOrders{{orders::raster(8, 8), orders::spread(8, 8)}});
//     two_orders.asked = Asked::next;
//     auto example = ardm.corrupt(uniform<float>(Shape{4, 8, 8, 1}, Key{1}, -1, 1), Key{2});
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "inkling/gen/order.hpp"
#include "inkling/gen/token/token_model.hpp"

namespace ink {
namespace detail {

/// When each place of the image is drawn.
inline Order ranks(const Order& order, Index places) {
  if (static_cast<Index>(order.size()) != places) {
    throw ValueError(text("order: has ", order.size(), " places, the image has ", places, "; both must be equal"));
  }
  return inverse_order(order);
}

}  // namespace detail

struct RandomOrder {
  Order operator()(Index places, Key key) const { return permutation(places, key); }
};

/// One of the list, each as often as the others.
struct ListedOrders {
  std::vector<Order> orders;

  Order operator()(Index places, Key key) const {
    if (orders.empty()) throw ValueError("ListedOrders: the list is empty; it must have at least one order");
    const Order& order = orders[Stream(key).below(orders.size())];
    detail::ranks(order, places);  // throws unless it is one
    return order;
  }
};

enum class Asked { next, remaining };

template <class Network, class Orders = RandomOrder, class Head = CategoricalHead>
class AnyOrder : public RevealingModel<Network, Head> {
 public:
  using typename RevealingModel<Network, Head>::T;
  using typename RevealingModel<Network, Head>::Example;

  Orders orders;
  Asked asked = Asked::remaining;

  AnyOrder(Network n, Quantizer q, Orders o = {}, Head h = {})
      : RevealingModel<Network, Head>(std::move(n), q, h), orders(std::move(o)) {}

  auto corrupt(const Tensor<T, 4>& images, Key key) const { return this->corrupted(*this, images, key); }

  /// Of image n the first ⌊u(n)·D⌋ pixels of its order are known.
  auto corrupt_tokens(const Tokens& tokens, const Tensor<double, 1>& u, Key key) const {
    const Index places = tokens.extent(1) * tokens.extent(2);
    Tokens state = tokens, target(tokens.shape(), missing_token);
    Tensor<T, 1> weight(u.shape());
    std::int32_t *left = state.mutable_data(), *wanted = target.mutable_data();
    for (Index n = 0; n < tokens.extent(0); ++n) {
      const auto known = std::min(places - 1, static_cast<Index>(u(n) * static_cast<double>(places)));
      const Index end = asked == Asked::next ? known + 1 : places;
      const auto order = orders(places, key.fold(static_cast<std::uint64_t>(n)));
      for (Index i = known; i < places; ++i) {
        const Index place = n * places + order[static_cast<std::size_t>(i)];
        left[place] = missing_token;
        if (i < end) wanted[place] = tokens.data()[place];
      }
      weight(n) = static_cast<T>(places) / static_cast<T>(end - known);
    }
    return Example{this->shown(state), this->missing_level(state), std::move(target), std::move(weight)};
  }

  /// What the missing pixels are expected to be. How much is missing shows in x; the time is not used.
  template <class C>
  auto posterior(const Tokens& x, double, const C& condition) const {
    return this->predict(this->shown(x), this->missing_level(x), condition);
  }

  template <RandomKey K>
  Tokens prior(const Shape<4>& shape, const K&) const {
    return this->all_missing(shape);
  }

  /// The same generator with another network.
  template <class Other>
  auto with_network(Other other) const {
    AnyOrder<Other, Orders, Head> made(std::move(other), this->quantizer, orders, this->head);
    made.asked = asked;
    made.drop_condition = this->drop_condition;
    return made;
  }
};

}  // namespace ink
