#include "inkling/ops/conv.hpp"

#include <limits>
#include <vector>

#include "../golden/data/conv.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace conv_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::conv;

namespace {

struct Case {
  Shape<4> x, w;
  Conv2dOptions options;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {{2, 4, 5, 3}, {1, 1, 3, 4}, {}},
      {{2, 5, 4, 3}, {3, 3, 3, 4}, {.padding = 1}},
      {{1, 7, 6, 2}, {3, 3, 2, 5}, {.stride = 2, .padding = 1}},
      {{1, 6, 7, 1}, {7, 7, 1, 2}, {.padding = 3}},
      {{1, 5, 5, 2}, {3, 2, 2, 3}, {.pad = {1, 0, 0, 2}}},
      {{1, 5, 6, 2}, {3, 3, 2, 2}, {.stride = 2, .padding = 1, .pad = {.bottom = 0, .right = 2}}},
      {{1, 7, 7, 2}, {3, 3, 2, 2}, {.padding = 2, .dilation = 2}},
      {{2, 4, 4, 6}, {3, 3, 2, 9}, {.padding = 1, .groups = 3}},
      {{2, 5, 4, 4}, {3, 3, 1, 4}, {.padding = 1, .groups = 4}},
      {{1, 5, 5, 3}, {3, 3, 1, 6}, {.stride = 2, .padding = 1, .groups = 3}},
      {{1, 4, 5, 2}, {3, 3, 2, 3}, {.padding = 1, .taps = {1, 1, 1, 1, 1, 0, 0, 0, 0}}},
      {{1, 4, 4, 4}, {3, 3, 1, 4}, {.padding = 1, .groups = 4, .taps = {0, 1, 0, 0, 0, 1, 0, 0, 1}}},
      {{1, 3, 3, 1}, {3, 3, 1, 1}, {.padding = 1, .taps = {0, 0, 0, 0, 0, 0, 0, 0, 0}}},
      {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
      {{3, 1, 1, 2}, {3, 3, 2, 1}, {.padding = 1}},
      {{1, 4, 4, 1}, {4, 4, 1, 17}, {.stride = 4}},
      {{1, 3, 4, 1}, {1, 1, 1, 2}, {.stride = 3}},
      {{0, 4, 4, 2}, {3, 3, 2, 3}, {.padding = 1}},
  };
  return list;
}

struct TransposeCase {
  Shape<4> x, w;
  ConvTranspose2dOptions options;
};

const std::vector<TransposeCase>& transpose_cases() {
  static const std::vector<TransposeCase> list{
      {{2, 3, 4, 5}, {2, 2, 3, 5}, {.stride = 2}},
      {{1, 3, 2, 4}, {3, 3, 2, 4}, {.stride = 2, .padding = 1, .output_padding = 1}},
      {{1, 4, 4, 6}, {3, 3, 2, 6}, {.padding = 1, .groups = 3}},
      {{1, 3, 3, 2}, {3, 2, 1, 2}, {.stride = 2, .pad = {1, 0, 0, 1}, .dilation = 2}},
      {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
      {{0, 2, 2, 3}, {2, 2, 1, 3}, {.stride = 2}},
  };
  return list;
}

template <class T, int R>
double inner(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  double total = 0;
  for (Index i = 0; i < a.size(); ++i) total += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  return total;
}

}  // namespace

TEST_CASE("conv2d: closed form") {
  const Tensor<double, 4> x(Shape{1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  const Tensor<double, 4> ones(Shape{3, 3, 1, 1}, 1.0);
  CHECK(conv2d(x, ones, {.padding = 1}) == Tensor<double, 4>(Shape{1, 2, 3, 1}, {12, 21, 16, 12, 21, 16}));
  // Not flipped: the weight at (0, 1) reads the pixel to the left of the last.
  const Tensor<double, 4> w(Shape{1, 3, 1, 1}, {100, 10, 1});
  const Tensor<double, 1> b(Shape{1}, {0.5});
  CHECK(conv2d(x, w, b) == Tensor<double, 4>(Shape{1, 2, 1, 1}, {123.5, 456.5}));
  CHECK(conv2d(x, w, {.pad = {.left = 1}}) == Tensor<double, 4>(Shape{1, 2, 2, 1}, {12, 123, 45, 456}));
  CHECK(conv2d(x, w, {.taps = {1, 0, 1}}) == Tensor<double, 4>(Shape{1, 2, 1, 1}, {103, 406}));
}

TEST_CASE("conv2d: a group sees its own channels") {
  const Tensor<double, 4> x(Shape{1, 1, 1, 4}, {1, 2, 3, 4});
  const Tensor<double, 4> w(Shape{1, 1, 2, 2}, {1, 2, 10, 20});
  CHECK(conv2d(x, w, {.groups = 2}) == Tensor<double, 4>(Shape{1, 1, 1, 2}, {21, 86}));
}

TEST_CASE("conv2d: gradients") {
  for (const auto& c : cases()) {
    CAPTURE(to_string(c.x));
    CAPTURE(to_string(c.w));
    const auto x = normal<float>(c.x, Key{1});
    const auto w = normal<float>(c.w, Key{2});
    check_gradients([&](const auto& xs, const auto& ws) { return conv2d(xs, ws, c.options); }, x, w);
    check_gradients([&](const auto& xs, const auto& ws, const auto& bs) { return conv2d(xs, ws, bs, c.options); }, x, w,
                    normal<float>(Shape{c.w[3]}, Key{3}));
  }
}

TEST_CASE("conv2d: the gradient of a tap that is off is exactly zero") {
  const Conv2dOptions options{.padding = 1, .taps = {1, 1, 1, 1, 0, 0, 0, 0, 0}};
  const auto f = [&](const auto& x, const auto& w) { return conv2d(x, w, options); };
  const auto x = normal<float>(Shape{2, 6, 6, 3}, Key{1});
  const auto w = normal<float>(Shape{3, 3, 3, 8}, Key{2});
  const auto g = normal<float>(Shape{2, 6, 6, 8}, Key{3});
  const auto dw = std::get<2>(forward_backward(f, g, x, w));
  for (Index i = 0; i < dw.size(); ++i) {
    if (i < 4 * 24) {
      CHECK(dw.data()[i] != 0);
    } else {
      CHECK(dw.data()[i] == 0);
    }
  }
  // What a dead weight holds does not matter, not even if it is not a number.
  auto poisoned = w;
  for (Index i = 4 * 24; i < w.size(); ++i) poisoned.mutable_data()[i] = NAN;
  CHECK(same_bits(conv2d(x, w, options), conv2d(x, poisoned, options)));
}

TEST_CASE("conv2d: independent of threads and batch") {
  const auto f = [](const Conv2dOptions& options) {
    return [options](const auto& x, const auto& w, const auto& b) { return conv2d(x, w, b, options); };
  };
  const auto b = normal<float>(Shape{32}, Key{3});
  check_invariance<1>(f({.padding = 1}), normal<float>(Shape{5, 14, 13, 16}, Key{1}),
                      normal<float>(Shape{3, 3, 16, 32}, Key{2}), b);
  check_invariance<1>(f({}), normal<float>(Shape{5, 14, 13, 16}, Key{1}), normal<float>(Shape{1, 1, 16, 32}, Key{2}),
                      b);
  check_invariance<1>(f({.stride = 2, .padding = 1}), normal<float>(Shape{3, 28, 28, 1}, Key{1}),
                      normal<float>(Shape{3, 3, 1, 32}, Key{2}), b);
  check_invariance<1>(f({.padding = 3, .groups = 32}), normal<float>(Shape{3, 14, 14, 32}, Key{1}),
                      normal<float>(Shape{7, 7, 1, 32}, Key{2}), b);
  check_invariance<1>(f({.padding = 1, .groups = 4, .taps = {1, 1, 1, 1, 1, 0, 0, 0, 0}}),
                      normal<float>(Shape{3, 9, 9, 16}, Key{1}), normal<float>(Shape{3, 3, 4, 32}, Key{2}), b);
}

TEST_CASE("conv_transpose2d: closed form") {
  const Tensor<double, 4> x(Shape{1, 1, 2, 1}, {1, 2});
  const Tensor<double, 4> w(Shape{1, 2, 1, 1}, {10, 1});
  CHECK(conv_transpose2d(x, w, {.stride = 2}) == Tensor<double, 4>(Shape{1, 1, 4, 1}, {10, 1, 20, 2}));
  CHECK(conv_transpose2d(x, w) == Tensor<double, 4>(Shape{1, 1, 3, 1}, {10, 21, 2}));
  CHECK(conv_transpose2d(x, w, Tensor<double, 1>(Shape{1}, {0.5}), {.stride = 2}) ==
        Tensor<double, 4>(Shape{1, 1, 4, 1}, {10.5, 1.5, 20.5, 2.5}));
}

TEST_CASE("conv_transpose2d: is the adjoint of conv2d") {
  const auto w = normal<double>(Shape{3, 3, 2, 5}, Key{1});
  const auto small = normal<double>(Shape{2, 4, 4, 5}, Key{2});
  const auto up = conv_transpose2d(small, w, {.stride = 2, .padding = 1, .output_padding = 1});
  CHECK(up.shape() == Shape{2, 8, 8, 2});
  const auto large = normal<double>(up.shape(), Key{3});
  const auto down = conv2d(large, w, {.stride = 2, .padding = 1});
  CHECK(inner(up, large) == doctest::Approx(inner(small, down)).epsilon(1e-12));
}

TEST_CASE("conv_transpose2d: gradients") {
  for (const auto& c : transpose_cases()) {
    CAPTURE(to_string(c.x));
    const auto x = normal<float>(c.x, Key{1}), w = normal<float>(c.w, Key{2});
    check_gradients([&](const auto& xs, const auto& ws) { return conv_transpose2d(xs, ws, c.options); }, x, w);
    check_gradients([&](const auto& xs, const auto& ws, const auto& bs) {
      return conv_transpose2d(xs, ws, bs, c.options);
    }, x, w, normal<float>(Shape{c.w[2] * c.options.groups}, Key{3}));
  }
}

TEST_CASE("conv_transpose2d: independent of threads and batch") {
  check_invariance<1>([](const auto& x, const auto& w,
                         const auto& b) { return conv_transpose2d(x, w, b, {.stride = 2, .padding = 1}); },
                      normal<float>(Shape{3, 9, 9, 32}, Key{1}), normal<float>(Shape{4, 4, 16, 32}, Key{2}),
                      normal<float>(Shape{16}, Key{3}));
}

TEST_CASE("conv2d: errors") {
  const Tensor<float, 4> x(Shape{2, 5, 5, 3}), w(Shape{3, 3, 3, 8});
  const Tensor<float, 1> b(Shape{7});
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor<float, 4>(Shape{3, 3, 4, 8})),
                       "conv2d: x is (2, 5, 5, 3), w is (3, 3, 4, 8), groups are 1; x[3] must equal w[2] * groups = 4",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.groups = 3}), "conv2d: w is (3, 3, 3, 8), groups are 3; groups must divide w[3]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.groups = 2}),
                       "conv2d: x is (2, 5, 5, 3), w is (3, 3, 3, 8), groups are 2; x[3] must equal w[2] * groups = 6",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, b), "conv2d: b is (7); b[0] must equal the output's 8 channels", ShapeError);
  CHECK_THROWS_WITH_AS(
      conv2d(x, w, {.dilation = 3}),
      "conv2d: the window is (7, 7), x is (2, 5, 5, 3), padded to (5, 5); the window must fit into the "
      "padded image",
      ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.taps = {1, 0}}),
                       "conv2d: w is (3, 3, 3, 8), taps are 2; their number must equal w[0] * w[1] = 9", ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor<float, 4>(Shape{0, 3, 3, 8})),
                       "conv2d: w is (0, 3, 3, 8); w[0] must be at least 1", ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.stride = 0}), "conv2d: stride is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.dilation = 0}), "conv2d: dilation is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.groups = 0}), "conv2d: groups is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.padding = -1}), "conv2d: padding is -1; it must be at least 0", ValueError);
  const Index most = std::numeric_limits<Index>::max();
  CHECK_THROWS_AS(conv2d(x, w, {.padding = most}), ShapeError);
  CHECK_THROWS_AS(conv2d(x, w, {.pad = {.top = most, .bottom = most}}), ShapeError);
  CHECK_THROWS_AS(conv2d(x, w, {.dilation = most / 2 + 1}), ShapeError);  // twice that wraps around to 0
  CHECK_THROWS_AS(conv2d(x, w, {.groups = most}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {.pad = {.left = -2}}), "conv2d: pad.left is -2; it must be at least -1",
                       ValueError);
}

