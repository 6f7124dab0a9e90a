// expect: capture no variable
#include "inkling/autograd/recompute.hpp"
#include "inkling/ops/elementwise.hpp"

int main() {
  ink::Tape tape;
  const auto x = tape.variable(ink::Tensor<float, 1>(ink::Shape{2}));
  const auto e = tape.variable(ink::Tensor<float, 1>(ink::Shape{2}));
  ink::recompute([&](const auto& v) { return v + e; }, x);
}
