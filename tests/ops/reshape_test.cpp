#include "inkling/ops/reshape.hpp"

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "../golden/data/reshape.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace reshape_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::reshape;

namespace {

template <class Error, class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

/// 0, 1, 2, … so that every element tells where it came from.
template <int R>
Tensor<double, R> counting(const Shape<R>& shape) {
  Tensor<double, R> x(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<double>(i);
  return x;
}

}  // namespace

TEST_CASE("reshape, unsqueeze and squeeze share storage") {
  const auto x = counting(Shape{2, 3, 4});
  const auto y = reshape(x, Shape{6, -1});
  CHECK(y.shape() == Shape{6, 4});
  CHECK(y.data() == x.data());
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 3, 4});
  CHECK(unsqueeze(x, 3).shape() == Shape{2, 3, 4, 1});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 3, 4, 1});
  CHECK(unsqueeze(x, 1).data() == x.data());
  CHECK(squeeze<1>(unsqueeze(x, 1)) == x);
  CHECK(squeeze<-1>(Tensor<double, 2>(Shape{3, 1})).shape() == Shape{3});
  CHECK(reshape(Tensor<double, 1>(Shape{1}), Shape<0>{}).item() == 0);
}

TEST_CASE("permute: every element at its place") {
  const auto x = counting(Shape{2, 3, 4});
  const auto y = permute(x, {2, 0, 1});
  REQUIRE(y.shape() == Shape{4, 2, 3});
  for (Index i = 0; i < 4; ++i) {
    for (Index j = 0; j < 2; ++j) {
      for (Index k = 0; k < 3; ++k) CHECK(y(i, j, k) == x(j, k, i));
    }
  }
  CHECK(transpose(x)(1, 3, 2) == x(1, 2, 3));
  CHECK(permute(y, {-2, -1, -3}) == x);
  const Tensor<double, 3> column(Shape{2, 1, 4});
  CHECK(permute(column, {1, 0, 2}).data() == column.data());
}

TEST_CASE("slice, split and concat") {
  const auto x = counting(Shape{2, 4});
  CHECK(slice(x, 1, 1, 3) == Tensor<double, 2>(Shape{2, 2}, {1, 2, 5, 6}));
  CHECK(slice(x, -2, 1, 2) == Tensor<double, 2>(Shape{1, 4}, {4, 5, 6, 7}));
  CHECK(slice(x, 0, 0, 2).data() == x.data());
  CHECK(slice(x, 1, 4, 4).shape() == Shape{2, 0});
  const auto parts = split(x, 1, 2);
  REQUIRE(parts.size() == 2);
  CHECK(parts[1] == Tensor<double, 2>(Shape{2, 2}, {2, 3, 6, 7}));
  CHECK(concat(1, parts) == x);
  const auto [a, b] = split<2>(x, 0);
  CHECK(concat(0, b, a) == Tensor<double, 2>(Shape{2, 4}, {4, 5, 6, 7, 0, 1, 2, 3}));
  CHECK(concat(-1, slice(x, 1, 0, 0), x) == x);
}

TEST_CASE("pad, broadcast_to and flip") {
  const Tensor<double, 2> x(Shape{1, 2}, {1, 2});
  CHECK(pad(x, {{1, 0}, {0, 2}}, 9) == Tensor<double, 2>(Shape{2, 4}, {9, 9, 9, 9, 1, 2, 9, 9}));
  CHECK(pad(x, {{0, 0}, {1, 1}}) == Tensor<double, 2>(Shape{1, 4}, {0, 1, 2, 0}));
  CHECK(broadcast_to(x, Shape{2, 2, 2}) == Tensor<double, 3>(Shape{2, 2, 2}, {1, 2, 1, 2, 1, 2, 1, 2}));
  CHECK(broadcast_to(x, Shape{1, 2}).data() == x.data());
  CHECK(broadcast_to(x, Shape{0, 2}).empty());
  CHECK(flip(counting(Shape{2, 3}), 1) == Tensor<double, 2>(Shape{2, 3}, {2, 1, 0, 5, 4, 3}));
  CHECK(flip(counting(Shape{2, 3}), 0) == Tensor<double, 2>(Shape{2, 3}, {3, 4, 5, 0, 1, 2}));
  CHECK(flip(Tensor<double, 2>(Shape{2, 0}), 1).empty());
}

TEST_CASE("reshape: values and gradients of PyTorch") {
  CHECK(golden::error([](const auto& x) { return permute(x, {2, 0, 1}); }, g::permute_y, g::permute_dy,
                      std::tie(g::permute_dx), golden::tensor(Shape{2, 3, 4}, g::permute_x)) == 0);
  const auto padded = [](const auto& x) { return pad(x, {{0, 0}, {0, 1}, {1, 2}}, 0.5); };
  CHECK(golden::error(padded, g::pad_y, g::pad_dy, std::tie(g::pad_dx), golden::tensor(Shape{2, 2, 3}, g::pad_x)) == 0);
  CHECK(golden::error([](const auto& a, const auto& b) { return concat(1, a, b); }, g::concat_y, g::concat_dy,
                      std::tie(g::concat_da, g::concat_db), golden::tensor(Shape{2, 1, 3}, g::concat_a),
                      golden::tensor(Shape{2, 2, 3}, g::concat_b)) == 0);
  CHECK(golden::error([](const auto& x) { return flip(x, 1); }, g::flip_y, g::flip_dy, std::tie(g::flip_dx),
                      golden::tensor(Shape{2, 3, 2}, g::flip_x)) == 0);
}

