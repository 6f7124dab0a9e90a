#include "inkling/ops/loss.hpp"

#include <cmath>
#include <limits>

#include "../golden/data/loss.inc"
#include "../golden/golden.hpp"
#include "inkling/ops/elementwise.hpp"
#include "operation_checks.hpp"

namespace loss_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::loss;

namespace {

Tensor<std::int32_t, 2> some_targets(const Shape<2>& shape, Index classes) {
  Tensor<std::int32_t, 2> targets(shape);
  std::int32_t* t = targets.mutable_data();
  for (Index i = 0; i < targets.size(); ++i) t[i] = static_cast<std::int32_t>((i * 7 + 3) % classes);
  return targets;
}

const auto f_mse = [](const auto& x, const auto& y) { return mse(x, y); };
const auto f_weighted_mse = [](const auto& x, const auto& y, const auto& w) { return weighted_mse(x, y, w); };
const auto f_bernoulli = [](const auto& l, const auto& t) { return bernoulli_rows(l, t); };

}  // namespace

TEST_CASE("cross_entropy: closed form") {
  const Tensor<double, 2> logits(Shape{2, 3}, {std::log(1.0), std::log(2.0), std::log(5.0), 900.0, 0.0, -900.0});
  const Tensor<std::int32_t, 1> targets(Shape{2}, {1, 1});
  CHECK(difference(cross_entropy_rows(logits, targets), Tensor<double, 1>(Shape{2}, {std::log(4.0), 900.0})) < 1e-15);
  CHECK(cross_entropy(logits, targets).item() == doctest::Approx((std::log(4.0) + 900) / 2).epsilon(1e-15));
  CHECK(cross_entropy(Tensor<float, 1>(Shape{256}), Tensor<std::int32_t, 0>(7)).item() ==
        doctest::Approx(std::log(256.0)).epsilon(1e-6));
}

TEST_CASE("cross_entropy: gradients") {
  for (const auto& shape : {Shape{2, 3, 5}, Shape{1, 1, 1}, Shape{1, 3, 256}, Shape{2, 1, 17}}) {
    CAPTURE(to_string(shape));
    const auto targets = some_targets(Shape{shape[0], shape[1]}, shape[2]);
    const auto logits = normal<float>(shape, Key{1});
    check_gradients([&](const auto& l) { return cross_entropy_rows(l, targets); }, logits);
    check_gradients([&](const auto& l) { return cross_entropy(l, targets); }, logits);
  }
  check_gradients([](const auto& l) { return cross_entropy_rows(l, Tensor<std::int32_t, 0>(2)); },
                  normal<float>(Shape{4}, Key{1}));
  check_gradients([](const auto& l) { return cross_entropy_rows(l, Tensor<std::int32_t, 1>(Shape{0})); },
                  Tensor<float, 2>(Shape{0, 4}));
}

TEST_CASE("cross_entropy: independent of threads and batch") {
  const std::int32_t label = 3;
  check_invariance<1>([&](const auto& l) {
    return cross_entropy_rows(l, Tensor<std::int32_t, 2>(Shape{value(l).extent(0), value(l).extent(1)}, label));
  }, normal<float>(Shape{3, 196, 256}, Key{1}));
}

TEST_CASE("mse: closed form and gradients") {
  const Tensor<double, 2> x(Shape{2, 2}, {1, 2, 3, 4}), y(Shape{2, 2}, {1, 0, 0, 0});
  CHECK(mse(x, y).item() == 7.25);
  CHECK(weighted_mse(x, y, Tensor<double, 1>(Shape{2}, {1, 10})).item() == 63.5);
  CHECK(weighted_mse(x, y, Tensor<double, 2>(Shape{1, 2}, {1, 10})).item() == (9 + 10 * 20) / 4.0);
  const auto a = normal<float>(Shape{3, 2, 4}, Key{1}), b = normal<float>(Shape{3, 2, 4}, Key{2});
  check_gradients(f_mse, a, b);
  check_gradients(f_weighted_mse, a, b, uniform<float>(Shape{3}, Key{3}));
  check_gradients(f_weighted_mse, a, b, uniform<float>(Shape{3, 1, 4}, Key{3}));
  check_gradients(f_weighted_mse, normal<float>(Shape{5}, Key{1}), normal<float>(Shape{5}, Key{2}),
                  uniform<float>(Shape{5}, Key{3}));
  check_gradients(f_mse, Tensor<float, 0>(2.0f), Tensor<float, 0>(1.5f));
}

