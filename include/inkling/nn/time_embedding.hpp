// TimeEmbedding: the time of a diffusion process (or any other number) as a vector.
//
//   sinusoidal(t)    [sin(t·ω₀), …, sin(t·ω_{h−1}), cos(t·ω₀), …, cos(t·ω_{h−1})],  ω_j = max_period^{−j/h},  h = dim/2
//   TimeEmbedding    Linear(features, width), SiLU, Linear(width, width), and SiLU again if `activated`
//
// A. Vaswani et al., 2017, arXiv:1706.03762, with sines and cosines in two halves as in J. Ho, A. Jain, P. Abbeel,
// 2020, arXiv:2006.11239. t is not differentiated.
//
// Shapes: t (N) -> (N, dim) and (N, width).
//
// t decides whether the result is recorded: beside a recorded x, pass `constant_on(x, t)`.
//
// Errors: ValueError for an odd dim or a max_period not above 0.
//
// Example:
//     TimeEmbedding<float> time({.features = 32, .width = 128}, Key{1});
//     auto e = time(Tensor<float, 1>(Shape{2}, {0.0f, 999.0f}));           // (2, 128)
#pragma once

#include <cmath>

#include "inkling/nn/linear.hpp"
#include "inkling/ops/elementwise.hpp"

namespace ink {

template <TensorLikeOfRank<1> X>
auto sinusoidal(const X& t, Index dim, double max_period = 10000) {
  using T = scalar_t<X>;
  if (dim < 2 || dim % 2 != 0) throw ValueError(text("sinusoidal: dim is ", dim, "; it must be even and at least 2"));
  if (!(max_period > 0)) throw ValueError(text("sinusoidal: max_period is ", max_period, "; it must be above 0"));
  const Index n = value(t).size(), half = dim / 2;
  auto y = Tensor<T, 2>::uninitialized({n, dim});
  T* out = y.mutable_data();
  for (Index j = 0; j < half; ++j) {
    const double frequency = std::pow(max_period, -static_cast<double>(j) / static_cast<double>(half));
    for (Index i = 0; i < n; ++i) {
      const double angle = static_cast<double>(value(t).data()[i]) * frequency;
      out[i * dim + j] = static_cast<T>(std::sin(angle));
      out[i * dim + half + j] = static_cast<T>(std::cos(angle));
    }
  }
  if constexpr (Recorded<X>) {
    return t.tape().constant(std::move(y));
  } else {
    return y;
  }
}

template <class T = float>
struct TimeEmbedding {
  struct Options {
    Index features = 0;  ///< sines and cosines
    Index width = 0;
    bool activated = false;
    double max_period = 10000;
  };

  Linear<T> first, second;
  bool activated;
  double max_period;

  TimeEmbedding(const Options& o, Key key)
      : first({.in = o.features, .out = o.width}, key.fold(0)),
        second({.in = o.width, .out = o.width}, key.fold(1)),
        activated(o.activated),
        max_period(o.max_period) {
    if (o.features % 2 != 0) throw ValueError(text("time_embedding: features are ", o.features, "; they must be even"));
  }

  static constexpr Shape<2> out_shape(const Options& o, const Shape<1>& t) { return {t[0], o.width}; }

  template <TensorLikeOfRank<1> X>
  auto operator()(const X& t) const {
    auto e = second(silu(first(sinusoidal(t, first.weight.shape()[0], max_period))));
    return activated ? silu(e) : e;
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
  }
};

}  // namespace ink