TEST_CASE("reshape: gradients, float against double") {
  for (const auto& shape : {Shape{2, 4, 3}, Shape{1, 2, 1}, Shape{3, 2, 0}}) {
    const auto x = normal<float>(shape, Key{1});
    check_gradients([n = x.size()](const auto& v) { return reshape(v, Shape<1>{n}); }, x);
    check_gradients([](const auto& v) { return squeeze<1>(unsqueeze(v, 1)); }, x);
    check_gradients([](const auto& v) { return permute(v, {1, 2, 0}); }, x);
    check_gradients([](const auto& v) { return transpose(v); }, x);
    check_gradients([](const auto& v) { return slice(v, 1, 1, 2); }, x);
    check_gradients([](const auto& v) { return concat(2, v, slice(v, 2, 0, 0), v); }, x);
    check_gradients([](const auto& v) { return pad(v, {{1, 0}, {0, 2}, {1, 1}}, 3); }, x);
    check_gradients([](const auto& v) { return flip(v, -1); }, x);
    check_gradients([s = Shape<4>{2, shape[0], shape[1], shape[2]}](const auto& v) { return broadcast_to(v, s); }, x);
    check_gradients([](const auto& v) {
      auto parts = split(v, 1, 2);
      parts.push_back(parts[0]);
      return concat(0, parts);
    }, x);
  }
  check_gradients([](const auto& v) { return broadcast_to(v, Shape{3, 2, 4}); }, normal<float>(Shape{2, 1}, Key{2}));
}

TEST_CASE("slices of one variable write into one gradient") {
  Tape tape;
  const auto x = tape.variable(counting(Shape{2, 3}));
  const auto [a, b, c] = split<3>(x, 1);
  const auto gradients = tape.backward(sum(concat(1, a, a, c)));
  CHECK(gradients[x] == Tensor<double, 2>(Shape{2, 3}, {2, 0, 1, 2, 0, 1}));
  CHECK(b.shape() == Shape{2, 1});
}

TEST_CASE("concat of a list mixes constants and variables of one tape") {
  Tape tape, other;
  const auto x = tape.variable(Tensor<double, 1>(Shape{2}, {1, 2}));
  const auto c = tape.constant(Tensor<double, 1>(Shape{1}, {7}));
  const auto y = concat(0, std::vector{c, x, c});
  CHECK(y.value() == Tensor<double, 1>(Shape{4}, {7, 1, 2, 7}));
  CHECK(!concat(0, std::vector{c, c}).wants_gradient());
  CHECK_THROWS_AS(concat(0, std::vector{x, other.variable(x.value())}), ValueError);
  CHECK(tape.backward(golden::contract(y, Tensor<double, 1>(Shape{4}, {1, 2, 3, 4})))[x] ==
        Tensor<double, 1>(Shape{2}, {2, 3}));
}

TEST_CASE("reshape: the same bits at any number of threads and for an item alone") {
  const auto x = normal<float>(Shape{5, 37, 31, 6}, Key{3});
  check_invariance<1>([](const auto& v) { return permute(v, {0, 3, 1, 2}); }, x);
  check_invariance<1>([](const auto& v) { return concat(2, slice(v, 2, 3, 30), flip(v, 2)); }, x);
  check_invariance<1>([](const auto& v) { return pad(v, {{0, 0}, {1, 2}, {3, 4}, {0, 0}}); }, x);
}

TEST_CASE("reshape: errors") {
  const auto x = counting(Shape{2, 6});
  const auto shape_error = [](auto f) { return error_of<ShapeError>(f); };
  CHECK(shape_error([&] { reshape(x, Shape{5}); }) ==
        "reshape: tensor is (2, 6), shape is (5); both need the same size");
  CHECK(shape_error([&] { squeeze<1>(x); }) == "squeeze: x is (2, 6), axis is 1; its extent must be 1");
  CHECK(shape_error([&] { unsqueeze(x, 4); }) == "axis: 4 of a rank-3 tensor; it must be in [-3, 3)");
  CHECK(shape_error([&] { permute(x, {0, 0}); }) == "permute: axis 0 is named twice; every axis must appear once");
  CHECK(shape_error([&] { slice(x, 1, 4, 7); }) ==
        "slice: tensor is (2, 6), range is [4, 7) on axis 1; it must lie in [0, 6]");
  CHECK(shape_error([&] { split(x, 1, 4); }) ==
        "split: x is (2, 6), axis is 1, parts are 4; parts must divide the axis");
  CHECK(shape_error([&] { concat(0, x, counting(Shape{1, 5})); }) ==
        "concat: x[0] is (2, 6), x[1] is (1, 5), axis is 0; all other axes must be equal");
  CHECK(shape_error([&] { concat(0, std::vector<Tensor<double, 2>>{}); }) ==
        "concat: the list is empty; it must have at least one tensor");
  CHECK(shape_error([&] { broadcast_to(x, Shape{3, 6}); }) ==
        "broadcast: tensor is (2, 6), target is (3, 6); axis 0 must be 1 or equal");
  CHECK(shape_error([&] { flip(x, 2); }) == "axis: 2 of a rank-2 tensor; it must be in [-2, 2)");
  const Index most = std::numeric_limits<Index>::max();
  CHECK_THROWS_AS(pad(x, {{0, 0}, {most, most}}), ShapeError);
  CHECK_THROWS_AS(pad(x, {{0, 0}, {1, most}}), ShapeError);
  CHECK(error_of<ValueError>([&] { pad(x, {{0, 0}, {-1, 0}}); }) ==
        "pad: margin of axis 1 is {-1, 0}; it must not be negative");
}

}  // namespace reshape_test
