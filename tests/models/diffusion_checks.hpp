// What a network is held to that predicts for a diffusion model and can be told a class.
#pragma once

#include <cstdint>

#include <doctest/doctest.h>

#include "inkling/data/batches.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/target.hpp"
#include "model_checks.hpp"

namespace ink::testing {

/// A network of two classes for images of 8 by 8: after `warm_up` steps it heeds its label and its noise level, and
/// after `steps` more it knows one batch by heart.
template <class Net>
void check_learns(const Net& untrained, int warm_up, int steps, double lr) {
  const data::Batch<float> batch{uniform<float>(Shape{4, 8, 8, 1}, Key{3}, -1, 1), labels_in_turn(4, 2).ids};
  Diffusion model(untrained, Cosine{}, VelocityTarget{});
  const auto fixed = [&](const auto& m, Tape& tape) { return loss(m, tape, batch, Key{4}); };
  train(model, fixed, warm_up, 1e-3);
  const auto& net = model.network;
  const auto& x = batch.images;
  const auto answer = [&](std::int32_t label) { return net(x, levels_of<float>(4), same_label(4, label)); };
  CHECK_FALSE(answer(0) == answer(1));
  CHECK_FALSE(answer(0) == answer(null_label));
  CHECK(same_bits(answer(null_label), net(x, levels_of<float>(4), Unconditional{})));
  CHECK_FALSE(net(x, Tensor<float, 1>(Shape{4}, 1.0f), Unconditional{}) == answer(null_label));
  check_overfits(model, fixed, steps, lr, 0.05);
}

}  // namespace ink::testing
