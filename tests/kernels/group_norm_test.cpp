#include "inkling/kernels/group_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace group_norm_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

template <class Activation>
double activated(double z) {
  return std::is_same_v<Activation, Silu> ? z / (1 + std::exp(-z)) : z;
}

template <class Activation>
double slope(double z) {
  const double s = 1 / (1 + std::exp(-z));
  return std::is_same_v<Activation, Silu> ? s + z * s * (1 - s) : 1;
}

template <class Activation, class T>
void check_group_norm(Index n, Index pixels, Index channels, Index groups) {
  auto x = random_values<T>(n * pixels * channels, 1);
  for (T& v : x) v += T(2);
  const auto dy = random_values<T>(n * pixels * channels, 2), gamma = random_values<T>(channels, 3),
             beta = random_values<T>(channels, 4);
  const double eps = 1e-3, size = static_cast<double>(pixels * channels / groups);
  const Index width = channels / groups;
  std::vector<double> y(x.size()), dx(x.size()), mean(static_cast<std::size_t>(n * groups)), rstd(mean.size()),
      dgamma(gamma.size()), dbeta(gamma.size());
  for (Index i = 0; i < n; ++i) {
    for (Index g = 0; g < groups; ++g) {
      const auto k = static_cast<std::size_t>(i * groups + g);
      auto each = [&](auto f) {
        for (Index p = 0; p < pixels; ++p) {
          for (Index c = g * width; c < (g + 1) * width; ++c) {
            f(static_cast<std::size_t>((i * pixels + p) * channels + c), static_cast<std::size_t>(c));
          }
        }
      };
      double variance = 0, q_mean = 0, qx_mean = 0;
      each([&](std::size_t at, std::size_t) { mean[k] += static_cast<double>(x[at]) / size; });
      each([&](std::size_t at, std::size_t) { variance += std::pow(static_cast<double>(x[at]) - mean[k], 2) / size; });
      rstd[k] = 1 / std::sqrt(variance + eps);
      auto hat = [&](std::size_t at) { return (static_cast<double>(x[at]) - mean[k]) * rstd[k]; };
      auto z = [&](std::size_t at, std::size_t c) {
        return hat(at) * static_cast<double>(gamma[c]) + static_cast<double>(beta[c]);
      };
      auto dz = [&](std::size_t at, std::size_t c) {
        return static_cast<double>(dy[at]) * slope<Activation>(z(at, c));
      };
      auto q = [&](std::size_t at, std::size_t c) { return dz(at, c) * static_cast<double>(gamma[c]); };
      each([&](std::size_t at, std::size_t c) {
        y[at] = activated<Activation>(z(at, c));
        dgamma[c] += dz(at, c) * hat(at);
        dbeta[c] += dz(at, c);
        q_mean += q(at, c) / size;
        qx_mean += q(at, c) * hat(at) / size;
      });
      each([&](std::size_t at, std::size_t c) { dx[at] = rstd[k] * (q(at, c) - q_mean - hat(at) * qx_mean); });
    }
  }
  std::vector<T> y1(x.size()), dx1(x.size()), mean1(mean.size()), rstd1(mean.size()), dgamma1(gamma.size()),
      dbeta1(gamma.size());
  group_norm_forward<Activation>(n, pixels, channels, groups, x.data(), gamma.data(), beta.data(), static_cast<T>(eps),
                                 y1.data(), mean1.data(), rstd1.data());
  group_norm_backward<Activation>(n, pixels, channels, groups, x.data(), gamma.data(), beta.data(), mean1.data(),
                                  rstd1.data(), dy.data(), dx1.data(), dgamma1.data(), dbeta1.data());
  const double bound = 100 * static_cast<double>(std::numeric_limits<T>::epsilon()) * (size == 1 ? 40 : 1);
  CAPTURE(channels);
  CAPTURE(groups);
  CAPTURE(pixels);
  CHECK(worst_difference(y1, y) <= bound);
  CHECK(worst_difference(mean1, mean) <= bound);
  CHECK(worst_difference(rstd1, rstd) <= bound * 10);
  CHECK(worst_difference(dx1, dx) <= bound * 10);
  CHECK(worst_difference(dgamma1, dgamma) <= bound * static_cast<double>(pixels));
  CHECK(worst_difference(dbeta1, dbeta) <= bound * static_cast<double>(pixels));
  std::vector<T> in_place = x;
  group_norm_forward<Activation, T>(n, pixels, channels, groups, in_place.data(), gamma.data(), beta.data(),
                                    static_cast<T>(eps), in_place.data(), nullptr, nullptr);
  CHECK(equal_bits(in_place, y1));
}

}  // namespace

TEST_CASE("group norm equals the definition, forward and backward") {
  on_every_isa([] {
    const Index cases[][3] = {{1, 1, 1},   {5, 4, 2},    {49, 12, 3}, {30, 64, 8},
                              {17, 96, 8}, {9, 130, 10}, {3, 48, 1},  {33, 33, 33}};
    for (const auto& c : cases) {
      check_group_norm<NoActivation, float>(3, c[0], c[1], c[2]);
      check_group_norm<NoActivation, double>(3, c[0], c[1], c[2]);
      check_group_norm<Silu, float>(3, c[0], c[1], c[2]);
      check_group_norm<Silu, double>(3, c[0], c[1], c[2]);
    }
  });
}

