#include "inkling/kernels/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/kernels/reference.hpp"
#include "kernel_test.hpp"

namespace gemm_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;

namespace {

struct Case {
  Index m, n, k;
};

// Rounding: k steps of relative error eps / 2 each, on terms of size at most 1.
template <class T>
double bound(Index k, double alpha) {
  return std::abs(alpha) * static_cast<double>(k + 4) * static_cast<double>(std::numeric_limits<T>::epsilon()) + 1e-12;
}

template <class T>
void check_product(const Case& s, Trans ta, Trans tb, bool accumulate, T alpha, bool with_bias) {
  const Index lda = (ta == Trans::no ? s.k : s.m) + 3, ldb = (tb == Trans::no ? s.n : s.k) + 1, ldc = s.n + 2;
  const auto a = random_values<T>((ta == Trans::no ? s.m : s.k) * lda, 1);
  const auto b = random_values<T>((tb == Trans::no ? s.k : s.n) * ldb, 2);
  const auto bias = random_values<T>(s.n, 3);
  auto c = random_values<T>(s.m * ldc, 4);
  auto expected = std::vector<double>(c.begin(), c.end());
  const std::vector<double> ad(a.begin(), a.end()), bd(b.begin(), b.end());
  reference::gemm<double>(s.m, s.n, s.k, ad.data(), ta == Trans::no ? lda : 1, ta == Trans::no ? 1 : lda, bd.data(),
                          tb == Trans::no ? ldb : 1, tb == Trans::no ? 1 : ldb, static_cast<double>(alpha),
                          accumulate ? 1.0 : 0.0, expected.data(), ldc);
  gemm<T>(ta, tb, s.m, s.n, s.k, a.data(), lda, b.data(), ldb, c.data(), ldc,
          {.accumulate = accumulate, .alpha = alpha, .bias = with_bias ? bias.data() : nullptr});
  const double limit = bound<T>(s.k, static_cast<double>(alpha));
  double worst = 0;
  for (Index i = 0; i < s.m; ++i) {
    for (Index j = 0; j < ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * ldc + j);
      const double extra = with_bias && j < s.n ? static_cast<double>(bias[static_cast<std::size_t>(j)]) : 0.0;
      worst = std::max(worst, std::abs(static_cast<double>(c[at]) - expected[at] - extra));  // j >= n: untouched
    }
  }
  CAPTURE(s.m);
  CAPTURE(s.n);
  CAPTURE(s.k);
  CHECK(worst <= limit);
}

template <class T>
void check_all_shapes() {
  // The last: rows 1024 elements apart (lda is k + 3), which are packed.
  const Case cases[] = {{1, 1, 1},     {1, 7, 5},     {2, 3, 4},      {3, 17, 9},    {5, 1, 33},
                        {7, 33, 300},  {12, 32, 256}, {13, 31, 257},  {24, 5, 64},   {31, 40, 2},
                        {33, 65, 513}, {50, 16, 70},  {1, 300, 40},   {4, 4, 4500},  {0, 5, 3},
                        {5, 0, 3},     {3, 4, 0},     {60, 70, 2100}, {40, 33, 1021}};
  for (const Case& s : cases) {
    for (int transposes = 0; transposes < 4; ++transposes) {
      const Trans ta = transposes & 1 ? Trans::yes : Trans::no, tb = transposes & 2 ? Trans::yes : Trans::no;
      check_product<T>(s, ta, tb, false, T(1), false);
      check_product<T>(s, ta, tb, true, T(-0.5), true);
    }
  }
}

}  // namespace

TEST_CASE("gemm equals the definition on every instruction set, shape and transpose") {
  on_every_isa([] {
    check_all_shapes<float>();
    check_all_shapes<double>();
  });
}

