#include "inkling/kernels/conv.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/kernels/reference.hpp"
#include "kernel_test.hpp"

namespace conv_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

Index size_of(Index a, Index b, Index c, Index d) { return a * b * c * d; }

template <class T>
void check_convolution(const ConvShape& s) {
  const auto x = random_values<T>(size_of(s.n, s.h, s.w, s.cin), 1);
  const auto weight = random_values<T>(size_of(s.kh, s.kw, s.cin / s.groups, s.cout), 2);
  const auto dy = random_values<T>(size_of(s.n, s.oh(), s.ow(), s.cout), 3);
  const auto bias = random_values<T>(s.cout, 4);
  std::vector<double> y(dy.size()), dx(x.size()), dw(weight.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<double>(bias[i % static_cast<std::size_t>(s.cout)]);
  reference::conv2d_terms(s, [&](Index xi, Index wi, Index yi) {
    const auto a = static_cast<std::size_t>(xi), b = static_cast<std::size_t>(wi), c = static_cast<std::size_t>(yi);
    y[c] += static_cast<double>(x[a]) * static_cast<double>(weight[b]);
    dx[a] += static_cast<double>(dy[c]) * static_cast<double>(weight[b]);
    dw[b] += static_cast<double>(dy[c]) * static_cast<double>(x[a]);
  });
  std::vector<T> y1(y.size(), T(9)), dx1(x.size(), T(9)), dw1(weight.size(), T(9));
  conv2d_forward(s, x.data(), weight.data(), bias.data(), y1.data());
  conv2d_backward_data(s, dy.data(), weight.data(), dx1.data());
  conv2d_backward_weight(s, x.data(), dy.data(), dw1.data());
  const double step = static_cast<double>(std::numeric_limits<T>::epsilon());
  const double terms = static_cast<double>(s.kh * s.kw * std::max(s.cin, s.cout) + 4);
  const double growth = kernels::detail::is_winograd(s) ? 16 : 1;  // of rounding errors in the transforms
  CAPTURE(s.h);
  CAPTURE(s.cin);
  CAPTURE(s.cout);
  CAPTURE(s.kh);
  CAPTURE(s.stride_h);
  CAPTURE(s.groups);
  CHECK(worst_difference(y1, y) <= growth * terms * step);
  CHECK(worst_difference(dx1, dx) <= growth * terms * step);
  CHECK(worst_difference(dw1, dw) <= static_cast<double>(s.n * s.oh() * s.ow() + 4) * growth * step);
  if (s.taps) {
    bool zero = true;
    const Index per_tap = s.cin / s.groups * s.cout;
    for (Index i = 0; i < s.kh * s.kw * per_tap; ++i) {
      if (!s.taps[i / per_tap]) zero = zero && dw1[static_cast<std::size_t>(i)] == T(0);
    }
    CHECK(zero);
  }
}

std::vector<ConvShape> shapes() {
  static const std::uint8_t causal[9] = {1, 1, 1, 1, 0, 0, 0, 0, 0},
                            scattered[15] = {0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1};
  static const std::uint8_t none[1] = {0};
  return {
      {.n = 2,
       .h = 7,
       .w = 5,
       .cin = 3,
       .cout = 4,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 1,
       .h = 8,
       .w = 8,
       .cin = 1,
       .cout = 33,
       .kh = 5,
       .kw = 5,
       .pad_top = 2,
       .pad_left = 2,
       .pad_bottom = 2,
       .pad_right = 2},
      {.n = 3,
       .h = 9,
       .w = 6,
       .cin = 17,
       .cout = 1,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 2,
       .h = 9,
       .w = 10,
       .cin = 20,
       .cout = 13,
       .kh = 3,
       .kw = 3,
       .stride_h = 2,
       .stride_w = 2,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 2,
       .h = 10,
       .w = 11,
       .cin = 4,
       .cout = 6,
       .kh = 2,
       .kw = 3,
       .stride_h = 3,
       .stride_w = 2,
       .pad_top = 0,
       .pad_left = 2,
       .pad_bottom = 1,
       .pad_right = 0,
       .dilation_h = 2,
       .dilation_w = 3},
      {.n = 2, .h = 6, .w = 7, .cin = 8, .cout = 12, .kh = 1, .kw = 1},
      {.n = 2, .h = 6, .w = 7, .cin = 8, .cout = 12, .kh = 1, .kw = 1, .stride_h = 2, .stride_w = 3},
      {.n = 2,
       .h = 6,
       .w = 7,
       .cin = 8,
       .cout = 12,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1,
       .groups = 4},
      {.n = 2,
       .h = 6,
       .w = 7,
       .cin = 5,
       .cout = 5,
       .kh = 3,
       .kw = 2,
       .stride_h = 2,
       .pad_top = 1,
       .pad_left = 1,
       .dilation_w = 2,
       .groups = 5},
      {.n = 1,
       .h = 5,
       .w = 5,
       .cin = 70,
       .cout = 70,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1,
       .groups = 70,
       .taps = causal},
      {.n = 2,
       .h = 7,
       .w = 6,
       .cin = 5,
       .cout = 9,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1,
       .taps = causal},
      {.n = 2,
       .h = 7,
       .w = 6,
       .cin = 30,
       .cout = 40,
       .kh = 3,
       .kw = 5,
       .stride_w = 2,
       .pad_top = 2,
       .pad_left = 3,
       .pad_bottom = 1,
       .pad_right = 0,
       .taps = scattered},
      {.n = 1, .h = 3, .w = 3, .cin = 2, .cout = 2, .taps = none},
      {.n = 1,
       .h = 1,
       .w = 1,
       .cin = 64,
       .cout = 64,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 3,
       .h = 30,
       .w = 31,
       .cin = 9,
       .cout = 10,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 0, .h = 3, .w = 3, .cin = 2, .cout = 2, .kh = 2, .kw = 2},
      // Winograd's: whole tiles and cut ones, borders of unlike width, more channels than one block of depth.
      {.n = 3,
       .h = 28,
       .w = 28,
       .cin = 16,
       .cout = 32,
       .kh = 3,
       .kw = 3,
       .pad_top = 1,
       .pad_left = 1,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 5, .h = 7, .w = 9, .cin = 144, .cout = 48, .kh = 3, .kw = 3, .pad_left = 2, .pad_bottom = 1},
      {.n = 1, .h = 6, .w = 6, .cin = 32, .cout = 16, .kh = 3, .kw = 3},
      // Few channels: more images than one block of the weight gradient, borders of unlike width, lines apart, taps
      // off.
      {.n = 19, .h = 14, .w = 14, .cin = 6, .cout = 16, .kh = 5, .kw = 5},
      {.n = 3,
       .h = 28,
       .w = 28,
       .cin = 1,
       .cout = 6,
       .kh = 5,
       .kw = 5,
       .pad_top = 2,
       .pad_left = 2,
       .pad_bottom = 2,
       .pad_right = 2},
      {.n = 2, .h = 9, .w = 40, .cin = 8, .cout = 3, .kh = 2, .kw = 7, .pad_left = 6, .pad_bottom = 3, .dilation_h = 3},
      {.n = 1, .h = 4, .w = 5, .cin = 2, .cout = 7, .kh = 3, .kw = 5, .pad_top = 4, .pad_right = 5, .taps = scattered},
      {.n = 2, .h = 2, .w = 2, .cin = 3, .cout = 2, .kh = 3, .kw = 3},
      // Channels in the lanes: lines of every mixture of tiles, of one and of several vectors.
      {.n = 3, .h = 4, .w = 33, .cin = 3, .cout = 16, .kh = 2, .kw = 3},
      {.n = 2, .h = 5, .w = 27, .cin = 8, .cout = 13, .kh = 3, .kw = 5, .pad_top = 2, .pad_left = 3, .dilation_h = 2},
      {.n = 2, .h = 3, .w = 9, .cin = 5, .cout = 9, .kh = 3, .kw = 7, .pad_top = 1, .pad_bottom = 1, .pad_right = 6},
      {.n = 2,
       .h = 6,
       .w = 4,
       .cin = 4,
       .cout = 16,
       .kh = 2,
       .kw = 4,
       .pad_top = 3,
       .pad_bottom = 4,
       .taps = scattered},
  };
}

}  // namespace

