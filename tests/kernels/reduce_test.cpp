#include "inkling/kernels/reduce.hpp"

#include <algorithm>
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
  double total = 0, product = 0, squares = 0;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) {
      const auto i = static_cast<std::size_t>(r * columns + c);
      const double v = static_cast<double>(x[i]);
      row[static_cast<std::size_t>(r)] += v;
      column[static_cast<std::size_t>(c)] += v;
      top[static_cast<std::size_t>(r)] = std::max(top[static_cast<std::size_t>(r)], v);
      total += v;
      squares += v * v;
      product += v * static_cast<double>(y[i]);
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
  CHECK(std::abs(static_cast<double>(sum(rows * columns, x.data())) - total) <= (n / 64 + 300) * eps * 2);
  CHECK(std::abs(static_cast<double>(dot(rows * columns, x.data(), y.data())) - product) <= (n / 64 + 300) * eps * 2);
  CHECK(std::abs(static_cast<double>(sum_squares(rows * columns, x.data())) - squares) <= (n / 64 + 300) * eps * n);
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
  x[131] = nan;
  CHECK(std::isnan(max_value(200, x.data())));
}

}  // namespace reduce_test
