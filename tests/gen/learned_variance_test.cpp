#include "inkling/gen/learned_variance.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/guidance.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/learned_ddpm.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "statistics.hpp"

namespace learned_variance_test {

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

const LinearBeta linear;

/// Answers gain·x for the target, and width·x + bias for v.
struct Tiny {
  using value_type = double;
  Parameter<double, 0> gain{Tensor<double, 0>(0.7)}, width{Tensor<double, 0>(0.1)}, bias{Tensor<double, 0>(0.4)};

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<double, 1>&, const C&) const {
    return concat(3, x * gain.on(x), x * width.on(x) + bias.on(x));
  }
  static void visit(auto& self, auto&& f) {
    f("gain", self.gain);
    f("width", self.width);
    f("bias", self.bias);
  }
};

struct Batch {
  Images images = uniform<double>(Shape{6, 2, 3, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{6}, 3};
};

/// Always the same v.
Tiny constant(double v) {
  Tiny network;
  network.width.value = Tensor<double, 0>(0.0);
  network.bias.value = Tensor<double, 0>(v);
  return network;
}

auto make(const Tiny& network, double bound = 1e-3) {
  return LearnedVariance(Diffusion(network, linear, NoiseTarget{}), {.steps = 1000, .bound = bound});
}

/// Central difference of the loss by one parameter.
template <class Model>
double slope(Model model, Parameter<double, 0> Tiny::* which) {
  auto& at = (model.network.*which).value;
  const double centre = at.item(), h = 1e-5;
  at = Tensor<double, 0>(centre + h);
  const double above = loss(std::as_const(model), Batch{}, Key{2}).item();
  at = Tensor<double, 0>(centre - h);
  return (above - loss(std::as_const(model), Batch{}, Key{2}).item()) / (2 * h);
}

/// KL(N(a, u) ‖ N(b, w))
double divergence(double a, double u, double b, double w) {
  return 0.5 * (std::log(w / u) + (u + (a - b) * (a - b)) / w - 1);
}

struct Step {
  double small, large;  ///< β̃ and β
};
Step step_of(double t, double s) {
  const double bar = std::pow(linear(t).alpha, 2), before = std::pow(linear(s).alpha, 2), beta = 1 - bar / before;
  return {(1 - before) / (1 - bar) * beta, beta};
}

}  // namespace

TEST_CASE("v chooses the variance of a step between the small and the large one, of any step") {
  const auto x = normal<double>(Shape{2, 3, 3, 1}, Key{3});
  const auto z = normal<double>(x.shape(), Key{4});
  for (double s : {0.599, 0.5, 0.1}) {
    const double t = 0.6, bar = std::pow(linear(t).alpha, 2), before = std::pow(linear(s).alpha, 2);
    const auto [small, large] = step_of(t, s);
    for (double v : {0.0, 0.3, 1.0}) {
      const auto model = make(constant(v));
      const auto clean = model.posterior(x, t, 0).mean();
      NoMemory none;
      const auto stepped = LearnedDdpm{}.step(model, x, t, s, none, Key{4}, 0);
      const double variance = std::pow(large, v) * std::pow(small, 1 - v);
      for (Index i = 0; i < x.size(); ++i) {
        CHECK(clean.data()[i] == doctest::Approx((1 - linear(t).sigma * 0.7) / linear(t).alpha * x.data()[i]));
        const double mean = std::sqrt(before) * large / (1 - bar) * clean.data()[i] +
                            std::sqrt(bar / before) * (1 - before) / (1 - bar) * x.data()[i];
        CHECK(stepped.data()[i] == doctest::Approx(mean + std::sqrt(variance) * z.data()[i]).epsilon(1e-9));
      }
    }
  }
}

namespace {

/// Knows that data are normal with variance 0.36, and how wide the way back from t to t − 0.1 is for such data.
struct Exact {
  static constexpr double data = 0.36;

  Scales scales(double t) const { return linear(t); }
  std::vector<double> times(int steps) const { return linear.times(steps); }

  template <class C>
  auto posterior(const Images& x, double t, const C&) const {
    const Scales here = scales(t), there = scales(t - 0.1);
    const double total = here.alpha * here.alpha * data + here.sigma * here.sigma;
    const auto [small, large] = step_of(t, t - 0.1);
    const double doubt = data * here.sigma * here.sigma / total;  // the variance of x₀ given x_t
    const double width = small + std::pow(there.alpha * large / (here.sigma * here.sigma), 2) * doubt;
    const double v = std::log(width / small) / std::log(large / small);
    CHECK(v > 0);
    CHECK(v < 1);
    return LearnedPosterior(Images(x * (here.alpha * data / total)), Images(x.shape(), v));
  }
};

}  // namespace

