// Masked tokens: an image of which some pixels are missing, as networks that are not causal are shown it.
//
// A missing pixel is `missing_token` (−1). A network of images is shown two channels, so that "missing" is not mistaken
// for grey: the pixel's level in [−1, 1], or 0 if it is missing, and 1 where it is known, or 0.
//
// Shapes: tokens (N, H, W), int32 in [0, levels) or −1 -> (N, H, W, 2).
//
// Errors: ValueError for a token outside of that, which says where it stands, or fewer than 2 levels.
//
// Example:
//     Tensor<std::int32_t, 3> tokens(Shape{1, 1, 3}, {0, missing_token, 3});
//     auto shown = known_pixels<float>(tokens, 4);                     // (−1, 1), (0, 0), (1, 1)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/dist/missing_token.hpp"

namespace ink {

namespace detail {

/// Whether a pixel is known; throws if it is neither that nor missing.
inline bool is_known(const char* operation, const Tensor<std::int32_t, 3>& tokens, Index i, int levels) {
  const std::int32_t token = tokens.data()[i];
  if (token < missing_token || token >= levels) {
    throw ValueError(text(operation, ": ", element_text("tokens", tokens.shape(), i), " is ", token,
                          "; it must be in [0, ", levels, "), or missing_token"));
  }
  return token != missing_token;
}

/// What a sampler of tokens may begin with. A fresh tensor is refused: its zeros are an image of known black pixels.
inline void check_start(const Tensor<std::int32_t, 3>& x, int levels) {
  bool blank = !x.empty();
  for (Index i = 0; i < x.size(); ++i) blank &= is_known("token sampler", x, i, levels) && x.data()[i] == 0;
  if (blank) {
    throw ValueError(
        "token sampler: x is 0 everywhere, which is known and black; what is to be drawn must be missing_token, as in "
        "model.prior");
  }
}

}  // namespace detail

template <class T>
Tensor<T, 4> known_pixels(const Tensor<std::int32_t, 3>& tokens, int levels) {
  if (levels < 2) throw ValueError(text("known_pixels: levels is ", levels, "; it must be at least 2"));
  auto shown = Tensor<T, 4>::uninitialized({tokens.extent(0), tokens.extent(1), tokens.extent(2), 2});
  T* to = shown.mutable_data();
  const T scale = T{2} / static_cast<T>(levels - 1);
  for (Index i = 0; i < tokens.size(); ++i) {
    const bool known = detail::is_known("known_pixels", tokens, i, levels);
    *to++ = known ? scale * static_cast<T>(tokens.data()[i]) - 1 : T{0};
    *to++ = known ? T{1} : T{0};
  }
  return shown;
}

namespace detail {

inline Index missing_in_row(const Tensor<std::int32_t, 3>& tokens, Index row) {
  const std::int32_t* first = tokens.data() + row * tokens.extent(1) * tokens.extent(2);
  return std::count(first, first + tokens.extent(1) * tokens.extent(2), missing_token);
}

inline Index most_missing(const Tensor<std::int32_t, 3>& tokens) {
  Index most = 0;
  for (Index n = 0; n < tokens.extent(0); ++n) most = std::max(most, missing_in_row(tokens, n));
  return most;
}

/// Fills in the first count(places) missing pixels of every row, where `places` has those that are missing, the highest
/// priority first, and of equal ones the first.
template <class Count>
Tensor<std::int32_t, 3> fill_missing(Tensor<std::int32_t, 3> x, const Tensor<std::int32_t, 3>& drawn,
                                     const Tensor<double, 3>& priority, Count count) {
  const Index pixels = x.extent(1) * x.extent(2);
  std::int32_t* token = x.mutable_data();
  std::vector<Index> places;
  const auto key = [p = priority.data()](Index i) { return p[i] == p[i] ? p[i] : -HUGE_VAL; };  // NaN comes last
  for (Index begin = 0; begin < x.size(); begin += pixels) {
    places.clear();
    for (Index i = begin; i < begin + pixels; ++i) {
      if (token[i] == missing_token) places.push_back(i);
    }
    std::sort(places.begin(), places.end(), [&](Index a, Index b) {
      const double first = key(a), second = key(b);
      return first > second || (first == second && a < b);
    });
    places.resize(static_cast<std::size_t>(count(std::as_const(places))));
    for (const Index place : places) token[place] = drawn.data()[place];
  }
  return x;
}

}  // namespace detail

}  // namespace ink
