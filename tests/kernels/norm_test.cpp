#include "inkling/kernels/norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace norm_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

/// The definition in double: layer norm, or RMS norm if not centered.
template <class T>
struct Reference {
  std::vector<double> y, mean, rstd, dx, dgamma, dbeta;

  Reference(Index rows, Index columns, const std::vector<T>& x, const std::vector<T>& gamma, const std::vector<T>& beta,
            const std::vector<T>& dy, double eps, bool centered)
      : y(x.size()),
        mean(static_cast<std::size_t>(rows)),
        rstd(mean.size()),
        dx(x.size()),
        dgamma(gamma.size()),
        dbeta(gamma.size()) {
    const double n = static_cast<double>(columns);
    for (Index r = 0; r < rows; ++r) {
      const auto row = static_cast<std::size_t>(r);
      auto at = [&](Index c) { return static_cast<std::size_t>(r * columns + c); };
      double variance = 0, q_mean = 0, qx_mean = 0;
      for (Index c = 0; c < columns && centered; ++c) mean[row] += static_cast<double>(x[at(c)]) / n;
      for (Index c = 0; c < columns; ++c) variance += std::pow(static_cast<double>(x[at(c)]) - mean[row], 2) / n;
      rstd[row] = 1 / std::sqrt(variance + eps);
      auto hat = [&](Index c) { return (static_cast<double>(x[at(c)]) - mean[row]) * rstd[row]; };
      auto q = [&](Index c) {
        return static_cast<double>(dy[at(c)]) * static_cast<double>(gamma[static_cast<std::size_t>(c)]);
      };
      for (Index c = 0; c < columns; ++c) {
        const auto channel = static_cast<std::size_t>(c);
        y[at(c)] = hat(c) * static_cast<double>(gamma[channel]) + static_cast<double>(beta[channel]);
        dgamma[channel] += static_cast<double>(dy[at(c)]) * hat(c);
        dbeta[channel] += static_cast<double>(dy[at(c)]);
        if (centered) q_mean += q(c) / n;
        qx_mean += q(c) * hat(c) / n;
      }
      for (Index c = 0; c < columns; ++c) dx[at(c)] = rstd[row] * (q(c) - q_mean - hat(c) * qx_mean);
    }
  }
};

template <class T>
void check_row_norms(Index rows, Index columns) {
  auto x = random_values<T>(rows * columns, 1);
  for (T& v : x) v += T(0.5);
  const auto dy = random_values<T>(rows * columns, 2), gamma = random_values<T>(columns, 3);
  auto beta = random_values<T>(columns, 4);
  const T eps = T(1e-3);
  std::vector<T> y(x.size()), mean(static_cast<std::size_t>(rows)), rstd(mean.size()), dx(x.size()),
      dgamma(gamma.size(), T(7)), dbeta(gamma.size(), T(7));
  const double bound = 40 * static_cast<double>(std::numeric_limits<T>::epsilon());
  CAPTURE(columns);
  const Reference<T> layer(rows, columns, x, gamma, beta, dy, static_cast<double>(eps), true);
  layer_norm_forward(1, rows, columns, x.data(), T(0), gamma.data(), beta.data(), eps, y.data(), mean.data(),
                     rstd.data());
  layer_norm_backward(1, rows, columns, x.data(), T(0), gamma.data(), mean.data(), rstd.data(), dy.data(), dx.data(),
                      dgamma.data(), dbeta.data());
  const double wide = columns == 1 ? 100 : 1;  // one element: rstd is 1 / sqrt(eps)
  CHECK(worst_difference(y, layer.y) <= bound * wide);
  CHECK(worst_difference(mean, layer.mean) <= bound);
  CHECK(worst_difference(rstd, layer.rstd) <= bound * 10 * wide);
  CHECK(worst_difference(dx, layer.dx) <= bound * 10 * wide);
  CHECK(worst_difference(dgamma, layer.dgamma) <= bound * static_cast<double>(rows) * wide);
  CHECK(worst_difference(dbeta, layer.dbeta) <= bound * static_cast<double>(rows));
  std::fill(beta.begin(), beta.end(), T(0));
  const Reference<T> rms(rows, columns, x, gamma, beta, dy, static_cast<double>(eps), false);
  rms_norm_forward(rows, columns, x.data(), gamma.data(), eps, y.data(), rstd.data());
  rms_norm_backward(rows, columns, x.data(), gamma.data(), rstd.data(), dy.data(), dx.data(), dgamma.data());
  CHECK(worst_difference(y, rms.y) <= bound);
  CHECK(worst_difference(dx, rms.dx) <= bound * 300);
  CHECK(worst_difference(dgamma, rms.dgamma) <= bound * static_cast<double>(rows));
  const std::vector<T> ones(gamma.size(), T(1));
  const Reference<T> plain(rows, columns, x, ones, beta, dy, static_cast<double>(eps), true);
  layer_norm_forward<T>(1, rows, columns, x.data(), 0, nullptr, nullptr, eps, y.data(), nullptr, nullptr);
  CHECK(worst_difference(y, plain.y) <= bound * wide);
  const std::vector<T> layer_scale(layer.rstd.begin(), layer.rstd.end());
  dx = dy;  // in place, no parameters
  layer_norm_backward<T>(1, rows, columns, x.data(), 0, nullptr, mean.data(), layer_scale.data(), dx.data(), dx.data(),
                         nullptr, nullptr);
  CHECK(worst_difference(dx, plain.dx) <= bound * 10 * wide);
}

}  // namespace

