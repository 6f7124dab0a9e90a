// recompute: a part of a network whose intermediate values are computed again in the backward pass, not kept.
//
//   y = recompute(module, x, …)       the same bits as y = module(x, …), values and gradients
//
// T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear memory cost", 2016, arXiv:1604.06174
// ("gradient checkpointing"). The forward pass evaluates the module on plain tensors and keeps its arguments alone; the
// backward pass records it on a tape of its own, walks that, and drops it. A stack of blocks then holds what goes in
// between its blocks and the intermediate values of one of them, for one more forward pass: a third more arithmetic.
// The models take it as an option, `.recompute`. A training step on one core, memory being the peak of what tensors
// took with AdamW's state: models::Dit, batch 128, 359 to 119 MB for 1.29 times the time; models::UNet, batch 64, 444
// to 214 MB for 1.26 times; models::Gpt, batch 16, 423 to 176 MB for 1.29 times.
//
// `module` is any callable that gives a tensor for tensors and a variable for variables. It is called again from the
// backward pass: one that has a name is referred to, and must live and stay as it is until then; a temporary, such as a
// lambda, is kept. Arguments that are no variables are kept as they are, plain tensors, labels and keys among them.
// Everything random comes from a Key (`dropout`), so that the second evaluation draws what the first one drew.
// Variables must be arguments: the compiler rejects a lambda that captures one. On plain tensors it is just the call.
//
// The result is recorded even if every argument is a constant, for the module may have parameters.
//
// Errors: those of the module; ValueError if the arguments live on two tapes, or if the module gives another shape when
// it is called again.
//
// Example:
//     Parameter<float, 1> factor(Tensor<float, 1>(Shape{4}, 0.5f));
//     const auto block = [&](const auto& x) { return tanh(x * factor.on(x)); };
//     Tape tape;
//     auto h = tape.variable(normal<float>(Shape{8, 4}, Key{1}));
//     for (int i = 0; i < 10; ++i) h = recompute(block, h);
//     auto slope = tape.backward(sum(h)).of(factor);
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include "inkling/autograd/tape.hpp"
#include "inkling/autograd/var.hpp"

namespace ink {
namespace detail {

template <class X>
const auto& plain_argument(const X& x) {
  if constexpr (is_var<X>) {
    return x.value();
  } else {
    return x;
  }
}

template <class X>
X argument_on([[maybe_unused]] Tape& inner, const X& x) {
  if constexpr (is_var<X>) {
    return inner.stand_in(x);
  } else {
    return x;
  }
}

template <class T, int R, class M, class... X>
struct RecomputeNode {
  M module;  ///< a pointer to a module that has a name
  std::tuple<X...> arguments;
  Shape<R> shape;

  void run(Tape& tape, Storage gradient) {
    Tape inner;
    const int id = record_again(inner);
    if (id >= 0) inner.backward_within(tape, id, std::move(gradient));
  }

 private:
  /// The node of the result on `inner`, which alone holds the values when this returns: gradients can be written over
  /// what they are computed from, and each value ends with its last use.
  int record_again(Tape& inner) {
    const auto given = std::move(arguments);
    const auto y = std::apply([&](const auto&... x) { return call(argument_on(inner, x)...); }, given);
    if (y.shape() != shape) {
      throw ValueError(text("recompute: the result was ", shape, ", computed again it is ", y.shape(),
                            "; the module must give the same for the same arguments"));
    }
    return y.id();
  }

  template <class... A>
  auto call(const A&... x) const {
    if constexpr (std::is_pointer_v<M>) {
      return (*module)(x...);
    } else {
      return module(x...);
    }
  }

 public:
  RecomputeNode(M m, const X&... x, const Shape<R>& s) : module(std::move(m)), arguments(x...), shape(s) {}
};

}  // namespace detail

template <class M, class... X>
auto recompute(M&& module, const X&... x) {
  if constexpr ((detail::is_var<X> || ...)) {
    using Module = std::remove_cvref_t<M>;
    Tape* tape = nullptr;
    (detail::find_tape(tape, x), ...);
    auto y = std::as_const(module)(detail::plain_argument(x)...);
    using Y = decltype(y);
    static_assert(detail::is_tensor<Y>,
                  "recompute: the module must give a tensor for tensors, and capture no variable");
    using T = scalar_t<Y>;
    const auto push = [&](auto held) {
      return tape->push(y.size(),
                        detail::RecomputeNode<T, rank_v<Y>, decltype(held), X...>(std::move(held), x..., y.shape()));
    };
    int id = 0;
    if constexpr (std::is_lvalue_reference_v<M>) {
      id = push(static_cast<const Module*>(&module));
    } else {
      id = push(Module(std::forward<M>(module)));
    }
    return Var<T, rank_v<Y>>(*tape, id, std::move(y));
  } else {
    return std::forward<M>(module)(x...);
  }
}

}  // namespace ink
