// expect: a network is told what it can't hear
#include "inkling/models/patch_transformer.hpp"

int main() {
  const ink::models::PatchTransformer<float> net({.classes = 10}, ink::Key{1});
  net.cache(2, ink::Captions{});
}
