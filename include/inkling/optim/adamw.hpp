// AdamW: Adam with weight decay decoupled from the gradient.
//
//   m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
//   θ ← θ − lr [ (m / (1 − β₁ⁿ)) / (√(v / (1 − β₂ⁿ)) + ε) + λ θ ],      n = 1, 2, … updates
//
// I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2017, arXiv:1711.05101; D. Kingma, J. Ba, "Adam: a
// method for stochastic optimization", 2014, arXiv:1412.6980.
//
// The decay λ applies to parameters of rank 2 and more: biases, gains and norms are left alone. A parameter without a
// gradient is treated as one whose gradient is zero: its moments fade, and it still moves by them and decays. One fused
// pass over memory per parameter.
//
// A component of a gradient beyond 2^63 (float; 2^511 for double) counts as that: its square would overflow, and its
// weight would never move again. One that is infinite or NaN is passed on, as NaN.
//
// The optimiser is a value and keeps no reference to the model, which may move between updates.
//
// Errors: ValueError for options outside their domain, also in the type of the parameters, a negative or non-finite
// learning rate, another model's parameters, or gradients of another copy of the model; ShapeError for another shape.
// Nothing changes then, nor when memory runs out.
//
// Example (declarations):
//     struct Slope {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("weight", self.weight); }
//     };
// Example:
//     Slope model;
//     AdamW optimizer{model, {.lr = 2e-4}};
//     Tape tape;
//     auto x = tape.constant(Tensor<float, 2>(Shape{3, 2}, 1.0f));
//     auto loss = sum(x * model.weight.on(x));
//     optimizer.update(model, tape.backward(loss));
// Example:
//     Slope model;                                         // gradient accumulation: the mean over four small batches
//     AdamW optimizer{model};
//     Gradients mean_of_four;
//     for (int part = 0; part < 4; ++part) {
//       Tape tape;
//       auto x = tape.constant(Tensor<float, 2>(Shape{3, 2}, 1.0f));
//       mean_of_four.accumulate(tape.backward(sum(x * model.weight.on(x))));
//     }
//     mean_of_four.scale(0.25);
//     optimizer.update(model, mean_of_four);
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/config.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/optim/options.hpp"
#include "inkling/optim/parameters.hpp"

namespace ink {

struct AdamWOptions {
  double lr = 1e-3;      ///< learning rate of `update` without one
  double beta1 = 0.9;    ///< memory of the mean
  double beta2 = 0.999;  ///< memory of the square
  double eps = 1e-8;
  double weight_decay = 0.01;  ///< on matrices only
};

namespace detail {

/// √x for x ≥ 0, to two units in the last place, by Newton's iteration for 1/√x. std::sqrt may set errno, which keeps a
/// compiler at plain -O2 from vectorising the loop around it.
template <class T>
INKLING_INLINE T vectorizable_sqrt(T x) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits magic = sizeof(T) == 4 ? Bits{0x5F375A86u} : static_cast<Bits>(0x5FE6EB50C7B537A9u);
  const T half = T(0.5) * x;
  T y = std::bit_cast<T>(static_cast<Bits>(magic - (std::bit_cast<Bits>(x) >> 1)));
  for (int i = 0; i < (sizeof(T) == 4 ? 3 : 4); ++i) y *= T(1.5) - half * y * y;
  return x * y;
}

}  // namespace detail

class AdamW {
 public:
  using Options = AdamWOptions;

  template <class M>
  explicit AdamW(const M& model, const Options& options = {})
      : options_(options), parameters_(model), mean_(parameters_.zeros()), square_(parameters_.zeros()) {
    const bool as_float = parameters_.as_float();
    detail::require_not_negative("adamw", "lr", options.lr, as_float);
    detail::require_memory("adamw", "beta1", options.beta1, as_float);
    detail::require_memory("adamw", "beta2", options.beta2, as_float);
    detail::require_finite("adamw", "eps", options.eps, as_float);
    detail::require_option(options.eps > 0, "adamw", "eps", options.eps, "positive");
    detail::require_option(!as_float || static_cast<float>(options.eps) > 0, "adamw", "eps", options.eps,
                           "positive as float");
    detail::require_not_negative("adamw", "weight_decay", options.weight_decay, as_float);
  }

  template <class M>
  void update(M& model, const Gradients& gradients) {
    update(model, gradients, options_.lr);
  }

