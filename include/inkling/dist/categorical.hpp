// Categorical: a distribution over K levels for every place, given by logits.
//
//   p(k) = exp(l_k) / Σ_j exp(l_j)
//
// Shapes: logits (N, …, K), R axes; tokens (N, …), R − 1 axes, int32 in [0, K). log_prob adds up the places of a row
// and gives (N), in nats; a missing token (dist/missing_token.hpp) adds nothing.
//
// Errors: ShapeError if the tokens do not fit the logits; ValueError for a token outside [0, K) that is not missing, a
// negative temperature, and for a mode or a draw from logits that are NaN, with the row.
//
// Example:
//     Categorical pixel{normal<float>(Shape{4, 256}, Key{1})};
//     Tensor<std::int32_t, 1> drawn = pixel.sample(Key{2});
//     auto nats = pixel.log_prob(drawn);                     // (4)
//     auto likeliest = pixel.mode();
#pragma once

#include <algorithm>
#include <cstdint>

#include "inkling/core/random.hpp"
#include "inkling/dist/dirac.hpp"
#include "inkling/dist/missing_token.hpp"
#include "inkling/ops/loss.hpp"
#include "inkling/ops/softmax.hpp"

namespace ink {

template <TensorLike X>
class Categorical {
 public:
  static constexpr int token_rank = rank_v<X> - 1;
  using Tokens = Tensor<std::int32_t, token_rank>;

  explicit Categorical(X logits) : logits_(std::move(logits)) {}

  const X& logits() const { return logits_; }
  const X& parameters() const { return logits_; }
  Index levels() const { return value(logits_).extent(-1); }

  /// The expected level of every place.
  auto mean() const {
    using T = scalar_t<X>;
    Tensor<T, 1> levels_of(Shape{levels()});
    for (Index k = 0; k < levels(); ++k) levels_of(k) = static_cast<T>(k);
    return sum<-1>(softmax(logits_) * levels_of);
  }

  /// The likeliest level of every place; the lowest of equals.
  Tokens mode() const {
    auto out = Tokens::uninitialized(places());
    std::int32_t* tokens = out.mutable_data();
    const auto* row = value(logits_).data();
    for (Index i = 0; i < out.size(); ++i, row += levels()) {
      if (std::find_if(row, row + levels(), [](auto v) { return v != v; }) != row + levels()) {
        throw ValueError(
            text("categorical.mode: logits have nan in ", detail::row_text(places(), i), "; they must be numbers"));
      }
      tokens[i] = static_cast<std::int32_t>(std::max_element(row, row + levels()) - row);
    }
    return out;
  }

  template <RandomKey K>
  Tokens sample(const K& key) const {
    const auto p = softmax(value(logits_)).reshape(Shape<2>{-1, levels()});
    const Index images = token_rank == 0 ? 1 : value(logits_).extent(0);
    return categorical(p, key, images == 0 ? 1 : std::max<Index>(1, p.extent(0) / images)).reshape(places());
  }

  template <class Y>
  auto log_prob(const Y& tokens) const {
    const Tokens& x = value(tokens);
    return detail::row_totals(detail::without_missing(-cross_entropy_rows(logits_, detail::present_tokens(x)), x));
  }

  /// The same distribution, not recorded: what every distribution of tokens can be turned into.
  auto as_categorical() const { return Categorical<Tensor<scalar_t<X>, rank_v<X>>>(value(logits_)); }

  /// The same distribution sharpened (temperature below 1) or flattened (above 1).
  Categorical tempered(double temperature) const {
    if (!(temperature > 0)) {
      throw ValueError(text("Categorical: temperature is ", temperature, "; it must be positive (use mode for 0)"));
    }
    return temperature == 1 ? *this : Categorical(logits_ / temperature);
  }

 private:
  Shape<token_rank> places() const {
    Shape<token_rank> shape;
    for (int a = 0; a < token_rank; ++a) shape[a] = value(logits_).extent(a);
    return shape;
  }

  X logits_;
};

}  // namespace ink
