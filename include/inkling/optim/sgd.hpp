// Sgd: stochastic gradient descent, with momentum or Nesterov's variant of it.
//
//   g ← g + λ θ        b ← μ b + g        θ ← θ − lr · (b, or g + μ b for Nesterov)
//
// H. Robbins, S. Monro, 1951; Y. Nesterov, 1983, in the form of I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the
// importance of initialization and momentum in deep learning", ICML 2013.
//
// The decay λ applies to parameters of rank 2 and more. A parameter without a gradient is treated as one whose gradient
// is zero. The optimiser is a value and keeps no reference to the model.
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
//     Sgd optimizer{model, {.lr = 0.1, .momentum = 0.9, .nesterov = true}};
//     Tape tape;
//     auto x = tape.constant(Tensor<float, 2>(Shape{3, 2}, 1.0f));
//     optimizer.update(model, tape.backward(sum(x * model.weight.on(x))));
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/kernels/elementwise.hpp"
#include "inkling/optim/options.hpp"
#include "inkling/optim/parameters.hpp"

namespace ink {

struct SgdOptions {
  double lr = 1e-2;  ///< learning rate of `update` without one
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;  ///< on matrices only
};

class Sgd {
 public:
  using Options = SgdOptions;

  template <class M>
  explicit Sgd(const M& model, const Options& options = {})
      : options_(options), parameters_(model), momentum_(parameters_.zeros()) {
    const bool as_float = parameters_.as_float();
    detail::require_not_negative("sgd", "lr", options.lr, as_float);
    detail::require_memory("sgd", "momentum", options.momentum, as_float);
    if (options.nesterov && options.momentum == 0) {
      throw ValueError("sgd: momentum is 0, nesterov is true; Nesterov's step needs a momentum above 0");
    }
    detail::require_not_negative("sgd", "weight_decay", options.weight_decay, as_float);
  }

  template <class M>
  void update(M& model, const Gradients& gradients) {
    update(model, gradients, options_.lr);
  }

  template <class M>
  void update(M& model, const Gradients& gradients, double lr) {
    detail::require_not_negative("sgd", "lr", lr, parameters_.as_float());
    parameters_.check("sgd", model, gradients);
    const auto slopes = detail::prepare_update(model, gradients);
    detail::make_own(momentum_);
    std::size_t i = 0;
    for_each_parameter(model, [&](const auto&, auto& p) {
      update_one(p, slopes[i], lr, momentum_[i]);
      ++i;
    });
  }

  const Options& options() const { return options_; }

  /// Calls f("b.<parameter>", tensor&) for every momentum; what f assigns is taken over if the optimiser is not const.
  template <class Self, class M, class F>
  static void visit_state(Self& self, const M& model, F&& f) {
    self.parameters_.check("sgd", model);
    std::size_t i = 0;
    for_each_parameter(model, [&](const std::string& name, const auto& p) {
      auto tensor = std::remove_cvref_t<decltype(p.value)>::adopt(p.shape(), self.momentum_[i]);
      f("b." + name, tensor);
      if constexpr (!std::is_const_v<Self>) self.momentum_[i] = tensor.storage();
      ++i;
    });
  }

 private:
  template <class T, int R>
  void update_one(Parameter<T, R>& p, const detail::Storage& slopes, double lr, detail::Storage& momentum) const {
    if (p.value.empty()) return;
    step(p.value.size(), static_cast<T>(R >= 2 ? options_.weight_decay : 0.0), static_cast<T>(lr),
         p.value.mutable_data(), reinterpret_cast<const T*>(slopes.data()), detail::writable<T>(momentum));
  }

  template <class T>
  void step(Index count, T decay, T rate, T* theta, const T* gradient, T* b) const {
    const T mu = static_cast<T>(options_.momentum);
    // Nesterov's step looks ahead by the new momentum; the plain one is the new momentum.
    const T of_gradient = options_.nesterov ? T{1} : T{0}, of_momentum = options_.nesterov ? mu : T{1};
    kernels::apply_many(count, [=](T t, T b0, T g) INKLING_LAMBDA_INLINE {
      const T slope = g + decay * t;
      const T b1 = mu * b0 + slope;
      return std::array<T, 2>{t - rate * (of_gradient * slope + of_momentum * b1), b1};
    }, std::array<T*, 2>{theta, b}, theta, b, gradient);
  }

  Options options_;
  detail::ParameterList parameters_;
  std::vector<detail::Storage> momentum_;
};

}  // namespace ink
