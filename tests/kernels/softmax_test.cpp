#include "inkling/kernels/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace softmax_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

template <class T>
void check_softmax(Index rows, Index columns, T spread) {
  auto x = random_values<T>(rows * columns, 1);
  for (T& v : x) v *= spread;
  const auto dy = random_values<T>(rows * columns, 2);
  std::vector<std::int32_t> target(static_cast<std::size_t>(rows));
  std::vector<double> p(x.size()), log_p(x.size()), lse(target.size()), loss(target.size()), dx(x.size()),
      dlog(x.size()), dcross(x.size());
  for (Index r = 0; r < rows; ++r) {
    const auto row = static_cast<std::size_t>(r);
    target[row] = static_cast<std::int32_t>((r * 7) % columns);
    double top = -std::numeric_limits<double>::infinity(), total = 0, inner = 0, dsum = 0;
    auto at = [&](Index c) { return static_cast<std::size_t>(r * columns + c); };
    for (Index c = 0; c < columns; ++c) top = std::max(top, static_cast<double>(x[at(c)]));
    for (Index c = 0; c < columns; ++c) total += std::exp(static_cast<double>(x[at(c)]) - top);
    lse[row] = top + std::log(total);
    for (Index c = 0; c < columns; ++c) {
      log_p[at(c)] = static_cast<double>(x[at(c)]) - lse[row];
      p[at(c)] = std::exp(log_p[at(c)]);
      inner += p[at(c)] * static_cast<double>(dy[at(c)]);
      dsum += static_cast<double>(dy[at(c)]);
    }
    for (Index c = 0; c < columns; ++c) {
      dx[at(c)] = p[at(c)] * (static_cast<double>(dy[at(c)]) - inner);
      dlog[at(c)] = static_cast<double>(dy[at(c)]) - p[at(c)] * dsum;
      dcross[at(c)] = (p[at(c)] - (c == target[row] ? 1 : 0)) * static_cast<double>(dy[row]);
    }
    loss[row] = -log_p[at(target[row])];
  }
  std::vector<T> out(x.size()), log_out(x.size()), row_out(lse.size()), top_out(lse.size()), total_out(lse.size()),
      grad(x.size());
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon()) * (8 + static_cast<double>(columns) / 16);
  const double scale = 1 + static_cast<double>(spread);
  CAPTURE(columns);
  CAPTURE(spread);
  softmax_rows(rows, columns, x.data(), out.data());
  CHECK(worst_difference(out, p) <= eps * scale);
  log_softmax_rows(rows, columns, x.data(), log_out.data());
  CHECK(worst_difference(log_out, log_p) <= eps * scale);
  logsumexp_rows(rows, columns, x.data(), row_out.data(), top_out.data(), total_out.data());
  CHECK(worst_difference(row_out, lse) <= eps * scale);
  cross_entropy_forward(rows, columns, x.data(), target.data(), row_out.data(), top_out.data(), total_out.data());
  CHECK(worst_difference(row_out, loss) <= eps * scale);
  for (std::size_t r = 0; r < lse.size(); ++r) row_out[r] = top_out[r] + total_out[r];
  CHECK(worst_difference(row_out, lse) <= eps * scale);
  cross_entropy_backward(rows, columns, x.data(), target.data(), top_out.data(), total_out.data(), dy.data(),
                         grad.data());
  CHECK(worst_difference(grad, dcross) <= 2 * eps);  // however large the logits are
  softmax_backward_rows(rows, columns, out.data(), dy.data(), grad.data());
  CHECK(worst_difference(grad, dx) <= 4 * eps * scale);
  log_softmax_backward_rows(rows, columns, log_out.data(), dy.data(), grad.data());
  CHECK(worst_difference(grad, dlog) <= 4 * eps * scale * std::sqrt(static_cast<double>(columns)));
  std::vector<T> in_place = x;
  softmax_rows(rows, columns, in_place.data(), in_place.data());
  CHECK(equal_bits(in_place, out));
}

}  // namespace

