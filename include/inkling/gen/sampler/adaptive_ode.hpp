// AdaptiveOde: the probability-flow equation by a Runge-Kutta pair of orders 3 and 2 (gen/sampler/runge_kutta.hpp),
// which chooses its steps by the difference between the two.
//
//   dy/dτ = û,   y = x/(α + σ),   τ = σ/(α + σ),   û = ε̂ − x̂₀
//
// A step is taken if |error| ≤ atol + rtol·|y|, in the root mean square over each image; three evaluations each. τ runs
// from 1 to 0 for any schedule, pure noise included. A step from t to s takes as many inner ones as it needs: the grid
// is {first, last but one, end} of the model's for `steps` steps, and the last is to x̂₀. The steps are chosen for a
// batch as a whole, by the image that needs the shortest: the other images differ within the tolerance from what they
// are alone. Y. Song et al., "Score-based generative modeling through stochastic differential equations", 2021,
// arXiv:2011.13456.
//
// Errors: ValueError for tolerances that are not positive, and where `max_evaluations` do not suffice.
//
// Example:
//     AdaptiveOde exact{.atol = 1e-5, .rtol = 1e-5};
#pragma once

#include <cmath>
#include <vector>

#include "inkling/gen/sampler/runge_kutta.hpp"

namespace ink {

struct AdaptiveOde {
  double atol = 1e-3, rtol = 1e-3;
  int max_evaluations = 10000;
  int steps = 1000;

  struct Memory {
    int evaluations = 0;
  };

  std::vector<double> times(const auto& model, const auto&) const {
    if (!(atol > 0 && rtol > 0)) {
      throw ValueError(text("AdaptiveOde: atol is ", atol, ", rtol is ", rtol, "; they must be positive"));
    }
    std::vector<double> all = model.times(steps);
    if (all.size() <= 3) return all;
    return {all.front(), all[all.size() - 2], all.back()};
  }

  Memory begin(const auto&, const auto&, const auto&) const { return {}; }

  template <class M, class X, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, const X& x, double t, double s, Memory& memory, const K&, const C& condition) const {
    const Scales from = model.scales(t), to = model.scales(s);
    const auto clean_at = [&](const X& state, double time) {
      if (++memory.evaluations > max_evaluations) {
        throw ValueError(text("AdaptiveOde: max_evaluations is ", max_evaluations, ", reached at t = ", time,
                              "; these tolerances need more"));
      }
      return detail::expected_clean(model, state, time, condition);
    };
    if (to.sigma == 0) return detail::toward_clean(x, clean_at(x, t), from, to, 0);
    const double start = from.sigma / (from.alpha + from.sigma), end = to.sigma / (to.alpha + to.sigma);
    const auto flow = [&](double place, const X& y) {
      const double time = place == start ? t
                          : place == end ? s
                                         : time_at_log_snr(model, std::log1p(-place) - std::log(place));
      const Scales at = model.scales(time);
      const X state = y * (at.alpha + at.sigma);
      return detail::mixed(state, clean_at(state, time), at, detail::flow_mix);
    };
    return detail::integrate(flow, X(x / (from.alpha + from.sigma)), start, end, atol, rtol) * (to.alpha + to.sigma);
  }
};

}  // namespace ink
