// A few operations written only with `record`, for the tests of what lies below the real ones.
#pragma once

#include <utility>

#include "inkling/autograd/var.hpp"

namespace small {

using ink::Tensor;
using ink::TensorLike;

template <class T, int R, class F>
Tensor<T, R> zip(const Tensor<T, R>& a, const Tensor<T, R>& b, F f) {
  Tensor<T, R> y(a.shape());
  for (ink::Index i = 0; i < y.size(); ++i) y.mutable_data()[i] = f(a.data()[i], b.data()[i]);
  return y;
}

template <TensorLike A, TensorLike B>
auto add(const A& a, const B& b) {
  return ink::record(zip(ink::value(a), ink::value(b), [](auto x, auto y) { return x + y; }),
                     [](const auto& dy, auto da, auto db) {
    da.add([&] { return dy; });
    db.add([&] { return dy; });
  }, a, b);
}

template <TensorLike A, TensorLike B>
auto times(const A& a, const B& b) {
  constexpr auto product = [](auto x, auto y) { return x * y; };
  return ink::record(zip(ink::value(a), ink::value(b), product),
                     [=, av = ink::value(a), bv = ink::value(b)](const auto& dy, auto da, auto db) {
    da.add([&] { return zip(dy, bv, product); });
    db.add([&] { return zip(dy, av, product); });
  }, a, b);
}

template <TensorLike X>
auto total(const X& x) {
  using T = ink::scalar_t<X>;
  T sum = 0;
  for (T v : ink::value(x).values()) sum += v;
  return ink::record(Tensor<T, 0>(sum), [shape = ink::value(x).shape()](const auto& dy, auto dx) {
    dx.add([&] { return Tensor<T, ink::rank_v<X>>(shape, dy.item()); });
  }, x);
}

}  // namespace small
