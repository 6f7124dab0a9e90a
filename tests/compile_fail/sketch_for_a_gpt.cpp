// expect: a network is told what it can't hear
#include "inkling/models/gpt.hpp"

int main() {
  const ink::models::Gpt<float> net({.classes = 10}, ink::Key{1});
  const ink::Conditions told(ink::ClassLabels{}, ink::Sketch{});
  net(ink::Tensor<std::int32_t, 3>(ink::Shape{2, 28, 28}), told);
}
