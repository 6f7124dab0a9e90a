// activated_linear: a linear layer of f(x), for an element-wise f, that remembers x alone.
//
//   y = f(x) w + b;   dw = f(x)ᵀ dy,  db = Σ dy,  dx = (dy wᵀ) · f′(x)
//
// The same as linear(map(f, x), w, b), but f(x), as large as x, is dropped after the product and computed again,
// together with f′(x), in the backward pass: the activation of a transformer's feed-forward network is a quarter of
// what it keeps, and computing it twice costs about a hundredth of a step. f is any formula that `map` takes.
//
// Shapes: x (…, K), w (K, M), b (M) -> (…, M)
//
// Errors: ShapeError if w or b do not fit, as in `linear`.
//
// Example:
//     auto x = normal<float>(Shape{8, 64}, Key{1});
//     Tensor<float, 2> w(Shape{64, 10});
//     Tensor<float, 1> b(Shape{10});
//     auto y = activated_linear([](auto v) { return silu(v); }, x, w, b);
#pragma once

#include <array>
#include <utility>

#include "inkling/autograd/dual.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/ops/linalg.hpp"
#include "inkling/ops/map.hpp"

namespace ink {

template <class F, TensorLike X, TensorLikeOfRank<2> W, TensorLikeOfRank<1> B>
  requires(rank_v<X> >= 1)
auto activated_linear(F f, const X& x, const W& w, const B& b) {
  using T = scalar_t<X>;
  using Value = Tensor<T, rank_v<X>>;
  const auto y = linear(detail::map_values(value(x).shape(), f, value(x)), value(w), value(b));
  const auto product = detail::row_product("linear", "x", value(x).shape(), "w", value(w).shape(), {});
  return record(Value(y),
                [f, product, kept = Value(value(x)), wv = value(w)](const auto& dy, const auto& dx, const auto& dw,
                                                                    const auto& db) mutable {
    const auto shape = kept.shape();
    Value g, activated;
    if (dx) {
      g = detail::gradient_of_a(product, shape, wv.data(), dy.data());
      const T* from = kept.data();
      activated = Value::replacing(std::move(kept));
      detail::value_and_slope_loop(shape.size(), f, from, activated.mutable_data(), g.mutable_data());
    } else if (dw) {
      activated = detail::map_values(shape, f, kept);
    }
    detail::add_weight_gradients(product, activated.data(), dy, dw, db);
    activated = Value();
    dx.add([&] { return std::move(g); });
  },
                x, w, b);
}

}  // namespace ink
