#include "inkling/kernels/elementwise.hpp"

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/kernels/math.hpp"
#include "kernel_test.hpp"

namespace elementwise_test {

using namespace ink;
using kernel_test::on_every_isa;

namespace {

constexpr Index sizes[] = {0, 1, 63, 64, 65, 1000};
constexpr int canary = -12345;

/// Small whole numbers: sums and products are exact, with or without fused multiply-add.
template <class T>
std::vector<T> whole_numbers(Index count, Index step) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = static_cast<T>((i * step) % 101 - 50);
  return values;
}

/// `count` places for results, and one behind them that must stay as it is.
template <class T>
std::vector<T> results(Index count) {
  return std::vector<T>(static_cast<std::size_t>(count) + 1, static_cast<T>(canary));
}

constexpr auto formula = [](auto a, auto b, auto c) INKLING_LAMBDA_INLINE { return a * b - c; };

template <class T>
std::vector<T> expected(Index count, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& c) {
  auto y = results<T>(count);
  for (std::size_t i = 0; i + 1 < y.size(); ++i) y[i] = a[i] * b[i] - c[i];
  return y;
}

struct ThreadCountGuard {
  int before = thread_count();
  ~ThreadCountGuard() { set_thread_count(before); }
};

}  // namespace

TEST_CASE_TEMPLATE("apply and apply_serial are a plain loop", T, float, double) {
  on_every_isa([] {
    for (Index n : sizes) {
      const auto a = whole_numbers<T>(n, 7), b = whole_numbers<T>(n, 11), c = whole_numbers<T>(n, 13);
      const auto want = expected(n, a, b, c);
      auto y = results<T>(n), z = results<T>(n);
      kernels::apply(n, formula, y.data(), a.data(), b.data(), c.data());
      kernels::apply_serial(n, formula, z.data(), a.data(), b.data(), c.data());
      CHECK(y == want);
      CHECK(z == want);
    }
  });
}

TEST_CASE_TEMPLATE("apply writes over its input", T, float, double) {
  on_every_isa([] {
    for (Index n : sizes) {
      const auto a = whole_numbers<T>(n, 7), b = whole_numbers<T>(n, 11), c = whole_numbers<T>(n, 13);
      auto y = b;
      y.push_back(static_cast<T>(canary));
      kernels::apply(n, formula, y.data(), a.data(), y.data(), c.data());
      CHECK(y == expected(n, a, b, c));
    }
  });
}

TEST_CASE_TEMPLATE("apply_many and apply_many_serial write several results, over their inputs too", T, float, double) {
  const auto f = [](T a, T b) INKLING_LAMBDA_INLINE { return std::array<T, 3>{a + b, a - b, a * b}; };
  on_every_isa([&] {
    for (Index n : sizes) {
      const auto a = whole_numbers<T>(n, 7), b = whole_numbers<T>(n, 11);
      auto sum = results<T>(n), difference = sum, product = sum;
      for (std::size_t i = 0; i < a.size(); ++i) {
        sum[i] = a[i] + b[i];
        difference[i] = a[i] - b[i];
        product[i] = a[i] * b[i];
      }
      for (const bool serial : {false, true}) {
        auto x = a, y = b, z = results<T>(n);
        x.push_back(static_cast<T>(canary));
        y.push_back(static_cast<T>(canary));
        const std::array<T*, 3> out{x.data(), y.data(), z.data()};  // the first two are the inputs
        if (serial) {
          kernels::apply_many_serial(n, f, out, x.data(), y.data());
        } else {
          kernels::apply_many(n, f, out, x.data(), y.data());
        }
        CHECK(x == sum);
        CHECK(y == difference);
        CHECK(z == product);
      }
    }
  });
}

TEST_CASE_TEMPLATE("a result has the same bits wherever its element lies", T, float, double) {
  const auto f = [](auto v) INKLING_LAMBDA_INLINE { return v * kernels::vsigmoid(v) + kernels::verf(v); };
  const auto x = kernel_test::random_values<T>(200, 1);
  on_every_isa([&] {
    std::vector<T> whole(200);
    kernels::apply_serial(200, f, whole.data(), x.data());
    bool same = true;
    for (Index begin = 0; begin < 70; begin += 23) {
      for (Index n = 1; begin + n <= 200; n += 3) {
        std::vector<T> part(static_cast<std::size_t>(n));
        kernels::apply_serial(n, f, part.data(), x.data() + begin);
        same = same && std::memcmp(part.data(), whole.data() + begin, part.size() * sizeof(T)) == 0;
      }
    }
    CHECK(same);
  });
}

TEST_CASE("apply and apply_many over many chunks, at any number of threads") {
  const ThreadCountGuard guard;
  constexpr Index n = 5 * 16384 + 77;
  const auto a = whole_numbers<float>(n, 7), b = whole_numbers<float>(n, 11), c = whole_numbers<float>(n, 13);
  const auto want = expected(n, a, b, c);
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    auto y = results<float>(n), z = results<float>(n), negative = results<float>(n);
    kernels::apply(n, formula, y.data(), a.data(), b.data(), c.data());
    CHECK(y == want);
    kernels::apply_many(n, [](float u, float v, float w) INKLING_LAMBDA_INLINE {
      return std::array<float, 2>{u * v - w, w - u * v};
    }, std::array<float*, 2>{z.data(), negative.data()}, a.data(), b.data(), c.data());
    CHECK(z == want);
    bool mirrored = true;
    for (std::size_t i = 0; i < a.size(); ++i) mirrored = mirrored && negative[i] == -want[i];
    CHECK(mirrored);
    CHECK(negative.back() == canary);
  }
}

}  // namespace elementwise_test