TEST_CASE("With the right v, ten steps are as good as any number") {
  const Exact model;
  const auto variance_at = [&](double t) { return std::pow(linear(t).alpha, 2) * 0.36 + std::pow(linear(t).sigma, 2); };
  auto x = normal<double>(Shape{1, 200, 200, 1}, Key{3}) * std::sqrt(variance_at(1)), narrow = x;
  NoMemory none;
  for (int i = 10; i > 1; --i) {
    const double t = i / 10.0, s = t - 0.1;
    x = LearnedDdpm{}.step(model, x, t, s, none, Key{4}.fold(static_cast<std::uint64_t>(i)), 0);
    CHECK(std::abs(statistics::variance_around(0, x) / variance_at(s) - 1) < 4 * std::sqrt(2 / 40000.0));
    narrow = Ddim{.eta = 1}.step(model, narrow, t, s, none, Key{4}.fold(static_cast<std::uint64_t>(i)), 0);
  }
  CHECK(statistics::variance_around(0, narrow) < 0.85 * variance_at(0.1));
}

TEST_CASE("A chain of learned steps ends without noise, at an image") {
  const auto model = make(Tiny{});
  const auto x = normal<double>(Shape{2, 3, 3, 1}, Key{3});
  NoMemory none;
  const auto last = LearnedDdpm{}.step(model, x, 0.01, 0, none, Key{4}, 0);
  const auto clean = model.posterior(x, 0.01, 0).mean();
  for (Index i = 0; i < x.size(); ++i) CHECK(last.data()[i] == doctest::Approx(clean.data()[i]).epsilon(1e-12));
  const auto both = model.prior(Shape{2, 3, 3, 1}, Key{5});
  const auto drawn = sample(LearnedDdpm{.steps = 4}, model, both, Key{6});
  const auto one = sample(LearnedDdpm{.steps = 4}, model, model.prior(Shape{1, 3, 3, 1}, Key{5}), Key{6});
  for (Index i = 0; i < one.size(); ++i) CHECK(one.data()[i] == drawn.data()[i]);
}

TEST_CASE("The hybrid loss is the simple one, and λ·T times the divergence of the step") {
  const auto model = make(Tiny{});
  const Batch batch;
  const auto example = model.corrupt(batch.images, Key{2}.fold(0));
  const auto times = model.training_times(6, Key{2}.fold(0));
  double simple = 0, bound = 0;
  for (Index i = 0; i < 36; ++i) {
    const double t = times(i / 6), s = t - 0.001, x = example.state.data()[i], clean = batch.images.data()[i];
    const double bar = std::pow(linear(t).alpha, 2), before = std::pow(linear(s).alpha, 2);
    const Step step = step_of(t, s);
    const auto mean = [&](double image) {
      return std::sqrt(before) * step.large / (1 - bar) * image +
             std::sqrt(bar / before) * (1 - before) / (1 - bar) * x;
    };
    const double noise = (x - linear(t).alpha * clean) / linear(t).sigma, v = 0.1 * x + 0.4;
    const double guess = (x - linear(t).sigma * 0.7 * x) / linear(t).alpha;
    simple += std::pow(noise - 0.7 * x, 2) / 36;
    bound +=
        divergence(mean(clean), step.small, mean(guess), std::pow(step.large, v) * std::pow(step.small, 1 - v)) / 36;
  }
  CHECK(bound > 0);
  CHECK(loss(model, batch, Key{2}).item() == doctest::Approx(simple + 1e-3 * 1000 * bound).epsilon(1e-7));
  CHECK(loss(make(Tiny{}, 0), batch, Key{2}).item() == doctest::Approx(simple).epsilon(1e-12));
  const auto inner = Diffusion(Tiny{}, linear, NoiseTarget{}).corrupt(batch.images, Key{2}.fold(0));
  CHECK(inner.target == example.target.answer);
  CHECK(inner.state == example.state);
}

TEST_CASE("The divergence teaches v alone, the squared error the mean alone") {
  const auto gradients_of = [](const auto& model) {
    Tape tape;
    const auto gradients = tape.backward(loss(model, tape, Batch{}, Key{2}));
    return std::vector<double>{gradients.of(model.network.gain).item(), gradients.of(model.network.width).item(),
                               gradients.of(model.network.bias).item()};
  };
  const auto hybrid = make(Tiny{}, 0.02), simple = make(Tiny{}, 0);
  const auto with = gradients_of(hybrid), without = gradients_of(simple);
  CHECK(with[0] == without[0]);
  CHECK(with[0] != 0);
  CHECK(without[1] == 0);
  CHECK(without[2] == 0);
  // The mean's derivative is that of the squared error; v's that of the whole loss.
  CHECK(with[0] == doctest::Approx(slope(simple, &Tiny::gain)).epsilon(1e-7));
  CHECK(with[1] == doctest::Approx(slope(hybrid, &Tiny::width)).epsilon(1e-7));
  CHECK(with[2] == doctest::Approx(slope(hybrid, &Tiny::bias)).epsilon(1e-7));
  CHECK(std::abs(with[1]) > 1e-6);
  CHECK(std::abs(slope(hybrid, &Tiny::gain) - with[0]) > 1e-6);  // of the value, the mean does have a share
}

