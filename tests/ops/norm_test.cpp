#include "inkling/ops/norm.hpp"

#include <cmath>

#include "../golden/data/norm.inc"
#include "../golden/golden.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/ops/reshape.hpp"
#include "operation_checks.hpp"

namespace norm_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::norm;

namespace {

const auto f_layer = [](const auto& x) { return layer_norm(x); };
const auto f_layer_affine = [](const auto& x, const auto& gamma, const auto& beta) {
  return layer_norm(x, gamma, beta, 1e-3);
};
const auto f_rms = [](const auto& x) { return rms_norm(x); };
const auto f_rms_affine = [](const auto& x, const auto& gamma) { return rms_norm(x, gamma, 1e-3); };

struct GroupCase {
  Shape<4> x;
  Index groups;
};

constexpr GroupCase group_cases[] = {{{2, 3, 4, 6}, 1}, {{2, 3, 4, 6}, 2}, {{2, 2, 3, 6}, 6},
                                     {{1, 1, 1, 4}, 2}, {{2, 5, 1, 9}, 3}, {{0, 2, 2, 4}, 2}};

}  // namespace

TEST_CASE("norm: closed form") {
  const Tensor<double, 2> x(Shape{2, 4}, {1, 2, 3, 4, -6, -2, 2, 6});
  const double a = 1 / std::sqrt(1.25), b = 1 / std::sqrt(20.0);
  CHECK(difference(layer_norm(x, 1e-15), Tensor<double, 2>(Shape{2, 4}, {-1.5 * a, -0.5 * a, 0.5 * a, 1.5 * a, -6 * b,
                                                                         -2 * b, 2 * b, 6 * b})) < 1e-13);
  const Tensor<double, 1> gamma(Shape{4}, {1, 2, 3, 4}), beta(Shape{4}, {10, 20, 30, 40});
  const double r = 1 / std::sqrt(7.5);
  CHECK(difference(rms_norm(x, gamma, 1e-15),
                   Tensor<double, 2>(Shape{2, 4}, {r, 4 * r, 9 * r, 16 * r, -6 * b, -4 * b, 6 * b, 24 * b})) < 1e-13);
  // Two groups of two channels, over two positions: the groups are {1, 2, -6, -2} and {3, 4, 2, 6}.
  const double m1 = -1.25, m2 = 3.75, s1 = 1 / std::sqrt(9.6875), s2 = 1 / std::sqrt(2.1875);
  const auto y = group_norm(x.reshape(Shape{1, 2, 4}), 2, gamma, beta, 1e-15);
  CHECK(difference(
            y, Tensor<double, 3>(Shape{1, 2, 4}, {(1 - m1) * s1 + 10, 2 * (2 - m1) * s1 + 20, 3 * (3 - m2) * s2 + 30,
                                                  4 * (4 - m2) * s2 + 40, (-6 - m1) * s1 + 10, 2 * (-2 - m1) * s1 + 20,
                                                  3 * (2 - m2) * s2 + 30, 4 * (6 - m2) * s2 + 40})) < 1e-13);
}

TEST_CASE("norm: eps is inside the root, and a constant row gives beta") {
  const Tensor<double, 1> x(Shape{4}, 3.0), gamma(Shape{4}, 5.0), beta(Shape{4}, {1, 2, 3, 4});
  CHECK(layer_norm(x, gamma, beta) == beta);
  CHECK(difference(rms_norm(x, 16.0), Tensor<double, 1>(Shape{4}, 0.6)) < 1e-15);
}

TEST_CASE("layer_norm, rms_norm: gradients") {
  for (const auto& shape :
       {Shape{2, 3, 5}, Shape{1, 1, 8}, Shape{2, 2, 17}, Shape{3, 1, 33}, Shape{2, 2, 1}, Shape{0, 2, 4}}) {
    CAPTURE(to_string(shape));
    const auto x = normal<float>(shape, Key{1});
    const auto gamma = normal<float>(Shape{shape[2]}, Key{2}), beta = normal<float>(Shape{shape[2]}, Key{3});
    check_gradients(f_layer_affine, x, gamma, beta);
    check_gradients(f_rms_affine, x, gamma);
    if (shape[2] > 1) {
      check_gradients(f_layer, x);
      check_gradients(f_rms, x);
    }
  }
  check_gradients(f_layer_affine, normal<float>(Shape{6}, Key{1}), normal<float>(Shape{6}, Key{2}),
                  normal<float>(Shape{6}, Key{3}));
}

TEST_CASE("group_norm: gradients") {
  for (const auto& c : group_cases) {
    CAPTURE(to_string(c.x));
    CAPTURE(c.groups);
    const auto x = normal<float>(c.x, Key{1});
    const auto gamma = normal<float>(Shape{c.x[3]}, Key{2}), beta = normal<float>(Shape{c.x[3]}, Key{3});
    check_gradients([&](const auto& v) { return group_norm(v, c.groups, 1e-2); }, x);
    check_gradients([&](const auto& v, const auto& g, const auto& b) { return group_norm(v, c.groups, g, b, 1e-2); }, x,
                    gamma, beta);
    const auto fused = [&](const auto& v, const auto& g, const auto& b) {
      return group_norm_silu(v, c.groups, g, b, 1e-2);
    };
    check_gradients(fused, x, gamma, beta);
  }
  check_gradients([](const auto& v) { return group_norm(v, 2); }, normal<float>(Shape{3, 8}, Key{4}));
}

