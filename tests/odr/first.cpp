#include "inkling/autograd/gradcheck.hpp"
#include "inkling/inkling.hpp"

double second(const ink::Tensor<double, 2>& x);

int main() {
  const auto x = ink::normal<double>(ink::Shape{2, 3}, ink::Key{1});
  ink::Tape tape;
  const auto v = tape.variable(x);
  const double first = tape.backward(ink::sum(v * v))[v](1, 2) + ink::matmul(x, x.reshape(ink::Shape{3, 2}))(0, 0);
  return first == second(x) ? 0 : 1;
}
