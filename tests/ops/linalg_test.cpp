#include "inkling/ops/linalg.hpp"

#include <string>
#include <tuple>

#include <doctest/doctest.h>

#include "../golden/data/linalg.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace linalg_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::linalg;

namespace {

template <class F>
std::string shape_error(F f) {
  try {
    f();
  } catch (const ShapeError& error) {
    return error.what();
  }
  return "nothing thrown";
}

template <bool ta, bool tb>
constexpr auto matmul_t =
    [](const auto& a, const auto& b) { return matmul(a, b, {.transpose_a = ta, .transpose_b = tb}); };
template <bool ta, bool tb>
constexpr auto bmm_t = [](const auto& a, const auto& b) { return bmm(a, b, {.transpose_a = ta, .transpose_b = tb}); };
constexpr auto linear_of = [](const auto& x, const auto& w, const auto& b) { return linear(x, w, b); };

}  // namespace

TEST_CASE("linalg: values and gradients of PyTorch") {
  CHECK(golden::error(matmul_t<false, false>, g::matmul_y, g::matmul_dy, std::tie(g::matmul_dx, g::matmul_dw),
                      golden::tensor(Shape{2, 3, 5}, g::matmul_x), golden::tensor(Shape{5, 4}, g::matmul_w)) < 1e-14);
  CHECK(golden::error(linear_of, g::linear_y, g::linear_dy, std::tie(g::linear_dx, g::linear_dw, g::linear_db),
                      golden::tensor(Shape{2, 2, 3}, g::linear_x), golden::tensor(Shape{3, 5}, g::linear_w),
                      golden::tensor(Shape{5}, g::linear_b)) < 1e-14);
  CHECK(golden::error(matmul_t<false, true>, g::matmul_nt_y, g::matmul_nt_dy,
                      std::tie(g::matmul_nt_da, g::matmul_nt_db), golden::tensor(Shape{3, 7}, g::matmul_nt_a),
                      golden::tensor(Shape{2, 7}, g::matmul_nt_b)) < 1e-14);
  CHECK(golden::error(matmul_t<true, false>, g::matmul_tn_y, g::matmul_tn_dy,
                      std::tie(g::matmul_tn_da, g::matmul_tn_db), golden::tensor(Shape{7, 3}, g::matmul_tn_a),
                      golden::tensor(Shape{7, 2}, g::matmul_tn_b)) < 1e-14);
  CHECK(golden::error(bmm_t<false, false>, g::bmm_y, g::bmm_dy, std::tie(g::bmm_da, g::bmm_db),
                      golden::tensor(Shape{3, 2, 4}, g::bmm_a), golden::tensor(Shape{3, 4, 5}, g::bmm_b)) < 1e-14);
  CHECK(golden::error(bmm_t<true, true>, g::bmm_tt_y, g::bmm_tt_dy, std::tie(g::bmm_tt_da, g::bmm_tt_db),
                      golden::tensor(Shape{2, 4, 3}, g::bmm_tt_a),
                      golden::tensor(Shape{2, 5, 4}, g::bmm_tt_b)) < 1e-14);
}

TEST_CASE("linalg: gradients, float against double, also of extents 1 and 0") {
  struct Sizes {
    Index m, n, k;
  };
  for (const auto [m, n, k] :
       {Sizes{3, 4, 5}, Sizes{1, 7, 1}, Sizes{9, 1, 2}, Sizes{0, 3, 2}, Sizes{2, 0, 3}, Sizes{2, 3, 0}}) {
    const Key key{7};
    const auto a = normal<float>(Shape{m, k}, key.fold(0)), at = normal<float>(Shape{k, m}, key.fold(1));
    const auto b = normal<float>(Shape{k, n}, key.fold(2)), bt = normal<float>(Shape{n, k}, key.fold(3));
    check_gradients(matmul_t<false, false>, a, b);
    check_gradients(matmul_t<true, false>, at, b);
    check_gradients(matmul_t<false, true>, a, bt);
    check_gradients(matmul_t<true, true>, at, bt);
    const auto batch = [](const auto& x) {  // two different matrices
      const auto& s = x.shape();
      return normal<float>(Shape{Index{2}, s[0], s[1]}, Key{static_cast<std::uint64_t>(s[0] * 8 + s[1])});
    };
    check_gradients(bmm_t<false, false>, batch(a), batch(b));
    check_gradients(bmm_t<true, false>, batch(at), batch(b));
    check_gradients(bmm_t<false, true>, batch(a), batch(bt));
    check_gradients(bmm_t<true, true>, batch(at), batch(bt));
    const auto x = normal<float>(Shape{m, Index{2}, k}, key.fold(4));
    check_gradients(linear_of, x, b, normal<float>(Shape{n}, key.fold(5)));
  }
}

