#include "inkling/ops/elementwise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "operation_checks.hpp"

namespace elementwise_test {

using namespace ink;
using namespace ink::testing;

namespace {

using Mask = Tensor<std::uint8_t, 2>;

/// Values against `reference`, and the gradients of both, over shapes that stretch either side or are empty.
template <class F, class Reference>
void check_binary(F f, Reference reference) {
  struct Shapes {
    Shape<2> a, b;
  };
  for (const auto& [sa, sb] : {Shapes{{3, 5}, {3, 5}},
                               {{3, 5}, {1, 5}},
                               {{3, 1}, {3, 7}},
                               {{1, 1}, {2, 3}},
                               {{4, 1}, {1, 3}},
                               {{0, 4}, {1, 4}}}) {
    const auto a = uniform<double>(sa, Key{1}, 0.5, 2);
    const auto b = uniform<double>(sb, Key{2}, 0.5, 2);
    CHECK(gradcheck(f, a, b) < 1e-8);
    const auto y = f(a, b);
    REQUIRE(y.shape() == Shape<2>{sa[0] == 1 ? sb[0] : sa[0], sa[1] == 1 ? sb[1] : sa[1]});
    double worst = 0;
    for (Index i = 0; i < y.extent(0); ++i) {
      for (Index j = 0; j < y.extent(1); ++j) {
        const double u = a(sa[0] == 1 ? 0 : i, sa[1] == 1 ? 0 : j), v = b(sb[0] == 1 ? 0 : i, sb[1] == 1 ? 0 : j);
        worst = std::max(worst, std::abs(y(i, j) - reference(u, v)));
      }
    }
    CHECK(worst < 1e-15);
  }
}

template <class F, class Reference>
void check_unary(F f, Reference reference) {
  auto expected = uniform<double>(Shape{3, 7}, Key{1}, 0.5, 2);
  const auto x = expected;
  CHECK(gradcheck(f, x) < 1e-8);
  for (double& v : expected.mutable_values()) v = reference(v);
  CHECK(difference(f(x), expected) < 1e-15);
}

}  // namespace

TEST_CASE("operators on two tensors: values and gradients") {
  check_binary([](const auto& a, const auto& b) { return a + b; }, [](double a, double b) { return a + b; });
  check_binary([](const auto& a, const auto& b) { return a - b; }, [](double a, double b) { return a - b; });
  check_binary([](const auto& a, const auto& b) { return a * b; }, [](double a, double b) { return a * b; });
  check_binary([](const auto& a, const auto& b) { return a / b; }, [](double a, double b) { return a / b; });
}

TEST_CASE("maximum and minimum: values and gradients") {
  check_binary([](const auto& a, const auto& b) { return maximum(a, b); },
               [](double a, double b) { return std::max(a, b); });
  check_binary([](const auto& a, const auto& b) { return minimum(a, b); },
               [](double a, double b) { return std::min(a, b); });
  const Tensor<double, 1> x(Shape{3}, 1.0), g(Shape{3}, 1.0);  // of two equals, the first takes the gradient
  const auto tie = forward_backward([](const auto& a, const auto& b) { return maximum(a, b); }, g, x, x);
  CHECK(std::get<1>(tie) == g);
  CHECK(std::get<2>(tie) == Tensor<double, 1>(Shape{3}));
}

TEST_CASE("operators on a tensor and a number: values and gradients") {
  check_unary([](const auto& x) { return x + 3; }, [](double x) { return x + 3; });
  check_unary([](const auto& x) { return 3 + x; }, [](double x) { return x + 3; });
  check_unary([](const auto& x) { return x - 0.1; }, [](double x) { return x - 0.1; });
  check_unary([](const auto& x) { return 0.1 - x; }, [](double x) { return 0.1 - x; });
  check_unary([](const auto& x) { return x * 0.1; }, [](double x) { return x * 0.1; });
  check_unary([](const auto& x) { return 0.1f * x; }, [](double x) { return x * static_cast<double>(0.1f); });
  check_unary([](const auto& x) { return x / 3; }, [](double x) { return x / 3; });
  check_unary([](const auto& x) { return 3 / x; }, [](double x) { return 3 / x; });
  check_unary([](const auto& x) { return -x; }, [](double x) { return -x; });
}

TEST_CASE("pow and clamp: values and gradients") {
  check_unary([](const auto& x) { return pow(x, 2.5); }, [](double x) { return std::pow(x, 2.5); });
  check_unary([](const auto& x) { return pow(x, -1); }, [](double x) { return std::pow(x, -1); });
  check_unary([](const auto& x) { return pow(x, 0); }, [](double) { return 1.0; });
  check_unary([](const auto& x) { return clamp(x, 0.8, 1.5); }, [](double x) { return std::clamp(x, 0.8, 1.5); });
  const Tensor<double, 1> x(Shape{3}, {-2.0, 0.5, 2.0}), g(Shape{3}, 1.0);
  const auto clamped = forward_backward([](const auto& v) { return clamp(v, -1, 1); }, g, x);
  CHECK(std::get<0>(clamped) == Tensor<double, 1>(Shape{3}, {-1.0, 0.5, 1.0}));
  CHECK(std::get<1>(clamped) == Tensor<double, 1>(Shape{3}, {0.0, 1.0, 0.0}));
}

TEST_CASE("a number takes the tensor's type") {
  const Tensor<float, 1> x(Shape{1}, {1.0f});
  static_assert(std::is_same_v<decltype(x * 0.1), Tensor<float, 1>>);
  static_assert(std::is_same_v<decltype(3 - x), Tensor<float, 1>>);
  CHECK((x * 0.1)(0) == 0.1f);
}

TEST_CASE("greater marks what is above the bound") {
  const Tensor<double, 2> x(Shape{1, 4}, {-1.0, 0.0, 0.5, 2.0});
  CHECK(greater(x, 0) == Mask(Shape{1, 4}, {0, 0, 1, 1}));
  CHECK(greater(x, 0.5) == Mask(Shape{1, 4}, {0, 0, 0, 1}));
  Tape tape;
  CHECK(greater(tape.variable(x), 0) == greater(x, 0));
  CHECK(greater(Tensor<double, 2>(Shape{0, 4}), 0).shape() == Shape<2>{0, 4});
}

TEST_CASE("where takes value and gradient from the chosen side") {
  const Mask mask(Shape{2, 3}, {1, 0, 255, 0, 1, 0});
  const Tensor<double, 2> a(Shape{2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  const Tensor<double, 1> b(Shape{3}, {-1.0, -2.0, -3.0});
  const Tensor<double, 2> g(Shape{2, 3}, {10.0, 20.0, 30.0, 40.0, 50.0, 60.0});
  const auto f = [&](const auto& u, const auto& v) { return where(mask, u, v); };
  const auto [y, da, db] = forward_backward(f, g, a, b);
  CHECK(y == Tensor<double, 2>(Shape{2, 3}, {1.0, -2.0, 3.0, -1.0, 5.0, -3.0}));
  CHECK(da == Tensor<double, 2>(Shape{2, 3}, {10.0, 0.0, 30.0, 0.0, 50.0, 0.0}));
  CHECK(db == Tensor<double, 1>(Shape{3}, {40.0, 20.0, 60.0}));
  CHECK(gradcheck(f, a, b) < 1e-9);

  const Mask column(Shape{2, 1}, {0, 1});  // the mask stretches as well
  CHECK(gradcheck([&](const auto& u, const auto& v) { return where(column, u, v); }, a, b) < 1e-9);
  CHECK(gradcheck([](const auto& u, const auto& v) { return where(Mask(Shape{0, 3}), u, v); },
                  Tensor<double, 2>(Shape{1, 3}), b) < 1e-9);
}

TEST_CASE("where: what was not chosen may be infinite or NaN") {
  const Mask mask(Shape{1, 2}, {1, 0});
  const Tensor<double, 2> x(Shape{1, 2}, {4.0, -1.0}), zero(Shape{1, 2}), g(Shape{1, 2}, 1.0);
  const auto [y, dx] = forward_backward([&](const auto& v) { return where(mask, 2.0 * v, log(zero)); }, g, x);
  CHECK(y(0, 0) == 8);
  CHECK(y(0, 1) == -INFINITY);
  CHECK(dx == Tensor<double, 2>(Shape{1, 2}, {2.0, 0.0}));
}

TEST_CASE("masked_fill fills, and lets no gradient through there") {
  const Tensor<double, 2> x(Shape{2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), g(Shape{2, 3}, 1.0);
  const Tensor<std::uint8_t, 1> mask(Shape{3}, {0, 1, 0});
  const auto [y, dx] = forward_backward([&](const auto& v) { return masked_fill(v, mask, -1e9); }, g, x);
  CHECK(y == Tensor<double, 2>(Shape{2, 3}, {1.0, -1e9, 3.0, 4.0, -1e9, 6.0}));
  CHECK(dx == Tensor<double, 2>(Shape{2, 3}, {1.0, 0.0, 1.0, 1.0, 0.0, 1.0}));
}

TEST_CASE("a sum hands its gradient on to both sides, stretched or not, and twice to one that is there twice") {
  const auto x = normal<double>(Shape{3}, Key{1});
  const Tensor<double, 1> g(Shape{3}, {1.0, 2.0, 3.0});
  const auto [y, dx] = forward_backward([](const auto& v) { return v + v; }, g, x);
  CHECK(y == 2.0 * x);
  CHECK(dx == 2.0 * g);
  Tape tape;
  const auto v = tape.variable(x);
  CHECK(tape.backward(pull(v + Tensor<double, 1>(Shape{3}, 1.0), g))[v] == g);  // beside a tensor
}

TEST_CASE("operators: shapes that do not fit name the operation") {
  const Tensor<float, 2> a(Shape{2, 3}), b(Shape{3, 3});
  const auto rule = [](const char* name) {
    return std::string(name) + ": inputs are (2, 3) and (3, 3); trailing extents must be equal or 1";
  };
  CHECK(message_of<ShapeError>([&] { a + b; }) == rule("add"));
  CHECK(message_of<ShapeError>([&] { a - b; }) == rule("subtract"));
  CHECK(message_of<ShapeError>([&] { a* b; }) == rule("multiply"));
  CHECK(message_of<ShapeError>([&] { a / b; }) == rule("divide"));
  CHECK_THROWS_AS(where(Mask(Shape{2, 2}), a, a), ShapeError);
  CHECK_THROWS_AS(masked_fill(a, Mask(Shape{2, 2}), 0), ShapeError);
}

TEST_CASE("operators: the same bits at any number of threads and for a row alone") {
  const auto a = normal<float>(Shape{3, 90, 101}, Key{1});
  const auto b = uniform<float>(Shape{3, 1, 101}, Key{2}, 0.5, 2);
  check_invariance<2>([](const auto& x, const auto& y) { return (x + y) * y - x / y; }, a, b);
}

TEST_CASE_TEMPLATE("a sum is written over a temporary that no one else sees, and over nothing else", T, float, double) {
  const auto a = normal<T>(Shape{3, 5}, Key{1}), b = normal<T>(Shape{3, 5}, Key{2}),
             row = normal<T>(Shape{1, 5}, Key{3});
  const auto copy = [](const Tensor<T, 2>& x) { return Tensor<T, 2>::from(x.shape(), x.values()); };
  const Tensor<T, 2> expected = a + b, stretched = a + row;
  const auto over = [&](auto x, auto y, bool first, const Tensor<T, 2>& sum) {
    const T* memory = first ? value(x).data() : value(y).data();
    const auto z = std::move(x) + std::move(y);
    CHECK(value(z).data() == memory);
    CHECK(value(z) == sum);
  };
  over(copy(a), copy(b), true, expected);
  over(copy(a), copy(row), true, stretched);
  over(copy(row), copy(a), false, stretched);
  CHECK(copy(row) + copy(Tensor<T, 2>(Shape{3, 1}, 0)) == Tensor<T, 2>(Shape{3, 5}, 0) + row);

  Tensor<T, 2> mine = copy(a), shared = mine;
  CHECK(std::move(mine) + b == expected);
  CHECK(shared == a);
  const Tensor<T, 2> constant = copy(a);
  CHECK(std::move(constant) + b == expected);
  CHECK(constant == a);

  Tape tape;
  const auto x = tape.variable(a), y = tape.variable(b);
  const auto kept = x * y;
  const auto temporaries = tape.backward(sum((x * y + kept) * (sin(x) + x)));
  CHECK(value(kept) == a * b);
  CHECK(value(x) == a);
  Tape again;
  const auto u = again.variable(a), v = again.variable(b);
  const auto uv = u * v, wave_u = sin(u), twice = uv + uv, moved = wave_u + u;
  const auto named = again.backward(sum(twice * moved));
  const double rounding = 16 * std::numeric_limits<T>::epsilon();  // the order of the nodes is another
  CHECK(difference(temporaries[x], named[u]) < rounding);
  CHECK(difference(temporaries[y], named[v]) < rounding);
}

}  // namespace elementwise_test
