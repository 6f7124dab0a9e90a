// 2. Automatic differentiation: a tape records what happens to its variables, and walks back through it once to give
// every gradient. A formula is written once, for numbers; its derivative follows.
#include <cmath>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/core/random.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/map.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/optim/adamw.hpp"

namespace {

using namespace ink;

void gradient_of_a_formula() {
  Tape tape;
  const auto x = tape.variable(Tensor<double, 1>(Shape{3}, {0.5, 1.0, 2.0}));
  const auto y = sum(exp(x) * x);
  const auto gradients = tape.backward(y);
  std::printf("d/dx x·exp(x) at 0.5, 1, 2:");
  for (double g : gradients[x].values()) std::printf(" %.6f", g);
  std::printf("; at 1 it is 2e = %.6f\n", 2 * std::exp(1.0));
}

/// Any function of numbers becomes one fused loop forward and one backward.
void formula_of_your_own() {
  const auto gated = [](auto x, auto g) {
    using std::exp;
    return x / (1.0 + exp(-g));
  };
  const auto x = normal<double>(Shape{4, 5}, Key{1}), g = normal<double>(Shape{4, 5}, Key{2});
  const double error = gradcheck([&](const auto& a, const auto& b) { return map(gated, a, b); }, x, g);
  std::printf("x·sigmoid(g) agrees with finite differences: largest error %.1e\n", error);
}

/// A model is a struct that names its parameters.
struct Parabola {
  Parameter<float, 0> a{Tensor<float, 0>(0.0f)}, b{Tensor<float, 0>(0.0f)}, c{Tensor<float, 0>(0.0f)};

  template <TensorLike X>
  auto operator()(const X& x) const {
    return (a.on(x) * x + b.on(x)) * x + c.on(x);
  }

  static void visit(auto& self, auto&& f) {
    f("a", self.a);
    f("b", self.b);
    f("c", self.c);
  }
};

void fit_a_parabola(int steps) {
  const auto x = uniform<float>(Shape{64}, Key{3}, -1, 1);
  const auto y = (2.0f * x - 1.0f) * x + 0.5f;
  Parabola model;
  AdamW optimizer(model, {.lr = 0.05, .weight_decay = 0});
  for (int step = 0; step < steps; ++step) {
    Tape tape;
    const auto error = model(tape.constant(x)) - tape.constant(y);
    optimizer.update(model, tape.backward(mean(error * error)));
  }
  std::printf("fitted after %d steps: %.3f x² %+.3f x %+.3f (the data are 2 x² − x + 0.5)\n", steps,
              static_cast<double>(model.a.value.item()), static_cast<double>(model.b.value.item()),
              static_cast<double>(model.c.value.item()));
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  CLI::App app{"Gradients of formulas, of your own functions, and a first fit."};
  app.add_flag("--quick", quick, "a few steps only, to see that everything runs");
  CLI11_PARSE(app, argc, argv);
  try {
    gradient_of_a_formula();
    formula_of_your_own();
    fit_a_parabola(quick ? 3 : 500);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "02_autodiff: %s\n", error.what());
    return 1;
  }
  return 0;
}
