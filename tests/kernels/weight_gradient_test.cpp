#include "inkling/kernels/weight_gradient.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/kernels/gemm.hpp"
#include "kernel_test.hpp"

namespace weight_gradient_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

template <class T>
void check(Index rows, Index in, Index out) {
  CAPTURE(rows);
  CAPTURE(in);
  CAPTURE(out);
  const auto x = random_values<T>(rows * in, 1), dy = random_values<T>(rows * out, 2);
  std::vector<T> dw(static_cast<std::size_t>(in * out), T(7)), db(static_cast<std::size_t>(out), T(7)), product = dw;
  weight_gradient<T>(rows, in, out, x.data(), dy.data(), dw.data(), db.data());
  gemm<T>(Trans::yes, Trans::no, in, out, rows, x.data(), in, dy.data(), out, product.data(), out);
  CHECK(equal_bits(dw, product));
  std::vector<double> sums(static_cast<std::size_t>(out));
  for (std::size_t i = 0; i < dy.size(); ++i) sums[i % sums.size()] += static_cast<double>(dy[i]);
  const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
  CHECK(worst_difference(db, sums) <= static_cast<double>(rows + 4) * epsilon);
}

}  // namespace

TEST_CASE_TEMPLATE("weight_gradient: that of the product, and the sums of dy", T, float, double) {
  on_every_isa([] {
    for (Index in : {1, 3, 5, 13, 14, 28, 64}) {
      for (Index out : {1, 9, 32, 50}) {
        for (Index rows : {1, 7, 128, 300}) check<T>(rows, in, out);
      }
    }
    check<T>(5000, 30, 70);   // several groups
    check<T>(2500, 130, 40);  // more than a task
  });
}

TEST_CASE("weight_gradient: nothing to sum, and nothing to sum by") {
  check<float>(0, 3, 4);
  check<float>(5, 0, 4);
  check<double>(0, 0, 2);
}

TEST_CASE("weight_gradient: the same bits at any number of threads") {
  const int before = thread_count();
  const Index rows = 5000, in = 40, out = 70;
  const auto x = random_values<float>(rows * in, 1), dy = random_values<float>(rows * out, 2);
  std::vector<float> first;
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    std::vector<float> both(static_cast<std::size_t>((in + 1) * out));
    weight_gradient<float>(rows, in, out, x.data(), dy.data(), both.data(), both.data() + in * out);
    if (first.empty()) first = both;
    CHECK(equal_bits(both, first));
  }
  set_thread_count(before);
}

}  // namespace weight_gradient_test
