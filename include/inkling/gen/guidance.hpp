// Guidance: what a network answers to a condition, exaggerated. It works on the network, so that it serves every target
// of diffusion and the logits of autoregression alike, without retraining.
//
//   y = g·y_told + (1 − g)·y_untold,     then   y ← y·(φ·std(y_told)/std(y) + 1 − φ)
//
// g   the scale: 0 is the unconditional network, 1 the conditional one, each at the cost of one evaluation and to the
//     bit; otherwise one evaluation of a doubled batch ("classifier-free": J. Ho, T. Salimans 2022, arXiv:2207.12598;
//     the w of that paper is g − 1). It is a number or, as a schedule, any type with a const operator()(level) ->
//     double.
// from, to   outside of this interval of levels, g is 1 (T. Kynkäänniemi et al. 2024, arXiv:2404.07724)
// φ   `rescale`, against images that are too bright (S. Lin et al. 2023, arXiv:2305.08891); std over the numbers of an
//     image, or over the logits of a pixel
//
// The level is what the network is told: 1000·t or the target's own for diffusion (gen/target.hpp), and 1000 times the
// share of pixels that are missing for tokens. A causal network is told none: it is 1000·(1 − i/D) for pixel i of D.
//
// Shapes: those of the network. The condition is a Condition (nn/condition.hpp).
//
// Errors: ValueError for a scale that is not finite, a rescale outside [0, 1], or an empty interval.
//
// Example (declarations):
//     struct Rising {                                           // a schedule: the clearer the image, the stronger
//       double operator()(double level) const { return 1 + 3 * (1 - level / 1000); }
//     };
// Example:
//     models::UNet<float> network({.width = 8, .multipliers = {1, 2}, .groups = 4, .classes = 10}, Key{1});
//     auto model = KarrasDenoiser(network);
//     auto stronger = guided(model, {.scale = 3, .rescale = 0.7});
//     auto scheduled = guided(model, Guidance<Rising>{.to = 600});
//     ClassLabels sevens{Tensor<std::int32_t, 1>(Shape{2}, 7)};
//     auto clean = stronger.posterior(model.prior(Shape{2, 8, 8, 1}, Key{2}), 1.0, sevens).mean();
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "inkling/dist/quantizer.hpp"
#include "inkling/gen/reordered.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {
namespace detail {

/// 1 if it is a number.
template <class Scale>
constexpr Scale neutral_scale() {
  if constexpr (std::is_arithmetic_v<Scale>) {
    return Scale{1};
  } else {
    return Scale{};
  }
}

}  // namespace detail

template <class Scale = double>
struct Guidance {
  Scale scale = detail::neutral_scale<Scale>();  ///< a number, or a schedule
  double from = -std::numeric_limits<double>::infinity(), to = std::numeric_limits<double>::infinity();
  double rescale = 0;

  double at(double level) const { return level < from || level > to ? 1 : scale_at(level); }

  /// The scale, if it is the same at every level.
  std::optional<double> constant() const {
    if constexpr (std::is_arithmetic_v<Scale>) {
      if (std::isinf(from) && std::isinf(to)) return static_cast<double>(scale);
    }
    return {};
  }

 private:
  double scale_at(double level) const {
    if constexpr (std::is_arithmetic_v<Scale>) {
      return static_cast<double>(scale);
    } else {
      return scale(level);
    }
  }
};

template <class Network, class Scale = double>
class GuidedNetwork {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;

  /// That of the network, for twice as many rows if both answers are needed.
  template <class Inner>
  struct Cache {
    Inner inner;
    bool doubled;
  };

  Network network;
  Guidance<Scale> guidance;

  GuidedNetwork(Network n, Guidance<Scale> g) : network(std::move(n)), guidance(std::move(g)) {
    if (guidance.constant() && !std::isfinite(*guidance.constant())) {
      throw ValueError(text("guidance: scale is ", *guidance.constant(), "; it must be finite"));
    }
    if (!(guidance.rescale >= 0 && guidance.rescale <= 1)) {
      throw ValueError(text("guidance: rescale is ", guidance.rescale, "; it must be in [0, 1]"));
    }
    if (!(guidance.from <= guidance.to)) {
      throw ValueError(
          text("guidance: levels are [", guidance.from, ", ", guidance.to, "]; from must not be above to"));
    }
  }

  /// The network's own names: its saved parameters fit.
  static void visit(auto& self, auto&& f) { Network::visit(self.network, f); }

