// NoiseRange: between which amounts of noise a likelihood is integrated, and at which time there is how much.
//
//   ς = σ/α, the noise of x_t/α_t;  from ς at the last of the times of 1000 steps before 0, to ς at the largest time
//
// The likelihoods of continuous time depend on a schedule through these two numbers alone (D. Kingma et al. 2021,
// arXiv:2107.00630), so they are written as integrals over ln ς. A schedule that ends at pure noise, ς = ∞, is followed
// to ς = 10⁴, where a signal-to-noise ratio of 10⁻⁸ is left.
//
// Errors: ValueError if the noise of the model's times does not fall.
//
// Example:
//     auto even = [](const auto& model) { return NoiseRange(model).time(model, 1.0); };       // where σ = α
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/gen/schedule/log_snr.hpp"

namespace ink {

struct NoiseRange {
  double first = 0, last = 0;              ///< the times with the least noise and the most
  double least_ratio = 0, most_ratio = 0;  ///< ς at them

  template <class M>
  explicit NoiseRange(const M& model) {
    constexpr double most = 1e4;
    const std::vector<double> times = model.times(1000);
    first = times[times.size() - 2];
    last = times.front();
    least_ratio = model.scales(first).ratio();
    if (!(model.scales(last).ratio() <= most)) last = time_at_log_snr(model, -std::log(most));
    most_ratio = model.scales(last).ratio();
    if (!(least_ratio > 0 && least_ratio < most_ratio)) {
      throw ValueError(text("NoiseRange: sigma/alpha is ", most_ratio, " at time ", last, " and ", least_ratio,
                            " at time ", first, "; it must fall, and stay above 0"));
    }
  }

  /// The time at which σ/α is the given number: not beyond the last, where a schedule need not go on.
  template <class M>
  double time(const M& model, double ratio) const {
    return ratio < most_ratio * (1 - 1e-12) ? time_at_log_snr(model, -std::log(ratio)) : last;
  }

  /// ς at a part of the way from the least noise to the most, which is `width` long, in ln ς.
  double ratio(double part) const { return least_ratio * std::exp(part * width()); }
  double width() const { return std::log(most_ratio / least_ratio); }
};

namespace detail {

/// The deviation of the noise that a model starts from: 1, or that of a variance that explodes.
inline double prior_deviation(Scales most) { return std::max(1.0, most.sigma); }

/// D: the numbers of one image.
template <class X>
double image_size(const X& images) {
  return images.empty() ? 0 : static_cast<double>(images.size() / images.extent(0));
}

}  // namespace detail
}  // namespace ink
