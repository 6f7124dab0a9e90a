// gather: the chosen places of the middle axis, in the given order.
//
//   y[n, i] = x[n, places[i]],     dx[n, p] = Σ_{i: places[i] = p} dy[n, i]
//
// Shapes: (N, P, K) -> (N, places, K). A place may be chosen several times, or not at all.
//
// Errors: ShapeError for a place outside [0, P).
//
// Example:
//     auto x = normal<float>(Shape{2, 3, 4}, Key{1});
//     auto turned = gather(x, {2, 1, 0});
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "inkling/autograd/var.hpp"
#include "inkling/core/error.hpp"

namespace ink {
namespace detail {

template <class T>
Tensor<T, 3> gathered(const Tensor<T, 3>& x, const std::vector<Index>& places) {
  const Index rows = x.extent(0), all = x.extent(1), each = x.extent(2);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0 || places[i] >= all) {
      throw ShapeError(
          text("gather: x is ", x.shape(), ", places[", i, "] is ", places[i], "; it must be in [0, ", all, ")"));
    }
  }
  auto y = Tensor<T, 3>::uninitialized({rows, static_cast<Index>(places.size()), each});
  T* to = y.mutable_data();
  for (Index n = 0; n < rows; ++n) {
    for (const Index place : places) to = std::copy_n(x.data() + (n * all + place) * each, each, to);
  }
  return y;
}

/// The gradient: what came from a place goes back there.
template <class T>
Tensor<T, 3> scattered(const Tensor<T, 3>& dy, const std::vector<Index>& places, Index all) {
  const Index rows = dy.extent(0), each = dy.extent(2);
  Tensor<T, 3> dx({rows, all, each});
  T* out = dx.mutable_data();
  const T* from = dy.data();
  for (Index n = 0; n < rows; ++n) {
    for (const Index place : places) {
      T* to = out + (n * all + place) * each;
      for (Index k = 0; k < each; ++k) to[k] += *from++;
    }
  }
  return dx;
}

}  // namespace detail

template <TensorLikeOfRank<3> X>
auto gather(const X& x, std::vector<Index> places) {
  auto y = detail::gathered(value(x), places);
  return record(std::move(y), [places = std::move(places), all = value(x).extent(1)](const auto& dy, auto dx) {
    dx.add([&] { return detail::scattered(dy, places, all); });
  }, x);
}

}  // namespace ink
