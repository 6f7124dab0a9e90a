// LayerNorm, RmsNorm, GroupNorm: the normalisations of ops/norm.hpp with their learned scale and shift.
//
// gamma starts at one and beta at zero.
//
// Shapes: LayerNorm, RmsNorm  x (…, width) -> the same
//         GroupNorm           x (N, …, channels), rank 2 or more -> the same
//
// Errors: ValueError for a width below 1 or groups that do not divide the channels; ShapeError if x's last extent is
// another.
//
// Example:
//     LayerNorm<float> norm({.width = 64}, Key{1});
//     GroupNorm<float> groups({.channels = 32, .groups = 8}, Key{2});
//     auto tokens = norm(normal<float>(Shape{8, 49, 64}, Key{3}));
//     auto image = groups(normal<float>(Shape{8, 28, 28, 32}, Key{4}));
//     auto active = groups.silu(image);                                     // silu(groups(image)), in one pass
#pragma once

#include <optional>

#include "inkling/nn/check.hpp"
#include "inkling/nn/init.hpp"
#include "inkling/ops/norm.hpp"

namespace ink {

template <class T = float>
struct LayerNorm {
  struct Options {
    Index width = 0;
    double eps = 1e-5;
    bool affine = true;
  };

  std::optional<Parameter<T, 1>> gamma, beta;
  Index width;
  double eps;

  /// Nothing is drawn: the key is there so that all layers are made alike.
  LayerNorm(const Options& o, Key = Key{0}) : width(o.width), eps(o.eps) {
    detail::require_positive("layer_norm", "width", o.width);
    if (!o.affine) return;
    gamma.emplace(init::constant<T>(Shape<1>{o.width}, 1));
    beta.emplace(init::zeros<T>(Shape<1>{o.width}));
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    detail::require_extent("layer_norm", x, -1, "width", o.width);
    return x;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    detail::require_extent("layer_norm", value(x).shape(), -1, "width", width);
    return gamma ? layer_norm(x, gamma->on(x), beta->on(x), eps) : layer_norm(x, eps);
  }

  /// (1 + scale)·norm(x) + shift with scale and shift (N, width) of each item, in one pass; for a norm without gamma.
  template <TensorLike X, TensorLikeOfRank<2> Scale, TensorLikeOfRank<2> Shift>
  auto modulated(const X& x, const Scale& scale, const Shift& shift) const {
    detail::require_extent("layer_norm", value(x).shape(), -1, "width", width);
    if (gamma) throw ValueError("layer_norm: affine is true; a modulated norm must have no gamma and beta of its own");
    return layer_norm_modulated(x, scale, shift, eps);
  }

  static void visit(auto& self, auto&& f) {
    f("gamma", self.gamma);
    f("beta", self.beta);
  }
};

template <class T = float>
struct RmsNorm {
  struct Options {
    Index width = 0;
    double eps = 1e-6;
  };

  Parameter<T, 1> gamma;
  double eps;

  RmsNorm(const Options& o, Key = Key{0}) : eps(o.eps) {
    detail::require_positive("rms_norm", "width", o.width);
    gamma.value = init::constant<T>(Shape<1>{o.width}, 1);
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    detail::require_extent("rms_norm", x, -1, "width", o.width);
    return x;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    detail::require_extent("rms_norm", value(x).shape(), -1, "width", gamma.shape()[0]);
    return rms_norm(x, gamma.on(x), eps);
  }

  static void visit(auto& self, auto&& f) { f("gamma", self.gamma); }
};

template <class T = float>
struct GroupNorm {
  struct Options {
    Index channels = 0;
    Index groups = 8;
    double eps = 1e-5;
  };

  Parameter<T, 1> gamma, beta;
  Index groups;
  double eps;

  GroupNorm(const Options& o, Key = Key{0}) : groups(o.groups), eps(o.eps) {
    detail::require_divides("group_norm", "groups", o.groups, "channels", o.channels);
    gamma.value = init::constant<T>(Shape<1>{o.channels}, 1);
    beta.value = init::zeros<T>(Shape<1>{o.channels});
  }

  template <int R>
  static constexpr Shape<R> out_shape(const Options& o, const Shape<R>& x) {
    static_assert(R >= 2, "group_norm: x has rank 2 or more");
    detail::require_divides("group_norm", "groups", o.groups, "channels", o.channels);
    detail::require_extent("group_norm", x, -1, "channels", o.channels);
    return x;
  }

  template <TensorLike X>
  auto operator()(const X& x) const {
    detail::require_extent("group_norm", value(x).shape(), -1, "channels", gamma.shape()[0]);
    return group_norm(x, groups, gamma.on(x), beta.on(x), eps);
  }

  /// silu of the above, fused.
  template <TensorLike X>
  auto silu(const X& x) const {
    detail::require_extent("group_norm", value(x).shape(), -1, "channels", gamma.shape()[0]);
    return group_norm_silu(x, groups, gamma.on(x), beta.on(x), eps);
  }

  static void visit(auto& self, auto&& f) {
    f("gamma", self.gamma);
    f("beta", self.beta);
  }
};

}  // namespace ink
