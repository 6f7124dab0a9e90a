#include "inkling/optim/ema.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include <doctest/doctest.h>

#include "toy.hpp"

namespace ema_test {

using namespace ink;

namespace {

template <class T>
toy::Affine<T> filled(T x) {
  toy::Affine<T> model;
  model.w.value = Tensor<T, 2>(Shape{3, 2}, x);
  model.b.value = Tensor<T, 1>(Shape{2}, -x);
  return model;
}

}  // namespace

TEST_CASE("ema: the warm-up's decay") {
  const Ema ema{filled(0.0), {.decay = 0.75}};
  CHECK(ema.decay(0) == 0.0);
  CHECK(ema.decay(7) == doctest::Approx(0.75));  // 1 - 8^(-2/3)
  CHECK(ema.decay(1) == doctest::Approx(1 - std::pow(2.0, -2.0 / 3.0)));
  CHECK(ema.decay(1000) == 0.75);
  const Ema slow{filled(0.0), {.decay = 1.0, .power = 0.5, .gamma = 3, .min = 0.25}};
  CHECK(slow.decay(0) == 0.25);
  CHECK(slow.decay(45) == doctest::Approx(0.75));  // 1 - 16^(-1/2)
  const Ema constant{filled(0.0), {.decay = 0.9, .power = 0}};
  CHECK(constant.decay(0) == 0.9);
}

TEST_CASE("ema: averages by the recurrence, from the first model it sees") {
  Ema ema{filled(100.0), {.decay = 0.75}};
  double expected = 100;
  for (int n = 0; n < 20; ++n) {
    const double x = std::sin(n), d = ema.decay(n);
    expected = d * expected + (1 - d) * x;
    ema.update(filled(x));
    CHECK(ema.model().w.value(2, 1) == doctest::Approx(expected).epsilon(1e-13));
    CHECK(ema.model().b.value(0) == doctest::Approx(-expected).epsilon(1e-13));
  }
  CHECK(ema.updates() == 20);
}

TEST_CASE("ema: with a constant decay, n steps of 1 from 0 leave 1 - dⁿ") {
  Ema ema{filled(0.0f), {.decay = 0.875, .power = 0}};
  const auto ones = filled(1.0f);
  for (int n = 0; n < 10; ++n) ema.update(ones);
  CHECK(ema.model().w.value(0, 0) == doctest::Approx(1 - std::pow(0.875, 10)).epsilon(1e-6));
}

TEST_CASE("ema: an average never aliases the model, nor copies of itself") {
  auto model = filled(1.0f);
  Ema ema{model};
  ema.update(model);
  model.w.value(0, 0) = 9.0f;
  CHECK(ema.model().w.value(0, 0) == 1.0f);
  Ema copy = ema;
  copy.update(model);
  CHECK(ema.model().w.value(0, 0) == 1.0f);
  CHECK(copy.model().w.value(0, 0) > 1.0f);
}

TEST_CASE("ema: what does not fit is refused") {
  Ema ema{filled(1.0f)};
  auto other = filled(2.0f);
  other.b.value = Tensor<float, 1>(Shape{3});
  CHECK_THROWS_WITH_AS(ema.update(other), "ema: b is (3), its state is (2); both must be equal", ShapeError);
  CHECK(ema.model().w.value(0, 0) == 1.0f);
  CHECK_THROWS_AS(ema.restore(other, 3), ShapeError);
  CHECK_THROWS_AS((Ema{filled(0.0f), {.decay = 1.5}}), ValueError);
  CHECK_THROWS_AS((Ema{filled(0.0f), {.decay = 0.5, .min = 0.6}}), ValueError);
  CHECK_THROWS_AS((Ema{filled(0.0f), {.gamma = 0}}), ValueError);
  CHECK_THROWS_WITH_AS((Ema{filled(0.0f), {.decay = std::nan("")}}), "ema: decay is nan; it must be finite",
                       ValueError);
  CHECK_THROWS_WITH_AS((Ema{filled(0.0f), {.gamma = std::numeric_limits<double>::infinity()}}),
                       "ema: gamma is inf; it must be finite", ValueError);
  CHECK_THROWS_AS(ema.restore(filled(0.0f), -1), ValueError);
}

}  // namespace ema_test
