#include "inkling/metrics/ink_statistics.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/data/mnist.hpp"

namespace ink_statistics_test {

using namespace ink;
using metrics::ink_statistics;

TEST_CASE("by hand: one line of two images, and of colours") {
  // v: 0, 1, 0.5, 0.05 and 1, 1, 1, 1
  const auto s = ink_statistics(Tensor<double, 4>({2, 1, 4, 1}, {-1, 1, 0, -0.9, 1, 1, 1, 1}));
  CHECK(s.greyness == doctest::Approx(1.0 / 6).epsilon(1e-14));
  CHECK(s.ink_density == doctest::Approx(5.55 / 8).epsilon(1e-14));
  CHECK(s.gradient_energy == doctest::Approx((1 + 0.25 + 0.45 * 0.45) / 2).epsilon(1e-14));
  const auto rgb = ink_statistics(Tensor<double, 4>({1, 1, 2, 3}, {-1, -1, -1, 1, -1, 0}));
  CHECK(rgb.gradient_energy == doctest::Approx(1.25).epsilon(1e-14));
  CHECK(ink_statistics(Tensor<float, 4>({1, 2, 2, 1}, -1.0f)).greyness == 0);
}

TEST_CASE("real digits: about the values of all of MNIST, and of their mean") {
  const auto digits = data::mnist(INKLING_SOURCE_DIR "/examples/data/mnist", data::Split::train);
  const auto images = data::normalize<float>(digits.images);
  Tensor<float, 4> mean({1, 28, 28, 1});
  for (Index i = 0; i < images.size(); ++i) {
    mean.mutable_data()[i % 784] += images.data()[i] / static_cast<float>(images.extent(0));
  }
  const auto real = ink_statistics(images), blur = ink_statistics(mean);
  CHECK(real.greyness == doctest::Approx(0.489).epsilon(0.02));
  CHECK(real.gradient_energy == doctest::Approx(28.4).epsilon(0.02));
  CHECK(blur.greyness > 0.99);
  CHECK(blur.gradient_energy < 4);
}

TEST_CASE("nothing, and what is not finite, is refused") {
  CHECK_THROWS_WITH_AS(ink_statistics(Tensor<float, 4>({0, 2, 2, 1})),
                       "ink_statistics: images are (0, 2, 2, 1); at least one is needed", ValueError);
  CHECK_THROWS_WITH_AS(ink_statistics(Tensor<double, 4>({1, 1, 1, 1}, std::nan(""))),
                       "ink_statistics: a value is nan; all must be finite", ValueError);
}

}  // namespace ink_statistics_test