TEST_CASE("linalg: an empty sum is the bias") {
  const Tensor<float, 2> x(Shape{2, 0}), w(Shape{0, 3});
  CHECK(matmul(x, w) == Tensor<float, 2>(Shape{2, 3}));
  const Tensor<float, 1> b(Shape{3}, {1, 2, 3});
  CHECK(linear(x, w, b) == Tensor<float, 2>(Shape{2, 3}, {1, 2, 3, 1, 2, 3}));
  CHECK(bmm(Tensor<float, 3>(Shape{0, 2, 3}), Tensor<float, 3>(Shape{0, 3, 4})).shape() == Shape{0, 2, 4});
}

TEST_CASE("linalg: a row alone, and many rows") {
  const Tensor<double, 1> x(Shape{2}, {1, 2});
  const Tensor<double, 2> w(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(matmul(x, w) == Tensor<double, 1>(Shape{3}, {9, 12, 15}));
  CHECK(linear(x, w, Tensor<double, 1>(Shape{3}, {1, 1, 1})) == Tensor<double, 1>(Shape{3}, {10, 13, 16}));
  CHECK(matmul(x, w.reshape(Shape{3, 2}), {.transpose_b = true}) == Tensor<double, 1>(Shape{3}, {5, 11, 17}));
  CHECK(matmul(Tensor<double, 4>(Shape{2, 3, 4, 2}, 1.0), w).shape() == Shape{2, 3, 4, 3});
}

TEST_CASE("linalg: the same bits at any number of threads and for an item alone") {
  const Key key{11};
  const auto x = normal<float>(Shape{4, 50, 67}, key.fold(0)), y = normal<float>(Shape{4, 67, 45}, key.fold(1));
  const auto w = normal<float>(Shape{67, 90}, key.fold(2));
  check_invariance<1>(linear_of, x, w, normal<float>(Shape{90}, key.fold(3)));
  check_invariance<2>(bmm_t<false, false>, x, y);
}

TEST_CASE("linalg: errors") {
  const Tensor<float, 2> a(Shape{4, 5}), b(Shape{64, 3});
  const Tensor<float, 3> c(Shape{2, 4, 5}), d(Shape{3, 5, 6});
  CHECK(shape_error([&] { matmul(a, b); }) == "matmul: a is (4, 5), b is (64, 3); a[1] must equal b[0]");
  CHECK(shape_error([&] { matmul(a, b, {.transpose_a = true, .transpose_b = true}); }) ==
        "matmul: a is (4, 5), b is (64, 3); a[0] must equal b[1]");
  CHECK(shape_error([&] { matmul(c, b); }) == "matmul: a is (2, 4, 5), b is (64, 3); a[2] must equal b[0]");
  CHECK(shape_error([&] { matmul(c, a, {.transpose_a = true}); }) ==
        "matmul: a is (2, 4, 5); transpose_a needs rank 2");
  CHECK(shape_error([&] { linear(a, b, Tensor<float, 1>(Shape{3})); }) ==
        "linear: x is (4, 5), w is (64, 3); x[1] must equal w[0]");
  CHECK(shape_error([&] { linear(b, Tensor<float, 2>(Shape{3, 2}), Tensor<float, 1>(Shape{3})); }) ==
        "linear: w is (3, 2), b is (3); b[0] must equal w[1]");
  CHECK(shape_error([&] { bmm(c, d); }) ==
        "bmm: a is (2, 4, 5), b is (3, 5, 6); b[0] must equal a[0], and a[2] must equal b[1]");
}

}  // namespace linalg_test
