#include "inkling/nn/conv.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace conv_test {

using namespace ink;
using namespace ink::testing;

static_assert(Conv2d<>::out_shape({.in = 1, .out = 8}, {2, 28, 28, 1}) == Shape<4>{2, 28, 28, 8});
static_assert(Conv2d<>::out_shape({.in = 1, .out = 8, .stride = 2}, {2, 7, 8, 1}) == Shape<4>{2, 4, 4, 8});
static_assert(Upsample<>::out_shape({.in = 4, .out = 2}, {1, 3, 5, 4}) == Shape<4>{1, 6, 10, 2});

namespace {

constexpr auto call = [](const auto& m, const auto& x) { return m(x); };

/// A kernel of ones counts the pixels under the window.
Tensor<double, 4> counts(const Conv2d<double>::Options& options, const Shape<4>& shape) {
  Conv2d<double> layer(options, Key{1});
  layer.weight.value = Tensor<double, 4>(layer.weight.shape(), 1.0);
  layer.bias->value = Tensor<double, 1>(layer.bias->shape());
  return layer(Tensor<double, 4>(shape, 1.0));
}

}  // namespace

TEST_CASE("Conv2d: same padding is centred, the odd row after") {
  CHECK(counts({.in = 1, .out = 1}, {1, 3, 3, 1}) == Tensor<double, 4>(Shape{1, 3, 3, 1}, {4, 6, 4, 6, 9, 6, 4, 6, 4}));
  CHECK(counts({.in = 1, .out = 1, .kernel = 2}, {1, 2, 2, 1}) == Tensor<double, 4>(Shape{1, 2, 2, 1}, {4, 2, 2, 1}));
  CHECK(counts({.in = 1, .out = 1, .padding = 0}, {1, 3, 3, 1}) == Tensor<double, 4>(Shape{1, 1, 1, 1}, {9}));
  CHECK(counts({.in = 1, .out = 1, .stride = 2}, {1, 4, 4, 1}) ==
        Tensor<double, 4>(Shape{1, 2, 2, 1}, {4, 6, 6, 9}));  // padding 1 before, as in PyTorch's padding=1
}

TEST_CASE("Conv2d: out_shape is the shape of the result") {
  for (const Conv2d<float>::Options& o : {Conv2d<float>::Options{.in = 4, .out = 6},
                                          {.in = 4, .out = 6, .kernel = 1},
                                          {.in = 4, .out = 6, .kernel = 4},
                                          {.in = 4, .out = 6, .kernel = 5, .stride = 2},
                                          {.in = 4, .out = 6, .stride = 3, .padding = 2},
                                          {.in = 4, .out = 6, .dilation = 2, .groups = 2},
                                          {.in = 4, .out = 4, .padding = 0, .groups = 4, .bias = false}}) {
    const Conv2d<float> layer(o, Key{2});
    for (const Shape<4> shape : {Shape<4>{2, 7, 9, 4}, Shape<4>{1, 6, 6, 4}}) {
      CHECK(layer(Tensor<float, 4>(shape)).shape() == Conv2d<float>::out_shape(o, shape));
    }
  }
}

TEST_CASE("Conv2d and Upsample: gradients") {
  const auto x = normal<double>(Shape{2, 4, 3, 2}, Key{3});
  CHECK(module_gradcheck(Conv2d<double>({.in = 2, .out = 3}, Key{4}), call, x) < 1e-8);
  CHECK(module_gradcheck(Conv2d<double>({.in = 2, .out = 2, .stride = 2, .groups = 2, .bias = false}, Key{4}), call,
                         x) < 1e-8);
  CHECK(module_gradcheck(Upsample<double>({.in = 2, .out = 3}, Key{5}), call, x) < 1e-8);
}

TEST_CASE("Conv2d: initial values lie within 1/√fan_in, or are zero") {
  const Conv2d<float> layer({.in = 8, .out = 32, .groups = 2}, Key{6});
  float largest = 0;
  for (float w : layer.weight.value.values()) largest = std::max(largest, std::abs(w));
  CHECK(largest <= 1.0f / 6);
  CHECK(largest > 0.16f);
  const Conv2d<float> zero({.in = 1, .out = 2, .zero_init = true}, Key{6});
  CHECK(zero(normal<float>(Shape{1, 4, 4, 1}, Key{7})) == Tensor<float, 4>(Shape{1, 4, 4, 2}));
}

TEST_CASE("Upsample: a 1×1 identity leaves the repeated pixels") {
  Upsample<double> up({.in = 1, .out = 1, .kernel = 1}, Key{8});
  up.conv.weight.value = Tensor<double, 4>(Shape{1, 1, 1, 1}, 1.0);
  up.conv.bias->value = Tensor<double, 1>(Shape{1});
  CHECK(up(Tensor<double, 4>(Shape{1, 1, 2, 1}, {1, 2})) ==
        Tensor<double, 4>(Shape{1, 2, 4, 1}, {1, 1, 2, 2, 1, 1, 2, 2}));
}

TEST_CASE("Conv2d: errors") {
  const Conv2d<float> layer({.in = 3, .out = 4}, Key{9});
  CHECK(message_of<ShapeError>([&] { layer(Tensor<float, 4>(Shape{1, 4, 4, 2})); }) ==
        "conv2d: x is (1, 4, 4, 2), in is 3; x[3] must equal in");
  CHECK(message_of<ValueError>([] { Conv2d<float>({.in = 3, .out = 4, .groups = 2}, Key{1}); }) ==
        "conv2d: in is 3, groups is 2; groups must divide in");
  CHECK(message_of<ValueError>([] { Conv2d<float>({.in = 3, .out = 4, .padding = -2}, Key{1}); }) ==
        "conv2d: padding is -2; it must not be negative, or same_padding");
  CHECK(message_of<ShapeError>([] {
    Conv2d<float>::out_shape({.in = 3, .out = 4, .kernel = 5, .padding = 0}, {1, 4, 9, 3});
  }) == "conv2d: x is (1, 4, 9, 3), kernel is 5, dilation is 1; the window must fit into the padded image");
}

}  // namespace conv_test
