// Fits y = 2 x by gradient descent: a stranger's first program.
#include <cmath>
#include <cstdio>
#include <inkling/inkling.hpp>

int main() {
  const auto x = ink::uniform<float>(ink::Shape{32, 1}, ink::Key{42});
  const auto y = ink::map([](auto v) { return v * 2.0f; }, x);
  ink::Tensor<float, 2> w(ink::Shape{1, 1});
  for (int step = 0; step < 200; ++step) {
    ink::Tape tape;
    const auto weight = tape.variable(w);
    const auto residual = ink::matmul(x, weight) - y;
    const auto slope = tape.backward(ink::mean(residual * residual))[weight];
    w(0, 0) -= 0.5f * slope(0, 0);
  }
  std::printf("w = %.4f\n", static_cast<double>(w(0, 0)));
  return std::abs(w(0, 0) - 2.0f) < 1e-3f ? 0 : 1;
}
