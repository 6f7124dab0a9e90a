// Initial values of parameters, each drawn with an explicit key.
//
// kaiming_uniform   U(−b, b), b = √(6 / ((1 + a²) · fan_in)); a = √5 gives b = 1/√fan_in, the default of linear and
//                   convolution layers here. K. He et al., "Delving deep into rectifiers", 2015, arXiv:1502.01852.
// xavier_uniform    U(−b, b), b = gain · √(6 / (fan_in + fan_out)). X. Glorot, Y. Bengio, AISTATS 2010.
// orthogonal        gain times a matrix with orthonormal rows or columns, whichever are fewer. A. Saxe, J. McClelland,
//                   S. Ganguli, 2013, arXiv:1312.6120.
// truncated_normal  N(0, std²) given that it lies within two standard deviations
//
// fan_in is the number of inputs that one output sees: `in` of a linear layer, KH·KW·Cin/groups of a convolution.
//
// Errors: ValueError for a negative standard deviation or bound, or a fan below 1.
//
// Example:
//     Parameter<float, 2> weight(init::xavier_uniform<float>(Shape{64, 10}, 64, 10, Key{1}));
//     Parameter<float, 1> bias(init::zeros<float>(Shape{10}));
#pragma once

#include <cmath>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/core/tensor.hpp"

namespace ink::init {
namespace detail {

inline void check_spread(const char* name, const char* what, double spread) {
  if (!(spread >= 0)) throw ValueError(text(name, ": ", what, " is ", spread, "; it must not be negative"));
}

inline void check_fan(const char* name, const char* what, Index fan) {
  if (fan < 1) throw ValueError(text(name, ": ", what, " is ", fan, "; it must be at least 1"));
}

}  // namespace detail

template <class T, int R>
Tensor<T, R> zeros(const Shape<R>& shape) {
  return Tensor<T, R>(shape);
}

template <class T, int R>
Tensor<T, R> constant(const Shape<R>& shape, double value) {
  return Tensor<T, R>(shape, static_cast<T>(value));
}

/// U(−bound, bound).
template <class T, int R>
Tensor<T, R> uniform(const Shape<R>& shape, Key key, double bound) {
  detail::check_spread("uniform", "bound", bound);
  return bound == 0 ? Tensor<T, R>(shape) : ink::uniform<T>(shape, key, -bound, bound);
}

/// N(0, std²).
template <class T, int R>
Tensor<T, R> normal(const Shape<R>& shape, Key key, double std = 1) {
  detail::check_spread("normal", "std", std);
  return ink::detail::draw<T>(shape, key,
                              [=](double u) { return static_cast<T>(std * inverse_normal(u > 0 ? u : 0x1p-54)); });
}

template <class T, int R>
Tensor<T, R> truncated_normal(const Shape<R>& shape, Key key, double std = 0.02) {
  detail::check_spread("truncated_normal", "std", std);
  constexpr double tail = 0.022750131948179207;  // Φ(−2)
  return ink::detail::draw<T>(
      shape, key, [=](double u) { return static_cast<T>(std * inverse_normal(tail + u * (1 - 2 * tail))); });
}

template <class T, int R>
Tensor<T, R> kaiming_uniform(const Shape<R>& shape, Index fan_in, Key key, double a = 2.2360679774997896964) {
  detail::check_fan("kaiming_uniform", "fan_in", fan_in);
  return init::uniform<T>(shape, key, std::sqrt(6 / ((1 + a * a) * static_cast<double>(fan_in))));
}

template <class T, int R>
Tensor<T, R> xavier_uniform(const Shape<R>& shape, Index fan_in, Index fan_out, Key key, double gain = 1) {
  detail::check_fan("xavier_uniform", "fan_in", fan_in);
  detail::check_fan("xavier_uniform", "fan_out", fan_out);
  return init::uniform<T>(shape, key, gain * std::sqrt(6 / static_cast<double>(fan_in + fan_out)));
}

template <class T>
Tensor<T, 2> orthogonal(const Shape<2>& shape, Key key, double gain = 1) {
  const bool wide = shape[0] <= shape[1];
  const auto count = static_cast<std::size_t>(wide ? shape[0] : shape[1]);
  const auto length = static_cast<std::size_t>(wide ? shape[1] : shape[0]);
  const auto drawn = ink::normal<double>(Shape<2>{static_cast<Index>(count), static_cast<Index>(length)}, key);
  std::vector<double> v(drawn.values().begin(), drawn.values().end());
  for (std::size_t i = 0; i < count; ++i) {
    double* row = v.data() + i * length;
    for (int pass = 0; pass < 2; ++pass) {  // the second pass removes what rounding left of the first
      for (std::size_t j = 0; j < i; ++j) {
        const double* other = v.data() + j * length;
        double along = 0;
        for (std::size_t k = 0; k < length; ++k) along += row[k] * other[k];
        for (std::size_t k = 0; k < length; ++k) row[k] -= along * other[k];
      }
    }
    double squares = 0;
    for (std::size_t k = 0; k < length; ++k) squares += row[k] * row[k];
    for (std::size_t k = 0; k < length; ++k) row[k] /= std::sqrt(squares);
  }
  auto out = Tensor<T, 2>::uninitialized(shape);
  T* data = out.mutable_data();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < length; ++k) {
      data[wide ? i * length + k : k * count + i] = static_cast<T>(gain * v[i * length + k]);
    }
  }
  return out;
}

}  // namespace ink::init
