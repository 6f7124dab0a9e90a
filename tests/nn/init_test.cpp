#include "inkling/nn/init.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "../support/errors.hpp"

namespace init_test {

using namespace ink;

namespace {

struct Moments {
  double mean = 0, std = 0, largest = 0;
};

template <int R>
Moments moments(const Tensor<double, R>& x) {
  Moments m;
  for (double v : x.values()) {
    m.mean += v;
    m.std += v * v;
    m.largest = std::max(m.largest, std::abs(v));
  }
  m.mean /= static_cast<double>(x.size());
  m.std = std::sqrt(m.std / static_cast<double>(x.size()) - m.mean * m.mean);
  return m;
}

}  // namespace

TEST_CASE("init: constants") {
  CHECK(init::zeros<float>(Shape{2, 3}) == Tensor<float, 2>(Shape{2, 3}));
  CHECK(init::constant<float>(Shape{3}, 0.5) == Tensor<float, 1>(Shape{3}, 0.5f));
}

TEST_CASE("init: bounds and spreads are the published ones") {
  const Shape<2> shape{200, 250};
  SUBCASE("kaiming_uniform of linear layers is ±1/√fan_in") {
    const auto m = moments(init::kaiming_uniform<double>(shape, 25, Key{1}));
    CHECK(m.largest <= 0.2);
    CHECK(m.largest > 0.1999);
    CHECK(m.std == doctest::Approx(0.2 / std::sqrt(3.0)).epsilon(0.01));
  }
  SUBCASE("kaiming_uniform for relu: a = 0 gives variance 2/fan_in") {
    CHECK(moments(init::kaiming_uniform<double>(shape, 50, Key{2}, 0)).std == doctest::Approx(0.2).epsilon(0.01));
  }
  SUBCASE("xavier_uniform has variance 2/(fan_in + fan_out)") {
    const auto m = moments(init::xavier_uniform<double>(shape, 200, 250, Key{3}, 2));
    CHECK(m.std == doctest::Approx(2 * std::sqrt(2.0 / 450)).epsilon(0.01));
    CHECK(m.largest <= 2 * std::sqrt(6.0 / 450));
  }
  SUBCASE("normal") {
    const auto m = moments(init::normal<double>(shape, Key{4}, 0.02));
    CHECK(std::abs(m.mean) < 4e-4);
    CHECK(m.std == doctest::Approx(0.02).epsilon(0.01));
  }
  SUBCASE("truncated_normal: within two deviations, of which 0.8796 remain") {
    const auto m = moments(init::truncated_normal<double>(shape, Key{5}, 0.5));
    CHECK(m.largest <= 1);
    CHECK(m.std == doctest::Approx(0.5 * 0.87962566103423978).epsilon(0.01));
  }
}

TEST_CASE("init: the key decides") {
  const Shape<2> shape{4, 4};
  CHECK(init::normal<float>(shape, Key{1}) == init::normal<float>(shape, Key{1}));
  CHECK(init::normal<float>(shape, Key{1}) != init::normal<float>(shape, Key{2}));
}

TEST_CASE("orthogonal: the shorter side is orthonormal, times the gain") {
  for (const Shape<2> shape : {Shape<2>{5, 12}, Shape<2>{12, 5}, Shape<2>{7, 7}}) {
    const auto w = init::orthogonal<double>(shape, Key{6}, 3);
    const bool wide = shape[0] <= shape[1];
    const Index count = wide ? shape[0] : shape[1], length = wide ? shape[1] : shape[0];
    for (Index i = 0; i < count; ++i) {
      for (Index j = 0; j < count; ++j) {
        double dot = 0;
        for (Index k = 0; k < length; ++k) dot += wide ? w(i, k) * w(j, k) : w(k, i) * w(k, j);
        CHECK(dot == doctest::Approx(i == j ? 9.0 : 0.0).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("init: errors") {
  CHECK(testing::message_of<ValueError>([] { init::normal<float>(Shape{2}, Key{1}, -1); }) ==
        "normal: std is -1; it must not be negative");
  CHECK(testing::message_of<ValueError>([] { init::kaiming_uniform<float>(Shape{2}, 0, Key{1}); }) ==
        "kaiming_uniform: fan_in is 0; it must be at least 1");
}

}  // namespace init_test
