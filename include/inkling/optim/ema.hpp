// Ema: the exponential moving average of a model's parameters, which samples better than the parameters themselves.
//
//   θ̄ ← d θ̄ + (1 − d) θ,      d = clamp(1 − (1 + n/γ)^(−p), min, decay),      n = 0, 1, … updates before this one
//
// B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992. The warm-up (power p, inverse
// γ) lets the average forget the random start: the first update takes the model over as it is, and after n updates the
// average looks back over about n/p of them. power 0 means no warm-up: d = decay from the start.
//
// An Ema is a value: it holds a copy of the model (which shares memory until either is written) and no reference to it.
//
// Errors: ValueError for options outside their domain or another model's parameters; ShapeError for another shape.
// Nothing changes then, nor when memory runs out.
//
// Example (declarations):
//     struct Slope {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("weight", self.weight); }
//     };
// Example:
//     Slope model;
//     Ema ema{model, {.decay = 0.999}};
//     ema.update(model);                                   // after every step
//     const Slope& averaged = ema.model();
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/kernels/elementwise.hpp"
#include "inkling/optim/options.hpp"
#include "inkling/optim/parameters.hpp"

namespace ink {

struct EmaOptions {
  double decay = 0.999;      ///< the most that is kept
  double power = 2.0 / 3.0;  ///< p; 0: no warm-up
  double gamma = 1;          ///< γ
  double min = 0;            ///< the least that is kept
};

namespace detail {

/// average += take · (model − average)
template <class T>
void move_towards(Index count, T take, T* average, const T* model) {
  kernels::apply(count, [take](T a, T x) INKLING_LAMBDA_INLINE { return a + take * (x - a); }, average, average, model);
}

}  // namespace detail

template <class M>
class Ema {
 public:
  using Options = EmaOptions;

  explicit Ema(M model, const Options& options = {})
      : options_(options), average_(std::move(model)), parameters_(average_) {
    detail::require_finite("ema", "decay", options.decay);
    detail::require_finite("ema", "power", options.power);
    detail::require_finite("ema", "gamma", options.gamma);
    detail::require_finite("ema", "min", options.min);
    if (!(options.min >= 0 && options.min <= options.decay && options.decay <= 1)) {
      throw ValueError(
          text("ema: min is ", options.min, ", decay is ", options.decay, "; 0 <= min <= decay <= 1 must hold"));
    }
    if (!(options.power >= 0 && options.gamma > 0)) {
      throw ValueError(
          text("ema: power is ", options.power, ", gamma is ", options.gamma, "; power >= 0 and gamma > 0 must hold"));
    }
  }

  /// What update number n, counted from 0, keeps of the average.
  double decay(std::int64_t n) const {
    if (options_.power == 0) return options_.decay;
    const double warm = 1 - std::pow(1 + static_cast<double>(n) / options_.gamma, -options_.power);
    return std::clamp(warm, options_.min, options_.decay);
  }

  void update(const M& model) {
    parameters_.check("ema", model);
    const double take = 1 - decay(updates_);
    detail::PoolVector<void*> averages;
    averages.reserve(parameters_.size());
    // Memory first, so that an update is done whole or not at all.
    for_each_parameter(average_, [&](const auto&, auto& p) {
      if (take != 1 && !p.value.empty()) p.value.mutable_data();
      averages.push_back(&p);
    });
    std::size_t i = 0;
    for_each_parameter(model, [&](const auto&, const auto& p) {
      blend(*static_cast<std::remove_cvref_t<decltype(p)>*>(averages[i++]), p, take);
    });
    ++updates_;
  }

  /// The model with averaged parameters.
  const M& model() const { return average_; }

  const Options& options() const { return options_; }
  std::int64_t updates() const { return updates_; }

  /// Continues from an average that was saved.
  void restore(M average, std::int64_t updates) {
    parameters_.check("ema", average);
    detail::require_option(updates >= 0, "ema", "updates", updates, "0 or more");
    average_ = std::move(average);
    updates_ = updates;
  }

 private:
  template <class T, int R>
  static void blend(Parameter<T, R>& average, const Parameter<T, R>& model, double take) {
    if (take == 1) {
      average.value = model.value;
      return;
    }
    detail::move_towards(average.value.size(), static_cast<T>(take), average.value.mutable_data(), model.value.data());
  }

  Options options_;
  M average_;
  detail::ParameterList parameters_;
  std::int64_t updates_ = 0;
};

template <class M>
Ema(M, EmaOptions) -> Ema<M>;
template <class M>
Ema(M) -> Ema<M>;

}  // namespace ink
