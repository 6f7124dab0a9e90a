// loss: the training loss of every generator here.
//
//   L = mean over the batch of  weight · (−log p(target | what is left)) / D,      D numbers per image
//
// The model removes information (`corrupt`), its network predicts what was asked for (`predict`), and the prediction is
// a distribution that says how likely the truth was. For diffusion and regression that is the mean squared error; for
// autoregression it is the cross-entropy in nats per pixel.
//
// A batch has images, and a `condition` or else `labels`. A condition is told to the network, which refuses it if it
// can't hear it; labels are told to a network that hears classes, and are no concern of the others (of_data,
// nn/condition.hpp). With the rate `model.drop_condition` an image's condition is withheld, so that the model learns to
// do without it as well.
//
// Given a tape, the network is recorded and the loss can be differentiated; without, it is evaluated.
//
// Example (declarations):
//     struct Flat {                                             // a network that always answers 0
//       using value_type = float;
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const Tensor<float, 1>&, const C&) const { return 0.0f * x; }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     data::Batch<float> batch{uniform<float>(Shape{8, 28, 28, 1}, Key{1}, -1, 1), Tensor<std::int32_t, 1>(Shape{8})};
//     auto model = KarrasDenoiser(Flat{});
//     Tape tape;
//     auto recorded = loss(model, tape, batch, Key{2});
//     float evaluated = loss(model, batch, Key{2}).item();
#pragma once

#include <concepts>
#include <cstdint>

#include "inkling/gen/corruption.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace ink {

/// What the loss asks of a model: `corrupt`, `predict`, and the rate at which the condition is withheld.
template <class M>
concept Generator = requires(const M& model, const Tensor<typename M::value_type, 4>& images, Key key) {
  model.corrupt(images, key);
  { model.drop_condition } -> std::convertible_to<double>;
};

namespace detail {

template <class Batch>
auto condition_of(const Batch& batch) {
  if constexpr (requires { batch.condition; }) {
    return batch.condition;
  } else {
    return ClassLabels{batch.labels, true};
  }
}

template <Generator M, class Batch, class Place>
auto generator_loss(const M& model, const Batch& batch, Key key, const Place& place) {
  const auto example = model.corrupt(batch.images, key.fold(0));
  const auto condition = drop_condition(condition_of(batch), batch.images.extent(0), model.drop_condition, key.fold(1));
  const auto prediction = model.predict(place(example.state), example.level, condition);
  const Index rows = example.target.extent(0);
  const double per_image = rows == 0 ? 1 : static_cast<double>(example.target.size()) / static_cast<double>(rows);
  return mean(prediction.log_prob(example.target) * example.weight) * (-1 / per_image);
}

}  // namespace detail

template <Generator M, class Batch>
auto loss(const M& model, Tape& tape, const Batch& batch, Key key) {
  return detail::generator_loss(model, batch, key, [&](const auto& state) { return tape.constant(state); });
}

template <Generator M, class Batch>
auto loss(const M& model, const Batch& batch, Key key) {
  return detail::generator_loss(model, batch, key, [](const auto& state) { return state; });
}

}  // namespace ink
