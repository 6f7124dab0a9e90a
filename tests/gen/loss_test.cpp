#include "inkling/gen/loss.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/regression.hpp"

using namespace ink;

namespace {

/// Answers factor · x.
struct Scaled {
  using value_type = double;
  Parameter<double, 0> factor{Tensor<double, 0>(0.3)};

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<double, 1>&, const C&) const {
    return x * factor.on(x);
  }
  static void visit(auto& self, auto&& f) { f("factor", self.factor); }
};

/// Logits of 0 and `factor` for every pixel.
struct Flat {
  using value_type = double;
  Parameter<double, 1> logits{Tensor<double, 1>(Shape{2}, {0.0, 0.8})};

  template <TensorLike X, class C>
  auto operator()(const X& tokens, const C&) const {
    const auto& s = value(tokens).shape();
    return constant_on(tokens, Tensor<double, 4>(Shape<4>{s[0], s[1], s[2], 2})) + logits.on(tokens);
  }
  static void visit(auto& self, auto&& f) { f("logits", self.logits); }
};

struct Batch {
  Tensor<double, 4> images = uniform<double>(Shape{6, 2, 3, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{6}, {0, 1, 2, 3, 4, 5}};
};

template <class Model, class P>
void check_derivative(Model model, P parameter) {
  const Batch batch;
  Tape tape;
  const auto recorded = loss(model, tape, batch, Key{2});
  CHECK(value(recorded).item() == loss(model, batch, Key{2}).item());
  const auto gradients = tape.backward(recorded);
  auto& p = parameter(model);
  const auto g = gradients.of(p);
  for (Index i = 0; i < p.value.size(); ++i) {
    const double at = p.value.data()[i], h = 1e-6;
    p.value.mutable_data()[i] = at + h;
    const double above = loss(model, batch, Key{2}).item();
    p.value.mutable_data()[i] = at - h;
    const double below = loss(model, batch, Key{2}).item();
    p.value.mutable_data()[i] = at;
    CHECK(g.data()[i] == doctest::Approx((above - below) / (2 * h)).epsilon(1e-7));
  }
}

}  // namespace

TEST_CASE("The loss of a diffusion model is the mean squared error of its target") {
  const Diffusion model(Scaled{}, Cosine{}, NoiseTarget{});
  const Batch batch;
  const auto example = model.corrupt(batch.images, Key{2}.fold(0));
  double sum = 0;
  for (Index i = 0; i < 36; ++i) {
    const double error = 0.3 * example.state.data()[i] - example.target.data()[i];
    sum += error * error;
  }
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(sum / 36).epsilon(1e-12));
  check_derivative(model, [](auto& m) -> auto& { return m.network.factor; });
}

TEST_CASE("The loss of an autoregressive model is its cross-entropy per pixel in nats") {
  const Autoregressive model(Flat{}, Quantizer{2});
  const Batch batch;
  const auto tokens = model.corrupt(batch.images, Key{2}.fold(0)).target;
  double sum = 0;
  for (std::int32_t token : tokens.values()) sum += std::log(1 + std::exp(0.8)) - (token == 1 ? 0.8 : 0);
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(sum / 36).epsilon(1e-12));
  check_derivative(model, [](auto& m) -> auto& { return m.network.logits; });
}

TEST_CASE("The loss of one-shot regression is the mean square where nothing is known") {
  const OneShot model(Scaled{});
  const Batch batch;
  double sum = 0;
  for (double v : batch.images.values()) sum += v * v;
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(sum / 36).epsilon(1e-12));
  const auto prior = model.prior(Shape{2, 2, 3, 1}, Key{1});
  CHECK(model.posterior(prior, 1, Unconditional{}).mean() == Tensor<double, 4>(Shape{2, 2, 3, 1}));
}

TEST_CASE("Labels are withheld at the given rate") {
  const Tensor<std::int32_t, 1> labels(Shape{20000}, 7);
  double withheld = 0;
  for (std::int32_t id : drop_labels(labels, 0.1, Key{1}).ids.values()) {
    CHECK((id == 7 || id == null_label));
    withheld += id == null_label;
  }
  CHECK(std::abs(withheld / 20000 - 0.1) < 4 * std::sqrt(0.09 / 20000));
  CHECK(drop_labels(labels, 0, Key{1}).ids == labels);
  CHECK_THROWS_WITH(drop_labels(labels, 1.5, Key{1}), "drop_labels: rate is 1.5; it must be in [0, 1]");
}
