// Helpers of the kernel tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "inkling/core/shape.hpp"
#include "inkling/kernels/isa.hpp"

namespace kernel_test {

/// Values in [-1, 1) from a fixed sequence.
template <class T>
std::vector<T> random_values(ink::Index count, std::uint64_t seed) {
  std::vector<T> values(static_cast<std::size_t>(count));
  std::uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (T& value : values) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    value = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 - 1);
  }
  return values;
}

template <class T>
bool equal_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// The largest absolute difference; NaN if one is NaN and the other is not.
template <class T>
double worst_difference(const std::vector<T>& actual, const std::vector<double>& expected) {
  double worst = actual.size() == expected.size() ? 0 : std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - expected[i]);
    if (static_cast<double>(actual[i]) == expected[i]) continue;  // equal infinities
    worst = difference <= worst ? worst : difference;
  }
  return worst;
}

/// Runs f once for each instruction set of this machine.
template <class F>
void on_every_isa(F f) {
  const auto before = ink::kernels::isa();
  for (auto wish : {ink::kernels::Isa::portable, ink::kernels::Isa::avx2, ink::kernels::Isa::avx512}) {
    ink::kernels::set_isa(wish);
    if (ink::kernels::isa() == wish) f();
  }
  ink::kernels::set_isa(before);
}

}  // namespace kernel_test
