#include "inkling/optim/adamw.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../golden/data/optim.inc"
#include "../golden/golden.hpp"
#include "toy.hpp"

namespace adamw_test {

using namespace ink;
namespace g = golden::optim;

namespace {

template <class T>
toy::Affine<T> start() {
  toy::Affine<T> model;
  model.w.value = golden::tensor<T>(Shape{3, 2}, g::w);
  model.b.value = golden::tensor<T>(Shape{2}, g::b);
  return model;
}

template <class T>
Gradients gradients_of(const toy::Affine<T>& model, int step) {
  Gradients gradients;
  toy::give(gradients, model.w, std::span(g::gw).subspan(static_cast<std::size_t>(6 * step), 6));
  toy::give(gradients, model.b, std::span(g::gb).subspan(static_cast<std::size_t>(2 * step), 2));
  return gradients;
}

constexpr AdamWOptions golden_options{.lr = 0.1, .beta1 = 0.75, .beta2 = 0.875, .eps = 1e-4, .weight_decay = 0.125};

template <class T>
double golden_error() {
  auto model = start<T>();
  AdamW optimizer{model, golden_options};
  std::vector<T> w, b;
  for (int step = 0; step < 10; ++step) {
    optimizer.update(model, gradients_of(model, step), 0.1 / (step + 1));
    w.insert(w.end(), model.w.value.values().begin(), model.w.value.values().end());
    b.insert(b.end(), model.b.value.values().begin(), model.b.value.values().end());
  }
  return std::max(golden::difference(Tensor<T, 1>::from(Shape{60}, w), g::adamw_w),
                  golden::difference(Tensor<T, 1>::from(Shape{20}, b), g::adamw_b));
}

}  // namespace

TEST_CASE("adamw: ten updates are PyTorch's") {
  CHECK(golden_error<double>() < 1e-13);
  CHECK(golden_error<float>() < 1e-5);
}

TEST_CASE_TEMPLATE("adamw: its square root", T, float, double) {
  const T eps = std::numeric_limits<T>::epsilon();
  CHECK(detail::vectorizable_sqrt(T{0}) == 0);
  for (T x = std::numeric_limits<T>::min(); x < std::numeric_limits<T>::max() / 2; x *= T(1.7)) {
    CHECK(std::abs(detail::vectorizable_sqrt(x) / std::sqrt(x) - 1) <= 3 * eps);
  }
}

TEST_CASE("adamw: the first step has the length of the learning rate and the sign of the gradient") {
  auto model = start<double>();
  const auto before = model.b.value;
  Gradients gradients;
  const double slopes[] = {1e-3, -50.0};
  toy::give(gradients, model.b, slopes);
  AdamW optimizer{model, {.lr = 0.01, .eps = 1e-30}};
  optimizer.update(model, gradients);
  CHECK(model.b.value(0) == doctest::Approx(before(0) - 0.01).epsilon(1e-14));
  CHECK(model.b.value(1) == doctest::Approx(before(1) + 0.01).epsilon(1e-14));
}

TEST_CASE("adamw: weight decay is for matrices only, and a missing gradient is zero") {
  auto model = start<double>();
  const auto before = model;
  Gradients gradients;
  const double zeros[] = {0, 0};
  toy::give(gradients, model.b, zeros);
  AdamW optimizer{model, {.lr = 0.5, .weight_decay = 0.25}};
  optimizer.update(model, gradients);
  for (Index i = 0; i < 6; ++i) CHECK(model.w.value.data()[i] == before.w.value.data()[i] * 0.875);
  CHECK(model.b.value == before.b.value);
}

TEST_CASE("adamw: the model may be copied and moved between updates, and copies of the optimiser are independent") {
  auto model = start<float>();
  AdamW optimizer{model, golden_options};
  optimizer.update(model, gradients_of(model, 0));
  auto moved = std::move(model);
  AdamW twin = optimizer;
  auto other = moved;
  optimizer.update(moved, gradients_of(moved, 1));
  twin.update(other, gradients_of(other, 1));
  CHECK(moved.w.value == other.w.value);
  CHECK(!moved.w.value.shares_storage_with(other.w.value));
  twin.update(other, gradients_of(other, 2));
  optimizer.update(moved, gradients_of(moved, 2));
  CHECK(moved.w.value == other.w.value);
  CHECK(optimizer.steps() == 3);
}

TEST_CASE("adamw: the state can be read and put back") {
  auto model = start<float>();
  AdamW optimizer{model, golden_options};
  optimizer.update(model, gradients_of(model, 0));
  std::vector<std::string> names;
  std::vector<float> first;
  AdamW::visit_state(std::as_const(optimizer), model, [&](const std::string& name, const auto& tensor) {
    names.push_back(name);
    first.push_back(static_cast<float>(tensor.data()[0]));
  });
  CHECK(names == std::vector<std::string>{"m.w", "v.w", "m.b", "v.b", "steps"});
  CHECK(first[0] == doctest::Approx(0.25 * g::gw[0]));
  CHECK(first[1] == doctest::Approx(0.125 * g::gw[0] * g::gw[0]));
  CHECK(first[4] == 1);

  AdamW fresh{model, golden_options};
  AdamW::visit_state(fresh, model, [&](const std::string& to, auto& tensor) {
    AdamW::visit_state(std::as_const(optimizer), model, [&](const std::string& from, const auto& source) {
      if constexpr (std::is_same_v<decltype(tensor), std::remove_cvref_t<decltype(source)>&>) {
        if (from == to) tensor = source;
      }
    });
  });
  auto other = model;
  optimizer.update(model, gradients_of(model, 1));
  fresh.update(other, gradients_of(other, 1));
  CHECK(model.w.value == other.w.value);
  CHECK(model.b.value == other.b.value);
}

TEST_CASE("adamw: what does not fit is refused and changes nothing") {
  auto model = start<float>();
  const auto before = model;
  AdamW optimizer{model};
  auto copy = model;
  CHECK_THROWS_WITH_AS(optimizer.update(model, gradients_of(copy, 0)),
                       "adamw: gradients are of none of the model's parameters; they must come from a loss of this "
                       "very model, not of a copy",
                       ValueError);
  auto wide = model;
  wide.w.value = Tensor<float, 2>(Shape{3, 4});
  CHECK_THROWS_WITH_AS(optimizer.update(wide, gradients_of(wide, 0)),
                       "adamw: w is (3, 4), its state is (3, 2); both must be equal", ShapeError);
  auto precise = start<double>();
  CHECK_THROWS_AS(optimizer.update(precise, gradients_of(precise, 0)), ValueError);
  CHECK_THROWS_AS(optimizer.update(model, gradients_of(model, 0), -1.0), ValueError);
  CHECK_THROWS_AS(optimizer.update(model, gradients_of(model, 0), std::nan("")), ValueError);
  CHECK(model.w.value == before.w.value);
  CHECK(optimizer.steps() == 0);
  CHECK_THROWS_WITH_AS(AdamW(model, {.beta2 = 1.0}), "adamw: beta2 is 1; it must be in [0, 1)", ValueError);
  CHECK_THROWS_AS(AdamW(model, {.eps = 0}), ValueError);
  CHECK_THROWS_AS(AdamW(model, {.weight_decay = -1}), ValueError);
}

TEST_CASE_TEMPLATE("adamw: a gradient whose square overflows moves its weight, now and later", T, float, double) {
  const double huge = 0.5 * static_cast<double>(std::numeric_limits<T>::max());
  auto model = start<T>();
  const auto before = model.b.value;
  AdamW optimizer{model, {.lr = 0.25, .beta1 = 0, .beta2 = 0.5}};
  Gradients gradients;
  const double first[] = {huge, -huge};
  toy::give(gradients, model.b, first);
  optimizer.update(model, gradients);
  // The first step of Adam has the length of the rate, whatever the gradient's.
  CHECK(static_cast<double>(model.b.value(0)) == doctest::Approx(static_cast<double>(before(0)) - 0.25).epsilon(1e-5));
  CHECK(static_cast<double>(model.b.value(1)) == doctest::Approx(static_cast<double>(before(1)) + 0.25).epsilon(1e-5));
  const auto after = model.b.value;
  optimizer.update(model, gradients);
  CHECK(static_cast<double>(model.b.value(0)) == doctest::Approx(static_cast<double>(after(0)) - 0.25).epsilon(1e-5));
  AdamW::visit_state(std::as_const(optimizer), model, [&](const std::string&, const auto& tensor) {
    for (const auto x : tensor.values()) CHECK(std::isfinite(static_cast<double>(x)));
  });
}

TEST_CASE("adamw: an infinite gradient is not taken for a large one") {
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    auto model = start<float>();
    const auto before = model.b.value;
    AdamW optimizer{model};
    Gradients gradients;
    const double slopes[] = {bad, 1};
    toy::give(gradients, model.b, slopes);
    optimizer.update(model, gradients);
    CHECK(std::isnan(model.b.value(0)));
    CHECK(model.b.value(1) < before(1));
  }
}

