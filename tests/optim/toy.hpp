// A model of one matrix and one vector, and gradients for it that are given instead of computed.
#pragma once

#include <algorithm>
#include <span>

#include "inkling/autograd/gradients.hpp"
#include "inkling/nn/module.hpp"

namespace toy {

template <class T>
struct Affine {
  ink::Parameter<T, 2> w;
  ink::Parameter<T, 1> b;

  static void visit(auto& self, auto&& f) {
    f("w", self.w);
    f("b", self.b);
  }
};

template <class T, int R>
void give(ink::Gradients& gradients, const ink::Parameter<T, R>& p, std::span<const double> values) {
  ink::Tensor<T, R> gradient(p.shape());
  std::transform(values.begin(), values.end(), gradient.mutable_data(), [](double x) { return static_cast<T>(x); });
  gradients.insert({-1, &p, ink::detail::gradient_type<T>(), gradient.storage()});
}

}  // namespace toy
