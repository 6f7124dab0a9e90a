// Ancestral: draws an image pixel by pixel, each from its distribution given those already drawn.
//
//   x_i ~ p(x_i | x_1 … x_{i−1}), truncated
//
// What is known of x stays: pixels that are not missing_token are not drawn again, and those after them in the order
// are drawn given them. Those before them are not: a causal network says nothing of a pixel given later ones, so that
// an image with known pixels late in the order is completed, but not from the model's distribution given all of them.
// For that the known pixels must come first: the upper part of an image in raster order, any set with a Reordered
// network whose order begins with it, or a model that is not causal (gen/token/any_order.hpp). complete() is the
// shorter way (gen/editing/complete.hpp).
//
// `truncation` says how boldly: temperature, top-k, top-p, min-p (dist/truncation.hpp). The pixels are drawn in the
// order of the network (gen/reordered.hpp), raster order unless it says otherwise.
//
// With `cache` (the default) a network that offers incremental evaluation is asked for one pixel at a time:
//   cache(batch, condition)             a fresh cache
//   logits_at(tokens, i, cache)         (N, K), the parameters of the pixel that comes i-th
// Without, the whole network is evaluated for every pixel; the images are the same.
//
// They need of a model: positions(x), network, predict(tokens, level, condition), distribution(parameters), quantizer.
//
// Errors: ValueError for a token outside of [0, levels) that is not missing, or an x of nothing but zeros.
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
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/token/masked_tokens.hpp"

namespace ink {

struct Ancestral {
  Truncation truncation = {};
  bool cache = true;

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    truncation.check();
    detail::check_start(x, model.quantizer.levels);
    return model.positions(x);
  }

  /// The network's cache, if it is used, and the first position that it has not seen.
  template <class Cache>
  struct Memory {
    std::optional<Cache> cache;
    Index next = 0;
  };

  template <class M, class C>
  auto begin(const M& model, const Tokens& x, const C& condition) const {
    if constexpr (requires { model.network.cache(x.extent(0), condition); }) {
      using Cache = decltype(model.network.cache(x.extent(0), condition));
      return Memory<Cache>{cache ? std::optional<Cache>(model.network.cache(x.extent(0), condition)) : std::nullopt};
    } else {
      return NoMemory{};
    }
  }

  template <class M, class Memory, RandomKey K, class C>
  Tokens step(const M& model, Tokens x, double known, double, Memory& memory, const K& key, const C& condition) const {
    const auto position = static_cast<Index>(known), place = place_at(model.network, position);
    const Index pixels = x.extent(1) * x.extent(2);
    bool wanted = false;
    for (Index i = place; i < x.size(); i += pixels) wanted |= x.data()[i] == missing_token;
    if (!wanted) return x;
    const auto pixel = model.distribution(parameters(model, x, position, memory, condition));
    const Tensor<std::int32_t, 1> drawn = truncation.sample(pixel, key);
    std::int32_t* token = x.mutable_data() + place;
    for (Index n = 0; n < drawn.size(); ++n, token += pixels) {
      if (*token == missing_token) *token = drawn.data()[n];
    }
    return x;
  }

 private:
  template <class M, class Memory, class C>
  static auto parameters(const M& model, const Tokens& x, Index position, Memory& memory, const C& condition) {
    using T = typename M::value_type;
    if constexpr (!std::is_same_v<Memory, NoMemory>) {
      if (memory.cache) {
        // A cache must see every pixel in turn, those that were known as well.
        for (; memory.next < position; ++memory.next) model.network.logits_at(x, memory.next, *memory.cache);
        ++memory.next;
        return Tensor<T, 2>(model.network.logits_at(x, position, *memory.cache));
      }
    }
    const auto all = model.predict(detail::present_tokens(x), Tensor<T, 1>(Shape{x.extent(0)}), condition)
                         .parameters();  // (N, H, W, K)
    const Index each = all.extent(3), pixels = x.extent(1) * x.extent(2), place = place_at(model.network, position);
    const auto here = view(all.reshape(Shape<3>{x.extent(0), pixels, each})).slice(1, place, place + 1);
    return dense(here).reshape(Shape<2>{x.extent(0), each});
  }
};

}  // namespace ink
