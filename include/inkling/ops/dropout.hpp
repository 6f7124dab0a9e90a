// Dropout: sets a random fraction of the elements to zero and scales the rest so that the mean stays.
//
//   y = x · m / (1 − rate),   m = 0 with probability rate, else 1
//
// N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014. The mask of
// row b along the first axis depends on the key and on b alone, not on the size of the batch.
//
// Shapes: (…) -> (…). At rate 0 the result is x itself.
//
// Errors: ValueError for a rate outside [0, 1).
//
// Example:
//     auto x = normal<float>(Shape{8, 64}, Key{1});
//     auto y = dropout(x, 0.1, Key{2});
#pragma once

#include "inkling/autograd/var.hpp"
#include "inkling/core/random.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

template <TensorLike X>
X dropout(const X& x, double rate, Key key) {
  if (!(rate >= 0 && rate < 1)) throw ValueError(text("dropout: rate is ", rate, "; it must be in [0, 1)"));
  if (rate == 0) return x;
  using T = scalar_t<X>;
  const T keep = static_cast<T>(1 / (1 - rate));
  return x * detail::draw<T>(value(x).shape(), key, [=](double u) { return u < rate ? T{0} : keep; });
}

}  // namespace ink