TEST_CASE("gemm: a row alone has the bits of the row in a batch, at any number of threads") {
  on_every_isa([] {
    for (Index k : {Index{5}, Index{300}, Index{700}, Index{2100}}) {
      const Index m = 130, n = 77;
      const auto a = random_values<float>(m * k, 5), b = random_values<float>(k * n, 6),
                 bias = random_values<float>(n, 7);
      std::vector<float> bt(b.size()), at(a.size());
      for (Index p = 0; p < k; ++p) {
        for (Index j = 0; j < n; ++j) bt[static_cast<std::size_t>(j * k + p)] = b[static_cast<std::size_t>(p * n + j)];
        for (Index i = 0; i < m; ++i) at[static_cast<std::size_t>(p * m + i)] = a[static_cast<std::size_t>(i * k + p)];
      }
      const GemmOptions<float> options{.alpha = 0.3f, .bias = bias.data()};
      for (const Trans ta : {Trans::no, Trans::yes}) {
        const float* rows_of_a = ta == Trans::no ? a.data() : at.data();
        const Index lda = ta == Trans::no ? k : m, from_row_to_row = ta == Trans::no ? k : 1;
        std::vector<float> all(static_cast<std::size_t>(m * n)), part(all.size());
        gemm(ta, Trans::no, m, n, k, rows_of_a, lda, b.data(), n, all.data(), n, options);
        for (int threads : {1, 2, 3}) {
          set_thread_count(threads);
          gemm(ta, Trans::no, m, n, k, rows_of_a, lda, b.data(), n, part.data(), n, options);
          CHECK(equal_bits(all, part));
          gemm(ta, Trans::yes, m, n, k, rows_of_a, lda, bt.data(), k, part.data(), n, options);
          CHECK(equal_bits(all, part));
        }
        set_thread_count(1);
        for (Index rows : {Index{1}, Index{2}, Index{5}, Index{11}}) {  // in pieces, from both layouts of B
          for (Index i = 0; i < m; i += rows) {
            gemm_serial(ta, i % 2 ? Trans::yes : Trans::no, std::min(rows, m - i), n, k,
                        rows_of_a + i * from_row_to_row, lda, i % 2 ? bt.data() : b.data(), i % 2 ? k : n,
                        part.data() + i * n, n, options);
          }
          CHECK(equal_bits(all, part));
        }
        for (Index j = 0; j < n; j += 3) {  // three columns at a time
          const GemmOptions<float> some{.alpha = 0.3f, .bias = bias.data() + j};
          gemm(ta, Trans::yes, m, std::min<Index>(3, n - j), k, rows_of_a, lda, bt.data() + j * k, k, part.data() + j,
               n, some);
        }
        CHECK(equal_bits(all, part));
      }
    }
  });
}

TEST_CASE("gemm: rows of A that crowd each other out of the cache, and are packed, give the same bits") {
  const Index m = 1100, n = 300, k = 1021;
  const auto a = random_values<float>(m * k, 8), b = random_values<float>(k * n, 9);
  for (const Index lda : {Index{1024}, Index{2048}}) {
    std::vector<float> apart(static_cast<std::size_t>(m * lda), 99.0f);
    for (Index i = 0; i < m; ++i) std::copy_n(a.data() + i * k, k, apart.data() + i * lda);
    on_every_isa([&] {
      std::vector<float> expected(static_cast<std::size_t>(m * n)), c(expected.size());
      gemm(Trans::no, Trans::no, m, n, k, a.data(), k, b.data(), n, expected.data(), n);
      for (int threads : {1, 2}) {
        set_thread_count(threads);
        gemm(Trans::no, Trans::no, m, n, k, apart.data(), lda, b.data(), n, c.data(), n);
        CHECK(equal_bits(expected, c));
      }
    });
  }
}

TEST_CASE("gemm_batched equals single products and shares operands of stride 0") {
  const Index batch = 9, m = 7, n = 6, k = 5;
  const auto a = random_values<double>(batch * m * k, 8), b = random_values<double>(k * n, 9);
  std::vector<double> c(static_cast<std::size_t>(batch * m * n)), one(static_cast<std::size_t>(m * n));
  for (Index count : {Index{2}, batch}) {
    gemm_batched(count, Trans::no, Trans::no, m, n, k, a.data(), k, m * k, b.data(), n, Index{0}, c.data(), n, m * n);
    for (Index i = 0; i < count; ++i) {
      gemm(Trans::no, Trans::no, m, n, k, a.data() + i * m * k, k, b.data(), n, one.data(), n);
      CHECK(std::equal(one.begin(), one.end(), c.begin() + i * m * n));
    }
  }
}

TEST_CASE("gemm_packed maps rows and runs its epilogue once on every finished element") {
  const Index m = 40, n = 37;
  for (Index k : {Index{0}, Index{30}, Index{600}, Index{2500}}) {
    const auto a = random_values<float>(m * k, 10), b = random_values<float>(k * n, 11);
    std::vector<float> plain(static_cast<std::size_t>(m * n)), mapped(plain.size());
    gemm(Trans::no, Trans::no, m, n, k, a.data(), k, b.data(), n, plain.data(), n);
    auto reversed = [&](Index row) { return mapped.data() + (m - 1 - row) * n; };
    auto twice_plus_row = [](float* c, Index row, Index, Index columns) {
      for (Index j = 0; j < columns; ++j) c[j] = 2 * c[j] + static_cast<float>(row);
    };
    gemm_packed<float>(m, n, k, PackRowsOfA<float>{a.data(), k}, PackRowsOfB<float>{b.data(), n}, reversed, {},
                       twice_plus_row);
    bool same = true;
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        const float expected = 2 * plain[static_cast<std::size_t>(i * n + j)] + static_cast<float>(i);
        same = same && mapped[static_cast<std::size_t>((m - 1 - i) * n + j)] == expected;
      }
    }
    CHECK(same);
  }
}

}  // namespace gemm_test
