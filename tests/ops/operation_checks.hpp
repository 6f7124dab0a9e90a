// What every operation is held to: correct gradients, float that agrees with double, and results that depend neither
// on the number of threads nor on who else is in the batch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/autograd/var.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/core/random.hpp"
#include "inkling/core/view.hpp"

namespace ink::testing {

template <class T, int R>
bool same_bits(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  return a.shape() == b.shape() &&
         (a.empty() || std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0);
}

/// The largest difference, relative to what is expected where that is above 1; infinite if the shapes differ.
template <class T, class U, int R>
double difference(const Tensor<T, R>& actual, const Tensor<U, R>& expected) {
  if (actual.shape() != expected.shape()) return INFINITY;
  double worst = 0;
  for (Index i = 0; i < actual.size(); ++i) {
    const auto a = static_cast<double>(actual.data()[i]), e = static_cast<double>(expected.data()[i]);
    const double d = std::abs(a - e) / std::max(1.0, std::abs(e));
    if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

/// Item b of the first axis, as a batch of one.
template <class T, int R>
Tensor<T, R> item_of(const Tensor<T, R>& x, Index b) {
  return dense(view(x).slice(0, b, b + 1));
}

/// Σ gᵢ yᵢ: its gradient with respect to y is g.
template <class T, int R>
Var<T, 0> pull(const Var<T, R>& y, const Tensor<T, R>& g) {
  return record(Tensor<T, 0>(T{0}), [g](const auto&, auto dy) { dy.add([&] { return g; }); }, y);
}

/// f(x…), and the gradients of every x when that of the result is g.
template <class F, class T, int S, int... R>
auto forward_backward(F f, const Tensor<T, S>& g, const Tensor<T, R>&... x) {
  Tape tape;
  const std::tuple<Var<T, R>...> leaves{tape.variable(x)...};
  const auto y = std::apply(f, leaves);
  const auto gradients = tape.backward(pull(y, g));
  return std::apply([&](const auto&... leaf) { return std::make_tuple(y.value(), gradients[leaf]...); }, leaves);
}

/// Fixed gradients for a result of this shape; those of row b do not depend on the number of rows.
template <class T, int R>
Tensor<T, R> some_gradient(const Shape<R>& shape) {
  return uniform<T>(shape, Key{77}, -1, 1);
}

template <class... Tensors>
bool all_same_bits(const std::tuple<Tensors...>& a, const std::tuple<Tensors...>& b) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (same_bits(std::get<I>(a), std::get<I>(b)) && ...);
  }(std::index_sequence_for<Tensors...>{});
}

/// Restores the number of threads.
struct ThreadCountGuard {
  int before = thread_count();
  ~ThreadCountGuard() { set_thread_count(before); }
};

/// The same bits at 1, 2 and 3 threads, forward and backward, and on plain tensors.
template <class F, int... R>
void check_threads(F f, const Tensor<float, R>&... x) {
  const ThreadCountGuard guard;
  set_thread_count(1);
  const auto y = f(x...);
  const auto g = some_gradient<float>(y.shape());
  const auto expected = forward_backward(f, g, x...);
  CHECK(same_bits(std::get<0>(expected), y));
  for (int threads : {2, 3}) {
    set_thread_count(threads);
    CHECK(all_same_bits(expected, forward_backward(f, g, x...)));
  }
}

/// The same bits for every item alone as in the batch. The first `Batched` inputs have a batch axis in front, the
/// others are shared.
template <int Batched, class F, int... R>
void check_items(F f, const Tensor<float, R>&... x) {
  const auto inputs = std::tie(x...);
  const auto g = some_gradient<float>(f(x...).shape());
  const auto all = forward_backward(f, g, x...);
  for (Index b = 0; b < g.extent(0); ++b) {
    const auto pick = [&]<int I>(std::integral_constant<int, I>) {
      const auto& input = std::get<static_cast<std::size_t>(I)>(inputs);
      if constexpr (I < Batched) {
        return item_of(input, b);
      } else {
        return input;
      }
    };
    [&]<int... I>(std::integer_sequence<int, I...>) {
      const auto alone = forward_backward(f, item_of(g, b), pick(std::integral_constant<int, I>{})...);
      CHECK(same_bits(std::get<0>(alone), item_of(std::get<0>(all), b)));
      const auto same_gradient = [&]<int J>(std::integral_constant<int, J>) {
        if constexpr (J < Batched) return same_bits(std::get<J + 1>(alone), item_of(std::get<J + 1>(all), b));
        return true;
      };
      CHECK((same_gradient(std::integral_constant<int, I>{}) && ...));
    }(std::make_integer_sequence<int, static_cast<int>(sizeof...(x))>{});
  }
}

template <int Batched, class F, int... R>
void check_invariance(F f, const Tensor<float, R>&... x) {
  check_threads(f, x...);
  check_items<Batched>(f, x...);
}

/// Gradients in double against central differences, and everything in float against double.
template <class F, int... R>
void check_gradients(F f, const Tensor<float, R>&... x) {
  CHECK(gradcheck(f, x.template cast<double>()...) < 2e-7);
  const auto g = some_gradient<float>(f(x...).shape());
  const auto single = forward_backward(f, g, x...);
  const auto wide = forward_backward(f, g.template cast<double>(), x.template cast<double>()...);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    CHECK(((difference(std::get<I>(single), std::get<I>(wide)) < 2e-5) && ...));
  }(std::make_index_sequence<sizeof...(x) + 1>{});
}

}  // namespace ink::testing