  template <class M>
  void update(M& model, const Gradients& gradients, double lr) {
    const Step step = next_step(lr);
    parameters_.check("adamw", model, gradients);
    const auto slopes = detail::prepare_update(model, gradients);
    detail::make_own(mean_);
    detail::make_own(square_);
    ++steps_;
    std::size_t i = 0;
    for_each_parameter(model, [&](const auto&, auto& p) {
      update_one(p, slopes[i], step, mean_[i], square_[i]);
      ++i;
    });
  }

  const Options& options() const { return options_; }

  /// Updates so far.
  std::int64_t steps() const { return steps_; }

  /// Calls f(name, tensor&) for everything the optimiser remembers about the model: "m.<parameter>", "v.<parameter>"
  /// and "steps". What f assigns is taken over if the optimiser is not const.
  template <class Self, class M, class F>
  static void visit_state(Self& self, const M& model, F&& f) {
    self.parameters_.check("adamw", model);
    std::size_t i = 0;
    for_each_parameter(model, [&](const std::string& name, const auto& p) {
      using Value = std::remove_cvref_t<decltype(p.value)>;
      const auto visit = [&](const char* prefix, auto& block) {
        auto tensor = Value::adopt(p.shape(), block);
        f(prefix + name, tensor);
        if constexpr (!std::is_const_v<Self>) block = tensor.storage();
      };
      visit("m.", self.mean_[i]);
      visit("v.", self.square_[i]);
      ++i;
    });
    Tensor<std::int64_t, 0> steps(self.steps_);
    f(std::string("steps"), steps);
    if constexpr (!std::is_const_v<Self>) {
      detail::require_option(steps.item() >= 0 && steps.item() <= most_steps, "adamw", "steps", steps.item(),
                             "in [0, 2^53]");
      self.steps_ = steps.item();
    }
  }

 private:
  static constexpr std::int64_t most_steps = std::int64_t{1} << 53;  // what a double counts

  /// What the formula has besides m, v, g and θ.
  struct Step {
    double rate, root, keep;
  };

  Step next_step(double lr) const {
    const bool as_float = parameters_.as_float();
    detail::require_not_negative("adamw", "lr", lr, as_float);
    const auto n = static_cast<double>(steps_ + 1);
    const Step step{lr / (1 - std::pow(options_.beta1, n)), 1 / std::sqrt(1 - std::pow(options_.beta2, n)),
                    1 - lr * options_.weight_decay};
    detail::require_finite("adamw", "lr / (1 - beta1^n)", step.rate, as_float);
    detail::require_finite("adamw", "1 - lr weight_decay", step.keep, as_float);
    return step;
  }

  template <class T, int R>
  void update_one(Parameter<T, R>& p, const detail::Storage& slopes, const Step& step, detail::Storage& mean,
                  detail::Storage& square) const {
    if (p.value.empty()) return;
    apply(p.value.size(), step, R >= 2 ? step.keep : 1.0, p.value.mutable_data(),
          reinterpret_cast<const T*>(slopes.data()), detail::writable<T>(mean), detail::writable<T>(square));
  }

  template <class T>
  void apply(Index count, const Step& step, double kept, T* theta, const T* gradient, T* m, T* v) const {
    const T b1 = static_cast<T>(options_.beta1), c1 = static_cast<T>(1 - options_.beta1);
    const T b2 = static_cast<T>(options_.beta2), c2 = static_cast<T>(1 - options_.beta2);
    const T rate = static_cast<T>(step.rate), root = static_cast<T>(step.root), keep = static_cast<T>(kept);
    const T eps = static_cast<T>(options_.eps);
    constexpr T most = sizeof(T) == 4 ? T(0x1p63) : static_cast<T>(0x1p511);
    kernels::apply_many(count, [=](T t, T m0, T v0, T g0) INKLING_LAMBDA_INLINE {
      const T bound = kernels::detail::blend(g0 < T{0}, -most, most);
      const T g = kernels::detail::blend(kernels::detail::magnitude(g0) > most, bound, g0) + (g0 - g0);  // or NaN
      const T m1 = b1 * m0 + c1 * g;
      const T v1 = b2 * v0 + c2 * (g * g);
      return std::array<T, 3>{keep * t - rate * m1 / (detail::vectorizable_sqrt(v1) * root + eps), m1, v1};
    }, std::array<T*, 3>{theta, m, v}, theta, m, v, gradient);
  }

  Options options_;
  detail::ParameterList parameters_;
  std::vector<detail::Storage> mean_, square_;
  std::int64_t steps_ = 0;
};

}  // namespace ink