TEST_CASE("convolution and its gradients equal the definition") {
  on_every_isa([] {
    for (const ConvShape& s : shapes()) {
      check_convolution<float>(s);
      check_convolution<double>(s);
    }
  });
}

TEST_CASE("convolution of few channels: lines of every length") {
  on_every_isa([] {
    for (Index w = 1; w <= 30; ++w) {
      for (Index cout : {2, 3, 4, 6, 9, 16}) {
        const ConvShape s{.n = 2,
                          .h = 3,
                          .w = w,
                          .cin = 4,
                          .cout = cout,
                          .kh = 3,
                          .kw = 3,
                          .pad_top = 1,
                          .pad_left = 1,
                          .pad_bottom = 1,
                          .pad_right = 1};
        CAPTURE(w);
        check_convolution<float>(s);
      }
    }
  });
}

TEST_CASE("an infinite gradient of few channels stays under its window") {
  const ConvShape s{.n = 1, .h = 7, .w = 12, .cin = 6, .cout = 9, .kh = 3, .kw = 5};
  std::vector<float> dy(static_cast<std::size_t>(s.oh() * s.ow() * s.cout)), dx(static_cast<std::size_t>(7 * 12 * 6));
  const auto weight = random_values<float>(3 * 5 * 6 * 9, 1);
  dy[static_cast<std::size_t>((2 * s.ow() + 3) * s.cout + 4)] = std::numeric_limits<float>::infinity();
  on_every_isa([&] {
    conv2d_backward_data(s, dy.data(), weight.data(), dx.data());
    int wrong = 0;
    for (Index i = 0; i < 7 * 12 * 6; ++i) {
      const Index row = i / 72, column = i / 6 % 12;
      const bool under = row >= 2 && row < 5 && column >= 3 && column < 8;
      wrong += std::isinf(dx[static_cast<std::size_t>(i)]) != under || (!under && dx[static_cast<std::size_t>(i)] != 0);
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("an image alone has the bits of the image in a batch, at any number of threads") {
  on_every_isa([] {
    for (ConvShape s : shapes()) {
      s.n = 5;
      const auto x = random_values<float>(size_of(s.n, s.h, s.w, s.cin), 1);
      const auto weight = random_values<float>(size_of(s.kh, s.kw, s.cin / s.groups, s.cout), 2);
      const auto dy = random_values<float>(size_of(s.n, s.oh(), s.ow(), s.cout), 3);
      std::vector<float> y(dy.size()), dx(x.size()), dw(weight.size()), y1(dy.size()), dx1(x.size()),
          dw1(weight.size());
      conv2d_forward(s, x.data(), weight.data(), static_cast<const float*>(nullptr), y.data());
      conv2d_backward_data(s, dy.data(), weight.data(), dx.data());
      conv2d_backward_weight(s, x.data(), dy.data(), dw.data());
      for (int threads : {1, 2, 3}) {
        set_thread_count(threads);
        conv2d_backward_weight(s, x.data(), dy.data(), dw1.data());
        CHECK(equal_bits(dw, dw1));
        ConvShape one = s;
        one.n = 1;
        for (Index i = 0; i < s.n; ++i) {
          const Index image = s.h * s.w * s.cin, result = s.oh() * s.ow() * s.cout;
          conv2d_forward(one, x.data() + i * image, weight.data(), static_cast<const float*>(nullptr),
                         y1.data() + i * result);
          conv2d_backward_data(one, dy.data() + i * result, weight.data(), dx1.data() + i * image);
        }
        CHECK(equal_bits(y, y1));
        CHECK(equal_bits(dx, dx1));
      }
      set_thread_count(1);
    }
  });
}

}  // namespace conv_test
