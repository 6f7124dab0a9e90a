#include "inkling/dist/quantizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "inkling/core/view.hpp"

namespace quantizer_test {

using namespace ink;

TEST_CASE_TEMPLATE("Quantizer: whole numbers survive the way to images and back", T, float, double) {
  for (int levels : {2, 3, 16, 256}) {
    Tokens tokens({2, 16, 8});
    for (Index i = 0; i < tokens.size(); ++i) tokens.mutable_data()[i] = static_cast<std::int32_t>(i % levels);
    const Quantizer q{levels};
    const auto images = q.images<T>(tokens);
    REQUIRE(images.shape() == Shape{2, 16, 8, 1});
    CHECK(images(0, 0, 0, 0) == -1);
    CHECK(static_cast<double>(images.data()[levels - 1]) == doctest::Approx(1).epsilon(1e-6));
    CHECK(q.tokens(images, Key{1}) == tokens);
  }
}

TEST_CASE_TEMPLATE("Quantizer: more than two levels are rounded, whatever the key", T, float, double) {
  const auto images = uniform<T>(Shape{3, 20, 20, 1}, Key{1}, -1, 1);
  for (int levels : {3, 16, 256}) {
    const Quantizer q{levels};
    const auto tokens = q.tokens(images, Key{2});
    CHECK(q.tokens(images, Key{3}) == tokens);
    const auto rounded = q.images<T>(tokens);
    double worst = 0;
    for (Index i = 0; i < images.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(images.data()[i] - rounded.data()[i])));
    }
    CHECK(worst <= 1.0 / (levels - 1) + 1e-6);  // half of the distance between two levels
    CHECK(worst > 0.9 / (levels - 1));
  }
}

TEST_CASE_TEMPLATE("Quantizer: two levels are drawn with the probability of the grey value", T, float, double) {
  constexpr double n = 40000;
  const Quantizer q{2};
  for (double probability : {0.0, 0.02, 0.3, 0.5, 0.9, 1.0}) {
    const Tensor<T, 4> grey(Shape{4, 100, 100, 1}, static_cast<T>(2 * probability - 1));
    const double white = statistics::mean_of(q.tokens(grey, Key{1}));
    CHECK(std::abs(white - probability) <= 4 * std::sqrt(probability * (1 - probability) / n));
  }
  const Tensor<T, 4> grey(Shape{5, 4, 4, 1});
  const auto tokens = q.tokens(grey, Key{2});
  CHECK(q.tokens(grey, Key{2}) == tokens);
  CHECK(q.tokens(grey, Key{3}) != tokens);
  CHECK(q.tokens(Tensor<T, 4>(Shape{2, 4, 4, 1}), Key{2}) == dense(view(tokens).slice(0, 0, 2)));
}

TEST_CASE("Quantizer: values outside of the range are the nearest level") {
  const Tensor<float, 4> beyond(Shape{1, 1, 4, 1}, {-1.5f, 1.5f, -1e20f, 1e9f});
  CHECK(Quantizer{16}.tokens(beyond, Key{1}) == Tokens({1, 1, 4}, {0, 15, 0, 15}));
  CHECK(Quantizer{2}.tokens(beyond, Key{1}) == Tokens({1, 1, 4}, {0, 1, 0, 1}));
}

TEST_CASE("Quantizer: refuses colours and fewer than two levels") {
  const Tensor<float, 4> coloured(Shape{1, 2, 2, 3}), grey(Shape{1, 2, 2, 1});
  CHECK_THROWS_WITH_AS(Quantizer{16}.tokens(coloured, Key{1}),
                       "Quantizer: images are (1, 2, 2, 3); images[3] must be 1", ShapeError);
  CHECK_THROWS_WITH_AS(Quantizer{1}.tokens(grey, Key{1}), "Quantizer: levels is 1; it must be at least 2", ValueError);
  CHECK_THROWS_AS(Quantizer{1}.images<float>(Tokens({1, 1, 1})), ValueError);
  const Tensor<float, 4> unknown(Shape{1, 1, 1, 1}, std::numeric_limits<float>::quiet_NaN());
  CHECK_THROWS_WITH_AS(Quantizer{2}.tokens(unknown, Key{1}), "Quantizer: image value 0 is nan; it must be finite",
                       ValueError);
}

TEST_CASE("Quantizer: an infinite pixel is no level") {
  const Tensor<float, 4> x(Shape{1, 1, 2, 1}, {0, -std::numeric_limits<float>::infinity()});
  CHECK_THROWS_WITH_AS(Quantizer{}.tokens(x, Key{1}), "Quantizer: image value 1 is -inf; it must be finite",
                       ValueError);
}

}  // namespace quantizer_test
