// Normalisation: features brought to mean 0 and variance 1 (or to root mean square 1), with or without a learned scale.
//
//   layer_norm  y = (x − mean) / sqrt(var + eps) · gamma + beta     over the last axis
//   layer_norm_modulated   y = (x − mean) / sqrt(var + eps) · (1 + scale) + shift, scale and shift of each item
//   rms_norm    y = x / sqrt(mean(x²) + eps) · gamma                over the last axis
//   group_norm  as layer_norm, over all positions of C/groups neighbouring channels of one item; gamma and beta are
//               per channel. groups = C is instance normalisation. group_norm_silu(…) = silu(group_norm(…)), fused.
//
// The variance is the biased one (divided by the count). The mean of what is normalised is off from 0 by about
// ulp(mean) / deviation, whatever its size; values up to half the largest number are normalised, also where their
// squares overflow. J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016, arXiv:1607.06450; B. Zhang, R. Sennrich,
// "Root mean square layer normalization", 2019, arXiv:1910.07467; Y. Wu, K. He, "Group normalization", 2018,
// arXiv:1803.08494.
//
// Shapes: layer_norm, rms_norm  x (…, C), gamma and beta (C) -> (…, C)
//         layer_norm_modulated  x (N, …, C), scale and shift (N, C) -> (N, …, C)
//         group_norm            x (N, …, C), gamma and beta (C) -> (N, …, C)
//
// Errors: ShapeError if gamma or beta is not as long as x's last axis, scale or shift is not (N, C), or the groups do
// not divide it; ValueError for eps not above 0 or groups below 1.
//
// Example:
//     auto tokens = normal<float>(Shape{8, 196, 64}, Key{1});
//     Tensor<float, 1> gamma(Shape{64}, 1.0f), beta(Shape{64});
//     auto y = layer_norm(tokens, gamma, beta);
//     auto plain = layer_norm(tokens);
//     auto told = layer_norm_modulated(tokens, Tensor<float, 2>(Shape{8, 64}), Tensor<float, 2>(Shape{8, 64}));
//     auto r = rms_norm(tokens, gamma);
//     auto g = group_norm(tokens, 8, gamma, beta);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "inkling/autograd/var.hpp"
#include "inkling/kernels/norm.hpp"
#include "inkling/ops/rows.hpp"

namespace ink {
namespace detail {

inline void check_eps(const char* operation, double eps) {
  if (!(eps > 0)) throw ValueError(text(operation, ": eps is ", eps, "; it must be above 0"));
}

template <int R>
void check_affine(const char* operation, const char* name, const Shape<R>& x, const Shape<1>& parameter) {
  if (parameter[0] != x[R - 1]) {
    throw ShapeError(
        text(operation, ": x is ", x, ", ", name, " is ", parameter, "; ", name, "[0] must equal x[", R - 1, "]"));
  }
}

/// `rows` rows of each of `items` items share gamma and beta; `modulated`: the scale is 1 + gamma.
struct LayerNorm {
  Index items, rows, length;
  bool modulated = false;
  Index statistics() const { return items * rows; }

  template <class T>
  void forward(const T* x, const T* gamma, const T* beta, T eps, T* y, T* mean, T* rstd) const {
    kernels::layer_norm_forward(items, rows, length, x, T(modulated), gamma, beta, eps, y, mean, rstd);
  }
  template <class T>
  void backward(const T* x, const T* gamma, const T*, const T* mean, const T* rstd, const T* dy, T* dx, T* dgamma,
                T* dbeta) const {
    kernels::layer_norm_backward(items, rows, length, x, T(modulated), gamma, mean, rstd, dy, dx, dgamma, dbeta);
  }
};

struct RmsNorm {
  Rows rows;
  Index statistics() const { return rows.count; }

  template <class T>
  void forward(const T* x, const T* gamma, const T*, T eps, T* y, T*, T* rstd) const {
    kernels::rms_norm_forward(rows.count, rows.length, x, gamma, eps, y, rstd);
  }
  template <class T>
  void backward(const T* x, const T* gamma, const T*, const T*, const T* rstd, const T* dy, T* dx, T* dgamma,
                T*) const {
    kernels::rms_norm_backward(rows.count, rows.length, x, gamma, rstd, dy, dx, dgamma);
  }
};

template <class Activation = kernels::NoActivation>
struct GroupNorm {
  Index items, positions, channels, groups;
  Index statistics() const { return items * groups; }

