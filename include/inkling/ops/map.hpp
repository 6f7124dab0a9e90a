// map: any element-wise formula over any number of tensors, fused into one loop, with broadcasting, differentiable.
//
//   y[i] = f(x₁[i], x₂[i], …)
//
// f is a generic function object written once on numbers. The forward pass runs it on plain numbers, the backward pass
// on dual numbers (autograd/dual.hpp), each as one vectorised loop over cache-sized blocks: no derivative is written by
// hand and no intermediate tensor exists. Captured numbers are constants. f must be free of side effects.
//
// Shapes: trailing axes are aligned; an axis of extent 1, or a missing one, stretches. The result has the largest rank.
//
// Errors: ShapeError if extents neither agree nor are 1.
//
// Example:
//     auto x = normal<float>(Shape{8, 64}, Key{1});
//     auto gate = normal<float>(Shape{64}, Key{2});
//     auto y = map([](auto v, auto g) { return v * sigmoid(g); }, x, gate);          // (8, 64)
#pragma once

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "inkling/autograd/dual.hpp"
#include "inkling/autograd/var.hpp"
#include "inkling/core/view.hpp"
#include "inkling/kernels/broadcast.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace ink {
namespace detail {

template <int R, int S>
void stretch(Shape<R>& shape, const Shape<S>& other, bool& fits) {
  for (int a = 0; a < S; ++a) {
    const int b = a + R - S;
    if (shape[b] == 1) shape[b] = other[a];
    fits = fits && (other[a] == shape[b] || other[a] == 1);
  }
}

template <int... R>
auto broadcast_shape(const char* operation, const Shape<R>&... shapes) {
  Shape<std::max({R...})> result;
  result.extents.fill(1);
  bool fits = true;
  (stretch(result, shapes, fits), ...);
  if (!fits) {
    std::string list;
    ((list += (list.empty() ? "" : " and ") + to_string(shapes)), ...);
    throw ShapeError(text(operation, ": inputs are ", list, "; trailing extents must be equal or 1"));
  }
  return result;
}

template <class T, int R, int S>
auto broadcast_reader(const Tensor<T, S>& x, const Shape<R>& shape) {
  const auto stretched = view(x).broadcast(shape);
  return kernels::BroadcastReader<T, R>(x.data(), shape.extents, stretched.strides);
}

inline constexpr Index map_block = 2048;

/// Calls body(begin, end, pointers to the operands' elements [begin, end)) for blocks that cover the shape.
template <class T, int R, class Body, int... S>
void for_each_block(const Shape<R>& shape, Body body, const Tensor<T, S>&... x) {
  const auto readers = std::make_tuple(broadcast_reader(x, shape)...);
  parallel_for(shape.size(), 8 * map_block, [&](Index first, Index last) {
    T buffers[sizeof...(S)][map_block];
    for (Index begin = first; begin < last; begin += map_block) {
      const Index end = std::min(begin + map_block, last);
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        body(begin, end, std::get<I>(readers).read(begin, end, buffers[I])...);
      }(std::make_index_sequence<sizeof...(S)>{});
    }
  });
}

template <class T, int R, class F, int... S>
Tensor<T, R> map_values(const Shape<R>& shape, const F& f, const Tensor<T, S>&... x) {
  auto y = Tensor<T, R>::uninitialized(shape);
  T* out = y.mutable_data();
  for_each_block(shape, [&](Index begin, Index end, const auto*... in) {
    kernels::apply_serial(end - begin, [f](auto... v) INKLING_LAMBDA_INLINE {
      return Dual<T, 0>(f(Dual<T, 0>(v)...)).v;
    }, out + begin, in...);
  }, x...);
  return y;
}

/// For every input, its position among the differentiated ones, or −1.
template <class... Sinks>
constexpr auto active_positions() {
  std::array<int, sizeof...(Sinks)> position{};
  const std::array<bool, sizeof...(Sinks)> active{!std::is_same_v<Sinks, NoSink>...};
  int next = 0;
  for (std::size_t i = 0; i < active.size(); ++i) position[i] = active[i] ? next++ : -1;
  return position;
}

template <class T, int N>
INKLING_INLINE Dual<T, N> seed(T value, int position) {
  return position < 0 ? Dual<T, N>(value) : Dual<T, N>::variable(value, position);
}

/// dy · ∂f/∂x for every active input, in one pass, in the shape of the result.
template <class T, int R, class F, class Values, class... Sinks>
void map_gradients(const Tensor<T, R>& dy, const F& f, const Values& values, const Sinks&... sinks) {
  constexpr auto positions = active_positions<Sinks...>();
  constexpr int active = 1 + *std::max_element(positions.begin(), positions.end());
  std::array<Tensor<T, R>, static_cast<std::size_t>(active)> gradients;
  std::array<T*, static_cast<std::size_t>(active)> out{};
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    gradients[i] = Tensor<T, R>::uninitialized(dy.shape());
    out[i] = gradients[i].mutable_data();
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for_each_block(dy.shape(), [&](Index begin, Index end, const T* d, const auto*... in) {
      auto block = out;
      for (auto& pointer : block) pointer += begin;
      kernels::apply_many_serial(end - begin, [f](T dv, auto... v) INKLING_LAMBDA_INLINE {
        constexpr auto where = active_positions<Sinks...>();
        auto partials = Dual<T, active>(f(seed<T, active>(v, where[I])...)).d;
        for (auto& p : partials) p *= dv;
        return partials;
      }, block, d, in...);
    }, dy, std::get<I>(values)...);
    const auto deliver = [&](const auto& sink, const auto& x, int position) {
      if (sink) sink.add([&] { return sum_to(std::move(gradients[static_cast<std::size_t>(position)]), x.shape()); });
    };
    (deliver(sinks, std::get<I>(values), positions[I]), ...);
  }(std::index_sequence_for<Sinks...>{});
}

template <class F, TensorLike... X>
auto map_named(const char* operation, F f, const X&... x) {
  const auto shape = broadcast_shape(operation, value(x).shape()...);
  auto y = map_values(shape, f, value(x)...);
  return record(std::move(y), [f, values = std::make_tuple(value(x)...)](const auto& dy, const auto&... sinks) {
    map_gradients(dy, f, values, sinks...);
  }, x...);
}

}  // namespace detail

template <class F, TensorLike... X>
  requires(sizeof...(X) > 0)
auto map(F f, const X&... x) {
  return detail::map_named("map", std::move(f), x...);
}

}  // namespace ink
