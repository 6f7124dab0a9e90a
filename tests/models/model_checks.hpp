// What every model is held to: right gradients, the same bits at any number of threads and in any batch, labels that
// matter, and enough strength to learn one batch by heart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/optim/adamw.hpp"

namespace ink::testing {

inline Tensor<std::int32_t, 3> random_tokens(const Shape<3>& shape, Index levels, Key key) {
  return uniform<double>(shape, key, 0, static_cast<double>(levels)).cast<std::int32_t>();
}

/// The labels 0, 1, …, classes − 1, 0, 1, … of n images.
inline ClassLabels labels_in_turn(Index n, Index classes) {
  Tensor<std::int32_t, 1> ids(Shape{n});
  for (Index i = 0; i < n; ++i) ids(i) = static_cast<std::int32_t>(i % classes);
  return {ids};
}

inline ClassLabels same_label(Index n, std::int32_t label) { return {Tensor<std::int32_t, 1>(Shape{n}, label)}; }

/// The noise level of each of n images.
template <class T>
Tensor<T, 1> levels_of(Index n) {
  Tensor<T, 1> level(Shape{n});
  for (Index i = 0; i < n; ++i) level(i) = static_cast<T>(100 + 37 * i);
  return level;
}

/// The largest difference between the gradients of f(model, tape) by the parameters and central differences. Of a
/// parameter with more than `elements` elements, that many are checked, spread evenly. Infinite if a parameter has
/// no gradient.
template <class M, class F>
double parameter_error(M model, F f, Index elements = 12) {
  constexpr double h = 1e-5;
  Tape tape;
  const auto gradients = tape.backward(ink::detail::weighted_sum(f(model, tape)));
  const auto evaluate = [&] {
    Tape unused;
    return ink::detail::weighted_sum(f(model, unused).value()).item();
  };
  double worst = 0;
  for_each_parameter(model, [&](const std::string&, auto& p) {
    if (!gradients.has(p)) worst = INFINITY;
    const auto analytic = gradients.of(p);
    const Index step = std::max<Index>(1, p.value.size() / elements);
    for (Index i = 0; i < p.value.size(); i += step) {
      const double at = p.value.data()[i];
      p.value.mutable_data()[i] = at + h;
      const double above = evaluate();
      p.value.mutable_data()[i] = at - h;
      const double below = evaluate();
      p.value.mutable_data()[i] = at;
      const double numeric = (above - below) / (2 * h), a = analytic.data()[i];
      const double difference = std::abs(a - numeric) / std::max({1.0, std::abs(a), std::abs(numeric)});
      if (!(difference <= worst)) worst = std::isnan(difference) ? INFINITY : difference;
    }
  });
  return worst;
}

/// The numbers of f(model, tape) and of the gradients of all parameters.
template <class M, class F>
auto numbers_of(const M& model, F f) {
  using T = typename M::value_type;
  Tape tape;
  const auto y = f(model, tape);
  const auto gradients = tape.backward(pull(y, some_gradient<T>(y.shape())));
  std::vector<T> all(y.value().values().begin(), y.value().values().end());
  for_each_parameter(model, [&](const std::string&, const auto& p) {
    const auto g = gradients.of(p);
    all.insert(all.end(), g.values().begin(), g.values().end());
  });
  return all;
}

/// The same bits at 1, 2 and 3 threads: of the result, and of the gradients of all parameters.
template <class M, class F>
void check_model_threads(const M& model, F f) {
  const ThreadCountGuard guard;
  set_thread_count(1);
  const auto one = numbers_of(model, f);
  for (int threads : {2, 3}) {
    set_thread_count(threads);
    const auto more = numbers_of(model, f);
    REQUIRE(more.size() == one.size());
    CHECK(std::memcmp(more.data(), one.data(), one.size() * sizeof(one[0])) == 0);
  }
}

/// Steps of AdamW on loss(model, tape), which does not change; returns the loss before the first and before the last.
template <class M, class Loss>
auto train(M& model, Loss loss, int steps, double lr) {
  struct Losses {
    double first = 0, last = 0;
  } losses;
  AdamW optimizer(model, {.lr = lr, .weight_decay = 0});
  for (int step = 0; step < steps; ++step) {
    Tape tape;
    const auto l = loss(model, tape);
    losses.last = static_cast<double>(l.item());
    if (step == 0) losses.first = losses.last;
    optimizer.update(model, tape.backward(l));
  }
  return losses;
}

/// Learns one batch by heart: after `steps` steps the loss is below `fraction` of what it was.
template <class M, class Loss>
void check_overfits(M model, Loss loss, int steps, double lr, double fraction) {
  const auto losses = train(model, loss, steps, lr);
  CAPTURE(losses.first);
  CAPTURE(losses.last);
  CHECK(losses.last < fraction * losses.first);
}

}  // namespace ink::testing