TEST_CASE("conv2d: PyTorch") {
  const auto f = [](const Conv2dOptions& options) {
    return [options](const auto& x, const auto& w, const auto& b) { return conv2d(x, w, b, options); };
  };
  CHECK(golden::error(f({}), g::k1_y, g::k1_dy, std::tie(g::k1_dx, g::k1_dw, g::k1_db),
                      golden::tensor(Shape{2, 3, 2, 3}, g::k1_x), golden::tensor(Shape{1, 1, 3, 2}, g::k1_w),
                      golden::tensor(Shape{2}, g::k1_b)) < 1e-12);
  CHECK(golden::error(f({.padding = 1}), g::k3_y, g::k3_dy, std::tie(g::k3_dx, g::k3_dw, g::k3_db),
                      golden::tensor(Shape{2, 4, 3, 2}, g::k3_x), golden::tensor(Shape{3, 3, 2, 3}, g::k3_w),
                      golden::tensor(Shape{3}, g::k3_b)) < 1e-12);
  CHECK(golden::error(f({.padding = 3}), g::k7_y, g::k7_dy, std::tie(g::k7_dx, g::k7_dw, g::k7_db),
                      golden::tensor(Shape{1, 5, 6, 1}, g::k7_x), golden::tensor(Shape{7, 7, 1, 1}, g::k7_w),
                      golden::tensor(Shape{1}, g::k7_b)) < 1e-12);
  CHECK(golden::error(f({.stride = 2, .padding = 1}), g::stride_y, g::stride_dy,
                      std::tie(g::stride_dx, g::stride_dw, g::stride_db),
                      golden::tensor(Shape{1, 6, 7, 1}, g::stride_x), golden::tensor(Shape{3, 3, 1, 3}, g::stride_w),
                      golden::tensor(Shape{3}, g::stride_b)) < 1e-12);
  CHECK(golden::error(f({.pad = {.top = 1, .right = 2}}), g::side_y, g::side_dy,
                      std::tie(g::side_dx, g::side_dw, g::side_db), golden::tensor(Shape{1, 4, 4, 2}, g::side_x),
                      golden::tensor(Shape{3, 2, 2, 3}, g::side_w), golden::tensor(Shape{3}, g::side_b)) < 1e-12);
  CHECK(golden::error(
            f({.padding = 2, .dilation = 2}), g::dilation_y, g::dilation_dy,
            std::tie(g::dilation_dx, g::dilation_dw, g::dilation_db), golden::tensor(Shape{1, 5, 6, 1}, g::dilation_x),
            golden::tensor(Shape{3, 3, 1, 2}, g::dilation_w), golden::tensor(Shape{2}, g::dilation_b)) < 1e-12);
  CHECK(golden::error(f({.padding = 1, .groups = 2}), g::groups_y, g::groups_dy,
                      std::tie(g::groups_dx, g::groups_dw, g::groups_db),
                      golden::tensor(Shape{1, 3, 4, 4}, g::groups_x), golden::tensor(Shape{3, 3, 2, 6}, g::groups_w),
                      golden::tensor(Shape{6}, g::groups_b)) < 1e-12);
  CHECK(golden::error(f({.stride = 2, .padding = 1, .groups = 3}), g::depthwise_y, g::depthwise_dy,
                      std::tie(g::depthwise_dx, g::depthwise_dw, g::depthwise_db),
                      golden::tensor(Shape{2, 5, 4, 3}, g::depthwise_x),
                      golden::tensor(Shape{3, 3, 1, 3}, g::depthwise_w),
                      golden::tensor(Shape{3}, g::depthwise_b)) < 1e-12);
  CHECK(golden::error(f({.padding = 1, .taps = {1, 1, 1, 1, 0, 0, 0, 0, 0}}), g::taps_y, g::taps_dy,
                      std::tie(g::taps_dx, g::taps_dw, g::taps_db), golden::tensor(Shape{1, 4, 4, 1}, g::taps_x),
                      golden::tensor(Shape{3, 3, 1, 2}, g::taps_w), golden::tensor(Shape{2}, g::taps_b)) < 1e-12);
}

