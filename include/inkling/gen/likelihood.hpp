// Likelihood: how probable held-out images are under a model.
//
// For an autoregressive model the chain rule makes it exact, in one evaluation of the network:
//   nats = Σ_i −log p(x_i | x_{<i}),     bits per dimension = nats / (D·ln 2)
//
// With 2 levels the images are binarised by a draw; a fixed key makes the figure repeatable.
//
// Shapes: images (N, H, W, 1); the result has one number per image, in nats.
//
// Example:
//     double bits = bits_per_dimension(543.43, 784);         // 1: a fair coin per pixel
#pragma once

#include "inkling/gen/autoregressive.hpp"

namespace ink {

inline double bits_per_dimension(double nats, Index dimensions) {
  if (dimensions < 1)
    throw ValueError(text("bits_per_dimension: dimensions is ", dimensions, "; it must be at least 1"));
  return nats / (static_cast<double>(dimensions) * 0.69314718055994530942);
}

template <class Network, class Head, class C>
Tensor<typename Network::value_type, 1> negative_log_likelihood(const Autoregressive<Network, Head>& model,
                                                                const Tensor<typename Network::value_type, 4>& images,
                                                                const C& condition, Key key) {
  const auto example = model.corrupt(images, key);
  return -model.predict(example.state, example.level, condition).log_prob(example.target);
}

}  // namespace ink
