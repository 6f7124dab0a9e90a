#include "inkling/ops/dropout.hpp"

#include <cmath>

#include "operation_checks.hpp"

namespace dropout_test {

using namespace ink;
using namespace ink::testing;

TEST_CASE("dropout: kept elements are scaled, the rest are zero") {
  const Tensor<float, 2> x(Shape{100, 200}, 3.0f);
  const auto y = dropout(x, 0.25, Key{1});
  Index dropped = 0;
  for (float v : y.values()) {
    if (v == 0) {
      ++dropped;
    } else {
      CHECK(v == 4.0f);
    }
  }
  // 20,000 draws: standard deviation 61.
  CHECK(std::abs(static_cast<double>(dropped) - 5000) < 5 * 61);
}

TEST_CASE("dropout: the mask depends on the key, and agrees between float and double") {
  const Tensor<float, 2> x(Shape{4, 50}, 1.0f);
  const auto y = dropout(x, 0.5, Key{1});
  CHECK(y == dropout(x, 0.5, Key{1}));
  CHECK(!(y == dropout(x, 0.5, Key{2})));
  CHECK(y.cast<double>() == dropout(x.cast<double>(), 0.5, Key{1}));
}

TEST_CASE("dropout: rate 0 is the identity, on a tape too") {
  const auto x = normal<float>(Shape{3, 4}, Key{1});
  CHECK(dropout(x, 0, Key{2}).shares_storage_with(x));
  Tape tape;
  const auto v = tape.variable(x);
  CHECK(dropout(v, 0, Key{2}).id() == v.id());
}

TEST_CASE("dropout: gradients, threads and batch") {
  const auto f = [](const auto& x) { return dropout(x, 0.4, Key{9}); };
  check_gradients(f, normal<float>(Shape{3, 7}, Key{1}));
  check_gradients(f, normal<float>(Shape{1}, Key{1}));
  check_gradients(f, Tensor<float, 2>(Shape{0, 3}));
  const auto x = normal<float>(Shape{3, 41, 101}, Key{2});
  check_threads(f, x);
  CHECK(same_bits(f(item_of(x, 0)), item_of(f(x), 0)));
  const auto two = dense(view(x).slice(0, 0, 2));
  CHECK(same_bits(item_of(f(two), 1), item_of(f(x), 1)));
}

TEST_CASE("dropout: errors") {
  const Tensor<float, 1> x(Shape{2});
  CHECK_THROWS_WITH_AS(dropout(x, 1.0, Key{1}), "dropout: rate is 1; it must be in [0, 1)", ValueError);
  CHECK_THROWS_WITH_AS(dropout(x, -0.5, Key{1}), "dropout: rate is -0.5; it must be in [0, 1)", ValueError);
  CHECK_THROWS_AS(dropout(x, NAN, Key{1}), ValueError);
}

}  // namespace dropout_test