TEST_CASE("conv_transpose2d: PyTorch") {
  const auto f = [](const ConvTranspose2dOptions& options) {
    return [options](const auto& x, const auto& w, const auto& b) { return conv_transpose2d(x, w, b, options); };
  };
  CHECK(golden::error(f({.stride = 2}), g::up_y, g::up_dy, std::tie(g::up_dx, g::up_dw, g::up_db),
                      golden::tensor(Shape{2, 2, 2, 3}, g::up_x), golden::tensor(Shape{2, 2, 2, 3}, g::up_w),
                      golden::tensor(Shape{2}, g::up_b)) < 1e-12);
  CHECK(golden::error(f({.stride = 2, .padding = 1, .output_padding = 1}), g::up_odd_y, g::up_odd_dy,
                      std::tie(g::up_odd_dx, g::up_odd_dw, g::up_odd_db),
                      golden::tensor(Shape{1, 3, 2, 2}, g::up_odd_x), golden::tensor(Shape{3, 3, 2, 2}, g::up_odd_w),
                      golden::tensor(Shape{2}, g::up_odd_b)) < 1e-12);
  CHECK(golden::error(f({.padding = 1, .dilation = 2, .groups = 2}), g::up_groups_y, g::up_groups_dy,
                      std::tie(g::up_groups_dx, g::up_groups_dw, g::up_groups_db),
                      golden::tensor(Shape{1, 3, 3, 4}, g::up_groups_x),
                      golden::tensor(Shape{3, 3, 1, 4}, g::up_groups_w),
                      golden::tensor(Shape{2}, g::up_groups_b)) < 1e-12);
}

