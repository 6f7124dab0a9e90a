// expect: no matching (member )?function for call to .*backward
#include "inkling/autograd/tape.hpp"

int main() {
  ink::Tape tape;
  ink::Tensor<float, 0> loss(1.0f);
  tape.backward(loss);
}
