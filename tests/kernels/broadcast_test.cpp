#include "inkling/kernels/broadcast.hpp"

#include <doctest/doctest.h>

#include "kernel_test.hpp"

using namespace kernel_test;
using ink::kernels::BroadcastReader;

namespace {

/// Every piece [begin, end) of the operand stretched to (2, 3, 4), against a triple loop.
void check(const std::array<std::int64_t, 3>& strides) {
  const std::array<std::int64_t, 3> extents{2, 3, 4};
  const auto data = random_values<float>(24, 5);
  std::vector<float> expected;
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      for (std::int64_t k = 0; k < 4; ++k) {
        expected.push_back(data[static_cast<std::size_t>(i * strides[0] + j * strides[1] + k * strides[2])]);
      }
    }
  }
  const BroadcastReader<float, 3> reader(data.data(), extents, strides);
  float buffer[24];
  for (std::int64_t begin = 0; begin < 24; ++begin) {
    for (std::int64_t end = begin; end <= 24; ++end) {
      const float* piece = reader.read(begin, end, buffer);
      CHECK(std::equal(piece, piece + (end - begin), expected.begin() + begin));
    }
  }
}

}  // namespace

TEST_CASE("A stretched operand is read in the order of the result, from any place to any other") {
  check({12, 4, 1});  // not stretched
  check({0, 4, 1});   // along the first axis
  check({4, 0, 1});   // the middle
  check({3, 1, 0});   // the last
  check({0, 0, 1});
  check({0, 1, 0});
  check({1, 0, 0});
  check({0, 0, 0});  // a single number
}

TEST_CASE("An operand of the result's own shape is read in place") {
  const auto data = random_values<float>(24, 5);
  float buffer[24];
  const BroadcastReader<float, 3> reader(data.data(), {2, 3, 4}, {12, 4, 1});
  CHECK(reader.read(5, 9, buffer) == data.data() + 5);
}
