// AtTimes: any sampler, at times of one's own: a grid of gen/schedule/time_grid.hpp, or a list.
//
// The sampler is asked for its times as ever, but of a model whose own grid is this one, whatever the number of steps.
// So it composes with whatever a sampler does with its grid, in either order: with Inpaint, which goes back and forth
// on it, DdimInversion, which runs it backwards, PredictorCorrector; a sampler that counts its steps counts the grid's.
// Of one AtTimes around another the outer one counts. The state that goes in must have the noise of the first time;
// model.prior has that of the schedule's largest.
//
// A sampler of the user's composes in the same way if times() and begin() ask model.times(steps) and step() does not.
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
#include "inkling/gen/adapter.hpp"
#include "inkling/gen/schedule/time_grid.hpp"

namespace ink {
namespace detail {

/// The grid that a sampler steps on which was given one of its own: that of whoever stands around it.
template <class M>
std::vector<double> times_for(const M& model, std::vector<double> grid) {
  if constexpr (requires { model.times_for(grid); }) {
    return model.times_for(std::move(grid));
  } else {
    return grid;
  }
}

/// A model whose grid is this one: what a sampler is asked for its times with.
template <class Model>
class OnGrid : public ModelAdapter<const Model&> {
 public:
  OnGrid(const Model& model, std::vector<double> grid)
      : ModelAdapter<const Model&>(model), grid_(detail::times_for(model, std::move(grid))) {}

  std::vector<double> times(int) const { return grid_; }
  std::vector<double> times_for(const std::vector<double>&) const { return grid_; }
  auto posterior(const auto& x, double t, const auto& condition) const {
    return this->model.posterior(x, t, condition);
  }

 private:
  std::vector<double> grid_;
};

}  // namespace detail

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
    return sampler.times(detail::OnGrid(model, grid), x);
  }

  template <class M, class X, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    return sampler.begin(detail::OnGrid(model, grid), x, condition);
  }

  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    return sampler.step(model, std::move(x), t, s, memory, key, condition);
  }
};

template <class S>
AtTimes(S, std::vector<double>) -> AtTimes<S>;

}  // namespace ink
