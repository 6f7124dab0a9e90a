#include "inkling/gen/loss.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "inkling/core/view.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/ops/embedding.hpp"

namespace loss_test {

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

/// Answers a number for every label, whatever the image; the first for "not told".
struct ByLabel {
  using value_type = double;
  Parameter<double, 2> table{Tensor<double, 2>(Shape{7, 1}, {9, 0.5, -0.5, 1, 2, -1, 0})};

  template <TensorLike X>
  auto operator()(const X& x, const Tensor<double, 1>&, const ClassLabels& labels) const {
    Tensor<std::int32_t, 1> row = labels.ids;
    for (auto& id : row.mutable_values()) ++id;
    return 0 * x + reshape(embedding(table.on(x), row), Shape<4>{row.size(), 1, 1, 1});
  }
  static void visit(auto& self, auto&& f) { f("table", self.table); }
};

struct Batch {
  Tensor<double, 4> images = uniform<double>(Shape{6, 2, 3, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{6}, {0, 1, 2, 3, 4, 5}};
};

/// The same loss with a tape as without, and the derivative by every parameter against differences.
template <class Model>
void check_derivative(Model model) {
  const Batch batch;
  Tape tape;
  const auto recorded = loss(model, tape, batch, Key{2});
  const auto evaluated = [&] { return loss(std::as_const(model), batch, Key{2}).item(); };
  CHECK(recorded.item() == evaluated());
  const auto gradients = tape.backward(recorded);
  for_each_parameter(model, [&](const std::string&, auto& p) {
    const auto g = gradients.of(p);
    for (Index i = 0; i < p.value.size(); ++i) {
      const double at = p.value.data()[i], h = 1e-6;
      p.value.mutable_data()[i] = at + h;
      const double above = evaluated();
      p.value.mutable_data()[i] = at - h;
      const double below = evaluated();
      p.value.mutable_data()[i] = at;
      CHECK(std::abs(g.data()[i] - (above - below) / (2 * h)) < 1e-7);
    }
  });
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
  check_derivative(model);
}

TEST_CASE("The loss of an autoregressive model is its cross-entropy per pixel in nats") {
  const Autoregressive model(Flat{}, Quantizer{2});
  const Batch batch;
  const auto tokens = model.corrupt(batch.images, Key{2}.fold(0)).target;
  double sum = 0;
  for (std::int32_t token : tokens.values()) sum += std::log(1 + std::exp(0.8)) - (token == 1 ? 0.8 : 0);
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(sum / 36).epsilon(1e-12));
  check_derivative(model);
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

TEST_CASE("The loss sees the labels, or none of them") {
  OneShot model(ByLabel{});
  const Batch batch;
  const auto expected = [&](bool told) {
    double sum = 0;
    for (Index i = 0; i < 36; ++i) {
      const double answer = model.network.table.value(told ? i / 6 + 1 : 0, 0);
      sum += (answer - batch.images.data()[i]) * (answer - batch.images.data()[i]);
    }
    return sum / 36;
  };
  model.drop_condition = 0;
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(expected(true)).epsilon(1e-12));
  check_derivative(model);
  model.drop_condition = 1;
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(expected(false)).epsilon(1e-12));
  check_derivative(model);
  model.drop_condition = -0.1;
  CHECK_THROWS_AS(loss(model, batch, Key{2}), ValueError);
}

namespace {

/// Image n counts n times.
struct Weighted : OneShot<Scaled> {
  auto corrupt(const Tensor<double, 4>& images, Key key) const {
    auto example = OneShot<Scaled>::corrupt(images, key);
    for (Index n = 0; n < images.extent(0); ++n) example.weight(n) = static_cast<double>(n);
    return example;
  }
};

}  // namespace

TEST_CASE("Every image counts by its weight") {
  const Weighted model{OneShot(Scaled{})};
  const Batch batch;
  double sum = 0;
  for (Index i = 0; i < 36; ++i) sum += static_cast<double>(i / 6) * batch.images.data()[i] * batch.images.data()[i];
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(sum / 36).epsilon(1e-12));
}

TEST_CASE("Conditions are withheld at the given rate, row by row") {
  constexpr Index n = 20000;
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{n}, 7)};
  double withheld = 0;
  for (std::int32_t id : drop_condition(labels, n, 0.1, Key{1}).ids.values()) {
    CHECK((id == 7 || id == null_label));
    withheld += id == null_label;
  }
  CHECK(std::abs(withheld / n - 0.1) < 4 * std::sqrt(0.09 / n));
  CHECK(drop_condition(labels, n, 0, Key{1}).ids == labels.ids);
  CHECK_THROWS_WITH(drop_condition(labels, n, 1.5, Key{1}), "drop_condition: rate is 1.5; it must be in [0, 1]");
  const auto dropped = drop_condition(labels, n, 0.5, Key{3}).ids;
  const ClassLabels few{dense(view(labels.ids).slice(0, 0, 9))};
  CHECK(drop_condition(few, 9, 0.5, Key{3}).ids == dense(view(dropped).slice(0, 0, 9)));
  CHECK(drop_condition(labels, n, 1, Key{1}).ids == Tensor<std::int32_t, 1>(Shape{n}, null_label));
  CHECK_THROWS_AS(drop_condition(labels, n, std::nan(""), Key{1}), ValueError);

  // Whatever the condition is, the same rows go.
  const Captions captions{Tensor<std::int32_t, 2>(Shape{n, 2}, 3)};
  const auto both = drop_condition(Conditions(labels, captions), n, 0.5, Key{3});
  CHECK(part_of<ClassLabels>(both).ids == dropped);
  Index differ = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index l = 0; l < 2; ++l) {
      differ += part_of<Captions>(both).ids(i, l) != (dropped(i) == null_label ? null_token : 3);
    }
  }
  CHECK(differ == 0);
}

namespace {

struct ConditionBatch {
  Tensor<double, 4> images = Batch{}.images;
  ClassLabels condition{Batch{}.labels};
};

}  // namespace

TEST_CASE("A batch's condition takes the place of its labels") {
  OneShot model(ByLabel{});
  for (double rate : {0.0, 0.5, 1.0}) {
    model.drop_condition = rate;
    CHECK(loss(model, ConditionBatch{}, Key{2}).item() == loss(model, Batch{}, Key{2}).item());
  }
}

TEST_CASE("The loss depends on the key alone") {
  const Diffusion model(Scaled{}, Cosine{}, NoiseTarget{});
  const Batch batch;
  CHECK(loss(model, batch, Key{2}).item() == loss(model, batch, Key{2}).item());
  CHECK(loss(model, batch, Key{2}).item() != loss(model, batch, Key{3}).item());
}

}  // namespace loss_test
