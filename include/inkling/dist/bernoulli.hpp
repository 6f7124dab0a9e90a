// Bernoulli: black or white at every place, given by one logit.
//
//   p(1) = 1/(1 + exp(−l)),     p(0) = 1 − p(1)
//
// It is the Categorical of the two logits (0, l), with half of the parameters; draws with the same key are the same.
//
// Shapes: logits (N, …, 1), R axes; tokens (N, …), R − 1 axes, int32, 0 or 1. log_prob adds up the places of a row and
// gives (N), in nats; a missing token (dist/missing_token.hpp) adds nothing.
//
// Errors: ShapeError if the last extent of the logits is not 1, or the tokens do not fit; ValueError for another token.
//
// Example:
//     Bernoulli pixels{normal<float>(Shape{4, 28, 28, 1}, Key{1})};
//     Tensor<std::int32_t, 3> drawn = pixels.sample(Key{2});
//     auto nats = pixels.log_prob(drawn);                    // (4)
#pragma once

#include <cstdint>
#include <utility>

#include "inkling/dist/categorical.hpp"

namespace ink {

template <TensorLike X>
class Bernoulli {
 public:
  static constexpr int token_rank = rank_v<X> - 1;
  using Tokens = Tensor<std::int32_t, token_rank>;

  explicit Bernoulli(X logits) : logits_(std::move(logits)) {
    if (value(logits_).extent(-1) != 1) {
      throw ShapeError(text("bernoulli: logits are ", value(logits_).shape(), "; the last extent must be 1"));
    }
  }

  const X& parameters() const { return logits_; }
  Index levels() const { return 2; }

  /// The probability of 1.
  auto mean() const { return sigmoid(squeeze<-1>(logits_)); }

  Tokens mode() const { return as_categorical().mode(); }
  template <RandomKey K>
  Tokens sample(const K& key) const {
    return as_categorical().sample(key);
  }

  template <class Y>
  auto log_prob(const Y& tokens) const {
    using T = scalar_t<X>;
    const Tokens& x = value(tokens);
    const auto logits = squeeze<-1>(logits_);
    detail::check_equal_shapes("bernoulli", "logits", value(logits).shape(), "tokens", x.shape());
    for (const std::int32_t& token : x.values()) {
      if (token < missing_token || token > 1) {
        throw ValueError(text("bernoulli: ", detail::element_text("tokens", x.shape(), &token - x.data()), " is ",
                              token, "; it must be 0 or 1, or missing_token"));
      }
    }
    const auto nats = detail::bernoulli_elements(logits, detail::present_tokens(x).template cast<T>());
    return detail::row_totals(detail::without_missing(-nats, x));
  }

  auto as_categorical() const {
    const auto& l = value(logits_);
    return Categorical(concat(-1, Tensor<scalar_t<X>, rank_v<X>>(l.shape()), l));
  }

 private:
  X logits_;
};

}  // namespace ink
