// missing_token: a pixel that is not known.
//
// In a state it is a pixel that the network is not shown (gen/token/masked_tokens.hpp) and that samplers draw; they
// leave all others as they are. In a target it is one that is not asked for: the log-probability of every distribution
// of tokens counts nothing there, neither value nor gradient.
//
// Example:
//     Categorical pixels{normal<float>(Shape{1, 3, 4}, Key{1})};
//     auto nats = pixels.log_prob(Tensor<std::int32_t, 2>(Shape{1, 3}, {0, missing_token, 3}));   // of two pixels
#pragma once

#include <algorithm>
#include <cstdint>

#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/rows.hpp"

namespace ink {

inline constexpr std::int32_t missing_token = -1;

namespace detail {

template <int R>
bool any_missing(const Tensor<std::int32_t, R>& tokens) {
  const auto all = tokens.values();
  return std::find(all.begin(), all.end(), missing_token) != all.end();
}

/// Throws unless every token is a level or missing.
template <int R>
void check_levels(const char* distribution, const Tensor<std::int32_t, R>& tokens, Index levels) {
  const std::int32_t* token = tokens.data();
  for (Index i = 0; i < tokens.size(); ++i) {
    if (token[i] < missing_token || token[i] >= levels) {
      throw ValueError(text(distribution, ": ", element_text("tokens", tokens.shape(), i), " is ", token[i],
                            "; it must be in [0, ", levels, "), or missing_token"));
    }
  }
}

/// The tokens, the missing ones as level 0.
template <int R>
Tensor<std::int32_t, R> present_tokens(Tensor<std::int32_t, R> tokens) {
  if (!any_missing(tokens)) return tokens;
  for (auto& token : tokens.mutable_values()) token = token == missing_token ? 0 : token;
  return tokens;
}

/// One number per token, with 0 where the token is missing.
template <TensorLike X>
X without_missing(const X& x, const Tensor<std::int32_t, rank_v<X>>& tokens) {
  if (!any_missing(tokens)) return x;
  auto missing = Tensor<std::uint8_t, rank_v<X>>::uninitialized(tokens.shape());
  std::uint8_t* out = missing.mutable_data();
  for (Index i = 0; i < tokens.size(); ++i) out[i] = tokens.data()[i] == missing_token;
  return masked_fill(x, missing, 0);
}

}  // namespace detail
}  // namespace ink
