#include "inkling/kernels/elementwise.hpp"

#include <doctest/doctest.h>

#include "inkling/kernels/math.hpp"
#include "kernel_test.hpp"

using namespace ink;
using namespace kernel_test;

TEST_CASE_TEMPLATE("A formula over any number of elements, in every instruction set, is the plain loop", T, float,
                   double) {
  const auto f = [](T a, T b) INKLING_LAMBDA_INLINE { return a * T(2) + b * b; };
  for (Index n : {0, 1, 63, 64, 65, 1000, 40000}) {
    const auto a = random_values<T>(n, 1), b = random_values<T>(n, 2);
    std::vector<double> expected;
    for (std::size_t i = 0; i < a.size(); ++i) {
      expected.push_back(2 * static_cast<double>(a[i]) + static_cast<double>(b[i]) * static_cast<double>(b[i]));
    }
    on_every_isa([&] {
      std::vector<T> y(a.size()), in_place = a;
      kernels::apply(n, f, y.data(), a.data(), b.data());
      kernels::apply_serial(n, f, in_place.data(), in_place.data(), b.data());
      CHECK(worst_difference(y, expected) < (sizeof(T) == 4 ? 1e-6 : 1e-14));
      CHECK(equal_bits(in_place, y));
    });
  }
}

TEST_CASE("Several results of one formula") {
  const Index n = 130;
  const auto a = random_values<float>(n, 3);
  std::vector<float> twice(130), half(130);
  on_every_isa([&] {
    kernels::apply_many(n, [](float v) INKLING_LAMBDA_INLINE { return std::array<float, 2>{2 * v, v / 2}; },
                        std::array<float*, 2>{twice.data(), half.data()}, a.data());
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(twice[i] == 2 * a[i]);
      CHECK(half[i] == a[i] / 2);
    }
  });
}

TEST_CASE("No instruction set above the machine's can be chosen") {
  const auto before = kernels::isa();
  kernels::set_isa(kernels::Isa::avx512);
  const auto best = kernels::isa();
  kernels::set_isa(kernels::Isa::portable);
  CHECK(kernels::isa() == kernels::Isa::portable);
  CHECK(best >= before);
  CHECK(best == kernels::detail::machine_isa());
  kernels::set_isa(before);
}
