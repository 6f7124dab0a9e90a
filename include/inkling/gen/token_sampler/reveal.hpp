// Reveal: draws an image several pixels at a time, the pixels of one step independently of each other.
//
//   x_i ~ p(x_i | what is known)      for every pixel i that is revealed in this step
//
// Two parts, each replaceable. The plan says how many pixels are known after each step (gen/token/step_plan.hpp). The
// choice says which are next: InOrder (a contiguous run of an order: raster, blocks, spread-out), AtRandom,
// MostConfident, or any type with a const
//   operator()(prediction, drawn, left, key) -> Tensor<double, 3>      (N, H, W), the highest are revealed first
// given the distribution of every pixel, what was drawn from it, and the fraction of pixels that will still be missing.
//
// One pixel at a time draws from the model's joint distribution exactly, as long as the choice does not look at
// `drawn`. Each pixel more in a step loses what the pixels of that step say about each other. E. Hoogeboom et al. 2021,
// arXiv:2110.02037; H. Chang et al. 2022, arXiv:2202.04200.
//
// What is known of x stays: an image with a hole is completed (gen/editing/complete.hpp); steps without a pixel to draw
// evaluate nothing. `truncation` sharpens what is drawn (dist/truncation.hpp). They need of a model: posterior(x, t,
// condition), quantizer.
//
// Errors: ValueError for a token outside of [0, levels) that is not missing, or an x of nothing but zeros.
//
// Example:
//     Reveal one_by_one{AtRandom{}, EvenPlan{.pixels = 1}};
//     Reveal rows{InOrder{orders::raster(28, 28)}, EvenPlan{.pixels = 28}, {.temperature = 0.9}};
//     Reveal maskgit{MostConfident{.of_drawn = true, .noise = 4.5}, CosinePlan{.steps = 8}};
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "inkling/dist/quantizer.hpp"
#include "inkling/dist/truncation.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/token/masked_tokens.hpp"
#include "inkling/gen/token/step_plan.hpp"
#include "inkling/gen/token_sampler/at_random.hpp"

namespace ink {

template <class Choice = AtRandom, class Plan = EvenPlan>
struct Reveal {
  Choice choice{};
  Plan plan{};
  Truncation truncation = {};

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    truncation.check();
    detail::check_start(x, model.quantizer.levels);
    const auto known = plan(x.extent(1) * x.extent(2));
    return {known.begin(), known.end()};
  }

  template <class M, class C>
  NoMemory begin(const M&, const Tokens&, const C&) const {
    return {};
  }

  template <class M, RandomKey K, class C>
  Tokens step(const M& model, Tokens x, double known, double next, NoMemory&, const K& key, const C& condition) const {
    const Index pixels = x.extent(1) * x.extent(2), wanted = pixels - static_cast<Index>(next);  // to be missing
    if (detail::most_missing(x) <= wanted) return x;
    const auto prediction = model.posterior(x, known, condition);
    const Tokens drawn = truncation.sample(prediction, key.fold(0));
    const double left = static_cast<double>(wanted) / static_cast<double>(pixels);
    const auto priority = choice(prediction, drawn, left, key.fold(1));
    return detail::fill_missing(std::move(x), drawn, priority, [&](const std::vector<Index>& places) {
      return std::max(Index{0}, static_cast<Index>(places.size()) - wanted);
    });
  }
};

template <class Choice, class Plan>
Reveal(Choice, Plan, Truncation = {}) -> Reveal<Choice, Plan>;

}  // namespace ink