TEST_CASE("layer norm and RMS norm equal the definition, forward and backward") {
  on_every_isa([] {
    for (Index columns : {1, 2, 31, 64, 65, 200}) {
      check_row_norms<float>(9, columns);
      check_row_norms<double>(9, columns);
    }
    check_row_norms<float>(700, 96);
  });
}

TEST_CASE("norms: a row alone has the bits of the row in a batch, gradients those of any number of threads") {
  on_every_isa([] {
    const Index rows = 500, columns = 100;
    const auto x = random_values<float>(rows * columns, 1), dy = random_values<float>(rows * columns, 2),
               gamma = random_values<float>(columns, 3);
    std::vector<float> y(x.size()), y1(x.size()), mean(500), rstd(500), dx(x.size()), dx1(x.size()), dgamma(100),
        dgamma1(100);
    layer_norm_forward<float>(1, rows, columns, x.data(), 0, gamma.data(), nullptr, 1e-5f, y.data(), mean.data(),
                              rstd.data());
    layer_norm_backward<float>(1, rows, columns, x.data(), 0, gamma.data(), mean.data(), rstd.data(), dy.data(),
                               dx.data(), dgamma.data(), nullptr);
    for (int threads : {1, 2, 3}) {
      set_thread_count(threads);
      layer_norm_backward<float>(1, rows, columns, x.data(), 0, gamma.data(), mean.data(), rstd.data(), dy.data(),
                                 dx1.data(), dgamma1.data(), nullptr);
      CHECK(equal_bits(dx, dx1));
      CHECK(equal_bits(dgamma, dgamma1));
    }
    set_thread_count(1);
    for (Index r = 0; r < rows; ++r) {
      layer_norm_forward<float>(1, 1, columns, x.data() + r * columns, 0, gamma.data(), nullptr, 1e-5f,
                                y1.data() + r * columns, nullptr, nullptr);
    }
    CHECK(equal_bits(y, y1));
  });
}

TEST_CASE_TEMPLATE("norms of values whose squares overflow are those of small ones", T, float, double) {
  const T power = std::ldexp(T(1), sizeof(T) == 4 ? 110 : 900), eps = std::numeric_limits<T>::min();
  const Index rows = 3, columns = 200;
  const auto small = random_values<T>(rows * columns, 1);
  auto large = small;
  for (Index i = 0; i < columns; ++i) large[static_cast<std::size_t>(columns + i)] *= power;  // the second row
  on_every_isa([&] {
    std::vector<T> y(small.size()), z(small.size());
    const auto same = [&] {
      double worst = 0;
      for (std::size_t i = 0; i < y.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(y[i] - z[i])));
      return worst <= 16 * static_cast<double>(std::numeric_limits<T>::epsilon());
    };
    layer_norm_forward<T>(1, rows, columns, small.data(), T(0), nullptr, nullptr, eps, y.data(), nullptr, nullptr);
    layer_norm_forward<T>(1, rows, columns, large.data(), T(0), nullptr, nullptr, eps, z.data(), nullptr, nullptr);
    CHECK(same());
    rms_norm_forward<T>(rows, columns, small.data(), nullptr, eps, y.data(), nullptr);
    rms_norm_forward<T>(rows, columns, large.data(), nullptr, eps, z.data(), nullptr);
    CHECK(same());
  });
}

TEST_CASE("layer norm of long, nearly even rows: the mean is right to its last digits") {
  const Index columns = 1000000;
  auto x = random_values<float>(columns, 1);
  double right = 0;
  for (float& v : x) v = 100 + 0.1f * v, right += static_cast<double>(v) / static_cast<double>(columns);
  on_every_isa([&] {
    std::vector<float> y(x.size()), mean(1), rstd(1);
    layer_norm_forward<float>(1, 1, columns, x.data(), 0.0f, nullptr, nullptr, 1e-5f, y.data(), mean.data(),
                              rstd.data());
    CHECK(std::abs(static_cast<double>(mean[0]) - right) <= 0x1p-17);
    double total = 0;
    for (const float v : y) total += static_cast<double>(v) / static_cast<double>(columns);
    CHECK(std::abs(total) <= 2 * 0x1p-17 / 0.0577);
  });
}

}  // namespace norm_test
