// Axes: in which order a parameter has its axes, said where `visit` names it. Loading a file whose writer orders them
// otherwise asks for it (io/layout.hpp); nothing else does.
//
//   name            here                                        in PyTorch
//   plain           biases, scales, tables (rows, width), …     the same
//   in_out          a linear layer's (in, out)                  (out, in)
//   window_in_out   a convolution's (KH, KW, in, out)           (out, in, KH, KW)
//                   a transposed one's (KH, KW, out, in)        (in, out, KH, KW), by the same exchange of axes
//   image_channels  a vector for every place, (H, W, C)         (C, H, W)
//
// A parameter of a module of yours is plain unless its `visit` says otherwise. LAYOUTS.md, beside this header, lists
// those of every layer and network.
//
// Example (declarations):
//     struct Project {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       template <TensorLike X>
//       auto operator()(const X& x) const { return matmul(x, weight.on(x)); }
//       static void visit(auto& self, auto&& f) { f("weight", self.weight, Axes::in_out); }
//     };
// Example:
//     Project project;
//     for_each_parameter(project, [](const std::string& name, auto& p, const Axes& axes) {
//       bool transposed = axes.order == Axes::in_out;                    // true
//     });
#pragma once

#include "inkling/core/shape.hpp"

namespace ink {

struct Axes {
  enum Order : unsigned char { plain, in_out, window_in_out, image_channels };

  Order order = plain;
  /// Above 0: the window is a causal one, which ends at the current pixel and of which so many places are seen, the
  /// first ones, row by row. PyTorch's may go on behind it; what is there is hidden.
  Index seen = 0;

  constexpr Axes() = default;
  constexpr Axes(Order o, Index places_seen = 0) : order(o), seen(places_seen) {}
};

}  // namespace ink