TEST_CASE("group_norm_silu is silu of group_norm, forward and backward") {
  const auto x = normal<double>(Shape{3, 5, 4, 12}, Key{1}), dy = normal<double>(Shape{3, 5, 4, 12}, Key{2});
  const auto gamma = normal<double>(Shape{12}, Key{3}), beta = normal<double>(Shape{12}, Key{4});
  const auto fused = forward_backward(
      [](const auto& v, const auto& g, const auto& b) { return group_norm_silu(v, 3, g, b); }, dy, x, gamma, beta);
  const auto apart = forward_backward(
      [](const auto& v, const auto& g, const auto& b) { return silu(group_norm(v, 3, g, b)); }, dy, x, gamma, beta);
  const auto difference = [](const auto& a, const auto& b) { return max(abs(a - b)).item(); };
  CHECK(difference(std::get<0>(fused), std::get<0>(apart)) < 1e-13);
  CHECK(difference(std::get<1>(fused), std::get<1>(apart)) < 1e-13);
  CHECK(difference(std::get<2>(fused), std::get<2>(apart)) < 1e-12);
  CHECK(difference(std::get<3>(fused), std::get<3>(apart)) < 1e-12);
}

TEST_CASE("layer_norm_modulated is a norm, scaled and shifted for each item, forward and backward") {
  const auto fused = [](const auto& x, const auto& a, const auto& b) { return layer_norm_modulated(x, a, b, 1e-3); };
  for (const auto& shape : {Shape{3, 5, 8}, Shape{1, 7, 70}, Shape{4, 1, 17}, Shape{2, 300, 64}, Shape{0, 2, 4}}) {
    CAPTURE(to_string(shape));
    const auto x = normal<double>(shape, Key{1}), dy = normal<double>(shape, Key{2});
    const Shape<2> each{shape[0], shape[2]};
    const auto scale = normal<double>(each, Key{3}), shift = normal<double>(each, Key{4});
    const auto apart = [&](const auto& v, const auto& a, const auto& b) {
      const Shape<3> along{each[0], 1, each[1]};
      const auto y = layer_norm(v, 1e-3);
      return y + y * reshape(a, along) + reshape(b, along);
    };
    if (shape[1] < 100) {
      check_gradients(fused, normal<float>(shape, Key{1}), normal<float>(each, Key{3}), normal<float>(each, Key{4}));
    }
    const auto one = forward_backward(fused, dy, x, scale, shift), two = forward_backward(apart, dy, x, scale, shift);
    if (shape.size() == 0) continue;
    CHECK(difference(std::get<0>(one), std::get<0>(two)) < 1e-12);
    CHECK(difference(std::get<1>(one), std::get<1>(two)) < 1e-11);
    CHECK(difference(std::get<2>(one), std::get<2>(two)) < 1e-11);
    CHECK(difference(std::get<3>(one), std::get<3>(two)) < 1e-11);
  }
}

TEST_CASE("norm: gradients of some inputs alone are those of all together") {
  const auto x = normal<double>(Shape{3, 6}, Key{1});
  const auto gamma = normal<double>(Shape{6}, Key{2}), beta = normal<double>(Shape{6}, Key{3});
  const auto g = normal<double>(Shape{3, 6}, Key{4});
  const auto all = forward_backward(f_layer_affine, g, x, gamma, beta);
  const auto only_x = forward_backward([&](const auto& v) { return layer_norm(v, gamma, beta, 1e-3); }, g, x);
  const auto only_gamma = forward_backward([&](const auto& v) { return layer_norm(x, v, beta, 1e-3); }, g, gamma);
  const auto only_beta = forward_backward([&](const auto& v) { return layer_norm(x, gamma, v, 1e-3); }, g, beta);
  CHECK(same_bits(std::get<1>(only_x), std::get<1>(all)));
  CHECK(same_bits(std::get<1>(only_gamma), std::get<2>(all)));
  CHECK(same_bits(std::get<1>(only_beta), std::get<3>(all)));
}

