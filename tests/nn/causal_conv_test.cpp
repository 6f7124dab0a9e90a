#include "inkling/nn/causal_conv.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/reduce.hpp"

namespace causal_conv_test {

using namespace ink;

namespace {

template <class T, int R>
bool same_bits(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

/// The textbook form: the full kernel × kernel window, one comparison for each position.
template <class Layer>
double by_definition(const Layer& layer, const Tensor<double, 4>& x, Index kernel, Index dilation, Index n, Index i,
                     Index j, Index o, bool (*sees)(Index, Index)) {
  const auto& w = layer.weight.value;
  const Index r = kernel / 2;
  double y = layer.bias->value(o);
  for (Index di = -r; di <= r; ++di) {
    for (Index dj = -r; dj <= r; ++dj) {
      const Index row = i + dilation * di, column = j + dilation * dj;
      if (!sees(di, dj) || row < 0 || row >= x.extent(1) || column < 0 || column >= x.extent(2)) continue;
      for (Index c = 0; c < x.extent(3); ++c) y += x(n, row, column, c) * w(di + w.extent(0) - 1, dj + r, c, o);
    }
  }
  return y;
}

template <class Layer>
double worst_error(Index kernel, Mask mask, bool (*sees)(Index, Index), Index dilation = 1) {
  const Layer layer({.in = 2, .out = 3, .kernel = kernel, .dilation = dilation, .mask = mask}, Key{7});
  const auto x = normal<double>(Shape{2, 5, 4, 2}, Key{8});
  const auto y = layer(x);
  double worst = 0;
  for (Index n = 0; n < 2; ++n) {
    for (Index i = 0; i < 5; ++i) {
      for (Index j = 0; j < 4; ++j) {
        for (Index o = 0; o < 3; ++o) {
          const double expected = by_definition(layer, x, kernel, dilation, n, i, j, o, sees);
          worst = std::max(worst, std::abs(y(n, i, j, o) - expected));
        }
      }
    }
  }
  return worst;
}

/// at and at_row on an image whose pixels that must not be read are NaN.
template <class Layer>
void check_pixels(Index in, Index out, Index kernel, Mask mask, Index dilation = 1) {
  const Layer layer({.in = in, .out = out, .kernel = kernel, .dilation = dilation, .mask = mask}, Key{3});
  const Shape<4> shape{3, 6, 5, in};
  const auto x = normal<float>(shape, Key{4});
  const auto y = layer(x);
  bool pixels = true, rows = true;
  for (Index i = 0; i < shape[1]; ++i) {
    const auto row = layer.at_row(x, i);
    for (Index j = 0; j < shape[2]; ++j) {
      auto known = x;
      const bool whole_row = std::is_same_v<Layer, VerticalConv2d<float>>;
      for (Index n = 0; n < shape[0]; ++n) {
        const Index first = whole_row ? (i + (mask == Mask::b)) * shape[2] : i * shape[2] + j + (mask == Mask::b);
        const auto values = known.mutable_values().subspan(static_cast<std::size_t>(n * shape[1] * shape[2] * in));
        for (Index k = first * in; k < shape[1] * shape[2] * in; ++k) values[static_cast<std::size_t>(k)] = NAN;
      }
      const auto pixel = layer.at(known, i, j);
      for (Index n = 0; n < shape[0]; ++n) {
        const float* expected = y.data() + ((n * shape[1] + i) * shape[2] + j) * out;
        const auto bytes = static_cast<std::size_t>(out) * sizeof(float);
        pixels = pixels && std::memcmp(pixel.data() + n * out, expected, bytes) == 0;
        rows = rows && std::memcmp(row.data() + (n * shape[2] + j) * out, expected, bytes) == 0;
      }
    }
  }
  CHECK(pixels);
  CHECK(rows);
}

template <class Layer>
double check_gradient(Mask mask) {
  Layer layer({.in = 2, .out = 2, .kernel = 3, .mask = mask}, Key{5});
  return gradcheck([layer](const auto& x, const auto& w, const auto& b) { return conv2d(x, w, b, layer.window); },
                   normal<double>(Shape{1, 3, 3, 2}, Key{6}), layer.weight.value, layer.bias->value);
}

}  // namespace

TEST_CASE("a causal convolution sees what its definition says, and nothing else") {
  using Raster = CausalConv2d<double>;
  for (const Index kernel : {3, 5, 7}) {
    CHECK(worst_error<Raster>(kernel, Mask::a, [](Index i, Index j) { return i < 0 || (i == 0 && j < 0); }) < 1e-12);
    CHECK(worst_error<Raster>(kernel, Mask::b, [](Index i, Index j) { return i < 0 || (i == 0 && j <= 0); }) < 1e-12);
  }
  CHECK(worst_error<Raster>(1, Mask::b, [](Index, Index) { return true; }) < 1e-12);
  CHECK(worst_error<Raster>(3, Mask::b, [](Index i, Index j) { return i < 0 || (i == 0 && j <= 0); }, 2) < 1e-12);
  CHECK(worst_error<VerticalConv2d<double>>(3, Mask::b, [](Index i, Index) { return i <= 0; }, 3) < 1e-12);
  CHECK(worst_error<HorizontalConv<double>>(5, Mask::a, [](Index i, Index j) { return i == 0 && j < 0; }, 2) < 1e-12);
  CHECK(worst_error<VerticalConv2d<double>>(3, Mask::a, [](Index i, Index) { return i < 0; }) < 1e-12);
  CHECK(worst_error<VerticalConv2d<double>>(5, Mask::b, [](Index i, Index) { return i <= 0; }) < 1e-12);
  CHECK(worst_error<HorizontalConv<double>>(3, Mask::a, [](Index i, Index j) { return i == 0 && j < 0; }) < 1e-12);
  CHECK(worst_error<HorizontalConv<double>>(5, Mask::b, [](Index i, Index j) { return i == 0 && j <= 0; }) < 1e-12);
}

TEST_CASE("one pixel or one row of a causal convolution equals the whole, bit for bit, and reads the past only") {
  check_pixels<CausalConv2d<float>>(1, 5, 7, Mask::a);
  check_pixels<CausalConv2d<float>>(2, 3, 3, Mask::b);
  check_pixels<CausalConv2d<float>>(64, 20, 3, Mask::b);  // a sum longer than one block of the matrix product
  check_pixels<CausalConv2d<float>>(3, 2, 1, Mask::b);
  check_pixels<VerticalConv2d<float>>(1, 4, 7, Mask::a);
  check_pixels<VerticalConv2d<float>>(48, 7, 3, Mask::b);
  check_pixels<HorizontalConv<float>>(2, 4, 5, Mask::a);
  check_pixels<HorizontalConv<float>>(3, 4, 3, Mask::b);
  check_pixels<CausalConv2d<float>>(2, 3, 3, Mask::b, 2);
  check_pixels<VerticalConv2d<float>>(20, 9, 3, Mask::b, 2);
  check_pixels<HorizontalConv<float>>(3, 4, 3, Mask::b, 4);
}

TEST_CASE("masked positions are zero and stay zero, and parameters are counted as stored") {
  const CausalConv2d<float> layer({.in = 1, .out = 4, .kernel = 7, .mask = Mask::a}, Key{1});
  CHECK(layer.weight.shape() == Shape<4>{4, 7, 1, 4});
  CHECK(parameter_count(layer) == 4 * 7 * 4 + 4);
  CHECK(layer.live == 24);
  Tape tape;
  const auto x = tape.variable(normal<float>(Shape{2, 8, 8, 1}, Key{2}));
  const auto gradient = tape.backward(sum(layer(x))).of(layer.weight);
  for (Index p = 0; p < 28; ++p) {
    for (Index o = 0; o < 4; ++o) {
      const bool live = p < 24;
      CHECK((layer.weight.value.data()[p * 4 + o] != 0) == live);
      CHECK((gradient.data()[p * 4 + o] != 0) == live);
    }
  }
  CHECK(parameter_count(HorizontalConv<float>({.in = 3, .out = 2, .kernel = 5, .bias = false}, Key{1})) == 3 * 3 * 2);
  CHECK(parameter_count(VerticalConv2d<float>({.in = 3, .out = 2}, Key{1})) == 2 * 3 * 3 * 2 + 2);
}

TEST_CASE("gradients of causal convolutions") {
  CHECK(check_gradient<CausalConv2d<double>>(Mask::a) < 1e-7);
  CHECK(check_gradient<CausalConv2d<double>>(Mask::b) < 1e-7);
  CHECK(check_gradient<VerticalConv2d<double>>(Mask::a) < 1e-7);
  CHECK(check_gradient<HorizontalConv<double>>(Mask::a) < 1e-7);
}

TEST_CASE("shapes and misuse of causal convolutions") {
  using Layer = CausalConv2d<float>;
  static_assert(Layer::out_shape({.in = 3, .out = 8}, {2, 5, 6, 3}) == Shape<4>{2, 5, 6, 8});
  CHECK_THROWS_WITH_AS(Layer({.in = 1, .out = 1, .kernel = 4}, Key{1}), "causal_conv2d: kernel is 4; it must be odd",
                       ValueError);
  CHECK_THROWS_AS(Layer({.in = 0, .out = 1}, Key{1}), ValueError);
  CHECK_THROWS_WITH_AS(Layer({.in = 1, .out = 1, .dilation = 0}, Key{1}),
                       "causal_conv2d: dilation is 0; it must be at least 1", ValueError);
  CHECK_THROWS_AS(HorizontalConv<float>({.in = 1, .out = 1, .kernel = 1, .mask = Mask::a}, Key{1}), ValueError);
  const Layer layer({.in = 2, .out = 1}, Key{1});
  CHECK_THROWS_AS(layer(Tensor<float, 4>(Shape{1, 3, 3, 1})), ShapeError);
  const Tensor<float, 4> x(Shape{1, 3, 4, 2});
  CHECK_THROWS_WITH_AS(layer.at(x, 3, 0), "causal_conv2d: x is (1, 3, 4, 2), pixel is (3, 0); it must lie in the image",
                       ShapeError);
  CHECK_THROWS_AS(layer.at(x, 0, -1), ShapeError);
  CHECK_THROWS_AS(layer.at_row(x, -1), ShapeError);
}

}  // namespace causal_conv_test
