// InOrder: the next pixels to be revealed are the next of an order, the same for every image.
//
// With k pixels a step: contiguous runs of a raster order; squares, of an order by blocks of k pixels; far from each
// other, of a spread-out order. Neighbours say the most about each other, so that runs lose the most.
//
// Errors: ValueError for an order that is not a permutation of the places.
//
// Example:
//     InOrder even{orders::spread(28, 28)};
#pragma once

#include "inkling/gen/token/any_order.hpp"

namespace ink {

struct InOrder {
  Order order;

  template <class P, RandomKey K>
  Tensor<double, 3> operator()(const P&, const Tokens& drawn, double, const K&) const {
    const Index places = drawn.extent(1) * drawn.extent(2);
    const Order rank = detail::ranks(order, places);
    auto priority = Tensor<double, 3>::uninitialized(drawn.shape());
    double* p = priority.mutable_data();
    for (Index i = 0; i < drawn.size(); ++i) p[i] = -static_cast<double>(rank[static_cast<std::size_t>(i % places)]);
    return priority;
  }
};

}  // namespace ink