TEST_CASE("norm: independent of threads and batch") {
  const auto gamma = normal<float>(Shape{64}, Key{2}), beta = normal<float>(Shape{64}, Key{3});
  check_invariance<1>(f_layer_affine, normal<float>(Shape{5, 99, 64}, Key{1}), gamma, beta);
  check_invariance<1>(f_layer, normal<float>(Shape{3, 99, 61}, Key{1}));
  check_invariance<3>([](const auto& x, const auto& a, const auto& b) {
    return layer_norm_modulated(x, a, b);
  }, normal<float>(Shape{5, 99, 64}, Key{1}), normal<float>(Shape{5, 64}, Key{2}), normal<float>(Shape{5, 64}, Key{3}));
  check_invariance<1>(f_rms_affine, normal<float>(Shape{5, 99, 64}, Key{1}), gamma);
  check_invariance<1>([](const auto& x, const auto& g, const auto& b) { return group_norm(x, 8, g, b); },
                      normal<float>(Shape{5, 13, 14, 64}, Key{1}), gamma, beta);
  check_invariance<1>([](const auto& x, const auto& g, const auto& b) { return group_norm_silu(x, 8, g, b); },
                      normal<float>(Shape{5, 13, 14, 64}, Key{1}), gamma, beta);
}

TEST_CASE("norm: PyTorch") {
  CHECK(golden::error(f_layer_affine, g::layer_y, g::layer_dy, std::tie(g::layer_dx, g::layer_dgamma, g::layer_dbeta),
                      golden::tensor(Shape{2, 3, 7}, g::layer_x), golden::tensor(Shape{7}, g::layer_gamma),
                      golden::tensor(Shape{7}, g::layer_beta)) < 1e-12);
  CHECK(golden::error(f_layer, g::layer_plain_y, g::layer_plain_dy, std::tie(g::layer_plain_dx),
                      golden::tensor(Shape{3, 5}, g::layer_plain_x)) < 1e-12);
  CHECK(golden::error(f_rms_affine, g::rms_y, g::rms_dy, std::tie(g::rms_dx, g::rms_dgamma),
                      golden::tensor(Shape{2, 3, 7}, g::rms_x), golden::tensor(Shape{7}, g::rms_gamma)) < 1e-12);
  CHECK(golden::error(
            [](const auto& x, const auto& gamma, const auto& beta) { return group_norm(x, 2, gamma, beta, 1e-3); },
            g::group_y, g::group_dy, std::tie(g::group_dx, g::group_dgamma, g::group_dbeta),
            golden::tensor(Shape{2, 3, 2, 6}, g::group_x), golden::tensor(Shape{6}, g::group_gamma),
            golden::tensor(Shape{6}, g::group_beta)) < 1e-12);
  CHECK(golden::error(
            [](const auto& x, const auto& gamma, const auto& beta) { return group_norm(x, 1, gamma, beta, 1e-3); },
            g::group_one_y, g::group_one_dy, std::tie(g::group_one_dx, g::group_one_dgamma, g::group_one_dbeta),
            golden::tensor(Shape{2, 2, 2, 3}, g::group_one_x), golden::tensor(Shape{3}, g::group_one_gamma),
            golden::tensor(Shape{3}, g::group_one_beta)) < 1e-12);
  CHECK(golden::error(
            [](const auto& x, const auto& gamma, const auto& beta) { return group_norm(x, 4, gamma, beta, 1e-3); },
            g::instance_y, g::instance_dy, std::tie(g::instance_dx, g::instance_dgamma, g::instance_dbeta),
            golden::tensor(Shape{2, 2, 3, 4}, g::instance_x), golden::tensor(Shape{4}, g::instance_gamma),
            golden::tensor(Shape{4}, g::instance_beta)) < 1e-12);
}

TEST_CASE("norm: errors") {
  const Tensor<float, 2> x(Shape{2, 6});
  const Tensor<float, 1> five(Shape{5}), six(Shape{6}), none(Shape{0});
  CHECK_THROWS_WITH_AS(layer_norm(x, five, six), "layer_norm: x is (2, 6), gamma is (5); gamma[0] must equal x[1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(layer_norm(x, six, five), "layer_norm: x is (2, 6), beta is (5); beta[0] must equal x[1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(rms_norm(x, none), "rms_norm: x is (2, 6), gamma is (0); gamma[0] must equal x[1]", ShapeError);
  CHECK_THROWS_WITH_AS(group_norm(x, 3, five, six), "group_norm: x is (2, 6), gamma is (5); gamma[0] must equal x[1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(group_norm(x, 3, six, five), "group_norm: x is (2, 6), beta is (5); beta[0] must equal x[1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(group_norm(x, 4), "group_norm: x is (2, 6), groups are 4; groups must divide x[1]", ShapeError);
  CHECK_THROWS_WITH_AS(group_norm(x, 0), "group_norm: groups are 0; there must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(layer_norm(x, 0.0), "layer_norm: eps is 0; it must be above 0", ValueError);
  CHECK_THROWS_WITH_AS(
      layer_norm_modulated(x, x, Tensor<float, 2>(Shape{6, 2})),
      "layer_norm_modulated: x is (2, 6), scale is (2, 6), shift is (6, 2); scale and shift must be (2, 6)",
      ShapeError);
  CHECK_THROWS_WITH_AS(rms_norm(x, -1.0), "rms_norm: eps is -1; it must be above 0", ValueError);
  CHECK_THROWS_WITH_AS(group_norm(x, 2, -1.0), "group_norm: eps is -1; it must be above 0", ValueError);
}

}  // namespace norm_test