TEST_CASE("conv_transpose2d: errors") {
  const Tensor<float, 4> x(Shape{1, 2, 2, 3}), w(Shape{3, 3, 2, 3});
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, Tensor<float, 4>(Shape{3, 3, 3, 2})),
                       "conv_transpose2d: x is (1, 2, 2, 3), w is (3, 3, 3, 2); x[3] must equal w[3]", ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, Tensor<float, 1>(Shape{3})),
                       "conv_transpose2d: b is (3); b[0] must equal the output's 2 channels", ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, {.stride = 2, .output_padding = 2}),
                       "conv_transpose2d: output_padding is 2, stride is 2; output_padding must be below the stride",
                       ValueError);
  const Index most = std::numeric_limits<Index>::max();
  for (const Index absurd : {most, most / 2 + 1, most / 4 + 1}) {
    CHECK_THROWS_AS(conv_transpose2d(x, w, {.stride = absurd}), ShapeError);
    CHECK_THROWS_AS(conv_transpose2d(x, w, {.dilation = absurd}), ShapeError);
    CHECK_THROWS_AS(conv_transpose2d(x, w, {.padding = absurd}), ShapeError);
  }
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, {.output_padding = -1}),
                       "conv_transpose2d: output_padding is -1; it must be at least 0", ValueError);
  CHECK_THROWS_WITH_AS(
      conv_transpose2d(x, w, {.padding = 2}),
      "conv_transpose2d: x is (1, 2, 2, 3), w is (3, 3, 2, 3), the result would be (0, 0); its extents "
      "must be at least 1",
      ShapeError);
}

}  // namespace conv_test
