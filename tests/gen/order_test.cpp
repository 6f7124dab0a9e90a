#include "inkling/gen/order.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "statistics.hpp"

namespace order_test {

using namespace ink;

namespace {

/// How unevenly the first m places cover the image: the largest difference, over all boxes at the upper left corner,
/// between the share of the places in it and its share of the area.
double discrepancy(const Order& order, Index m, Index height, Index columns) {
  double worst = 0;
  for (Index rows = 1; rows <= height; ++rows) {
    for (Index wide = 1; wide <= columns; ++wide) {
      double inside = 0;
      for (Index i = 0; i < m; ++i) {
        const Index place = order[static_cast<std::size_t>(i)];
        inside += place / columns < rows && place % columns < wide;
      }
      const double area = static_cast<double>(rows * wide) / static_cast<double>(height * columns);
      worst = std::max(worst, std::abs(inside / static_cast<double>(m) - area));
    }
  }
  return worst;
}

/// The largest distance of any place to the nearest of the first m.
double largest_hole(const Order& order, Index m, Index height, Index columns) {
  Index worst = 0;
  for (Index place = 0; place < height * columns; ++place) {
    Index nearest = height * height + columns * columns;
    for (Index i = 0; i < m; ++i) {
      const Index drawn = order[static_cast<std::size_t>(i)];
      const Index rows = place / columns - drawn / columns, across = place % columns - drawn % columns;
      nearest = std::min(nearest, rows * rows + across * across);
    }
    worst = std::max(worst, nearest);
  }
  return std::sqrt(static_cast<double>(worst));
}

std::vector<Order> all_orders(Index height, Index columns) {
  return {orders::raster(height, columns), orders::column(height, columns), orders::spiral(height, columns),
          orders::random(height, columns, Key{1}), orders::spread(height, columns)};
}

}  // namespace

TEST_CASE("Every order draws every place once") {
  const Index sizes[][2] = {{1, 1}, {1, 7}, {7, 1}, {2, 2}, {3, 3}, {5, 8}, {8, 5}, {28, 28}};
  for (const auto& size : sizes) {
    for (const Order& order : all_orders(size[0], size[1])) {
      REQUIRE(static_cast<Index>(order.size()) == size[0] * size[1]);
      const Order when = inverse_order(order);  // throws unless it is a permutation
      for (std::size_t i = 0; i < order.size(); ++i) CHECK(when[static_cast<std::size_t>(order[i])] == Index(i));
    }
  }
}

TEST_CASE("Orders by hand: three rows of four") {
  CHECK(orders::raster(3, 4) == Order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(orders::column(3, 4) == Order{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
  CHECK(orders::spiral(3, 4) == Order{0, 1, 2, 3, 7, 11, 10, 9, 8, 4, 5, 6});
  CHECK(orders::blocks(3, 4, 3, 2) == Order{0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11});
  CHECK(orders::blocks(4, 4, 2) == Order{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15});
  CHECK(orders::blocks(3, 4, 1, 4) == orders::raster(3, 4));
  CHECK(orders::spiral(4, 3) == Order{0, 1, 2, 5, 8, 11, 10, 9, 6, 3, 4, 7});
}

TEST_CASE("The random order depends on the key, and begins anywhere") {
  CHECK(orders::random(6, 5, Key{1}) == orders::random(6, 5, Key{1}));
  CHECK(orders::random(6, 5, Key{1}) != orders::random(6, 5, Key{2}));
  std::vector<double> first(6);
  for (std::uint64_t i = 0; i < 6000; ++i) ++first[static_cast<std::size_t>(orders::random(2, 3, Key{i})[0])];
  CHECK(statistics::chi_square(first, std::vector<double>(6, 1.0 / 6), 6000) < 20.5);  // 5 degrees of freedom: 0.001
}

TEST_CASE("Spread out: the first places are the regular grid, and then the finer one") {
  const Order order = orders::spread(8, 8);
  CHECK(std::vector<Index>(order.begin(), order.begin() + 4) == std::vector<Index>{18, 54, 22, 50});
  std::vector<Index> sixteen(order.begin(), order.begin() + 16);
  std::sort(sixteen.begin(), sixteen.end());
  CHECK(sixteen == std::vector<Index>{0, 2, 4, 6, 16, 18, 20, 22, 32, 34, 36, 38, 48, 50, 52, 54});
}

TEST_CASE("Spread out: every prefix covers the image evenly") {
  const Order spread = orders::spread(28, 28), raster = orders::raster(28, 28), spiral = orders::spiral(28, 28);
  for (Index m : {4, 10, 25, 49, 100, 196, 300, 392, 600}) {
    CAPTURE(m);
    const double even = discrepancy(spread, m, 28, 28);
    CHECK(even < 0.5 * discrepancy(raster, m, 28, 28));
    CHECK(even < 0.5 * discrepancy(spiral, m, 28, 28));
    CHECK(largest_hole(spread, m, 28, 28) < largest_hole(raster, m, 28, 28));
    double by_chance = 0;
    for (std::uint64_t k = 0; k < 5; ++k) by_chance += largest_hole(orders::random(28, 28, Key{k}), m, 28, 28) / 5;
    CHECK(largest_hole(spread, m, 28, 28) < 0.9 * by_chance);
  }
}

TEST_CASE("What is no order is refused") {
  CHECK_THROWS_WITH_AS(inverse_order(Order{0, 2, 2}), "order: place 2 is 2; every place in [0, 3) must be there once",
                       ValueError);
  CHECK_THROWS_AS(inverse_order(Order{0, 3, 1}), ValueError);
  CHECK_THROWS_AS(inverse_order(Order{0, -1}), ValueError);
  CHECK_THROWS_WITH_AS(orders::blocks(28, 28, 5),
                       "order: height is 28, block height is 5; block height must divide height", ValueError);
  const Index big = Index{1} << 32;
  CHECK_THROWS_AS(orders::raster(big, big), ShapeError);
  CHECK_THROWS_AS(orders::blocks(big, big, big), ShapeError);
  CHECK_THROWS_AS(orders::spread(big, big), ShapeError);
  CHECK_THROWS_WITH_AS(orders::spread(0, 4), "order: height is 0; it must be at least 1", ValueError);
  CHECK_THROWS_AS(orders::spiral(3, 0), ValueError);
  CHECK_THROWS_AS(orders::random(-1, 4, Key{1}), ValueError);
}

}  // namespace order_test
