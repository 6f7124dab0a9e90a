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
#include <optional>
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

/// f(x, y) for the x of the whole shape, written over x where no one else sees it.
template <class T, int R, class F, int S>
Tensor<T, R> map_over(Tensor<T, R> x, const F& f, const Tensor<T, S>& y) {
  const T* from = x.data();
  auto z = Tensor<T, R>::replacing(std::move(x));
  T* out = z.mutable_data();
  for_each_block(z.shape(), [&](Index begin, Index end, const auto* in) {
    kernels::apply_serial(end - begin, [f](auto... v) INKLING_LAMBDA_INLINE {
      return Dual<T, 0>(f(Dual<T, 0>(v)...)).v;
    }, out + begin, from + begin, in);
  }, y);
  return z;
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

template <std::size_t N>
constexpr int active_count(const std::array<int, N>& positions) {
  return 1 + *std::max_element(positions.begin(), positions.end());
}

/// The position is a constant: an index of its own would keep clang from vectorising loops over duals.
template <class T, int N, int Position>
INKLING_INLINE Dual<T, N> seed(T value) {
  return Dual<T, N>::with(
      value, [](std::size_t i) INKLING_LAMBDA_INLINE { return static_cast<int>(i) == Position ? T{1} : T{0}; });
}

/// A result seen as (outer, repeat, inner) and an input as (outer, 1, inner) of it.
struct Repetition {
  Index outer = 1, repeat = 1, inner = 1;
  bool operator==(const Repetition&) const = default;
};

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

/// The gradients of one map: where an input is as large as the result they go to memory at once. Where it is repeated,
/// and all such inputs in the same way, they are added up while they are in the cache; the partial sums are of fixed
/// ranges, added in order.
template <class T, int R, int Active>
class MapGradients {
 public:
  /// `repetitions`: of each active input, nothing if it is as large as the result or repeated in a way of its own. The
  /// gradient of the first large one is written over dy, unless dy is shared.
  MapGradients(Tensor<T, R> dy, const std::array<std::optional<Repetition>, Active>& repetitions)
      : dy_(std::move(dy)), rows_{1, 1, dy_.size()} {
    const Shape<R> shape = dy_.shape();
    for (const auto& r : repetitions) {
      if (r && r->inner >= shortest_row && r->inner <= map_block) rows_ = *r;
    }
    for (std::size_t i = 0; i < folded_.size(); ++i) {
      folded_[i] = rows_.repeat > 1 && repetitions[i] && *repetitions[i] == rows_;
      if (!folded_[i]) {
        whole_[i] = dy_.storage() ? Tensor<T, R>::replacing(std::move(dy_)) : Tensor<T, R>::uninitialized(shape);
        whole_data_[i] = whole_[i].mutable_data();
      }
    }
    piece_ = rows_.repeat > 1 ? std::max<Index>(1, 8 * map_block / rows_.inner) : 1;
    pieces_ = (rows_.repeat + piece_ - 1) / piece_;
  }

  /// Calls body(begin, end, pointers to the gradients of the elements [begin, end)) for blocks that cover the shape.
  template <class Body>
  void for_each_block(const Body& body) {
    if (std::find(folded_.begin(), folded_.end(), true) == folded_.end()) {
      parallel_for(rows_.inner * rows_.repeat * rows_.outer, 8 * map_block, [&](Index first, Index last) {
        for (Index begin = first; begin < last; begin += map_block) {
          auto out = whole_data_;
          for (auto& pointer : out) pointer += begin;
          body(begin, std::min(begin + map_block, last), out);
        }
      });
      return;
    }
    const Index inner = rows_.inner, tasks = rows_.outer * pieces_;
    partial_.emplace(std::max<Index>(1, tasks * Active * inner));
    const Index elements = std::min(piece_, rows_.repeat) * inner;
    parallel_for(tasks, std::max<Index>(1, 8 * map_block / elements), [&](Index begin, Index end) {
      for (Index task = begin; task < end; ++task) fold(task, body);
    });
  }

  /// The gradient of active input i, of that shape.
  template <int S>
  Tensor<T, S> take(std::size_t i, const Shape<S>& shape) {
    if (!folded_[i]) return sum_to(std::move(whole_[i]), shape);
    auto sum = Tensor<T, S>::uninitialized(shape);
    T* out = sum.mutable_data();
    const Index inner = rows_.inner;
    for (Index o = 0; o < rows_.outer; ++o) {
      const T* from = partial_->data() + (o * pieces_ * Active + static_cast<Index>(i)) * inner;
      std::copy_n(from, inner, out + o * inner);
      for (Index p = 1; p < pieces_; ++p) {
        for (Index c = 0; c < inner; ++c) out[o * inner + c] += from[p * Active * inner + c];
      }
    }
    return sum;
  }

 private:
  static constexpr Index shortest_row = 16;  // below, a row is not worth a loop of its own

  template <class Body>
  void fold(Index task, const Body& body) {
    const Index inner = rows_.inner, o = task / pieces_, first = task % pieces_ * piece_;
    const Index last = std::min(rows_.repeat, first + piece_), step = map_block / inner;
    T* sums = partial_->data() + task * Active * inner;
    std::fill_n(sums, Active * inner, T(0));
    T local[Active][map_block];
    for (Index row = first; row < last; row += step) {
      const Index rows = std::min(step, last - row), begin = (o * rows_.repeat + row) * inner;
      auto out = whole_data_;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = folded_[i] ? local[i] : out[i] + begin;
      body(begin, begin + rows * inner, out);
      for (std::size_t i = 0; i < out.size(); ++i) {
        T* sum = sums + static_cast<Index>(i) * inner;
        for (Index r = 0; folded_[i] && r < rows; ++r) {
          kernels::apply_serial(inner, [](T a, T b) INKLING_LAMBDA_INLINE { return a + b; }, sum, sum,
                                local[i] + r * inner);
        }
      }
    }
  }

  Tensor<T, R> dy_;  // kept until all is computed, if nothing is written over it
  Repetition rows_;
  Index piece_ = 1, pieces_ = 1;  // rows of a partial sum, partial sums of each outer position
  std::array<bool, Active> folded_{};
  std::array<Tensor<T, R>, Active> whole_;
  std::array<T*, Active> whole_data_{};
  std::optional<Scratch<T>> partial_;  // (outer, pieces, Active, inner)
};

/// dy · ∂f/∂x for every active input, in one pass.
template <class T, int R, class F, class Values, class... Sinks>
void map_gradients(Tensor<T, R> dy, const F& f, const Values& values, const Sinks&... sinks) {
  constexpr auto positions = active_positions<Sinks...>();
  constexpr int active = active_count(positions);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    std::array<std::optional<Repetition>, active> repetitions;
    ((positions[I] >= 0 ? void(repetitions[static_cast<std::size_t>(positions[I])] =
                                   repetition(dy.shape(), std::get<I>(values).shape()))
                        : void()),
     ...);
    const auto readers = std::make_tuple(broadcast_reader(std::get<I>(values), dy.shape())...);
    const T* dy_data = dy.data();
    MapGradients<T, R, active> gradients(std::move(dy), repetitions);
    gradients.for_each_block([&](Index begin, Index end, const std::array<T*, active>& out) {
      T buffers[sizeof...(I)][map_block];
      kernels::apply_many_serial(end - begin, [f](T dv, auto... v) INKLING_LAMBDA_INLINE {
        constexpr auto where = active_positions<Sinks...>();
        constexpr int count = active_count(where);
        const auto partials = Dual<T, count>(f(seed<T, count, where[I]>(v)...)).d;
        return [&]<std::size_t... P>(std::index_sequence<P...>) INKLING_LAMBDA_INLINE {  // a loop keeps clang scalar
          return std::array<T, count>{dv * partials[P]...};
        }(std::make_index_sequence<count>{});
      }, out, dy_data + begin, std::get<I>(readers).read(begin, end, buffers[I])...);
    });
    const auto deliver = [&](const auto& sink, const auto& x, int position) {
      if (sink) sink.add([&] { return gradients.take(static_cast<std::size_t>(position), x.shape()); });
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
