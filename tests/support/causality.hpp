// Exact causality: what comes later must not reach what comes earlier, not even by a rounding error.
#pragma once

#include "inkling/autograd/var.hpp"

namespace ink::testing {

/// Whether the gradient of output token i by input token j is exactly zero for j > i and not zero for j = i. f maps
/// tokens (N, T, C) to (N, T, C').
template <class F, class T>
bool is_causal(F f, const Tensor<T, 3>& x) {
  for (Index i = 0; i < x.extent(1); ++i) {
    Tape tape;
    const auto leaf = tape.variable(x);
    const auto y = f(leaf);
    Tensor<T, 3> pick(y.shape());
    for (Index n = 0; n < pick.extent(0); ++n) {
      for (Index c = 0; c < pick.extent(2); ++c) pick(n, i, c) = T(1 + c);
    }
    const auto loss = record(Tensor<T, 0>(T{0}), [pick](const auto&, auto dy) { dy.add([&] { return pick; }); }, y);
    const auto gradient = tape.backward(loss)[leaf];
    bool own = false;
    for (Index n = 0; n < x.extent(0); ++n) {
      for (Index c = 0; c < x.extent(2); ++c) {
        own = own || gradient(n, i, c) != T{0};
        for (Index j = i + 1; j < x.extent(1); ++j) {
          if (gradient(n, j, c) != T{0}) return false;
        }
      }
    }
    if (!own) return false;
  }
  return true;
}

}  // namespace ink::testing
