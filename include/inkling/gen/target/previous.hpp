// PreviousTarget: the next, less noisy image, which is what the chain of small steps of DDPM predicts.
//
//   s = max(t − 1/T, 0),   μ̃ = E[x_s | x_t, x₀] = α_s·x₀ + (α_t/α_s)·(σ_s²/σ_t)·ε
//
// PreviousTarget        y = μ̃
// DrawnPreviousTarget   y = μ̃ + √β̃·z, a draw of x_s; β̃ is the variance of x_s given x_t and x₀
//
// The best answer to both is the same, E[x_s | x_t]; the draw only makes it harder to learn. Both differ from x_t by
// little, so that their loss says little about an answer: ‖μ̃ − μ̂‖² = β̃·(SNR_s − SNR_t)·‖x₀ − x̂₀‖². `schedule` is that
// of the model, and 1/T a step in its time.
// J. Sohl-Dickstein et al. 2015, arXiv:1503.03585; J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239.
//
// Errors: ValueError for T below one, and if the model has another schedule.
//
// Example:
//     PreviousTarget target(Cosine{}, 1000);
//     Mix mean = target.mix(0.5, Cosine{}(0.5));
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "inkling/gen/sampler.hpp"
#include "inkling/gen/target.hpp"

namespace ink {
namespace detail {

/// Mean of x_s given x_t and x₀.
inline Mix posterior_mean(Scales t, Scales s) { return {s.alpha, t.alpha / s.alpha * s.sigma * s.sigma / t.sigma}; }

inline double step_before(double t, int steps) { return std::max(t - 1.0 / steps, 0.0); }

}  // namespace detail

template <NoiseSchedule Schedule>
struct PreviousTarget {
  Schedule schedule;
  int steps;

  explicit PreviousTarget(Schedule of_model, int T = 1000) : schedule(std::move(of_model)), steps(T) {
    if (steps < 1) throw ValueError(text("PreviousTarget: steps is ", steps, "; it must be at least 1"));
  }

  Mix mix(double t, Scales from) const { return detail::posterior_mean(from, before(t, from)); }

 protected:
  Scales before(double t, Scales from) const {
    const Scales own = schedule(t);
    if (!(std::abs(own.alpha - from.alpha) + std::abs(own.sigma - from.sigma) <= 1e-9 * (from.alpha + from.sigma))) {
      throw ValueError(text("PreviousTarget: its schedule has alpha ", own.alpha, " at time ", t, ", the model's has ",
                            from.alpha, "; both must be the same"));
    }
    return schedule(detail::step_before(t, steps));
  }
};

template <NoiseSchedule Schedule>
struct DrawnPreviousTarget : PreviousTarget<Schedule> {
  explicit DrawnPreviousTarget(Schedule of_model, int T = 1000) : PreviousTarget<Schedule>(std::move(of_model), T) {}

  double deviation(double t, Scales from) const {
    return std::sqrt(detail::posterior_variance(from, this->before(t, from)));
  }
};

}  // namespace ink
