// Ancestral: draws an image pixel by pixel, each from its distribution given those already drawn.
//
//   x_i ~ p(x_i | x_1 … x_{i−1})^{1/temperature}, normalised
//
// With `cache` (the default) a network that offers incremental evaluation is asked for one pixel at a time:
//   cache(batch, condition)                 a fresh cache
//   logits_at(tokens, position, cache)      (N, levels), the distribution of that pixel
// Without, the whole network is evaluated for every pixel; the images are the same. Temperature 0 takes the likeliest.
//
// They need of a model: positions(x), network, predict(tokens, level, condition).
//
// Example:
//     Ancestral plain{};
//     Ancestral sharper{.temperature = 0.9, .cache = false};
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "inkling/dist/categorical.hpp"
#include "inkling/gen/autoregressive.hpp"

namespace ink {

struct Ancestral {
  double temperature = 1;
  bool cache = true;

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    if (!(temperature >= 0)) {
      throw ValueError(text("Ancestral: temperature is ", temperature, "; it must not be negative"));
    }
    return model.positions(x);
  }

  template <class M, class C>
  auto begin(const M& model, const Tokens& x, const C& condition) const {
    if constexpr (requires { model.network.cache(x.extent(0), condition); }) {
      using Cache = decltype(model.network.cache(x.extent(0), condition));
      return cache ? std::optional<Cache>(model.network.cache(x.extent(0), condition)) : std::optional<Cache>();
    } else {
      return false;
    }
  }

  template <class M, class Memory, RandomKey K, class C>
  Tokens step(const M& model, Tokens x, double known, double, Memory& memory, const K& key, const C& condition) const {
    const auto position = static_cast<Index>(known);
    const Categorical pixel(logits(model, x, position, memory, condition));
    const Tensor<std::int32_t, 1> drawn = temperature == 0 ? pixel.mode() : pixel.tempered(temperature).sample(key);
    const Index pixels = x.extent(1) * x.extent(2);
    std::int32_t* tokens = x.mutable_data();
    for (Index n = 0; n < drawn.size(); ++n) tokens[n * pixels + position] = drawn.data()[n];
    return x;
  }

 private:
  template <class M, class Memory, class C>
  static auto logits(const M& model, const Tokens& x, Index position, Memory& memory, const C& condition) {
    using T = typename M::value_type;
    if constexpr (!std::is_same_v<Memory, bool>) {
      if (memory) return Tensor<T, 2>(model.network.logits_at(x, position, *memory));
    }
    const auto all = model.predict(x, Tensor<T, 1>(Shape{x.extent(0)}), condition).logits();  // (N, H, W, levels)
    const Index levels = all.extent(3), pixels = x.extent(1) * x.extent(2);
    const auto here = view(all.reshape(Shape<3>{x.extent(0), pixels, levels})).slice(1, position, position + 1);
    return dense(here).reshape(Shape<2>{x.extent(0), levels});
  }
};

}  // namespace ink
