// Modules: plain structs that name their members.
//
// A module holds parameters and other modules as members, evaluates itself with `operator()(x, …) const` on tensors and
// on variables alike, and lists its members in one static function `visit`. Everything that works on whole models goes
// through that one hook: optimisers, averaging, saving, loading, counting, printing. There is nothing to inherit. A
// model is a value: copying it copies its parameters (on write), depth is a std::vector of blocks.
//
// A member may be a Parameter, a module, or a std::vector, std::array or std::optional of those. Names are joined with
// dots: "blocks.3.attention.query.weight". Behind a parameter, `visit` may say in which order its axes are
// (nn/axes.hpp), for files whose writers order them otherwise: f("weight", self.weight, Axes::in_out).
//
// Example (declarations):
//     struct Scale {
//       Parameter<float, 1> factor{Tensor<float, 1>(Shape{3}, 1.0f)};
//       template <TensorLike X>
//       auto operator()(const X& x) const { return x * factor.on(x); }
//       static void visit(auto& self, auto&& f) { f("factor", self.factor); }
//     };
// Example:
//     Scale scale;
//     Index parameters = parameter_count(scale);                         // 3
//     for_each_parameter(scale, [](const std::string& name, auto& p) { p.value = Tensor<float, 1>(p.shape(), 2.0f); });
#pragma once

#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "inkling/autograd/var.hpp"
#include "inkling/nn/axes.hpp"
#include "inkling/nn/parameter_name.hpp"

namespace ink {
namespace detail {

struct AnyMember {
  template <class M>
  void operator()(const char*, M&, const Axes& = {}) const {}
};

template <class X>
inline constexpr bool is_sequence = false;
template <class X>
inline constexpr bool is_sequence<std::vector<X>> = true;
template <class X, std::size_t N>
inline constexpr bool is_sequence<std::array<X, N>> = true;
template <class X>
inline constexpr bool is_optional = false;
template <class X>
inline constexpr bool is_optional<std::optional<X>> = true;

}  // namespace detail

/// A struct with `static void visit(auto& self, auto&& f)` that calls f("name", self.member) for every member.
template <class M>
concept Module = requires(M& module) { std::remove_const_t<M>::visit(module, detail::AnyMember{}); };

namespace detail {

template <class M, class F>
void walk(const ParameterName& name, M& member, F& f, const Axes& axes = {}) {
  using Plain = std::remove_const_t<M>;
  if constexpr (is_parameter<Plain>) {
    if constexpr (std::is_invocable_v<F&, const ParameterName&, M&, const Axes&>) {
      f(name, member, axes);
    } else {
      f(name, member);
    }
  } else if constexpr (is_sequence<Plain>) {
    std::size_t i = 0;
    for (auto& element : member) walk(ParameterName(name, i++), element, f, axes);
  } else if constexpr (is_optional<Plain>) {
    if (member) walk(name, *member, f, axes);
  } else {
    static_assert(Module<M>, "visit: a member must be a Parameter, a module, or a vector, array or optional of those");
    Plain::visit(member, [&](const char* child, auto& inner, const Axes& inner_axes = {}) {
      walk(ParameterName(name, child), inner, f, inner_axes);
    });
  }
}

}  // namespace detail

/// Calls f(name, parameter), or f(name, parameter, axes) if it takes those, for every parameter, in the order of
/// `visit`. The name is a ParameterName: f may take it as a std::string, which it then becomes.
template <class M, class F>
void for_each_parameter(M& model, F&& f) {
  detail::walk(ParameterName(), model, f);
}

template <class M>
Index parameter_count(const M& model) {
  Index count = 0;
  for_each_parameter(model, [&](const auto&, const auto& p) { count += p.value.size(); });
  return count;
}

}  // namespace ink
