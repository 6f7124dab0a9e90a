// sample: the only sampling loop. A sampler undoes the removal of information one step at a time.
//
// A sampler is any type with three const members; it is a value, and what it must remember between steps (the history
// of a multistep solver, the caches of a network) lives in a memory object of its own:
//   times(model, x)                                       where the steps begin and end; the last is the end
//   begin(model, x, condition)                            a fresh memory
//   step(model, x, t, s, memory, key, condition)          from time t to time s: the next x
//
// x is the state to begin with, as model.prior makes it. Of a state of tokens, the pixels that are missing_token are
// drawn; the others are known, and stay (gen/editing/complete.hpp).
//
// Row n of the result depends on row n of x and of the condition, and on the key; not on the number of rows. With
// SampleKeys in place of the key, row n is what a batch of one is with that row's key.
//
// A callback after the condition is shown every step, and may stop: gen/watched.hpp.
//
// Example (declarations):
//     struct Halve {                                            // a sampler that shrinks x four times
//       template <class M, class X>
//       std::vector<double> times(const M&, const X&) const { return {4, 3, 2, 1, 0}; }
//       template <class M, class X, class C>
//       int begin(const M&, const X&, const C&) const { return 0; }
//       template <class M, class X, class C>
//       X step(const M&, const X& x, double, double, int&, const auto&, const C&) const { return 0.5f * x; }
//     };
// Example:
//     auto x = sample(Halve{}, 0, normal<float>(Shape{4, 8, 8, 1}, Key{1}), Key{2});
#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/gen/watched.hpp"
#include "inkling/nn/condition.hpp"

namespace ink {

template <class S, class M, class X, class C>
concept Sampler = requires(const S& sampler, const M& model, const X& x, const C& condition) {
  { sampler.times(model, x) } -> std::convertible_to<std::vector<double>>;
  sampler.begin(model, x, condition);
};

template <class S, class M, class X, RandomKey K, class C = Unconditional>
  requires Sampler<S, M, X, C>
X sample(const S& sampler, const M& model, X x, const K& key, const C& condition = {}) {
  const std::vector<double> times = sampler.times(model, x);
  auto memory = sampler.begin(model, x, condition);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    x = sampler.step(model, std::move(x), times[i], times[i + 1], memory, key.fold(i), condition);
  }
  return x;
}

template <class S, class M, class X, RandomKey K, class C, class Callback>
  requires Sampler<S, M, X, C>
X sample(const S& sampler, const M& model, X x, const K& key, const C& condition, Callback callback) {
  return sample(Watched(sampler, std::move(callback)), model, std::move(x), key, condition);
}

/// Images of the given shape: from the model's prior, through the sampler, to [−1, 1].
template <class S, class M, RandomKey K, class C = Unconditional>
auto generate(const S& sampler, const M& model, const Shape<4>& shape, const K& key, const C& condition = {}) {
  return model.images(sample(sampler, model, model.prior(shape, key.fold(0)), key.fold(1), condition));
}

template <class S, class M, RandomKey K, class C, class Callback>
auto generate(const S& sampler, const M& model, const Shape<4>& shape, const K& key, const C& condition,
              Callback callback) {
  return generate(Watched(sampler, std::move(callback)), model, shape, key, condition);
}

}  // namespace ink
