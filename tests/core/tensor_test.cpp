#include "inkling/core/tensor.hpp"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tensor_test {

using namespace ink;

TEST_CASE("Tensor: construction") {
  CHECK(Tensor<float, 2>(Shape{2, 2}) == Tensor<float, 2>(Shape{2, 2}, {0, 0, 0, 0}));
  CHECK(Tensor<int, 1>(Shape{3}, 7) == Tensor<int, 1>(Shape{3}, {7, 7, 7}));
  CHECK(Tensor<double, 0>().item() == 0);
  CHECK(Tensor<double, 0>(2.5).item() == 2.5);
  CHECK(Tensor<double, 3>().shape() == Shape{0, 0, 0});
  CHECK(Tensor<double, 3>().empty());
  const std::vector<float> elements{1, 2};
  CHECK(Tensor<float, 1>::from(Shape{2}, elements).values()[1] == 2);
  CHECK(reinterpret_cast<std::uintptr_t>(Tensor<float, 1>(Shape{3}).data()) % 64 == 0);
}

TEST_CASE("Tensor: elements are row-major and checked") {
  Tensor<int, 2> a(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(a(1, 0) == 4);
  a(1, 0) = 9;
  CHECK(a.values()[3] == 9);
  CHECK(a.extent(-1) == 3);
  CHECK_THROWS_WITH_AS(std::as_const(a)(1, 3), "element: tensor is (2, 3), index is (1, 3); index[1] must be in [0, 3)",
                       ShapeError);
  CHECK_THROWS_AS(a(-1, 0) = 1, ShapeError);
  CHECK_THROWS_AS(a.extent(2), ShapeError);
  CHECK_THROWS_WITH_AS(a.item(), "item: tensor is (2, 3); it must have exactly one element", ShapeError);
}

TEST_CASE("Tensor: copies share until one is written") {
  Tensor<int, 1> a(Shape{3}, {1, 2, 3});
  auto b = a;
  const auto c = a.reshape(Shape{3, 1});
  CHECK(a.shares_storage_with(b));
  CHECK(c.data() == a.data());
  b(0) = 10;
  CHECK(!a.shares_storage_with(b));
  CHECK(a == Tensor<int, 1>(Shape{3}, {1, 2, 3}));
  const int* before = b.data();
  b(1) = 20;  // alone now: written in place
  CHECK(b.data() == before);
  a.mutable_values()[2] = 30;  // still shared with c
  CHECK(c(2, 0) == 3);
  auto d = std::move(a);
  CHECK(d(2) == 30);
}

TEST_CASE("Tensor: reshape works out one extent and refuses everything else") {
  const Tensor<float, 2> a(Shape{2, 6});
  CHECK(a.reshape(Shape{-1, 3}).shape() == Shape{4, 3});
  CHECK(a.reshape(Shape{3, -1, 2}).shape() == Shape{3, 2, 2});
  CHECK(Tensor<float, 1>(Shape{0}).reshape(Shape{-1, 3}).shape() == Shape{0, 3});
  CHECK(Tensor<float, 1>(Shape{0}).reshape(Shape{0, 7}).shape() == Shape{0, 7});
  CHECK(Tensor<float, 1>(Shape{1}).reshape(Shape<0>{}).item() == 0);
  CHECK_THROWS_WITH_AS(a.reshape(Shape{-1, 5}), "reshape: tensor is (2, 6), shape is (-1, 5); both need the same size",
                       ShapeError);
  CHECK_THROWS_AS(a.reshape(Shape{5}), ShapeError);
  CHECK_THROWS_AS(a.reshape(Shape{-2, -6}), ShapeError);
  CHECK_THROWS_AS((Tensor<float, 1>(Shape{1}).reshape(Shape{-1, -1})), ShapeError);
  CHECK_THROWS_AS((Tensor<float, 1>(Shape{0}).reshape(Shape{-1, 0})), ShapeError);
  CHECK_THROWS_AS((Tensor<float, 1>(Shape{0}).reshape(Shape{Index{1} << 62, Index{4}})), ShapeError);
}

TEST_CASE("Tensor: impossible shapes and wrong numbers of elements") {
  CHECK_THROWS_WITH_AS((Tensor<float, 2>(Shape{2, -1})), "tensor: shape is (2, -1); extents must not be negative",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Tensor<float, 2>(Shape{Index{1} << 40, Index{1} << 40})),
                       "tensor: shape is (1099511627776, 1099511627776); it must have at most 2^48 elements",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Tensor<float, 1>(Shape{3}, {1, 2})), "tensor: shape is (3), elements are 2; it needs 3",
                       ShapeError);
  CHECK_THROWS_AS((Tensor<float, 2>(Shape{-1, -2}, {1, 2})), ShapeError);
  const Index big = Index{1} << 32;  // whose square wraps around to 0
  CHECK_THROWS_WITH_AS((Tensor<float, 2>::from({big, big}, {})),
                       "tensor: shape is (4294967296, 4294967296); it must have at most 2^48 elements", ShapeError);
  CHECK_THROWS_AS((Tensor<float, 2>(Shape{big, big}, {})), ShapeError);
  CHECK_THROWS_AS((Tensor<float, 2>(Shape{big, big}, 1.0f)), ShapeError);
}

TEST_CASE("Tensor: cast and comparison") {
  const Tensor<float, 1> a(Shape{2}, {1.75f, -2.5f});
  CHECK(a.cast<int>() == Tensor<int, 1>(Shape{2}, {1, -2}));
  CHECK(a.cast<float>().shares_storage_with(a));
  CHECK(Tensor<float, 2>(Shape{0, 3}) != Tensor<float, 2>(Shape{3, 0}));
  const Tensor<float, 0> nan(std::numeric_limits<float>::quiet_NaN());
  CHECK(nan != nan);
}

}  // namespace tensor_test
