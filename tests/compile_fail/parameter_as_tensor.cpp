// expect: no matching function for call to .*matmul
#include "inkling/inkling.hpp"

int main() {
  ink::Tensor<float, 2> x(ink::Shape{4, 3});
  ink::Parameter<float, 2> weight(ink::Tensor<float, 2>(ink::Shape{3, 2}));
  ink::matmul(x, weight);
}
