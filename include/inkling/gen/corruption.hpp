// Corruption: one training example. A generative model learns to undo a removal of information; this is what is left,
// how much is left, and what the model is to predict.
//
// Every generator has `corrupt(images, key)`, which returns a Corruption, and `predict(state, level, condition)`, which
// returns a distribution over the target. That is all that the loss (gen/loss.hpp) needs to know about it.
//
// Shapes: state (N, …), level (N), target (N, …), weight (N).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "inkling/core/random.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {

template <class T, class State, class Target>
struct Corruption {
  State state;          ///< what is left of the images
  Tensor<T, 1> level;   ///< how much is left, as the network is told
  Target target;        ///< what the network is asked for
  Tensor<T, 1> weight;  ///< of every image in the loss
};

namespace detail {

/// One number in (0, 1) inside each n-th part of the interval, in ascending order.
inline Tensor<double, 1> strata(Index n, Key key) {
  auto u = uniform<double>(Shape{n}, key);
  double* values = u.mutable_data();
  for (Index i = 0; i < n; ++i) {
    const double place = (static_cast<double>(i) + (values[i] > 0 ? values[i] : 0.5)) / static_cast<double>(n);
    values[i] = std::min(place, 1 - 0x1p-53);
  }
  return u;
}

}  // namespace detail

/// One number in (0, 1) for each of n images, one in each n-th part of the interval: a lower variance of the loss than
/// independent draws (D. Kingma et al., "Variational diffusion models", 2021, arXiv:2107.00630). Which image gets which
/// part is drawn anew: in ascending order, the first image of every batch would never see more than 1/n.
inline Tensor<double, 1> stratified(Index n, Key key) {
  auto u = detail::strata(n, key);
  double* values = u.mutable_data();
  Stream stream(key.fold(0));
  for (Index i = n; i > 1; --i) {
    std::swap(values[i - 1], values[static_cast<Index>(stream.below(static_cast<std::uint64_t>(i)))]);
  }
  return u;
}

}  // namespace ink
