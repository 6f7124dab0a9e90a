#include "inkling/core/flush_denormals.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/autograd/tape.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"

namespace flush_denormals_test {

using namespace ink;

[[gnu::noinline]] float product(float a, float b) {
  volatile float x = a, y = b;
  return x * y;
}

#if defined(__x86_64__) || defined(__aarch64__)

TEST_CASE("FlushDenormals: what is too small becomes zero, and only while it lives") {
  const float before = product(1e-30f, 1e-10f);
  CHECK(before > 0);
  {
    const FlushDenormals guard;
    CHECK(product(1e-30f, 1e-10f) == 0);
    CHECK(std::signbit(product(-1e-30f, 1e-10f)));
    CHECK(product(1e-20f, 1e-17f) == 1e-20f * 1e-17f);  // a normal number
    {
      const FlushDenormals inner;
      CHECK(product(1e-30f, 1e-10f) == 0);
    }
    CHECK(product(1e-30f, 1e-10f) == 0);
  }
  CHECK(product(1e-30f, 1e-10f) == before);
}

TEST_CASE("parallel_for: chunks flush as the calling thread does") {
  const int threads = thread_count();
  set_thread_count(3);
  const auto flushed = [] {
    std::vector<int> zeros(64);
    parallel_for(64, 1, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) zeros[static_cast<std::size_t>(i)] = product(1e-30f, 1e-10f) == 0;
    });
    int sum = 0;
    for (const int z : zeros) sum += z;
    return sum;
  };
  CHECK(flushed() == 0);
  {
    const FlushDenormals guard;
    CHECK(flushed() == 64);
  }
  CHECK(flushed() == 0);
  set_thread_count(threads);
}

TEST_CASE("backward: gradients that are too small are zero, those that are not are as ever") {
  Tape tape;
  const auto x = tape.variable(Tensor<float, 1>(Shape{3}, {1e-30f, 1e-10f, 2.0f}));
  const Gradients gradients = tape.backward(sum(x * x * 1e-12f));
  CHECK(gradients[x](0) == 0);
  CHECK(gradients[x](1) == doctest::Approx(2e-22f));
  CHECK(gradients[x](2) == doctest::Approx(4e-12f));
  CHECK(product(1e-30f, 1e-10f) > 0);
}

#endif

}  // namespace flush_denormals_test
