#include "inkling/kernels/pool.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace pool_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

template <class T>
void check_pooling(const PoolShape& s) {
  const Index oh = s.oh(), ow = s.ow();
  const auto x = random_values<T>(s.n * s.h * s.w * s.c, 1), dy = random_values<T>(s.n * oh * ow * s.c, 2);
  std::vector<double> mean(dy.size()), top(dy.size()), dmean(x.size()), dtop(x.size());
  for (Index at = 0; at < static_cast<Index>(dy.size()); ++at) {
    const Index c = at % s.c, j = at / s.c % ow, i = at / s.c / ow % oh, n = at / s.c / ow / oh;
    std::vector<std::size_t> cells;
    for (Index p = 0; p < s.kh; ++p) {
      for (Index q = 0; q < s.kw; ++q) {
        const Index r = i * s.stride_h - s.pad_top + p, column = j * s.stride_w - s.pad_left + q;
        if (r < 0 || r >= s.h || column < 0 || column >= s.w) continue;
        cells.push_back(static_cast<std::size_t>(((n * s.h + r) * s.w + column) * s.c + c));
      }
    }
    if (cells.empty()) continue;
    const auto out = static_cast<std::size_t>(at);
    std::size_t best = cells[0];
    for (std::size_t cell : cells) {
      mean[out] += static_cast<double>(x[cell]) / static_cast<double>(cells.size());
      dmean[cell] += static_cast<double>(dy[out]) / static_cast<double>(cells.size());
      if (x[cell] > x[best]) best = cell;
    }
    top[out] = static_cast<double>(x[best]);
    dtop[best] += static_cast<double>(dy[out]);
  }
  std::vector<T> y(dy.size()), dx(x.size());
  std::vector<std::int32_t> argmax(dy.size());
  const double eps = 20 * static_cast<double>(std::numeric_limits<T>::epsilon());
  CAPTURE(s.h);
  CAPTURE(s.kh);
  CAPTURE(s.stride_h);
  average_pool_forward(s, x.data(), y.data());
  CHECK(worst_difference(y, mean) <= eps);
  average_pool_backward(s, dy.data(), dx.data());
  CHECK(worst_difference(dx, dmean) <= eps);
  max_pool_forward(s, x.data(), y.data(), argmax.data());
  CHECK(worst_difference(y, top) == 0);
  max_pool_backward(s, dy.data(), argmax.data(), dx.data());
  CHECK(worst_difference(dx, dtop) <= eps);
}

}  // namespace

TEST_CASE("pooling and its gradients equal the definition") {
  const PoolShape shapes[] = {
      {.n = 2, .h = 6, .w = 8, .c = 3, .kh = 2, .kw = 2, .stride_h = 2, .stride_w = 2},
      {.n = 2, .h = 7, .w = 5, .c = 1, .kh = 3, .kw = 2, .stride_h = 1, .stride_w = 2, .pad_top = 1, .pad_right = 1},
      {.n = 1, .h = 9, .w = 9, .c = 17, .kh = 3, .kw = 3, .stride_h = 4, .stride_w = 3},
      {.n = 1,
       .h = 2,
       .w = 2,
       .c = 2,
       .kh = 2,
       .kw = 2,
       .stride_h = 2,
       .stride_w = 2,
       .pad_top = 2,
       .pad_left = 2,
       .pad_bottom = 2,
       .pad_right = 2},
      {.n = 3, .h = 1, .w = 1, .c = 5},
      {.n = 0, .h = 4, .w = 4, .c = 2, .kh = 2, .kw = 2},
      {.n = 1, .h = 2, .w = 2, .c = 2, .kh = 3, .kw = 3},
  };
  for (const PoolShape& s : shapes) {
    for (int threads : {1, 3}) {
      set_thread_count(threads);
      check_pooling<float>(s);
      check_pooling<double>(s);
    }
  }
  set_thread_count(1);
}

TEST_CASE("the first of equal cells is the maximum, and NaN stays") {
  const PoolShape s{.h = 2, .w = 2, .kh = 2, .kw = 2};
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  float y = 0;
  std::int32_t argmax = 0;
  const float equal[4] = {0, 1, 1, 0}, broken[4] = {0, nan, 3, 0},
              lowest[4] = {-infinity, -infinity, -infinity, -infinity};
  max_pool_forward(s, equal, &y, &argmax);
  CHECK(argmax == 1);
  max_pool_forward(s, broken, &y, &argmax);
  CHECK(std::isnan(y));
  max_pool_forward(s, lowest, &y, &argmax);
  CHECK(y == -infinity);
  CHECK(argmax == 0);
}

TEST_CASE_TEMPLATE("a NaN in any cell of any lane is the maximum, on every instruction set", T, float, double) {
  kernel_test::on_every_isa([] {
    for (const Index channels : {1, 5, 70}) {
      for (const Index cell : {0, 1, 2, 3}) {
        const PoolShape s{.n = 1, .h = 2, .w = 2, .c = channels, .kh = 2, .kw = 2, .stride_h = 2, .stride_w = 2};
        auto x = random_values<T>(4 * channels, 1);
        for (Index c = 0; c < channels; c += 2) {
          x[static_cast<std::size_t>(cell * channels + c)] = std::numeric_limits<T>::quiet_NaN();
        }
        std::vector<T> y(static_cast<std::size_t>(channels));
        std::vector<std::int32_t> from(y.size());
        max_pool_forward(s, x.data(), y.data(), from.data());
        for (Index c = 0; c < channels; ++c) {
          CHECK(std::isnan(y[static_cast<std::size_t>(c)]) == (c % 2 == 0));
          if (c % 2 == 0) CHECK(from[static_cast<std::size_t>(c)] == cell);
        }
      }
    }
  });
}

}  // namespace pool_test
