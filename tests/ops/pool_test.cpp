#include "inkling/ops/pool.hpp"

#include <limits>
#include <vector>

#include "../golden/data/pool.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace pool_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::pool;

namespace {

struct Case {
  Shape<4> x;
  Pool2dOptions options;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {{2, 4, 6, 3}, {}},
      {{1, 5, 7, 2}, {.kernel = 2}},
      {{2, 7, 5, 1}, {.kernel = 3, .stride = 2, .padding = 1}},
      {{1, 4, 4, 9}, {.kernel = 3, .stride = 1, .padding = 1}},
      {{2, 1, 1, 4}, {.kernel = 1}},
      {{1, 1, 1, 1}, {.kernel = 3, .stride = 1, .padding = 1}},
      {{1, 9, 8, 2}, {.kernel = 2, .stride = 3}},
  };
  return list;
}

}  // namespace

TEST_CASE("pool: closed form") {
  Tensor<double, 4> x(Shape{1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(average_pool2d(x, {.kernel = 2}) == Tensor<double, 4>(Shape{1, 1, 1, 1}, 3.0));
  CHECK(average_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}) ==
        Tensor<double, 4>(Shape{1, 2, 2, 1}, {3, 4, 6, 7}));
  CHECK(max_pool2d(x, {.kernel = 2, .stride = 1}) == Tensor<double, 4>(Shape{1, 2, 2, 1}, {5, 6, 8, 9}));
  for (double& v : x.mutable_values()) v = -v;
  CHECK(max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}) ==
        Tensor<double, 4>(Shape{1, 2, 2, 1}, {-1, -2, -4, -5}));
}

TEST_CASE("pool: the gradient of a maximum goes to the first of equals") {
  const auto f = [](const auto& x) { return max_pool2d(x); };
  const auto [y, dx] =
      forward_backward(f, Tensor<double, 4>(Shape{1, 1, 1, 1}, 1.0), Tensor<double, 4>(Shape{1, 2, 2, 1}));
  CHECK(dx == Tensor<double, 4>(Shape{1, 2, 2, 1}, {1, 0, 0, 0}));
}

TEST_CASE("pool: gradients") {
  for (const auto& c : cases()) {
    CAPTURE(to_string(c.x));
    const auto x = normal<float>(c.x, Key{1});
    check_gradients([&](const auto& v) { return average_pool2d(v, c.options); }, x);
    check_gradients([&](const auto& v) { return max_pool2d(v, c.options); }, x);
  }
}

TEST_CASE("pool: independent of threads and batch") {
  const auto x = normal<float>(Shape{3, 29, 31, 16}, Key{2});
  const Pool2dOptions options{.kernel = 3, .stride = 2, .padding = 1};
  check_invariance<1>([&](const auto& v) { return average_pool2d(v, options); }, x);
  check_invariance<1>([&](const auto& v) { return max_pool2d(v, options); }, x);
}

TEST_CASE("pool: an empty batch") {
  CHECK(average_pool2d(Tensor<float, 4>(Shape{0, 4, 4, 2})).shape() == Shape{0, 2, 2, 2});
  CHECK(max_pool2d(Tensor<float, 4>(Shape{0, 4, 4, 2})).shape() == Shape{0, 2, 2, 2});
}

TEST_CASE("pool: PyTorch") {
  CHECK(golden::error([](const auto& x) { return average_pool2d(x); }, g::average_y, g::average_dy,
                      std::tie(g::average_dx), golden::tensor(Shape{2, 4, 5, 3}, g::average_x)) < 1e-12);
  CHECK(golden::error([](const auto& x) { return average_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1}); },
                      g::average_pad_y, g::average_pad_dy, std::tie(g::average_pad_dx),
                      golden::tensor(Shape{1, 6, 7, 2}, g::average_pad_x)) < 1e-12);
  CHECK(golden::error([](const auto& x) { return max_pool2d(x); }, g::max_y, g::max_dy, std::tie(g::max_dx),
                      golden::tensor(Shape{2, 4, 5, 3}, g::max_x)) < 1e-12);
  CHECK(golden::error([](const auto& x) {
    return max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1});
  }, g::max_pad_y, g::max_pad_dy, std::tie(g::max_pad_dx), golden::tensor(Shape{1, 6, 7, 2}, g::max_pad_x)) < 1e-12);
}

TEST_CASE("pool: errors") {
  const Tensor<float, 4> x(Shape{1, 4, 3, 2});
  CHECK_THROWS_WITH_AS(average_pool2d(x, {.kernel = 0}), "average_pool2d: kernel is 0; it must be at least 1",
                       ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, {.stride = -1}),
                       "max_pool2d: stride is -1; it must be at least 1, or 0 for the kernel", ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, {.kernel = 3, .padding = 2}),
                       "max_pool2d: padding is 2, kernel is 3; padding must be in [0, kernel / 2]", ValueError);
  CHECK_THROWS_WITH_AS(average_pool2d(x, {.kernel = 4}),
                       "average_pool2d: kernel is 4, x is (1, 4, 3, 2), padded to (4, 3); the window must fit into the "
                       "padded image",
                       ShapeError);
  const Index most = std::numeric_limits<Index>::max();
  CHECK_THROWS_AS(average_pool2d(x, {.kernel = most, .padding = most / 2}), ShapeError);
}

}  // namespace pool_test
