#include "inkling/nn/parameter_name.hpp"

#include <string>

#include <doctest/doctest.h>

namespace parameter_name_test {

using ink::ParameterName;

TEST_CASE("parameter name: a chain of places becomes its text joined with dots") {
  const ParameterName root, blocks(root, "blocks"), third(blocks, 3), weight(third, "weight");
  CHECK(std::string(root) == "");
  CHECK(std::string(blocks) == "blocks");
  CHECK(std::string(weight) == "blocks.3.weight");
  const ParameterName first(root, 12), bias(first, "bias");
  CHECK(std::string(bias) == "12.bias");
}

TEST_CASE("parameter name: comparing with a text looks at every place") {
  const ParameterName root, blocks(root, "blocks"), third(blocks, 3), weight(third, "weight");
  CHECK(weight == "blocks.3.weight");
  CHECK(root == "");
  for (const char* other : {"", "weight", "3.weight", "blocks.3weight", "blocks.13.weight", "locks.3.weight",
                            ".blocks.3.weight", "a.blocks.3.weight", "blocks.3.weight2", "blocks.3"}) {
    CAPTURE(other);
    CHECK_FALSE(weight == other);
  }
  CHECK_FALSE(root == "blocks");
}

}  // namespace parameter_name_test