TEST_CASE("The best width is that of the posterior and of the error together") {
  // d/dv KL = 0 where Σ = β̃·(1 + precision·(y − ŷ)²)
  const auto at = [](double v) {
    const Shape<4> one{1, 1, 1, 1};
    const LearnedTarget<double> target{Images(one, 0.8), Images(one, 0.0), Images(one, 1.5), Images(one, 2.0)};
    return -LearnedPrediction(Images(one, 0.3), Images(one, v), 1.0).log_prob(target)(0);
  };
  const double best = std::log(1 + 2 * 0.25) / 1.5;
  CHECK(at(best) == doctest::Approx(0.5 * std::log(1.5)).epsilon(1e-12));
  CHECK(at(best) < at(best + 0.01));
  CHECK(at(best) < at(best - 0.01));
}

TEST_CASE("The weight is of the squared error, and the last step has the width of the one before") {
  const Diffusion inner(Tiny{}, linear, NoiseTarget{}, UniformIn<CleanTarget>{});
  const LearnedVariance model(inner, {.steps = 10});
  const auto images = Images(Shape{50, 1, 1, 1});
  const auto example = model.corrupt(images, Key{2});
  const auto times = model.training_times(50, Key{2});
  const auto [small, large] = step_of(0.2, 0.1);
  for (Index i = 0; i < 50; ++i) {
    const double t = times(i);
    CHECK(example.weight(i) == 1);
    CHECK(example.target.weight(i, 0, 0, 0) == inner.corrupt(images, Key{2}).weight(i));
    if (t < 0.1) {
      CHECK(example.target.range(i, 0, 0, 0) == doctest::Approx(std::log(large / small)).epsilon(1e-9));
      // The mean is the expected clean image: an error of the noise counts by σ/α.
      CHECK(example.target.precision(i, 0, 0, 0) ==
            doctest::Approx(std::pow(linear(t).ratio(), 2) / small).epsilon(1e-9));
    } else if (t > 0.2) {
      const auto step = step_of(t, t - 0.1);
      CHECK(example.target.range(i, 0, 0, 0) == doctest::Approx(std::log(step.large / step.small)).epsilon(1e-9));
    }
  }
}

TEST_CASE("Another mean, as of an adapter, leaves the variance") {
  const auto posterior = make(Tiny{}).posterior(normal<double>(Shape{2, 3, 3, 1}, Key{3}), 0.5, 0);
  const auto other = posterior.with_mean(Images(Shape{2, 3, 3, 1}, 0.25));
  CHECK(other.mean() == Images(Shape{2, 3, 3, 1}, 0.25));
  CHECK(other.variance(0.1, 0.2) == posterior.variance(0.1, 0.2));
}

TEST_CASE("Guided it stays what it is: the mean and the variance of a network that is told nothing do not change") {
  auto model = make(Tiny{});
  model.drop_condition = 0.3;
  const auto stronger = guided(model, {.scale = 3});
  CHECK(stronger.drop_condition == 0.3);
  CHECK(stronger.hybrid.steps == 1000);
  const auto x = normal<double>(Shape{2, 2, 3, 1}, Key{1});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {4, 7})};
  const auto plain = model.posterior(x, 0.4, labels), told = stronger.posterior(x, 0.4, labels);
  for (Index i = 0; i < x.size(); ++i) {
    CHECK(told.mean().data()[i] == doctest::Approx(plain.mean().data()[i]).epsilon(1e-12));
    CHECK(told.variance(0.1, 0.3).data()[i] == doctest::Approx(plain.variance(0.1, 0.3).data()[i]).epsilon(1e-12));
  }
}

TEST_CASE("A learned variance needs a network for it, and two steps") {
  struct Plain {
    using value_type = double;
    Images operator()(const Images& x, const Tensor<double, 1>&, int) const { return x; }
  };
  const LearnedVariance model(Diffusion(Plain{}, linear, NoiseTarget{}));
  CHECK_THROWS_WITH_AS(model.posterior(Images(Shape{2, 3, 3, 1}), 0.5, 0),
                       "LearnedVariance: images are (2, 3, 3, 1), the network's answer is (2, 3, 3, 1); it must be (2, "
                       "3, 3, 2)",
                       ShapeError);
  CHECK_THROWS_WITH(LearnedVariance(Diffusion(Plain{}, linear, NoiseTarget{}), {.steps = 1}),
                    "LearnedVariance: steps is 1; it must be at least 2");
}

}  // namespace learned_variance_test