TEST_CASE("bernoulli: closed form") {
  const double l = std::log(3.0);  // p = 3/4
  const Tensor<double, 2> logits(Shape{3, 2}, {l, l, -l, 0, 800, -800}), targets(Shape{3, 2}, {1, 0, 1, 0.3, 0, 1});
  const double yes = std::log(4.0 / 3), no = std::log(4.0);
  const auto rows = bernoulli_rows(logits, targets);
  CHECK(difference(rows, Tensor<double, 1>(Shape{3}, {yes + no, no + std::log(2.0), 1600})) < 1e-15);
  CHECK(bernoulli_loss(logits, targets).item() ==
        doctest::Approx((yes + 2 * no + std::log(2.0) + 1600) / 6).epsilon(1e-15));
}

TEST_CASE("bernoulli: small losses keep their digits") {
  for (float l : {10.0f, 20.0f, 40.0f, 80.0f}) {
    const double expected = std::log1p(std::exp(-static_cast<double>(l)));
    const auto loss = bernoulli_rows(Tensor<float, 1>(Shape{1}, {-l}), Tensor<float, 1>(Shape{1}, {0.0f}))(0);
    CHECK(static_cast<double>(loss) == doctest::Approx(expected).epsilon(1e-6).scale(0));
  }
}

TEST_CASE("bernoulli: gradients, threads and batch") {
  const auto targets = [](const auto& shape) { return uniform<float>(shape, Key{2}, 0.1, 0.9); };
  check_gradients(f_bernoulli, normal<float>(Shape{3, 2, 2, 1}, Key{1}), targets(Shape{3, 2, 2, 1}));
  check_gradients(f_bernoulli, Tensor<float, 2>(Shape{2, 2}, {0.0f, 15.0f, -15.0f, 1.0f}), targets(Shape{2, 2}));
  check_gradients(f_bernoulli, Tensor<float, 2>(Shape{0, 3}), Tensor<float, 2>(Shape{0, 3}));
  check_gradients([](const auto& l, const auto& t) { return bernoulli_loss(l, t); }, normal<float>(Shape{2, 3}, Key{1}),
                  targets(Shape{2, 3}));
  check_invariance<2>(f_bernoulli, normal<float>(Shape{3, 61, 97}, Key{1}), targets(Shape{3, 61, 97}));
}

TEST_CASE("loss: PyTorch") {
  const auto targets = Tensor<std::int32_t, 2>::from(Shape{2, 3}, g::rows_t);
  CHECK(golden::error([&](const auto& x) { return cross_entropy_rows(4.0 * x, targets); }, g::rows_y, g::rows_dy,
                      std::tie(g::rows_dx), golden::tensor(Shape{2, 3, 7}, g::rows_x)) < 1e-12);
  CHECK(golden::error([&](const auto& x) { return cross_entropy(x, targets); }, g::cross_entropy_y, g::cross_entropy_dy,
                      std::tie(g::cross_entropy_dx), golden::tensor(Shape{2, 3, 7}, g::cross_entropy_x)) < 1e-12);
  CHECK(golden::error(f_mse, g::mse_y, g::mse_dy, std::tie(g::mse_dx, g::mse_dt),
                      golden::tensor(Shape{2, 3, 2}, g::mse_x), golden::tensor(Shape{2, 3, 2}, g::mse_t)) < 1e-12);
  CHECK(golden::error(f_weighted_mse, g::weighted_y, g::weighted_dy,
                      std::tie(g::weighted_dx, g::weighted_dt, g::weighted_dw),
                      golden::tensor(Shape{3, 2, 2}, g::weighted_x), golden::tensor(Shape{3, 2, 2}, g::weighted_t),
                      golden::tensor(Shape{3}, g::weighted_w)) < 1e-12);
  CHECK(golden::error([](const auto& x, const auto& t) { return bernoulli_rows(8.0 * x, (t + 2.0) / 4.0); },
                      g::bernoulli_rows_y, g::bernoulli_rows_dy, std::tie(g::bernoulli_rows_dx, g::bernoulli_rows_dt),
                      golden::tensor(Shape{3, 2, 4}, g::bernoulli_rows_x),
                      golden::tensor(Shape{3, 2, 4}, g::bernoulli_rows_t)) < 1e-12);
  CHECK(golden::error([](const auto& x, const auto& t) { return bernoulli_loss(8.0 * x, (t + 2.0) / 4.0); },
                      g::bernoulli_y, g::bernoulli_dy, std::tie(g::bernoulli_dx, g::bernoulli_dt),
                      golden::tensor(Shape{3, 5}, g::bernoulli_x),
                      golden::tensor(Shape{3, 5}, g::bernoulli_t)) < 1e-12);
}

