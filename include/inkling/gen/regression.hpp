// OneShot: everything is removed at once and predicted in one step: regression, the baseline of all generators.
//
//   predict    E[x | condition]: the average image, which is a blur wherever several images are possible
//
// Trained and sampled through the same loss and the same loop as the others: its only step goes from "nothing is known"
// (t = 1) to the image (t = 0).
//
// Example (declarations):
//     struct Grey {                                             // a network that always answers 0
//       using value_type = float;
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const Tensor<float, 1>&, const C&) const { return 0.0f * x; }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     OneShot model{Grey{}};
//     auto nothing = model.prior(Shape{4, 28, 28, 1}, Key{1});
//     auto average = model.posterior(nothing, 1.0, Unconditional{}).mean();
#pragma once

#include <utility>
#include <vector>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/schedule.hpp"

namespace ink {

template <class Network>
class OneShot {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;
  using Images = Tensor<T, 4>;

  Network network;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  explicit OneShot(Network n) : network(std::move(n)) {}

  static void visit(auto& self, auto&& f) { f("network", self.network); }

  Corruption<T, Images, Images> corrupt(const Images& images, Key) const {
    const Shape<1> n{images.extent(0)};
    return {Images(images.shape()), Tensor<T, 1>(n), images, Tensor<T, 1>(n, T{1})};
  }

  template <TensorLike X, class C>
  auto predict(const X& nothing, const Tensor<T, 1>& level, const C& condition) const {
    return Dirac(network(nothing, level, condition));
  }

  Scales scales(double t) const { return {1 - t, t}; }
  std::vector<double> times(int) const { return {1, 0}; }

  template <class C>
  auto posterior(const Images& x, double, const C& condition) const {
    return Dirac<Images>(network(Images(x.shape()), Tensor<T, 1>(Shape{x.extent(0)}), condition));
  }

  template <RandomKey K>
  Images prior(const Shape<4>& shape, const K&) const {
    return Images(shape);
  }

  Images images(const Images& x) const { return clamp(x, -1, 1); }

  /// The same generator with another network.
  template <class Other>
  OneShot<Other> with_network(Other other) const {
    OneShot<Other> made(std::move(other));
    made.drop_condition = drop_condition;
    return made;
  }
};

}  // namespace ink