TEST_CASE("group norm: an image alone has the bits of the image in a batch, at any number of threads") {
  on_every_isa([] {
    const Index n = 7, pixels = 50, channels = 24, groups = 4, image = pixels * channels;
    const auto x = random_values<float>(n * image, 1), dy = random_values<float>(n * image, 2),
               gamma = random_values<float>(channels, 3);
    std::vector<float> y(x.size()), y1(x.size()), dx(x.size()), dx1(x.size()), mean(28), rstd(28), dgamma(24),
        dgamma1(24);
    group_norm_forward<NoActivation, float>(n, pixels, channels, groups, x.data(), gamma.data(), nullptr, 1e-5f,
                                            y.data(), mean.data(), rstd.data());
    group_norm_backward<NoActivation, float>(n, pixels, channels, groups, x.data(), gamma.data(), nullptr, mean.data(),
                                             rstd.data(), dy.data(), dx.data(), dgamma.data(), nullptr);
    for (int threads : {1, 2, 3}) {
      set_thread_count(threads);
      group_norm_backward<NoActivation, float>(n, pixels, channels, groups, x.data(), gamma.data(), nullptr,
                                               mean.data(), rstd.data(), dy.data(), dx1.data(), dgamma1.data(),
                                               nullptr);
      CHECK(equal_bits(dx, dx1));
      CHECK(equal_bits(dgamma, dgamma1));
    }
    set_thread_count(1);
    for (Index i = 0; i < n; ++i) {
      group_norm_forward<NoActivation, float>(1, pixels, channels, groups, x.data() + i * image, gamma.data(), nullptr,
                                              1e-5f, y1.data() + i * image, nullptr, nullptr);
    }
    CHECK(equal_bits(y, y1));
  });
}

TEST_CASE("group norm: the mean of a large, nearly even group is right to its last digit") {
  on_every_isa([] {
    for (const Index pixels : {784, 65536}) {
      const Index channels = 12, groups = 3;
      auto x = random_values<float>(pixels * channels, 1);
      for (float& v : x) v = 100 + 0.1f * v;
      std::vector<float> y(x.size()), mean(3), rstd(3);
      group_norm_forward<NoActivation, float>(1, pixels, channels, groups, x.data(), nullptr, nullptr, 1e-5f, y.data(),
                                              mean.data(), rstd.data());
      for (Index g = 0; g < groups; ++g) {
        double total = 0, squares = 0;
        for (Index i = 0; i < pixels * 4; ++i) {
          const double v = y[static_cast<std::size_t>(i / 4 * channels + 4 * g + i % 4)];
          total += v;
          squares += v * v;
        }
        const double n = static_cast<double>(pixels * 4), ulp = 0x1p-17, deviation = 0.1 / std::sqrt(3.0);
        CHECK(std::abs(total / n) <= ulp / deviation);
        CHECK(std::abs(squares / n - 1 / (1 + 1e-5 / (deviation * deviation))) < 0.01);
      }
      std::fill(x.begin(), x.end(), 100.3f);  // of an even image nothing is left
      group_norm_forward<NoActivation, float>(1, pixels, channels, groups, x.data(), nullptr, nullptr, 1e-5f, y.data(),
                                              mean.data(), rstd.data());
      CHECK(y == std::vector<float>(x.size()));
    }
  });
}

TEST_CASE_TEMPLATE("group norm of values whose squares overflow is that of small ones", T, float, double) {
  const Index pixels = 300, channels = 8, groups = 2;
  const auto small = random_values<T>(2 * pixels * channels, 1), dy = random_values<T>(2 * pixels * channels, 2);
  const T power = std::ldexp(T(1), sizeof(T) == 4 ? 110 : 900);
  auto large = small;
  for (std::size_t i = 0; i < large.size() / 2; ++i) large[i] *= power;  // of the first image
  on_every_isa([&] {
    std::vector<T> y(small.size()), z(small.size()), mean(4), rstd(4), dgamma(8), dbeta(8);
    const T eps = std::numeric_limits<T>::min();
    group_norm_forward<NoActivation, T>(2, pixels, channels, groups, small.data(), nullptr, nullptr, eps, y.data(),
                                        nullptr, nullptr);
    group_norm_forward<NoActivation, T>(2, pixels, channels, groups, large.data(), nullptr, nullptr, eps, z.data(),
                                        mean.data(), rstd.data());
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(y[i] - z[i])));
    CHECK(worst <= 16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    group_norm_backward<NoActivation, T>(2, pixels, channels, groups, large.data(), nullptr, nullptr, mean.data(),
                                         rstd.data(), dy.data(), z.data(), dgamma.data(), dbeta.data());
    for (const T v : z) CHECK(std::isfinite(v));
    large.back() = std::numeric_limits<T>::quiet_NaN();
    group_norm_forward<NoActivation, T>(2, pixels, channels, groups, large.data(), nullptr, nullptr, eps, z.data(),
                                        nullptr, nullptr);
    CHECK(std::isnan(z[z.size() - 2]));
    CHECK(std::isfinite(z.front()));
    large.back() = small.back();
  });
}

TEST_CASE("group norm: gradients of parameters do not lose digits with the size") {
  const Index pixels = 100000, channels = 8;
  const std::vector<float> x = random_values<float>(pixels * channels, 1),
                           dy(static_cast<std::size_t>(pixels * channels), 0.1f);
  std::vector<float> mean{0}, rstd{1}, dgamma(8), dbeta(8);
  std::vector<double> right(8);
  for (std::size_t i = 0; i < x.size(); ++i) right[i % 8] += 0.1 * static_cast<double>(x[i]);
  on_every_isa([&] {
    group_norm_backward<NoActivation, float>(1, pixels, channels, 1, x.data(), nullptr, nullptr, mean.data(),
                                             rstd.data(), dy.data(), nullptr, dgamma.data(), dbeta.data());
    for (std::size_t c = 0; c < 8; ++c) {
      CHECK(std::abs(dbeta[c] / 1e4f - 1) < 1e-6f);
      CHECK(std::abs(static_cast<double>(dgamma[c]) - right[c]) < 1e-3);  // of 5000 in absolute values
    }
  });
}

}  // namespace group_norm_test
