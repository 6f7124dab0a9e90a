// Ancestral: draws an image pixel by pixel, each from its distribution given those already drawn.
//
//   x_i ~ p(x_i | x_1 … x_{i−1}), truncated
//
// `truncation` says how boldly: temperature, top-k, top-p, min-p (dist/truncation.hpp). The pixels are drawn in the
// order of the network (gen/reordered.hpp), raster order unless it says otherwise.
//
// With `cache` (the default) a network that offers incremental evaluation is asked for one pixel at a time:
//   cache(batch, condition)             a fresh cache
//   logits_at(tokens, i, cache)         (N, K), the parameters of the pixel that comes i-th
// Without, the whole network is evaluated for every pixel; the images are the same.
//
// They need of a model: positions(x), network, predict(tokens, level, condition), distribution(parameters).
//
// Example:
//     Ancestral plain{};
//     Ancestral sharper{.truncation = {.temperature = 0.9, .top_p = 0.95}, .cache = false};
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "inkling/dist/quantizer.hpp"
#include "inkling/dist/truncation.hpp"
#include "inkling/gen/reordered.hpp"

namespace ink {

struct Ancestral {
  Truncation truncation = {};
  bool cache = true;

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    truncation.check();
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
    const auto position = static_cast<Index>(known), place = place_at(model.network, position);
    const auto pixel = model.distribution(parameters(model, x, position, memory, condition));
    const Tensor<std::int32_t, 1> drawn = truncation.sample(pixel, key);
    const Index pixels = x.extent(1) * x.extent(2);
    std::int32_t* tokens = x.mutable_data();
    for (Index n = 0; n < drawn.size(); ++n) tokens[n * pixels + place] = drawn.data()[n];
    return x;
  }

 private:
  template <class M, class Memory, class C>
  static auto parameters(const M& model, const Tokens& x, Index position, Memory& memory, const C& condition) {
    using T = typename M::value_type;
    if constexpr (!std::is_same_v<Memory, bool>) {
      if (memory) return Tensor<T, 2>(model.network.logits_at(x, position, *memory));
    }
    const auto all = model.predict(x, Tensor<T, 1>(Shape{x.extent(0)}), condition).parameters();  // (N, H, W, K)
    const Index each = all.extent(3), pixels = x.extent(1) * x.extent(2), place = place_at(model.network, position);
    const auto here = view(all.reshape(Shape<3>{x.extent(0), pixels, each})).slice(1, place, place + 1);
    return dense(here).reshape(Shape<2>{x.extent(0), each});
  }
};

}  // namespace ink
