// expect: patch_mlp: the condition must have `vectors`
#include "inkling/models/patch_mlp.hpp"
#include "inkling/nn/condition.hpp"

int main() {
  const ink::models::PatchMlp<float> net({}, ink::Key{1});
  net(ink::Tensor<float, 4>(ink::Shape{2, 1, 1, 16}), ink::Tensor<float, 1>(ink::Shape{2}), ink::ClassLabels{});
}