TEST_CASE("loss: errors") {
  const Tensor<float, 2> logits(Shape{2, 3});
  const auto labels = [](std::int32_t a, std::int32_t b) { return Tensor<std::int32_t, 1>(Shape{2}, {a, b}); };
  CHECK_THROWS_WITH_AS(cross_entropy(logits, Tensor<std::int32_t, 1>(Shape{3})),
                       "cross_entropy: logits are (2, 3), targets are (3); targets[0] must equal logits[0]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels(0, 3)),
                       "cross_entropy: targets(1) is 3, logits are (2, 3); targets must be in [0, 3)", ValueError);
  CHECK_THROWS_WITH_AS(cross_entropy_rows(logits, labels(-1, 0)),
                       "cross_entropy: targets(0) is -1, logits are (2, 3); targets must be in [0, 3)", ValueError);
  CHECK_THROWS_WITH_AS(cross_entropy(Tensor<float, 2>(Shape{0, 3}), Tensor<std::int32_t, 1>(Shape{0})),
                       "cross_entropy: logits is (0, 3); the mean needs at least one element", ShapeError);
  const Tensor<float, 2> x(Shape{2, 3}), y(Shape{2, 1});
  CHECK_THROWS_WITH_AS(mse(x, y), "mse: x is (2, 3), y is (2, 1); both must be equal", ShapeError);
  CHECK_THROWS_WITH_AS(mse(Tensor<float, 1>(Shape{0}), Tensor<float, 1>(Shape{0})),
                       "mse: x is (0); the mean needs at least one element", ShapeError);
  CHECK_THROWS_WITH_AS(weighted_mse(x, y, y), "weighted_mse: x is (2, 3), y is (2, 1); both must be equal", ShapeError);
  CHECK_THROWS_WITH_AS(weighted_mse(x, x, Tensor<float, 1>(Shape{3})),
                       "weighted_mse: x is (2, 3), w is (3); w[0] must equal x[0]", ShapeError);
  CHECK_THROWS_WITH_AS(weighted_mse(x, x, Tensor<float, 2>(Shape{2, 2})),
                       "weighted_mse: x is (2, 3), w is (2, 2); w[1] must be 3 or 1", ShapeError);
  CHECK_THROWS_WITH_AS(bernoulli_rows(x, y), "bernoulli_rows: logits is (2, 3), targets is (2, 1); both must be equal",
                       ShapeError);
  CHECK_THROWS_WITH_AS(bernoulli_loss(x, Tensor<float, 2>(Shape{2, 3}, 1.5f)),
                       "bernoulli_loss: targets(0, 0) is 1.5; targets must be in [0, 1]", ValueError);
  CHECK_THROWS_WITH_AS(bernoulli_loss(Tensor<float, 1>(Shape{0}), Tensor<float, 1>(Shape{0})),
                       "bernoulli_loss: logits is (0); the mean needs at least one element", ShapeError);
}