  /// Images, or what stands for them.
  template <TensorLikeOfRank<4> X, class C>
  auto operator()(const X& x, const Tensor<T, 1>& level, const C& condition) const {
    Tensor<T, 4> scale(Shape<4>{level.size(), 1, 1, 1});
    for (Index n = 0; n < level.size(); ++n) scale(n, 0, 0, 0) = scale_at(static_cast<double>(level(n)));
    return evaluate<1, 2, 3>(value(x).extent(0), scale, condition, [&](bool twice, const C& told) {
      return twice ? network(concat(0, x, x), concat(0, level, level), told) : network(x, level, told);
    });
  }

  /// Tokens of a causal network.
  template <TensorLikeOfRank<3> X, class C>
  auto operator()(const X& tokens, const C& condition) const {
    const Shape<3> shape = value(tokens).shape();
    const Index pixels = shape[1] * shape[2];
    Tensor<T, 4> scale(Shape<4>{1, shape[1], shape[2], 1});
    for (Index i = 0; i < pixels; ++i) scale.mutable_data()[i] = scale_at(level_of(i, pixels));
    return evaluate<-1>(shape[0], scale, condition, [&](bool twice, const C& told) {
      return twice ? network(concat(0, tokens, tokens), told) : network(tokens, told);
    });
  }

  /// The network's order (gen/reordered.hpp).
  Index place(Index i) const { return place_at(network, i); }

  template <class C>
    requires requires(const Network& n, const C& condition) { n.cache(Index{1}, condition); }
  auto cache(Index batch, const C& condition) const {
    using Inner = decltype(network.cache(batch, condition));
    const auto g = guidance.constant();
    if (std::is_same_v<C, Unconditional> || g == 1.0) return Cache<Inner>{network.cache(batch, condition), false};
    const C untold = withhold_all(condition, batch);
    if (g == 0.0) return Cache<Inner>{network.cache(batch, untold), false};
    return Cache<Inner>{network.cache(2 * batch, condition.joined(untold)), true};
  }

  template <class Inner>
  Tensor<T, 2> logits_at(const Tokens& tokens, Index position, Cache<Inner>& cache) const {
    if (!cache.doubled) return network.logits_at(tokens, position, cache.inner);
    const Tensor<T, 2> both = network.logits_at(concat(0, tokens, tokens), position, cache.inner);
    const Index pixels = tokens.extent(1) * tokens.extent(2);
    return combine<-1>(both, Tensor<T, 2>(Shape<2>{1, 1}, scale_at(level_of(position, pixels))));
  }

 private:
  static double level_of(Index i, Index pixels) {
    return 1000 * (1 - static_cast<double>(i) / static_cast<double>(pixels));
  }

  T scale_at(double level) const { return static_cast<T>(guidance.at(level)); }

  /// network(twice, condition) for one batch or for two in a row.
  template <int... axes, class C, class Answer>
  auto evaluate(Index rows, const Tensor<T, 4>& scale, const C& condition, const Answer& network_of) const {
    if constexpr (std::is_same_v<C, Unconditional>) {
      return network_of(false, condition);
    } else {
      static_assert(Condition<C>, "guidance: the condition must model Condition (nn/condition.hpp)");
      const auto all = [&](T g) {
        return std::all_of(scale.data(), scale.data() + scale.size(), [g](T s) { return s == g; });
      };
      if (all(T{1})) return network_of(false, condition);
      const C untold = withhold_all(condition, rows);
      if (all(T{0})) return network_of(false, untold);
      return combine<axes...>(network_of(true, condition.joined(untold)), scale);
    }
  }

  /// The told half and the untold half as one answer; the standard deviations are those over `axes`.
  template <int... axes, TensorLike Y, int R>
  Y combine(const Y& both, const Tensor<T, R>& scale) const {
    const Index rows = value(both).extent(0) / 2;
    const Y told = slice(both, 0, 0, rows), untold = slice(both, 0, rows, 2 * rows);
    const Y y =
        map([](auto a, auto b, auto g) INKLING_LAMBDA_INLINE { return g * a + (1 - g) * b; }, told, untold, scale);
    if (guidance.rescale == 0) return y;
    // Not where the answer is that of one of the halves.
    Tensor<T, R> part = scale;
    for (T& p : part.mutable_values()) p = p == 0 || p == 1 ? T{0} : static_cast<T>(guidance.rescale);
    const auto ratio = sqrt(var_keep<axes...>(told) / (var_keep<axes...>(y) + 1e-30));
    return map([](auto v, auto r, auto p) INKLING_LAMBDA_INLINE { return v * (p * r + (1 - p)); }, y, ratio, part);
  }
};

/// The same generator with its network guided: any that has `with_network(other)`. Nothing is trained again.
template <class Model, class Scale = double>
auto guided(const Model& model, const Guidance<Scale>& guidance) {
  return model.with_network(GuidedNetwork(model.network, guidance));
}

}  // namespace ink
