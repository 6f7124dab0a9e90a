#include "inkling/kernels/blas_hook.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/reference.hpp"
#include "inkling/ops/linalg.hpp"
#include "kernel_test.hpp"

namespace blas_hook_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::random_values;

namespace {

enum Order { row_major = 101 };
enum Transpose { as_it_is = 111, transposed = 112 };

int calls = 0;

/// A stand-in for a BLAS, with the enumerations and the integers of one.
template <class Int>
void stand_in(Order order, Transpose ta, Transpose tb, Int m, Int n, Int k, float alpha, const float* a, Int lda,
              const float* b, Int ldb, float beta, float* c, Int ldc) {
  ++calls;
  CHECK(order == row_major);
  CHECK((ta == as_it_is || ta == transposed));
  CHECK((tb == as_it_is || tb == transposed));
  const bool at = ta == transposed, bt = tb == transposed;
  reference::gemm<float>(m, n, k, a, at ? 1 : lda, at ? lda : 1, b, bt ? 1 : ldb, bt ? ldb : 1,
                         static_cast<double>(alpha), static_cast<double>(beta), c, ldc);
}

/// Sets the hook for one scope.
template <auto Sgemm>
struct Hooked {
  Hooked() {
    calls = 0;
    set_sgemm<Sgemm>();
  }
  ~Hooked() { set_sgemm<nullptr>(); }
};

constexpr Index m = 70, n = 65, k = 90, lda = 100, ldb = 95, ldc = 68;

/// C of one product of the same numbers every time; the rows have gaps.
template <class T = float>
std::vector<T> product(bool ta, bool tb, bool accumulate, T alpha, bool with_bias) {
  const auto a = random_values<T>((ta ? k : m) * lda, 1), b = random_values<T>((tb ? n : k) * ldb, 2),
             bias = random_values<T>(n, 3);
  auto c = random_values<T>(m * ldc, 4);
  gemm<T>(ta ? Trans::yes : Trans::no, tb ? Trans::yes : Trans::no, m, n, k, a.data(), lda, b.data(), ldb, c.data(),
          ldc, {.accumulate = accumulate, .alpha = alpha, .bias = with_bias ? bias.data() : nullptr});
  return c;
}

template <auto Sgemm>
void check_every_option() {
  for (int bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    const bool ta = bits & 1, tb = bits & 2, accumulate = bits & 4, bias = bits & 8;
    for (float alpha : {1.0f, -0.5f}) {
      const auto own = product(ta, tb, accumulate, alpha, bias);
      std::vector<float> hooked;
      {
        const Hooked<Sgemm> hook;
        hooked = product(ta, tb, accumulate, alpha, bias);
        CHECK(calls == 1);
      }
      const std::vector<double> expected(own.begin(), own.end());
      CHECK(kernel_test::worst_difference(hooked, expected) < 1e-4);
      CHECK(equal_bits(product(ta, tb, accumulate, alpha, bias), own));  // and off again
      CHECK(calls == 1);
    }
  }
}

}  // namespace

TEST_CASE("blas_hook: transposes, alpha, accumulation, bias, and off again") {
  check_every_option<stand_in<int>>();
  check_every_option<stand_in<std::int64_t>>();
}

TEST_CASE("blas_hook: what was in C is not read unless it is added to") {
  const Hooked<stand_in<int>> hook;
  const auto a = random_values<float>(m * k, 1), b = random_values<float>(k * n, 2), bias = random_values<float>(n, 3);
  for (const float* added : {static_cast<const float*>(nullptr), bias.data()}) {
    std::vector<float> c(static_cast<std::size_t>(m * n), NAN);
    gemm<float>(Trans::no, Trans::no, m, n, k, a.data(), k, b.data(), n, c.data(), n, {.bias = added});
    for (float v : c) CHECK(v == v);
  }
  CHECK(calls == 2);
}

TEST_CASE("blas_hook: not for double, small products, products inside of parallel regions, or long extents") {
  const auto a = random_values<float>(64 * 64, 1), b = random_values<float>(64 * 64, 2);
  std::vector<float> c(64 * 64);
  const auto run = [&](const auto& multiply, Index rows) {
    multiply(Trans::no, Trans::no, rows, 64, 64, a.data(), 64, b.data(), 64, c.data(), 64, GemmOptions<float>{});
    return calls;
  };
  {
    const Hooked<stand_in<int>> hook;
    CHECK(run(gemm<float>, 63) == 0);
    CHECK(run(gemm<float>, 0) == 0);
    CHECK(run(gemm_serial<float>, 64) == 0);
    product<double>(false, false, false, 1.0, true);
    CHECK(calls == 0);
    CHECK(run(gemm<float>, 64) == 1);
  }
  {
    const Hooked<stand_in<signed char>> hook;
    CHECK(run(gemm<float>, 64) == 1);
    product(false, true, false, 1.0f, false);
    CHECK(calls == 2);  // every extent is below 128
    std::vector<float> wide(64 * 200);
    gemm<float>(Trans::no, Trans::no, 64, 64, 64, a.data(), 64, b.data(), 64, wide.data(), 200);
    CHECK(calls == 2);
  }
}

TEST_CASE("blas_hook: linear layers use it, forward and backward") {
  const auto x = normal<float>(Shape{80, 70}, Key{1}), w = normal<float>(Shape{70, 90}, Key{2});
  const auto pass = [&] {
    Tape tape;
    const auto xv = tape.variable(x), wv = tape.variable(w);
    const auto y = linear(xv, wv, Tensor<float, 1>(Shape{90}, 0.5f));
    const auto total =
        record(Tensor<float, 0>(0.0f), [yv = y.value()](const auto&, auto dy) { dy.add([&] { return yv; }); }, y);
    return tape.backward(total)[xv];
  };
  const auto own = pass();
  const Hooked<stand_in<int>> hook;
  const auto hooked = pass();
  CHECK(calls == 3);
  double worst = 0;
  for (Index i = 0; i < own.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(own.data()[i] - hooked.data()[i])));
  }
  CHECK(worst < 2e-3);  // of numbers of about 80
}

}  // namespace blas_hook_test