  template <class T>
  void forward(const T* x, const T* gamma, const T* beta, T eps, T* y, T* mean, T* rstd) const {
    kernels::group_norm_forward<Activation>(items, positions, channels, groups, x, gamma, beta, eps, y, mean, rstd);
  }
  template <class T>
  void backward(const T* x, const T* gamma, const T* beta, const T* mean, const T* rstd, const T* dy, T* dx, T* dgamma,
                T* dbeta) const {
    kernels::group_norm_backward<Activation>(items, positions, channels, groups, x, gamma, beta, mean, rstd, dy, dx,
                                             dgamma, dbeta);
  }
};

/// Runs a norm with gamma and beta, gamma alone, or neither. All gradients come out of one pass over x and dy.
template <class Norm, TensorLike X, TensorLike... Affine>
auto normalize(const Norm& norm, const X& x, double eps, const Affine&... affine) {
  using T = scalar_t<X>;
  using Value = Tensor<T, rank_v<X>>;
  using Affines = Tensor<T, std::max({1, rank_v<Affine>...})>;
  const Value& xv = value(x);
  auto y = Value::uninitialized(xv.shape());
  auto mean = Tensor<T, 1>::uninitialized({norm.statistics()}), rstd = mean;
  const std::array<Affines, 2> parameters{value(affine)...};
  const auto pointer = [](const Affines& parameter) { return parameter.empty() ? nullptr : parameter.data(); };
  if (!y.empty()) {
    norm.forward(xv.data(), pointer(parameters[0]), pointer(parameters[1]), static_cast<T>(eps), y.mutable_data(),
                 mean.mutable_data(), rstd.mutable_data());
  }
  return record(std::move(y),
                [norm, xv, parameters, mean, rstd, pointer](const auto& dy, const auto& dx, const auto&... sinks) {
    Value gx;
    if (dx) gx = Value::uninitialized(xv.shape());
    const std::array<bool, 2> wanted{static_cast<bool>(sinks)...};
    std::array<Affines, 2> g;
    std::array<T*, 2> out{};
    for (std::size_t i = 0; i < 2; ++i) {
      if (!wanted[i]) continue;
      g[i] = Affines::uninitialized(parameters[i].shape());
      out[i] = g[i].mutable_data();
    }
    norm.backward(xv.data(), pointer(parameters[0]), pointer(parameters[1]), mean.data(), rstd.data(), dy.data(),
                  dx ? gx.mutable_data() : nullptr, out[0], out[1]);
    dx.add([&] { return std::move(gx); });
    [[maybe_unused]] std::size_t next = 0;
    ((sinks.add([&] { return std::move(g[next]); }), ++next), ...);
  }, x, affine...);
}

template <class Activation = kernels::NoActivation, TensorLike X>
GroupNorm<Activation> group_norm_shape(const X& x, Index groups) {
  const auto& shape = value(x).shape();
  const Index channels = shape[rank_v<X> - 1];
  if (groups < 1) throw ValueError(text("group_norm: groups are ", groups, "; there must be at least 1"));
  if (channels % groups != 0) {
    throw ShapeError(
        text("group_norm: x is ", shape, ", groups are ", groups, "; groups must divide x[", rank_v<X> - 1, "]"));
  }
  GroupNorm<Activation> norm{shape[0], 1, channels, groups};
  for (int a = 1; a + 1 < rank_v<X>; ++a) norm.positions *= shape[a];
  return norm;
}

}  // namespace detail

namespace detail {

template <int R>
LayerNorm layer_norm_of(const Shape<R>& shape) {
  const Rows rows = rows_of(shape);
  return {1, rows.count, rows.length};
}

}  // namespace detail

template <TensorLike X, TensorLikeOfRank<1> Gamma, TensorLikeOfRank<1> Beta>
auto layer_norm(const X& x, const Gamma& gamma, const Beta& beta, double eps = 1e-5) {
  detail::check_eps("layer_norm", eps);
  detail::check_affine("layer_norm", "gamma", value(x).shape(), value(gamma).shape());
  detail::check_affine("layer_norm", "beta", value(x).shape(), value(beta).shape());
  return detail::normalize(detail::layer_norm_of(value(x).shape()), x, eps, gamma, beta);
}

template <TensorLike X>
auto layer_norm(const X& x, double eps = 1e-5) {
  detail::check_eps("layer_norm", eps);
  return detail::normalize(detail::layer_norm_of(value(x).shape()), x, eps);
}

template <TensorLike X, TensorLikeOfRank<2> Scale, TensorLikeOfRank<2> Shift>
auto layer_norm_modulated(const X& x, const Scale& scale, const Shift& shift, double eps = 1e-6) {
  constexpr int last = rank_v<X> - 1;
  static_assert(last >= 1, "layer_norm_modulated: x has rank 2 or more");
  detail::check_eps("layer_norm_modulated", eps);
  const auto& shape = value(x).shape();
  const Shape<2> each{shape[0], shape[last]};
  if (value(scale).shape() != each || value(shift).shape() != each) {
    throw ShapeError(text("layer_norm_modulated: x is ", shape, ", scale is ", value(scale).shape(), ", shift is ",
                          value(shift).shape(), "; scale and shift must be ", each));
  }
  const detail::Rows rows = detail::rows_of(shape);
  const detail::LayerNorm norm{shape[0], shape[0] > 0 ? rows.count / shape[0] : 0, rows.length, true};
  return detail::normalize(norm, x, eps, scale, shift);
}

template <TensorLike X, TensorLikeOfRank<1> Gamma>
auto rms_norm(const X& x, const Gamma& gamma, double eps = 1e-6) {
  detail::check_eps("rms_norm", eps);
  detail::check_affine("rms_norm", "gamma", value(x).shape(), value(gamma).shape());
  return detail::normalize(detail::RmsNorm{detail::rows_of(value(x).shape())}, x, eps, gamma);
}

template <TensorLike X>
auto rms_norm(const X& x, double eps = 1e-6) {
  detail::check_eps("rms_norm", eps);
  return detail::normalize(detail::RmsNorm{detail::rows_of(value(x).shape())}, x, eps);
}

namespace detail {

template <class Activation, TensorLike X, TensorLike Gamma, TensorLike Beta>
auto activated_group_norm(const X& x, Index groups, const Gamma& gamma, const Beta& beta, double eps) {
  check_eps("group_norm", eps);
  const auto norm = group_norm_shape<Activation>(x, groups);
  check_affine("group_norm", "gamma", value(x).shape(), value(gamma).shape());
  check_affine("group_norm", "beta", value(x).shape(), value(beta).shape());
  return normalize(norm, x, eps, gamma, beta);
}

}  // namespace detail

template <TensorLike X, TensorLikeOfRank<1> Gamma, TensorLikeOfRank<1> Beta>
  requires(rank_v<X> >= 2)
auto group_norm(const X& x, Index groups, const Gamma& gamma, const Beta& beta, double eps = 1e-5) {
  return detail::activated_group_norm<kernels::NoActivation>(x, groups, gamma, beta, eps);
}

/// silu(group_norm(…)) in one pass, and one for its gradient; keeps x alone.
template <TensorLike X, TensorLikeOfRank<1> Gamma, TensorLikeOfRank<1> Beta>
  requires(rank_v<X> >= 2)
auto group_norm_silu(const X& x, Index groups, const Gamma& gamma, const Beta& beta, double eps = 1e-5) {
  return detail::activated_group_norm<kernels::Silu>(x, groups, gamma, beta, eps);
}

template <TensorLike X>
  requires(rank_v<X> >= 2)
auto group_norm(const X& x, Index groups, double eps = 1e-5) {
  detail::check_eps("group_norm", eps);
  return detail::normalize(detail::group_norm_shape(x, groups), x, eps);
}

}  // namespace ink
