#include "inkling/kernels/reduce.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace reduce_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

template <class T>
void check_reductions(Index rows, Index columns) {
  const auto x = random_values<T>(rows * columns, 1), y = random_values<T>(rows * columns, 2);
  std::vector<double> row(static_cast<std::size_t>(rows)), column(static_cast<std::size_t>(columns));
  std::vector<double> top(row.size(), -std::numeric_limits<double>::infinity());
  long double total = 0, product = 0, squares = 0;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) {
      const auto i = static_cast<std::size_t>(r * columns + c);
      const double v = static_cast<double>(x[i]);
      row[static_cast<std::size_t>(r)] += v;
      column[static_cast<std::size_t>(c)] += v;
      top[static_cast<std::size_t>(r)] = std::max(top[static_cast<std::size_t>(r)], v);
      total += v;
      squares += static_cast<long double>(v) * v;
      product += static_cast<long double>(v) * static_cast<double>(y[i]);
    }
  }
  std::vector<T> rows_out(row.size()), top_out(row.size()), columns_out(column.size(), T(1));
  row_sums(rows, columns, x.data(), rows_out.data());
  row_max(rows, columns, x.data(), top_out.data());
  column_sums(rows, columns, x.data(), columns_out.data());
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  const double n = static_cast<double>(rows * columns);
  CAPTURE(rows);
  CAPTURE(columns);
  CHECK(worst_difference(rows_out, row) <=
        (static_cast<double>(columns) / 64 + 8) * eps * static_cast<double>(columns));
  CHECK(worst_difference(columns_out, column) <= static_cast<double>(rows * (rows + 8)) * eps);
  CHECK(worst_difference(top_out, top) == 0);
  const auto off = [](T actual, long double right) { return std::abs(static_cast<double>(actual - right)); };
  CHECK(off(sum(rows * columns, x.data()), total) <= (n / 64 + 300) * eps * 2);
  CHECK(off(dot(rows * columns, x.data(), y.data()), product) <= (n / 64 + 300) * eps * 2);
  CHECK(off(sum_squares(rows * columns, x.data()), squares) <= 8 * eps * static_cast<double>(squares));
  CHECK(max_value(rows * columns, x.data()) ==
        (x.empty() ? -std::numeric_limits<T>::infinity() : *std::max_element(x.begin(), x.end())));
  std::vector<T> twice = columns_out;
  column_sums(rows, columns, x.data(), twice.data(), true);
  for (std::size_t c = 0; c < twice.size(); ++c) {
    CHECK(static_cast<double>(twice[c]) == doctest::Approx(2 * static_cast<double>(columns_out[c])));
  }
}

}  // namespace

TEST_CASE("reductions equal the plain sums") {
  on_every_isa([] {
    const Index shapes[][2] = {{1, 1},    {3, 5},     {7, 64},    {5, 65}, {2, 200}, {300, 1},
                               {1000, 3}, {1, 40000}, {700, 130}, {0, 4},  {4, 0}};
    for (const auto& s : shapes) {
      check_reductions<float>(s[0], s[1]);
      check_reductions<double>(s[0], s[1]);
    }
  });
}

TEST_CASE_TEMPLATE("errors of sums do not grow with the length", T, float, double) {
  // What rounds the same way everywhere is the hardest: each of a plain sum's additions loses as much.
  constexpr double eps = static_cast<double>(std::numeric_limits<T>::epsilon()) * (sizeof(T) == 4 ? 1 : 25);
  const T tenth = static_cast<T>(0.1);
  on_every_isa([&] {
    for (const auto& shape : {std::array<Index, 2>{60000, 64}, {400000, 8}, {30000, 130}, {1, 4000000}}) {
      const Index rows = shape[0], columns = shape[1];
      CAPTURE(columns);
      const std::vector<T> x(static_cast<std::size_t>(rows * columns), tenth);
      std::vector<T> by_column(static_cast<std::size_t>(columns)), by_row(static_cast<std::size_t>(rows));
      const auto off = [&](T actual, Index count) {
        const double right = static_cast<double>(static_cast<long double>(tenth) * static_cast<long double>(count));
        return std::abs(static_cast<double>(actual) - right) / right;
      };
      CHECK(off(sum(rows * columns, x.data()), rows * columns) <= 8 * eps);
      column_sums(rows, columns, x.data(), by_column.data());
      for (const T v : {by_column.front(), by_column.back()}) CHECK(off(v, rows) <= 16 * eps);
      row_sums(rows, columns, x.data(), by_row.data());
      for (const T v : {by_row.front(), by_row.back()}) CHECK(off(v, columns) <= 8 * eps);
    }
  });
}

TEST_CASE("reductions do not depend on threads, and a row not on its batch") {
  on_every_isa([] {
    const Index rows = 500, columns = 150;
    const auto x = random_values<float>(rows * columns, 1);
    std::vector<float> first(150), again(150), all(500), one(500);
    column_sums(rows, columns, x.data(), first.data());
    row_sums(rows, columns, x.data(), all.data());
    const float total = sum(rows * columns, x.data());
    for (int threads : {1, 2, 3}) {
      set_thread_count(threads);
      column_sums(rows, columns, x.data(), again.data());
      CHECK(equal_bits(first, again));
      CHECK(sum(rows * columns, x.data()) == total);
    }
    set_thread_count(1);
    for (Index r = 0; r < rows; ++r) row_sums(1, columns, x.data() + r * columns, one.data() + r);
    CHECK(equal_bits(all, one));
  });
}

TEST_CASE("a maximum keeps NaN and infinities") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x(200, -infinity);
  CHECK(max_value(200, x.data()) == -infinity);
  x[130] = infinity;
  CHECK(max_value(200, x.data()) == infinity);
  on_every_isa([&] {
    for (const std::size_t at : {0u, 7u, 63u, 64u, 131u, 199u}) {
      std::vector<float> with = x, top(1);
      with[at] = nan;
      CHECK(std::isnan(max_value(200, with.data())));
      row_max(1, 200, with.data(), top.data());
      CHECK(std::isnan(top[0]));
      CHECK(std::isnan(sum(200, with.data())));
    }
  });
}

}  // namespace reduce_test
