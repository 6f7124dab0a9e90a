// LogisticMixture: levels as the intervals of a line, on which a mixture of logistic distributions lies.
//
//   P(k) = Σ_i π_i·[S((x_k + h − μ_i)/s_i) − S((x_k − h − μ_i)/s_i)],   x_k = 2k/(L − 1) − 1,   h = 1/(L − 1)
//
// S(x) = 1/(1 + exp(−x)). The lowest level reaches to −∞, the highest to +∞, so that the L levels sum to 1; log s ≥ −7.
// T. Salimans, A. Karpathy, X. Chen, D. Kingma, "PixelCNN++", 2017, arXiv:1701.05517.
//
// The code that came with the paper takes the logarithm of the difference, and the density times the interval where the
// difference is below 1e-5, because it cancels. Here it is written, with a and b the two ends in units of s, as
//
//   log[S(a) − S(b)] = −softplus(−a) − softplus(b) + log(1 − exp(b − a))
//
// which is exact and never cancels: no case is needed, and the first or second term is simply missing at the edges.
// Where the density of a narrow component changes within one interval, the paper's code is off by up to 2 nats.
//
// Shapes: parameters (N, …, 3M), R axes: M logits of the weights π, M means μ, M numbers log s; tokens (N, …), R − 1
// axes, int32 in [0, L). log_prob adds up the places of a row and gives (N), in nats; a missing token
// (dist/missing_token.hpp) adds nothing. mean is the expected level, as that of Categorical.
//
// Errors: ValueError for fewer than 2 levels, a token outside [0, L), or sampling from parameters that are NaN;
// ShapeError if 3 does not divide the parameters or the tokens do not fit.
//
// Example:
//     LogisticMixture pixels(normal<float>(Shape{4, 28, 28, 15}, Key{1}), 256);
//     Tensor<std::int32_t, 3> drawn = pixels.sample(Key{2});
//     auto nats = pixels.log_prob(drawn);                    // (4)
//     auto table = pixels.as_categorical();                  // all 256 log-probabilities of every pixel
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "inkling/dist/categorical.hpp"
#include "inkling/ops/embedding.hpp"

namespace ink {
namespace detail {

/// log π + log P(k) of one component.
template <class T>
struct LogisticLevel {
  T top, log_interval;

  explicit LogisticLevel(int levels)
      : top(static_cast<T>(levels - 1)), log_interval(static_cast<T>(std::log(2.0 / (levels - 1)))) {}

  template <class V>
  INKLING_INLINE V operator()(const V& log_weight, const V& mean, const V& log_scale, const V& k) const {
    const V log_s = max(log_scale, V(T{-7})), narrow = exp(-log_s);
    const V below = (T{2} * k - T{1} - top - top * mean) / top * narrow;  // the lower end
    const V width = T{2} / top * narrow, square_width = width * width;
    // log(1 − e^{−width}), by its series where the difference would cancel.
    const V series = log_interval - log_s - width / T{2} + square_width / T{24} - square_width * square_width / T{2880};
    const V inside = select(width.v < T(0.05), series, log(T{1} - exp(-width)));
    const bool lowest = k.v == T{0}, highest = k.v == top;
    const V none(T{0});
    return log_weight + select(lowest || highest, none, inside) - select(highest, none, softplus(-below - width)) -
           select(lowest, none, softplus(below));
  }
};

}  // namespace detail

template <TensorLike X>
class LogisticMixture {
 public:
  using T = scalar_t<X>;
  static constexpr int token_rank = rank_v<X> - 1;
  using Tokens = Tensor<std::int32_t, token_rank>;

  LogisticMixture(X parameters, int levels) : parameters_(std::move(parameters)), levels_(levels) {
    if (levels < 2) throw ValueError(text("logistic_mixture: levels is ", levels, "; it must be at least 2"));
    if (const auto& shape = value(parameters_).shape(); shape[token_rank] < 3 || shape[token_rank] % 3 != 0) {
      throw ShapeError(text("logistic_mixture: parameters are ", shape, "; 3 must divide the last extent"));
    }
  }

  const X& parameters() const { return parameters_; }
  Index levels() const { return levels_; }
  Index components() const { return value(parameters_).extent(-1) / 3; }

  auto mean() const { return as_categorical().mean(); }
  Tokens mode() const { return as_categorical().mode(); }

  /// A component, a place on its line, and the level that it lies in.
  template <RandomKey K>
  Tokens sample(const K& key) const {
    const auto& all = value(parameters_);
    const Index m = components();
    const auto chosen = Categorical(slice(all, -1, 0, m)).sample(key.fold(0));
    const auto u = uniform<double>(places(), key.fold(1));
    auto out = Tokens::uninitialized(places());
    std::int32_t* level = out.mutable_data();
    for (Index i = 0; i < out.size(); ++i) {
      const T* p = all.data() + 3 * m * i + chosen.data()[i];
      const double place = std::log(u.data()[i]) - std::log1p(-u.data()[i]);
      const auto mean = static_cast<double>(p[m]), log_scale = static_cast<double>(p[2 * m]);
      if (!std::isfinite(mean) || std::isnan(log_scale)) {
        throw ValueError(text("logistic_mixture.sample: mean and log s are ", mean, " and ", log_scale, " in ",
                              detail::row_text(places(), i), "; they must be numbers"));
      }
      const double x = mean + std::exp(std::clamp(log_scale, -7.0, 700.0)) * place;
      const double top = levels_ - 1;
      level[i] = static_cast<std::int32_t>(std::lround(std::clamp((x + 1) / 2 * top, 0.0, top)));
    }
    return out;
  }

  template <class Y>
  auto log_prob(const Y& tokens) const {
    const Tokens& x = value(tokens);
    detail::check_equal_shapes("logistic_mixture", "places", places(), "tokens", x.shape());
    detail::check_levels("logistic_mixture", x, levels_);
    const auto level = detail::present_tokens(x).template cast<T>().reshape(Shape<3>{x.size(), 1, 1});
    const auto nats = reshape(log_probabilities(parameters_, level), x.shape());
    return detail::row_totals(detail::without_missing(nats, x));
  }

  /// The log-probabilities of all levels, not recorded.
  auto as_categorical() const {
    Tensor<T, 3> level(Shape<3>{1, levels_, 1});
    for (Index k = 0; k < levels_; ++k) level(0, k, 0) = static_cast<T>(k);
    const auto all = log_probabilities(value(parameters_), level);
    return Categorical(all.reshape(detail::with_last_axis(places(), levels_)));
  }

 private:
  Shape<token_rank> places() const {
    Shape<token_rank> shape;
    for (int a = 0; a < token_rank; ++a) shape[a] = value(parameters_).extent(a);
    return shape;
  }

  /// log P of the levels (rows, k, 1), or (1, k, 1), under the parameters of each place: (rows, k).
  template <TensorLike P>
  auto log_probabilities(const P& parameters, const Tensor<T, 3>& level) const {
    const Index m = components();
    const auto rows = reshape(parameters, Shape<3>{places().size(), 1, 3 * m});
    const auto part = [&](Index i) { return slice(rows, -1, i * m, (i + 1) * m); };
    return logsumexp<-1>(
        map(detail::LogisticLevel<T>(levels_), log_softmax(part(0)), part(1), part(2), constant_on(rows, level)));
  }

  X parameters_;
  int levels_;
};

}  // namespace ink