TEST_CASE("adamw: options are checked one by one, and as float where the parameters are") {
  const auto single = start<float>();
  const auto twice = start<double>();
  const double nan = std::nan("");
  CHECK_THROWS_WITH_AS(AdamW(single, {.lr = nan}), "adamw: lr is nan; it must be finite and not negative", ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.eps = nan}), "adamw: eps is nan; it must be finite", ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.beta1 = nan}), "adamw: beta1 is nan; it must be in [0, 1)", ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.weight_decay = nan}),
                       "adamw: weight_decay is nan; it must be finite and not negative", ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.lr = 1e39}), "adamw: lr is 1e+39; it must be finite as float", ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.beta2 = 1 - 1e-9}), "adamw: beta2 is 0.999999999; it must be below 1 as float",
                       ValueError);
  CHECK_THROWS_WITH_AS(AdamW(single, {.eps = 1e-50}), "adamw: eps is 1e-50; it must be positive as float", ValueError);
  CHECK_NOTHROW(AdamW(twice, {.lr = 1e39, .beta2 = 1 - 1e-9, .eps = 1e-50}));
  // Finite as float, but not when it is divided by 1 - 0.9.
  auto model = start<float>();
  const auto before = model;
  AdamW optimizer{model, {.lr = 1e38}};
  CHECK_THROWS_WITH_AS(optimizer.update(model, gradients_of(model, 0)),
                       doctest::Contains("adamw: lr / (1 - beta1^n) is 1"), ValueError);
  CHECK(model.w.value == before.w.value);
  CHECK(optimizer.steps() == 0);
  CHECK_THROWS_AS(AdamW::visit_state(optimizer, model,
                                     [](const std::string&, auto& tensor) {
    if constexpr (std::is_same_v<decltype(tensor), Tensor<std::int64_t, 0>&>) tensor = Tensor<std::int64_t, 0>(-1);
  }),
                  ValueError);
}

TEST_CASE("adamw: a parameter without elements is no obstacle") {
  auto model = start<float>();
  model.b.value = Tensor<float, 1>(Shape{0});
  AdamW optimizer{model};
  Gradients gradients;
  toy::give(gradients, model.w, std::span(g::gw).first(6));
  optimizer.update(model, gradients);
  CHECK(model.b.value.size() == 0);
}

}  // namespace adamw_test
