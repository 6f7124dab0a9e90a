// What every model is tested for.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "inkling/core/parallel.hpp"
#include "inkling/core/random.hpp"
#include "inkling/core/view.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/optim/adamw.hpp"

namespace model_checks {

using namespace ink;

template <class T, int R>
bool same_bits(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

/// The rows [0, n) of x.
template <class T, int R>
Tensor<T, R> first_rows(const Tensor<T, R>& x, Index n) {
  return dense(view(x).slice(0, 0, n));
}

/// Layers that start at zero hide what is before them: moves every parameter a little.
template <class M>
M shaken(M model, double by = 0.1) {
  std::uint64_t i = 0;
  for_each_parameter(model, [&](const std::string&, auto& p) {
    using T = typename std::remove_cvref_t<decltype(p.value)>::value_type;
    p.value = p.value + normal<T>(p.value.shape(), Key{77}.fold(i++)) * by;
  });
  return model;
}

/// Loss and all gradients as one list of tensors' bytes.
template <class M, class Loss>
std::vector<std::string> fingerprint(const M& model, const Loss& loss) {
  Tape tape;
  const auto l = loss(model, tape);
  const auto gradients = tape.backward(l);
  std::vector<std::string> bytes;
  for_each_parameter(model, [&](const std::string&, const auto& p) {
    if (!gradients.has(p)) return;
    const auto& g = gradients.of(p);
    bytes.emplace_back(reinterpret_cast<const char*>(g.data()), static_cast<std::size_t>(g.size()) * sizeof(*g.data()));
  });
  return bytes;
}

/// The same gradients, bit for bit, at 1, 2 and 3 threads.
template <class M, class Loss>
void check_threads(const M& model, const Loss& loss) {
  const int before = thread_count();
  set_thread_count(1);
  const auto alone = fingerprint(model, loss);
  CHECK(!alone.empty());
  for (int count : {2, 3}) {
    set_thread_count(count);
    CHECK(fingerprint(model, loss) == alone);
  }
  set_thread_count(before);
}

/// The same loss again and again: it must fall below `fraction` of what it was.
template <class M, class Loss>
void check_overfits(M model, const Loss& loss, int steps, double lr, double fraction) {
  AdamW optimizer(model, {.lr = lr, .weight_decay = 0});
  double first = 0, last = 0;
  for (int step = 0; step < steps; ++step) {
    Tape tape;
    const auto l = loss(model, tape);
    last = static_cast<double>(value(l).item());
    if (step == 0) first = last;
    optimizer.update(model, tape.backward(l));
  }
  CAPTURE(first);
  CHECK(last < fraction * first);
}

/// Derivatives of the loss by a few numbers of every parameter, against finite differences.
template <class M, class Loss>
void check_gradients(M model, const Loss& loss) {
  Tape tape;
  const auto gradients = tape.backward(loss(model, tape));
  const auto evaluate = [&] {
    Tape fresh;
    return value(loss(model, fresh)).item();
  };
  double worst = 0;
  for_each_parameter(model, [&](const std::string&, auto& p) {
    if (!gradients.has(p)) return;
    const auto g = gradients.of(p);
    const Index size = p.value.size();
    for (Index i : {Index{0}, size / 2, size - 1}) {
      constexpr double h = 1e-5;
      const double at = p.value.data()[i];
      p.value.mutable_data()[i] = at + h;
      const double above = evaluate();
      p.value.mutable_data()[i] = at - h;
      const double below = evaluate();
      p.value.mutable_data()[i] = at;
      worst = std::max(worst, std::abs((above - below) / (2 * h) - g.data()[i]));
    }
  });
  CHECK(worst < 1e-7);
}

}  // namespace model_checks
