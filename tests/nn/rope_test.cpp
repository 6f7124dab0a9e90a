#include "inkling/nn/rope.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "inkling/autograd/gradcheck.hpp"
#include "inkling/core/view.hpp"

namespace rope_test {

using namespace ink;
using testing::message_of;

namespace {

/// The same vector at every one of `tokens` positions.
Tensor<double, 4> everywhere(const Tensor<double, 1>& vector, Index tokens) {
  return dense(view(vector.reshape(Shape{1, 1, 1, -1})).broadcast(Shape{Index{1}, tokens, Index{1}, vector.size()}));
}

double dot(const Tensor<double, 4>& q, Index i, const Tensor<double, 4>& k, Index j) {
  double sum = 0;
  for (Index d = 0; d < q.extent(3); ++d) sum += q(0, i, 0, d) * k(0, j, 0, d);
  return sum;
}

}  // namespace

TEST_CASE("rope: pairs are rotated by p · theta^(−2j/D)") {
  const auto y = rope(everywhere(Tensor<double, 1>(Shape{4}, {1, 0, 0, 2}), 3), Rope{.theta = 100});
  const double slow = 2 * std::pow(100.0, -2.0 / 4);
  CHECK(y(0, 0, 0, 0) == 1);
  CHECK(y(0, 0, 0, 3) == 2);
  CHECK(y(0, 2, 0, 0) == doctest::Approx(std::cos(2.0)));
  CHECK(y(0, 2, 0, 1) == doctest::Approx(std::sin(2.0)));
  CHECK(y(0, 2, 0, 2) == doctest::Approx(-2 * std::sin(slow)));
  CHECK(y(0, 2, 0, 3) == doctest::Approx(2 * std::cos(slow)));
}

TEST_CASE("rope: scores depend on the distance only") {
  const auto q = rope(everywhere(normal<double>(Shape{8}, Key{1}), 12), Rope{});
  const auto k = rope(everywhere(normal<double>(Shape{8}, Key{2}), 12), Rope{});
  for (Index d = -4; d <= 4; ++d) {
    for (Index i = 4; i < 8; ++i) CHECK(dot(q, i, k, i + d) == doctest::Approx(dot(q, 4, k, 4 + d)).epsilon(1e-12));
  }
  CHECK(std::abs(dot(q, 4, k, 4) - dot(q, 4, k, 8)) > 1e-3);
}

TEST_CASE("rope on a grid: scores depend on the two distances only") {
  const Rope grid{.grid_width = 5};
  const auto q = rope(everywhere(normal<double>(Shape{8}, Key{3}), 20), grid);
  const auto k = rope(everywhere(normal<double>(Shape{8}, Key{4}), 20), grid);
  for (Index rows = 0; rows < 3; ++rows) {
    for (Index columns = 0; columns < 4; ++columns) {
      const Index by = rows * 5 + columns;
      CHECK(dot(q, 6, k, 12) == doctest::Approx(dot(q, 6 - 6 + by, k, 12 - 6 + by)).epsilon(1e-12));
    }
  }
  CHECK(std::abs(dot(q, 0, k, 5) - dot(q, 0, k, 1)) > 1e-3);  // one row down is not one column right
}

TEST_CASE("rope: an offset continues the positions, bit by bit") {
  const auto x = normal<float>(Shape{2, 9, 3, 4}, Key{5});
  for (const Rope& options : {Rope{}, Rope{.grid_width = 4}}) {
    const auto whole = rope(x, options);
    for (Index t = 0; t < 9; ++t) {
      const auto one = rope(dense(view(x).slice(1, t, t + 1)), options, t);
      CHECK(one == dense(view(whole).slice(1, t, t + 1)));
    }
  }
}

TEST_CASE("rope: gradients, also of a part of the heads") {
  const auto x = normal<double>(Shape{2, 3, 3, 4}, Key{6});
  CHECK(gradcheck([](const auto& v) { return rope(v, Rope{}, 2); }, x) < 1e-8);
  CHECK(gradcheck([](const auto& v) { return rope(v, Rope{.grid_width = 2}); }, x) < 1e-8);
  CHECK(gradcheck([](const auto& v) { return detail::rope_heads(v, Rope{}, 1, 2); }, x) < 1e-8);
  const auto part = detail::rope_heads(x, Rope{}, 1, 2);
  CHECK(dense(view(part).slice(2, 0, 2)) == dense(view(rope(x, Rope{}, 1)).slice(2, 0, 2)));
  CHECK(dense(view(part).slice(2, 2, 3)) == dense(view(x).slice(2, 2, 3)));
}

TEST_CASE("rope: errors") {
  CHECK(message_of<ValueError>([] { rope(Tensor<float, 4>(Shape{1, 1, 1, 3}), Rope{}); }) ==
        "rope: dimensions are 3; 2 must divide them");
  CHECK(message_of<ValueError>([] { rope(Tensor<float, 4>(Shape{1, 1, 1, 6}), Rope{.grid_width = 2}); }) ==
        "rope: dimensions are 6; 4 must divide them");
  CHECK(message_of<ValueError>([] { rope(Tensor<float, 4>(Shape{1, 1, 1, 2}), Rope{}, -1); }) ==
        "rope: offset is -1; it must not be negative");
  CHECK_THROWS_AS(rope(Tensor<float, 4>(Shape{1, 2, 1, 2}), Rope{}, std::numeric_limits<Index>::max()), ValueError);
  CHECK(message_of<ValueError>([] { rope(Tensor<float, 4>(Shape{1, 1, 1, 2}), Rope{.theta = 0}); }) ==
        "rope: theta is 0; it must be above 0");
}

}  // namespace rope_test
