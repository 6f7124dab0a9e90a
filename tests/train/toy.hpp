// A regression that trains in milliseconds: a two-layer network learns a sine from batches drawn by number and key.
#pragma once

#include <cmath>
#include <string>

#include "inkling/autograd/tape.hpp"
#include "inkling/core/random.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/loss.hpp"

namespace toy {

template <class T = float>
struct Network {
  using value_type = T;
  ink::Linear<T> first, second;

  explicit Network(ink::Index width = 16)
      : first({.in = 2, .out = width}, ink::Key{1}), second({.in = width, .out = 1}, ink::Key{2}) {}

  template <ink::TensorLike X>
  auto operator()(const X& x) const {
    return second(tanh(first(x)));
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
  }
};

struct Batch {
  ink::Tensor<float, 2> x, y;
};

inline ink::Index batch_size = 16;

/// Batch number i of (x, sin(3 x₀) + x₁).
inline Batch batch_at(ink::Index i, ink::Key key) {
  Batch batch{ink::uniform<float>(ink::Shape{batch_size, 2}, key.fold(static_cast<std::uint64_t>(i)), -1, 1),
              ink::Tensor<float, 2>(ink::Shape{batch_size, 1})};
  for (ink::Index r = 0; r < batch_size; ++r) batch.y(r, 0) = std::sin(3 * batch.x(r, 0)) + batch.x(r, 1);
  return batch;
}

/// The squared error, with a little noise on the input so that the step's key matters.
inline auto error(const Network<float>& model, ink::Tape& tape, const Batch& batch, ink::Key key) {
  const auto noise = 0.01f * ink::normal<float>(batch.x.shape(), key);
  return ink::mse(model(tape.constant(batch.x + noise)), batch.y);
}

template <class M>
bool same_bits(const M& a, const M& b) {
  std::string mine, other;
  const auto append = [](std::string& to, const auto& p) {
    to.append(reinterpret_cast<const char*>(p.value.data()), p.value.values().size_bytes());
  };
  ink::for_each_parameter(a, [&](const std::string&, const auto& p) { append(mine, p); });
  ink::for_each_parameter(b, [&](const std::string&, const auto& p) { append(other, p); });
  return mine == other;
}

inline std::string scratch(const std::string& name) { return std::string(INKLING_TEST_TMP) + "/" + name; }

}  // namespace toy
