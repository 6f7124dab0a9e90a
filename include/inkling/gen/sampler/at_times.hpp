// AtTimes: any sampler, at times of one's own: a grid of gen/schedule/time_grid.hpp, or a list.
//
// A sampler that counts its steps is told the grid's number. The state that goes in must have the noise of the first
// time; model.prior has that of the schedule's largest.
//
// Errors: ValueError for fewer than two times, and for times that do not decrease or are negative.
//
// Example:
//     AtTimes trailing{Ddim{}, trailing_times(10)};
//     AtTimes listed{Heun{.churn = 2}, {1, 0.7, 0.2, 0}};
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/core/random.hpp"
#include "inkling/gen/schedule/time_grid.hpp"

namespace ink {

template <class S>
struct AtTimes {
  S sampler;
  std::vector<double> grid;

  template <class M, class X>
  std::vector<double> times(const M& model, const X& x) const {
    if (grid.size() < 2) throw ValueError(text("AtTimes: there are ", grid.size(), " times; there must be at least 2"));
    for (std::size_t i = 0; i < grid.size(); ++i) {
      if (!(grid[i] >= 0 && std::isfinite(grid[i]) && (i == 0 || grid[i] < grid[i - 1]))) {
        throw ValueError(text("AtTimes: times[", i, "] is ", grid[i], i == 0 ? "" : text(" after ", grid[i - 1]),
                              "; times must decrease and not be negative"));
      }
    }
    static_cast<void>(counted().times(model, x));  // for its complaints about other options
    return grid;
  }

  template <class M, class X, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    return counted().begin(model, x, condition);
  }

  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    return counted().step(model, std::move(x), t, s, memory, key, condition);
  }

 private:
  S counted() const {
    S out = sampler;
    if constexpr (requires { out.steps = 1; }) out.steps = static_cast<int>(grid.size()) - 1;
    return out;
  }
};

template <class S>
AtTimes(S, std::vector<double>) -> AtTimes<S>;

}  // namespace ink
