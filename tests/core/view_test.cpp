#include "inkling/core/view.hpp"

#include <array>
#include <utility>

#include <doctest/doctest.h>

#include "inkling/core/philox.hpp"

namespace view_test {

using namespace ink;

namespace {

template <int R>
Tensor<int, R> counting(const Shape<R>& shape) {
  Tensor<int, R> x(shape);
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<int>(i);
  return x;
}

/// A view's elements read one by one: the reference for `dense`, which joins axes and copies rows.
template <int R>
Tensor<int, R> one_by_one(const View<const int, R>& v) {
  Tensor<int, R> out(v.shape);
  const auto steps = v.shape.strides();
  for (Index i = 0; i < out.size(); ++i) {
    std::array<Index, R> index{};
    for (int a = 0; a < R; ++a)
      index[static_cast<std::size_t>(a)] = i / steps[static_cast<std::size_t>(a)] % v.shape[a];
    out.mutable_data()[i] = v(index);
  }
  return out;
}

}  // namespace

TEST_CASE("View: slice, permute, flip and broadcast are other strides on the same elements") {
  const auto a = counting(Shape{2, 3});
  CHECK(dense(view(a).slice(1, 1, 3)) == Tensor<int, 2>(Shape{2, 2}, {1, 2, 4, 5}));
  CHECK(dense(view(a).permute({1, 0})) == Tensor<int, 2>(Shape{3, 2}, {0, 3, 1, 4, 2, 5}));
  CHECK(dense(view(a).flip(1)) == Tensor<int, 2>(Shape{2, 3}, {2, 1, 0, 5, 4, 3}));
  CHECK(dense(view(a).slice(0, 0, 1).broadcast(Shape{2, 2, 3})) ==
        Tensor<int, 3>(Shape{2, 2, 3}, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}));
  CHECK(dense(view(Tensor<int, 0>(7)).broadcast(Shape{3})) == Tensor<int, 1>(Shape{3}, 7));
  CHECK(dense(view(Tensor<int, 0>(7))).item() == 7);
  CHECK(view(a).slice(0, 1, 2).data == a.data() + 3);
}

TEST_CASE("View: any composition copies what reading one by one gives") {
  Stream random(Key{1});
  for (int round = 0; round < 200; ++round) {
    const auto below = [&](Index n) { return static_cast<Index>(random.below(static_cast<std::uint64_t>(n))); };
    const auto x = counting(Shape{1 + below(3), 1 + below(4), 1 + below(3), 1 + below(5)});
    auto v = view(x);
    for (int step = 0; step < 4; ++step) {
      const int axis = static_cast<int>(below(4));
      const Index begin = below(v.shape[axis] + 1);
      std::array<int, 4> order{0, 1, 2, 3};
      std::swap(order[static_cast<std::size_t>(axis)], order[static_cast<std::size_t>(below(4))]);
      switch (below(4)) {
        case 0: v = v.permute(order); break;
        case 1: v = v.slice(axis, begin, begin + below(v.shape[axis] - begin + 1)); break;
        case 2: v = v.flip(axis); break;
        default:
          if (v.shape[axis] == 1) {
            auto wider = v.shape;
            wider[axis] = below(4);
            v = v.broadcast(wider);
          }
      }
    }
    const auto expected = one_by_one(v);
    CHECK(dense(v) == expected);
    Tensor<int, 4> turned(Shape<4>{v.shape[1], v.shape[3], v.shape[0], v.shape[2]});
    copy(v, mutable_view(turned).permute({2, 0, 3, 1}));
    CHECK(dense(view(turned).permute({2, 0, 3, 1})) == expected);
  }
}

TEST_CASE("View: copying into a part, combining, and converting") {
  auto a = counting(Shape{2, 3});
  copy(view(Tensor<int, 2>(Shape{2, 1}, 9)), mutable_view(a).slice(1, 1, 2));
  CHECK(a == Tensor<int, 2>(Shape{2, 3}, {0, 9, 2, 3, 9, 5}));
  copy(view(a), mutable_view(a), [](int x, int y) { return x + y; });
  CHECK(a(0, 1) == 18);
  Tensor<float, 2> f(Shape{2, 3});
  copy(view(a), mutable_view(f));
  CHECK(f(1, 2) == 10.0f);
}

TEST_CASE("View: large copies run in parallel") {
  const auto x = counting(Shape{300, 7, 40});
  const auto y = dense(view(x).permute({2, 0, 1}));
  bool equal = true;
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 300; ++j) equal = equal && y(i, j, 3) == x(j, 3, i);
  }
  CHECK(equal);
}

TEST_CASE("View: errors") {
  auto a = counting(Shape{2, 3});
  CHECK_THROWS_WITH_AS(view(a).slice(1, 2, 4),
                       "slice: tensor is (2, 3), range is [2, 4) on axis 1; it must lie in [0, 3]", ShapeError);
  CHECK_THROWS_AS(view(a).slice(0, -1, 1), ShapeError);
  CHECK_THROWS_AS(view(a).slice(0, 2, 1), ShapeError);
  CHECK_THROWS_WITH_AS(view(a).permute({1, -1}), "permute: axis 1 is named twice; every axis must appear once",
                       ShapeError);
  CHECK_THROWS_WITH_AS(view(a).broadcast(Shape{4, 3}),
                       "broadcast: tensor is (2, 3), target is (4, 3); axis 0 must be 1 or equal", ShapeError);
  CHECK_THROWS_WITH_AS(copy(view(a), mutable_view(a).slice(0, 0, 1)),
                       "copy: source is (2, 3), destination is (1, 3); both must be equal", ShapeError);
  CHECK_THROWS_AS(view(a).flip(2), ShapeError);
}

}  // namespace view_test
