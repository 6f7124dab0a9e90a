// expect: no matching (member )?function for call to .*backward
#include "inkling/autograd/tape.hpp"

int main() {
  ink::Tape tape;
  tape.backward(tape.variable(ink::Tensor<float, 1>(ink::Shape{3})));
}
