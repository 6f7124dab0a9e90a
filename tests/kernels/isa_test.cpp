#include "inkling/kernels/isa.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace isa_test {

using namespace ink;
using kernels::Isa;

namespace {

struct IsaGuard {
  Isa before = kernels::isa();
  ~IsaGuard() { kernels::set_isa(before); }
};

/// Restores INKLING_ISA.
struct EnvironmentGuard {
  std::optional<std::string> before;

  EnvironmentGuard() {
    if (const char* value = std::getenv("INKLING_ISA")) before = value;
  }
  ~EnvironmentGuard() {
    if (before) {
      setenv("INKLING_ISA", before->c_str(), 1);
    } else {
      unsetenv("INKLING_ISA");
    }
  }
};

constexpr Isa all[] = {Isa::portable, Isa::avx2, Isa::avx512};

int width_of_dispatch() {
  int width = 0;
  kernels::dispatch([&]<int Width>() INKLING_LAMBDA_INLINE { width = Width; });
  return width;
}

}  // namespace

TEST_CASE("isa: set_isa lowers the choice and never raises it above the machine") {
  const IsaGuard guard;
  const Isa machine = kernels::detail::machine_isa();
  for (Isa wish : all) {
    kernels::set_isa(wish);
    CHECK(kernels::isa() == (wish < machine ? wish : machine));
  }
}

TEST_CASE("isa: dispatch calls once, with the vector width of the instruction set in use") {
  const IsaGuard guard;
  for (Isa wish : all) {
    kernels::set_isa(wish);
    const Isa used = kernels::isa();
    CHECK(width_of_dispatch() == (used == Isa::avx512 ? 64 : used == Isa::avx2 ? 32 : 16));
  }
  int calls = 0;
  kernels::dispatch([&]<int>() INKLING_LAMBDA_INLINE { ++calls; });
  CHECK(calls == 1);
}

TEST_CASE("isa: INKLING_ISA lowers the first choice, and nothing else is understood") {
  const EnvironmentGuard guard;
  const Isa machine = kernels::detail::machine_isa();
  unsetenv("INKLING_ISA");
  CHECK(kernels::detail::initial_isa() == machine);
  const auto chosen = [](const char* wish) {
    setenv("INKLING_ISA", wish, 1);
    return kernels::detail::initial_isa();
  };
  CHECK(chosen("portable") == Isa::portable);
  CHECK(chosen("avx2") == (machine < Isa::avx2 ? machine : Isa::avx2));
  CHECK(chosen("avx512") == machine);
  CHECK(chosen("") == machine);
  CHECK(chosen("AVX2") == machine);
}

TEST_CASE("isa: unroll counts up") {
  std::vector<int> seen;
  kernels::detail::unroll<5>([&](int i) { seen.push_back(i); });
  CHECK(seen == std::vector<int>{0, 1, 2, 3, 4});
}

static_assert(kernels::detail::Simd<float, 32>::lanes == 8);
static_assert(kernels::detail::Simd<double, 16>::lanes == 2);
static_assert(sizeof(kernels::detail::Simd<double, 64>::type) == 64);

}  // namespace isa_test
