#include "inkling/gen/autoregressive.hpp"

#include <cmath>

#include <doctest/doctest.h>

using namespace ink;

TEST_CASE_TEMPLATE("Quantizer: whole numbers survive the way to images and back", T, float, double) {
  for (int levels : {3, 16, 256}) {
    Tokens tokens({2, 16, 8});
    for (Index i = 0; i < tokens.size(); ++i) tokens.mutable_data()[i] = static_cast<std::int32_t>(i % levels);
    const Quantizer q{levels};
    CHECK(q.tokens(q.images<T>(tokens), Key{1}) == tokens);
  }
  Tokens bits({1, 1, 2}, {0, 1});
  CHECK(Quantizer{2}.tokens(Quantizer{2}.images<T>(bits), Key{1}) == bits);
}

TEST_CASE("Quantizer: two levels are drawn with the probability of the grey value") {
  const Tensor<double, 4> grey(Shape{1, 100, 200, 1}, -0.4);
  double white = 0;
  for (std::int32_t token : Quantizer{2}.tokens(grey, Key{1}).values()) white += token;
  CHECK(std::abs(white / 20000 - 0.3) < 4 * std::sqrt(0.21 / 20000));
  CHECK(Quantizer{2}.tokens(grey, Key{1}) == Quantizer{2}.tokens(grey, Key{1}));
  CHECK(!(Quantizer{2}.tokens(grey, Key{1}) == Quantizer{2}.tokens(grey, Key{2})));
}

TEST_CASE("Quantizer: values outside of the range are the nearest level") {
  const Tensor<float, 4> beyond(Shape{1, 1, 2, 1}, {-1.5f, 1.5f});
  CHECK(Quantizer{16}.tokens(beyond, Key{1}) == Tokens({1, 1, 2}, {0, 15}));
}

TEST_CASE("Quantizer: refuses colours and fewer than two levels") {
  CHECK_THROWS_AS(Quantizer{16}.tokens(Tensor<float, 4>(Shape{1, 2, 2, 3}), Key{1}), ShapeError);
  CHECK_THROWS_AS(Quantizer{1}.images<float>(Tokens({1, 1, 1})), ValueError);
}
