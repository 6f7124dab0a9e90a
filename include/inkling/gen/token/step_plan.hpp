// Step plans: how many pixels are known after each step of a sampler that reveals several at a time.
//
//   EvenPlan     k more at every step
//   CosinePlan   D − ⌊D·cos(π/2·i/n)⌋ after step i of n: few at first, many when most is known; at least one a step
//                H. Chang et al., "MaskGIT", 2022, arXiv:2202.04200
//   ListedPlan   given in full
//   budgeted_plan(losses, n)   the best ListedPlan of at most n steps (network evaluations)
//
// The last is by dynamic programming. With L_t the nats of one pixel at a random place when t are known, k pixels that
// are revealed together, independently, cost k·L_t; the least cost of knowing t after n steps is
//   C(n, t) = min_s C(n − 1, s) + (t − s)·L_s
// step_losses (gen/likelihood/token_bounds.hpp) measures L. D. Watson et al. 2021, arXiv:2106.03802; E. Hoogeboom et
// al. 2021, arXiv:2110.02037.
//
// A plan is any type with a const operator()(places) that gives the counts, from 0 up to places.
//
// Errors: ValueError for fewer than one pixel or step, a list that does not rise from 0 to the number of places, or a
// loss that is not finite.
//
// Example:
//     std::vector<Index> known = EvenPlan{.pixels = 3}(8);              // 0, 3, 6, 8
//     std::vector<double> losses{0.7, 0.7, 0.2, 0.1};
//     ListedPlan plan = budgeted_plan(losses, 2);                       // 0, 2, 4
//     double nats = plan_cost(losses, plan);                            // 1.8
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "inkling/core/shape.hpp"

namespace ink {

struct EvenPlan {
  Index pixels = 1;

  std::vector<Index> operator()(Index places) const {
    if (pixels < 1) throw ValueError(text("EvenPlan: pixels is ", pixels, "; it must be at least 1"));
    std::vector<Index> known;
    for (Index k = 0; k < places; k += pixels) known.push_back(k);
    known.push_back(places);
    return known;
  }
};

struct CosinePlan {
  int steps = 12;

  std::vector<Index> operator()(Index places) const {
    if (steps < 1) throw ValueError(text("CosinePlan: steps is ", steps, "; it must be at least 1"));
    std::vector<Index> known{0};
    for (int i = 1; i < steps && known.back() < places; ++i) {
      const double missing = static_cast<double>(places) * std::cos(1.57079632679489661923 * i / steps);
      known.push_back(std::clamp(places - static_cast<Index>(missing), known.back() + 1, places));
    }
    if (known.back() < places) known.push_back(places);
    return known;
  }
};

struct ListedPlan {
  std::vector<Index> known;

  std::vector<Index> operator()(Index places) const {
    const bool rises =
        std::adjacent_find(known.begin(), known.end(), [](Index a, Index b) { return a >= b; }) == known.end();
    if (known.empty() || known.front() != 0 || known.back() != places || !rises) {
      throw ValueError(text("ListedPlan: the counts do not rise from 0 to the ", places, " places of the image"));
    }
    return known;
  }
};

/// Σ over the steps of (pixels revealed)·L_t.
template <class Plan>
double plan_cost(std::span<const double> losses, const Plan& plan) {
  const std::vector<Index> known = plan(static_cast<Index>(losses.size()));
  double nats = 0;
  for (std::size_t i = 0; i + 1 < known.size(); ++i) {
    nats += static_cast<double>(known[i + 1] - known[i]) * losses[static_cast<std::size_t>(known[i])];
  }
  return nats;
}

inline ListedPlan budgeted_plan(std::span<const double> losses, int evaluations) {
  if (evaluations < 1) throw ValueError(text("budgeted_plan: evaluations is ", evaluations, "; it must be at least 1"));
  for (const double loss : losses) {
    if (!std::isfinite(loss)) throw ValueError(text("budgeted_plan: a loss is ", loss, "; losses must be finite"));
  }
  const std::size_t places = losses.size(), steps = std::min(static_cast<std::size_t>(evaluations), places);
  // cost[t]: of knowing t pixels after n steps; from[n][t]: how many were known one step before.
  std::vector<double> cost(places + 1, std::numeric_limits<double>::infinity());
  cost[0] = 0;
  std::vector<std::vector<std::size_t>> from;
  std::size_t best_steps = 0;
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t n = 1; n <= steps; ++n) {
    std::vector<double> next(places + 1, std::numeric_limits<double>::infinity());
    from.emplace_back(places + 1);
    for (std::size_t s = n - 1; s < places; ++s) {
      for (std::size_t t = s + 1; t <= places; ++t) {
        const double total = cost[s] + static_cast<double>(t - s) * losses[s];
        if (total < next[t]) {
          next[t] = total;
          from.back()[t] = s;
        }
      }
    }
    cost = std::move(next);
    if (cost[places] < best) {
      best = cost[places];
      best_steps = n;
    }
  }
  ListedPlan plan{{static_cast<Index>(places)}};
  for (std::size_t n = best_steps, t = places; n > 0; --n) plan.known.push_back(static_cast<Index>(t = from[n - 1][t]));
  std::reverse(plan.known.begin(), plan.known.end());
  return plan;
}

}  // namespace ink
