// expect: a network is told what it can't hear
#include "inkling/models/unet.hpp"

int main() {
  const ink::models::UNet<float> net({.classes = 10}, ink::Key{1});
  const ink::Tensor<std::int32_t, 1> ids(ink::Shape{2}, 7);  // ClassLabels{ids} is a condition
  net(ink::Tensor<float, 4>(ink::Shape{2, 8, 8, 1}), ink::Tensor<float, 1>(ink::Shape{2}), ids);
}
