// BetaTable: any discrete schedule of T steps, given by the variance β that each of them adds.
//
//   ᾱ_i = Π_{j ≤ i} (1 − β_j) at t = i/T, log-linear in between and after
//
// J. Ho, A. Jain, P. Abbeel, "Denoising diffusion probabilistic models", 2020, arXiv:2006.11239.
//
// Errors: ValueError for an empty table, or a β outside (0, 1).
//
// Example:
//     BetaTable schedule({0.1, 0.2, 0.3, 0.4});
//     double signal = schedule(0.5).alpha;                   // √(0.9·0.8)
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/gen/schedule.hpp"

namespace ink {

class BetaTable {
 public:
  explicit BetaTable(const std::vector<double>& betas) {
    if (betas.empty()) throw ValueError("BetaTable: betas has 0 entries; there must be at least 1");
    log_alpha_bar_.push_back(0);
    for (double beta : betas) {
      if (!(beta > 0 && beta < 1)) throw ValueError(text("BetaTable: beta is ", beta, "; it must be in (0, 1)"));
      log_alpha_bar_.push_back(log_alpha_bar_.back() + std::log1p(-beta));
    }
  }

  int steps() const { return static_cast<int>(log_alpha_bar_.size()) - 1; }

  Scales operator()(double t) const {
    const std::size_t i = row(t);
    return detail::variance_preserving(log_alpha_bar_[i] + (t * steps() - static_cast<double>(i)) * rise(i));
  }

  double log_snr_slope(double t) const { return detail::variance_preserving_slope(steps() * rise(row(t)), (*this)(t)); }

  double time(double u) const { return u; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }

 private:
  std::size_t row(double t) const { return static_cast<std::size_t>(std::clamp(t * steps(), 0.0, steps() - 1.0)); }
  double rise(std::size_t i) const { return log_alpha_bar_[i + 1] - log_alpha_bar_[i]; }

  std::vector<double> log_alpha_bar_;
};

/// β of the first and the last of T steps.
struct BetaRange {
  int steps = 1000;
  double first = 1e-4, last = 0.02;  ///< at 1000 steps; scaled by 1000/steps
};

namespace detail {

/// From the first β to the last, evenly in β^{1/ρ}.
inline std::vector<double> betas_between(const char* who, const BetaRange& range, double rho) {
  if (range.steps < 2) throw ValueError(text(who, ": steps is ", range.steps, "; it must be at least 2"));
  const double scale = 1000.0 / range.steps;
  return power_spaced(scale * range.first, scale * range.last, range.steps, rho);
}

}  // namespace detail
}  // namespace ink
