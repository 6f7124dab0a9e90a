// expect: no match(ing function)? for call to|no matching function for call to object of type
#include "inkling/core/tensor.hpp"

int main() {
  ink::Tensor<float, 2> matrix(ink::Shape{2, 3});
  return static_cast<int>(matrix(0, 1, 2));
}
