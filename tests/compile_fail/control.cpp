// compiles
#include "inkling/inkling.hpp"

int main() {
  ink::Tensor<float, 2> a(ink::Shape{2, 3}, 1.0f);
  ink::Tensor<float, 2> b = a;
  ink::Parameter<float, 2> weight(b);
  ink::Tape tape;
  auto loss = ink::sum(ink::matmul(tape.constant(a.reshape(ink::Shape{3, 2})), weight.on(tape.constant(a))));
  return static_cast<int>(tape.backward(loss).of(weight)(0, 1)) + static_cast<int>(b(1, 2));
}
