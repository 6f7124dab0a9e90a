// TensorLike, Parameter and record: what an operation is written with.
//
// An operation is a function template over `TensorLike` values: plain tensors, or variables recorded on a tape. It
// computes its result from `value(x)` and hands it to `record` together with the code of its gradient. If no input is
// a variable, `record` returns the plain result and keeps nothing: evaluation and sampling build no graph.
//
// `Parameter` is a trainable tensor of a model. A layer asks for it where its input lives: `weight.on(x)` is the plain
// tensor when x is a tensor, and the leaf on x's tape when x is a variable.
//
// Example:
//     auto cube = [](const auto& x) {                      // y = x³ for a scalar
//       const double v = value(x).item();
//       return record(Tensor<double, 0>(v * v * v), [v](const auto& dy, auto dx) {
//         dx.add([&] { return Tensor<double, 0>(dy.item() * 3 * v * v); });
//       }, x);
//     };
//     Tape tape;
//     auto x = tape.variable(Tensor<double, 0>(2.0));
//     double slope = tape.backward(cube(x))[x].item();     // 12
#pragma once

#include <array>
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/autograd/tape.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {
namespace detail {

template <class X>
inline constexpr bool is_tensor = false;
template <class T, int R>
inline constexpr bool is_tensor<Tensor<T, R>> = true;
template <class X>
inline constexpr bool is_var = false;
template <class T, int R>
inline constexpr bool is_var<Var<T, R>> = true;
template <class X>
inline constexpr bool is_parameter = false;
template <class T, int R>
inline constexpr bool is_parameter<Parameter<T, R>> = true;

}  // namespace detail

template <class X>
concept TensorLike = detail::is_tensor<std::remove_cvref_t<X>> || detail::is_var<std::remove_cvref_t<X>>;

template <class X>
concept Recorded = detail::is_var<std::remove_cvref_t<X>>;

template <class X>
using scalar_t = typename std::remove_cvref_t<X>::value_type;
template <class X>
inline constexpr int rank_v = std::remove_cvref_t<X>::rank;

template <class X, int R>
concept TensorLikeOfRank = TensorLike<X> && rank_v<X> == R;

/// The numbers of a tensor or variable.
template <class T, int R>
const Tensor<T, R>& value(const Tensor<T, R>& x) {
  return x;
}
template <class T, int R>
const Tensor<T, R>& value(const Var<T, R>& x) {
  return x.value();
}

template <class T, int R>
struct Parameter {
  using value_type = T;
  static constexpr int rank = R;

  Tensor<T, R> value;

  Parameter() = default;
  explicit Parameter(Tensor<T, R> initial) : value(std::move(initial)) {}

  const Shape<R>& shape() const { return value.shape(); }

  template <class U, int S>
  const Tensor<T, R>& on(const Tensor<U, S>&) const {
    return value;
  }
  template <class U, int S>
  Var<T, R> on(const Var<U, S>& x) const {
    return x.tape().parameter(*this);
  }
};

/// A tensor where x lives: itself beside a tensor, a constant on x's tape beside a variable.
template <class T, int R, class U, int S>
const Tensor<T, R>& constant_on(const Tensor<U, S>&, const Tensor<T, R>& tensor) {
  return tensor;
}
template <class T, int R, class U, int S>
Var<T, R> constant_on(const Var<U, S>& x, const Tensor<T, R>& tensor) {
  return x.tape().constant(tensor);
}

/// Where gradient code delivers the gradient of one input: `add` takes a callable that returns it; `update` one that
/// changes the gradient collected so far, a tensor of the given shape. They are called only if the gradient is wanted.
template <class T, int R>
class Sink {
 public:
  Sink(Tape& tape, int id) : tape_(&tape), id_(id) {}
  explicit operator bool() const { return id_ >= 0; }
  template <class F>
  void add(F&& gradient) const {
    if (id_ >= 0) tape_->deliver(id_, Tensor<T, R>(gradient()));
  }
  template <class F>
  void update(const Shape<R>& shape, F&& change) const {
    if (id_ >= 0) tape_->template update<T>(id_, shape, change);
  }

 private:
  Tape* tape_;
  int id_;
};

/// The sink of an input that is a plain tensor.
struct NoSink {
  explicit constexpr operator bool() const { return false; }
  template <class F>
  void add(F&&) const {}
  template <class S, class F>
  void update(const S&, F&&) const {}
};

namespace detail {

template <class X>
auto make_sink(Tape& tape, [[maybe_unused]] int id) {
  if constexpr (is_var<X>) {
    return Sink<scalar_t<X>, rank_v<X>>(tape, id);
  } else {
    return NoSink{};
  }
}

template <class T, int R, class F, class... X>
struct OperationNode {
  F gradient;
  Shape<R> shape;
  std::array<int, sizeof...(X)> inputs;

  void run(Tape& tape, Storage storage) {
    run(tape, Tensor<T, R>::adopt(shape, std::move(storage)), std::index_sequence_for<X...>{});
  }

 private:
  template <std::size_t... I>
  void run(Tape& tape, Tensor<T, R> dy, std::index_sequence<I...>) {
    gradient(std::move(dy), make_sink<X>(tape, inputs[I])...);
  }

 public:
  OperationNode(F f, const Shape<R>& s, const std::array<int, sizeof...(X)>& i)
      : gradient(std::move(f)), shape(s), inputs(i) {}
};

template <class T, int R, class F, class X>
struct ListNode {
  F gradient;
  Shape<R> shape;
  std::vector<int> inputs;

  ListNode(F f, const Shape<R>& s, std::vector<int> ids) : gradient(std::move(f)), shape(s), inputs(std::move(ids)) {}

  void run(Tape& tape, Storage storage) {
    std::vector<decltype(make_sink<X>(tape, 0))> sinks;
    for (int id : inputs) sinks.push_back(make_sink<X>(tape, id));
    gradient(Tensor<T, R>::adopt(shape, std::move(storage)), sinks);
  }
};

template <class X>
int node_id([[maybe_unused]] const X& x) {
  if constexpr (is_var<X>) {
    return x.id();
  } else {
    return -1;
  }
}

template <class X>
void find_tape(Tape*& tape, [[maybe_unused]] const X& x) {
  if constexpr (is_var<X>) {
    if (tape && tape != &x.tape()) throw ValueError("record: inputs live on two tapes; they must share one");
    tape = &x.tape();
  }
}

}  // namespace detail

/// The result of an operation: `result` itself if no input is a variable, else a variable whose gradient code is
/// `gradient(dy, sink of input 1, sink of input 2, …)`.
template <class T, int R, class F, TensorLike... X>
auto record(Tensor<T, R> result, F gradient, const X&... inputs) {
  if constexpr ((detail::is_var<X> || ...)) {
    Tape* tape = nullptr;
    (detail::find_tape(tape, inputs), ...);
    const std::array<int, sizeof...(X)> ids{detail::node_id(inputs)...};
    bool wanted = false;
    for (int id : ids) wanted = wanted || id >= 0;
    if (!wanted) return tape->constant(std::move(result));
    const int id =
        tape->push(result.size(), detail::OperationNode<T, R, F, X...>(std::move(gradient), result.shape(), ids));
    return Var<T, R>(*tape, id, std::move(result));
  } else {
    return result;
  }
}

/// The same for a list of inputs: the gradient code is called as gradient(dy, std::vector of sinks).
template <class T, int R, class F, TensorLike X>
auto record(Tensor<T, R> result, F gradient, const std::vector<X>& inputs) {
  if constexpr (detail::is_var<X>) {
    Tape* tape = nullptr;
    std::vector<int> ids;
    bool wanted = false;
    for (const auto& x : inputs) {
      detail::find_tape(tape, x);
      ids.push_back(x.id());
      wanted = wanted || x.wants_gradient();
    }
    if (!tape) throw ValueError("record: the list of inputs is empty; it must have at least one");
    if (!wanted) return tape->constant(std::move(result));
    const auto shape = result.shape();
    const int id = tape->push(shape.size(), detail::ListNode<T, R, F, X>(std::move(gradient), shape, std::move(ids)));
    return Var<T, R>(*tape, id, std::move(result));
  } else {
    return result;
  }
}

/// The value alone: what follows is not differentiated through.
template <TensorLike X>
auto detach(const X& x) {
  return value(x);
}

}  // namespace ink
