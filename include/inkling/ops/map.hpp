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

#include "inkling/autograd/var.hpp"
#include "inkling/core/view.hpp"
#include "inkling/ops/map_loops.hpp"
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
kernels::BroadcastReader<T> broadcast_reader(const Tensor<T, S>& x, const Shape<R>& shape) {
  static_assert(R <= kernels::BroadcastReader<T>::max_rank, "map takes tensors of at most eight axes");
  return {x.data(), shape.extents, view(x).broadcast(shape).strides};
}

template <class T, int R, class F, int... S>
Tensor<T, R> map_values(const Shape<R>& shape, const F& f, const Tensor<T, S>&... x) {
  auto y = Tensor<T, R>::uninitialized(shape);
  map_loop(shape.size(), f, y.mutable_data(), std::array{broadcast_reader(x, shape)...});
  return y;
}

/// f(x, y) for the x of the whole shape, written over x where no one else sees it.
template <class T, int R, class F, int S>
Tensor<T, R> map_over(Tensor<T, R> x, const F& f, const Tensor<T, S>& y) {
  const kernels::BroadcastReader<T> from(x.data());
  auto z = Tensor<T, R>::replacing(std::move(x));
  map_loop(z.size(), f, z.mutable_data(), std::array{from, broadcast_reader(y, z.shape())});
  return z;
}

/// How `x` is repeated to `y`; nothing if it is not at all, or along axes that are not neighbours.
template <int R, int S>
std::optional<Repetition> repetition(const Shape<R>& y, const Shape<S>& x) {
  Repetition result;
  int part = 0;  // 0: outer axes, 1: repeated ones, 2: inner ones
  for (int a = 0; a < R; ++a) {
    if (y[a] == 1) continue;
    const bool repeated = a < R - S || x[a - (R - S)] == 1;
    if (repeated && part == 2) return {};
    part = repeated ? 1 : part == 1 ? 2 : part;
    (part == 0 ? result.outer : part == 1 ? result.repeat : result.inner) *= y[a];
  }
  return part == 0 ? std::nullopt : std::optional(result);
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

/// The gradient of active input i of a map, of shape `to`, whose result is of shape `from`.
template <class T, std::size_t Active, int R, int S>
Tensor<T, S> take_gradient(MapGradients<T, Active>& gradients, std::size_t i, const Shape<R>& from,
                           const Shape<S>& to) {
  if (!gradients.is_folded(i)) return sum_to(Tensor<T, R>::adopt(from, gradients.take_whole(i)), to);
  auto sum = Tensor<T, S>::uninitialized(to);
  gradients.add_up(i, sum.mutable_data());
  return sum;
}

/// dy · ∂f/∂x for every active input, in one pass.
template <class T, int R, class F, class Values, class... Sinks>
void map_gradients(Tensor<T, R> dy, const F& f, const Values& values, const Sinks&... sinks) {
  constexpr auto positions = active_positions<Sinks...>();
  constexpr std::size_t active = active_count(positions);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const Shape<R> shape = dy.shape();
    std::array<std::optional<Repetition>, active> repetitions;
    ((positions[I] >= 0
          ? void(repetitions[static_cast<std::size_t>(positions[I])] = repetition(shape, std::get<I>(values).shape()))
          : void()),
     ...);
    const std::array readers{broadcast_reader(std::get<I>(values), shape)...};
    const T* dy_data = dy.data();
    MapGradients<T, active> gradients(shape.size(), std::move(dy).storage(), repetitions);
    gradient_loop<positions[I]...>(gradients, f, dy_data, readers);
    const auto deliver = [&](const auto& sink, const auto& x, int position) {
      if (sink)
        sink.add([&] { return take_gradient(gradients, static_cast<std::size_t>(position), shape, x.shape()); });
    };
    (deliver(sinks, std::get<I>(values), positions[I]), ...);
  }(std::index_sequence_for<Sinks...>{});
}

template <class F, TensorLike... X>
auto map_named(const char* operation, F f, const X&... x) {
  const auto shape = broadcast_shape(operation, value(x).shape()...);
  auto y = map_values(shape, f, value(x)...);
  return record(std::move(y), [f, values = std::make_tuple(value(x)...)](auto dy, const auto&... sinks) {
    map_gradients(std::move(dy), f, values, sinks...);
  }, x...);
}

}  // namespace detail

template <class F, TensorLike... X>
  requires(sizeof...(X) > 0)
auto map(F f, const X&... x) {
  return detail::map_named("map", std::move(f), x...);
}

}  // namespace ink
