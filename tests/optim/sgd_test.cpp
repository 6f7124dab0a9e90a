#include "inkling/optim/sgd.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "../golden/data/optim.inc"
#include "../golden/golden.hpp"
#include "toy.hpp"

namespace sgd_test {

using namespace ink;
namespace g = golden::optim;

namespace {

toy::Affine<double> start() {
  toy::Affine<double> model;
  model.w.value = golden::tensor(Shape{3, 2}, g::w);
  model.b.value = golden::tensor(Shape{2}, g::b);
  return model;
}

double golden_error(const SgdOptions& options, const double (&expected_w)[60], const double (&expected_b)[20]) {
  auto model = start();
  Sgd optimizer{model, options};
  std::vector<double> w, b;
  for (std::size_t step = 0; step < 10; ++step) {
    Gradients gradients;
    toy::give(gradients, model.w, std::span(g::gw).subspan(6 * step, 6));
    toy::give(gradients, model.b, std::span(g::gb).subspan(2 * step, 2));
    optimizer.update(model, gradients, 0.1 / static_cast<double>(step + 1));
    w.insert(w.end(), model.w.value.values().begin(), model.w.value.values().end());
    b.insert(b.end(), model.b.value.values().begin(), model.b.value.values().end());
  }
  return std::max(golden::difference(Tensor<double, 1>::from(Shape{60}, w), expected_w),
                  golden::difference(Tensor<double, 1>::from(Shape{20}, b), expected_b));
}

}  // namespace

TEST_CASE("sgd: ten updates are PyTorch's") {
  CHECK(golden_error({.weight_decay = 0.125}, g::sgd_w, g::sgd_b) < 1e-14);
  CHECK(golden_error({.momentum = 0.75, .weight_decay = 0.125}, g::momentum_w, g::momentum_b) < 1e-14);
  CHECK(golden_error({.momentum = 0.75, .nesterov = true, .weight_decay = 0.125}, g::nesterov_w, g::nesterov_b) <
        1e-14);
}

TEST_CASE("sgd: without momentum a step is -lr g") {
  auto model = start();
  const auto before = model.b.value;
  Gradients gradients;
  const double slopes[] = {2.0, -8.0};
  toy::give(gradients, model.b, slopes);
  Sgd{model, {.lr = 0.25}}.update(model, gradients);
  CHECK(model.b.value(0) == before(0) - 0.5);
  CHECK(model.b.value(1) == before(1) + 2.0);
}

TEST_CASE("sgd: options outside their domain are refused") {
  const auto model = start();
  CHECK_THROWS_WITH_AS(Sgd(model, {.momentum = 1}), "sgd: momentum is 1; it must be in [0, 1)", ValueError);
  CHECK_THROWS_AS(Sgd(model, {.nesterov = true}), ValueError);
  CHECK_THROWS_AS(Sgd(model, {.lr = -1}), ValueError);
  CHECK_THROWS_AS(Sgd(model, {.weight_decay = -1}), ValueError);
  toy::Affine<float> single;
  CHECK_THROWS_WITH_AS(Sgd(single, {.lr = 1e39}), "sgd: lr is 1e+39; it must be finite as float", ValueError);
  CHECK_THROWS_WITH_AS(Sgd(single, {.momentum = 1 - 1e-9}), "sgd: momentum is 0.999999999; it must be below 1 as float",
                       ValueError);
  CHECK_THROWS_WITH_AS(Sgd(single, {.weight_decay = 1e39}), "sgd: weight_decay is 1e+39; it must be finite as float",
                       ValueError);
  CHECK_THROWS_WITH_AS(Sgd(single, {.weight_decay = std::nan("")}),
                       "sgd: weight_decay is nan; it must be finite and not negative", ValueError);
}

}  // namespace sgd_test