TEST_CASE_TEMPLATE("cross_entropy: saturated logits keep the digits of loss and gradient", T, float, double) {
  // Against long double: rounding ln Σ exp to one number would cost as many digits as the logits are large.
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  for (const double offset : {0.0, 100.0, -1000.0, 30000.0}) {
    const Tensor<T, 2> logits(Shape{3, 4}, {T(offset), T(offset + 0.5), T(offset - 3), T(offset - 20),  //
                                            T(offset + 16), T(offset), T(offset), T(offset),            //
                                            T(offset - 60), T(offset), T(offset - 1), T(offset + 1)});
    const Tensor<std::int32_t, 1> labels(Shape{3}, {1, 0, 3});
    Tape tape;
    const auto x = tape.variable(logits);
    const auto loss = cross_entropy_rows(x, labels);
    const auto g = tape.backward(sum(loss))[x];
    Tape other;
    const auto z = other.variable(logits);
    const auto h = other.backward(sum(logsumexp<1>(z)))[z];
    for (Index r = 0; r < 3; ++r) {
      long double total = 0;
      for (Index c = 0; c < 4; ++c) total += std::exp(static_cast<long double>(logits(r, c)) - offset);
      for (Index c = 0; c < 4; ++c) {
        const long double p = std::exp(static_cast<long double>(logits(r, c)) - offset) / total;
        CHECK(std::abs(static_cast<double>(g(r, c) - (p - (labels(r) == c ? 1 : 0)))) <= 4 * eps);
        CHECK(std::abs(static_cast<double>(h(r, c) - p)) <=
              (8 - std::log(static_cast<double>(p))) * eps * static_cast<double>(p));
      }
      const long double right = std::log(total) - (static_cast<long double>(logits(r, labels(r))) - offset);
      CHECK(std::abs(static_cast<double>(value(loss)(r) - right)) <= 4 * eps);
    }
  }
}

TEST_CASE("bernoulli: sure logits keep the digits of loss and gradient") {
  const Tensor<float, 1> logits(Shape{4}, {40, -40, 40, 5000}), targets(Shape{4}, {1, 0, 0.25f, 1});
  Tape tape;
  const auto l = tape.variable(logits);
  const auto g = tape.backward(sum(detail::bernoulli_elements(l, targets)))[l];
  const auto nats = detail::bernoulli_elements(logits, targets);
  const float tail = 4.2483543e-18f;  // e⁻⁴⁰
  for (const Index i : {0, 1}) CHECK(std::abs(nats(i) / tail - 1) < 1e-6f);
  CHECK(nats(2) == 30);
  CHECK(nats(3) == 0);
  CHECK(std::abs(g(0) / -tail - 1) < 1e-6f);
  CHECK(std::abs(g(1) / tail - 1) < 1e-6f);
  CHECK(g(2) == 0.75f);
  CHECK(g(3) == 0);
}

TEST_CASE("loss: NaN stays NaN, in the loss and its gradient") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor<float, 2> logits(Shape{2, 3}, {1, nan, 2, 1, 2, 3});
  Tape tape;
  const auto x = tape.variable(logits);
  const auto rows = cross_entropy_rows(x, Tensor<std::int32_t, 1>(Shape{2}, {2, 0}));
  CHECK(std::isnan(value(rows)(0)));
  CHECK(std::isfinite(value(rows)(1)));
  const auto g = tape.backward(sum(rows))[x];
  for (Index c = 0; c < 3; ++c) {
    CHECK(std::isnan(g(0, c)));
    CHECK(std::isfinite(g(1, c)));
  }
  CHECK(std::isnan(bernoulli_loss(logits, Tensor<float, 2>(Shape{2, 3})).item()));
  CHECK(std::isnan(mse(logits, Tensor<float, 2>(Shape{2, 3})).item()));
}

TEST_CASE("loss: a label out of range names its row") {
  Tensor<std::int32_t, 3> labels(Shape{4, 2, 2});
  labels(3, 0, 1) = 9;
  CHECK_THROWS_WITH_AS(cross_entropy_rows(Tensor<float, 4>(Shape{4, 2, 2, 5}), labels),
                       "cross_entropy: targets(3, 0, 1) is 9, logits are (4, 2, 2, 5); targets must be "
                       "in [0, 5)",
                       ValueError);
}

}  // namespace loss_test
