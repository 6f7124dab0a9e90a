// Gradient clipping by the global norm: one long gradient must not throw the model off.
//
//   ‖g‖ = √(Σ over all parameters g²)        g ← g · min(1, max / ‖g‖)
//
// R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", 2012, arXiv:1211.5063.
//
// The sum is taken in double, in the order of the model's `visit` and in fixed chunks: the same bits at any thread
// count. A norm that is not finite is returned, and the gradients stay as they are: the caller decides.
//
// Errors: ValueError unless max is positive.
//
// Example (declarations):
//     struct Slope {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("weight", self.weight); }
//     };
// Example:
//     Slope model;
//     Tape tape;
//     auto x = tape.constant(Tensor<float, 2>(Shape{3, 2}, 4.0f));
//     Gradients gradients = tape.backward(sum(x * model.weight.on(x)));
//     double before = clip_by_global_norm(model, gradients, 1.0);
//     double after = global_norm(model, gradients);                          // 1
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "inkling/autograd/gradients.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/optim/options.hpp"

namespace ink {
namespace detail {

template <class T>
double sum_of_squares(const T* x, Index count) {
  constexpr Index grain = 16384, lanes = 8;
  PoolVector<double> parts(static_cast<std::size_t>((count + grain - 1) / grain));
  parallel_for(count, grain, [&](Index begin, Index end) {
    double lane[lanes] = {};  // independent sums keep the adders busy
    Index i = begin;
    for (; i + lanes <= end; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] += static_cast<double>(x[i + k]) * static_cast<double>(x[i + k]);
    }
    for (; i < end; ++i) lane[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    double sum = 0;
    for (const double part : lane) sum += part;
    parts[static_cast<std::size_t>(begin / grain)] = sum;
  });
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

/// Multiplies by a factor in (0, 1], also by one so small that float has few digits left for it.
inline void shorten(Gradients& gradients, double factor) {
  constexpr double smallest = 0x1p-126;
  if (factor >= smallest) return gradients.scale(factor);
  gradients.scale(std::sqrt(factor));
  gradients.scale(std::sqrt(factor));
}

}  // namespace detail

/// The length of the gradient of all the model's parameters together.
template <class M>
double global_norm(const M& model, const Gradients& gradients) {
  double sum = 0;
  for_each_parameter(model, [&](const auto&, const auto& p) {
    if (gradients.has(p)) sum += detail::sum_of_squares(gradients.of(p).data(), p.value.size());
  });
  return std::sqrt(sum);
}

/// Shortens the gradients to `max` if they are longer; returns their length before. Everything in `gradients` is
/// scaled, the model's parameters are what is measured.
template <class M>
double clip_by_global_norm(const M& model, Gradients& gradients, double max) {
  detail::require_option(max > 0, "clip_by_global_norm", "max", max, "positive");
  const double norm = global_norm(model, gradients);
  if (norm > max && std::isfinite(norm)) detail::shorten(gradients, max / norm);
  return norm;
}

}  // namespace ink