TEST_CASE("softmax, log-softmax, log-sum-exp and cross-entropy equal the definition") {
  on_every_isa([] {
    for (Index columns : {1, 2, 10, 63, 64, 65, 200, 256}) {
      check_softmax<float>(5, columns, 3.0f);
      check_softmax<double>(5, columns, 3.0);
    }
    check_softmax<float>(4, 300, 500.0f);  // differences that underflow
  });
}

TEST_CASE("softmax survives infinities") {
  on_every_isa([] {
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> x{-infinity, 1.0f, -infinity, 1.0f, -infinity, -infinity, -infinity, -infinity}, y(8), lse(2),
        top(2), total(2), dy(2, 1.0f);
    softmax_rows(2, 4, x.data(), y.data());
    CHECK(y == std::vector<float>{0, 0.5f, 0, 0.5f, 0, 0, 0, 0});
    logsumexp_rows(2, 4, x.data(), lse.data(), top.data(), total.data());
    logsumexp_backward_rows(2, 4, x.data(), top.data(), total.data(), dy.data(), y.data());
    CHECK(y == std::vector<float>{0, 0.5f, 0, 0.5f, 0, 0, 0, 0});
    CHECK(lse[0] == doctest::Approx(1 + std::log(2.0)));
    CHECK(lse[1] == -infinity);
  });
}

TEST_CASE("a row alone has the bits of the row in a batch, at any number of threads") {
  on_every_isa([] {
    const Index rows = 400, columns = 130;
    const auto x = random_values<float>(rows * columns, 4);
    std::vector<float> all(x.size()), again(x.size());
    softmax_rows(rows, columns, x.data(), all.data());
    for (int threads : {1, 2, 3}) {
      set_thread_count(threads);
      softmax_rows(rows, columns, x.data(), again.data());
      CHECK(equal_bits(all, again));
    }
    set_thread_count(1);
    for (Index r = 0; r < rows; ++r) softmax_rows(1, columns, x.data() + r * columns, again.data() + r * columns);
    CHECK(equal_bits(all, again));
  });
}

TEST_CASE_TEMPLATE("a NaN anywhere in a row makes the row NaN, and no other", T, float, double) {
  on_every_isa([] {
    for (const Index columns : {3, 64, 150}) {
      for (const Index at : {Index{0}, columns / 2, columns - 1}) {
        auto x = random_values<T>(2 * columns, 1);
        x[static_cast<std::size_t>(at)] = std::numeric_limits<T>::quiet_NaN();
        const std::vector<std::int32_t> target{1, 1};
        std::vector<T> y(x.size()), row(2), top(2), total(2), g(2, T(1)), dx(x.size());
        const auto broken = [&](const std::vector<T>& v) {
          Index nans = 0;
          for (Index c = 0; c < columns; ++c) nans += std::isnan(v[static_cast<std::size_t>(c)]);
          for (Index c = columns; c < 2 * columns; ++c) nans -= std::isnan(v[static_cast<std::size_t>(c)]);
          return nans == columns;
        };
        softmax_rows(2, columns, x.data(), y.data());
        CHECK(broken(y));
        log_softmax_rows(2, columns, x.data(), y.data());
        CHECK(broken(y));
        logsumexp_rows(2, columns, x.data(), row.data(), top.data(), total.data());
        CHECK((std::isnan(row[0]) && std::isfinite(row[1])));
        logsumexp_backward_rows(2, columns, x.data(), top.data(), total.data(), g.data(), dx.data());
        CHECK(broken(dx));
        cross_entropy_forward(2, columns, x.data(), target.data(), row.data(), top.data(), total.data());
        CHECK((std::isnan(row[0]) && std::isfinite(row[1])));
        cross_entropy_backward(2, columns, x.data(), target.data(), top.data(), total.data(), g.data(), dx.data());
        CHECK(broken(dx));
      }
    }
  });
}

}  // namespace softmax_test
