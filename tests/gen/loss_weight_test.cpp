#include "inkling/gen/target/loss_weight.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/target/conversion.hpp"
#include "inkling/gen/target/previous.hpp"

namespace loss_weight_test {

using namespace ink;

namespace {

const LinearBeta linear;

struct Straight {
  Scales operator()(double t) const { return {1 - t, t}; }
  double time(double u) const { return u; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

/// A weight of the user's, of one line.
struct TruncatedSnr {
  double operator()(Scales s) const { return std::max(1.0, 1 / (s.ratio() * s.ratio())); }
};

doctest::Approx near(double v) { return doctest::Approx(v).epsilon(1e-10); }

double ratio(Scales s) { return s.alpha * s.alpha / (s.sigma * s.sigma); }

template <class F>
void for_every_target(F f) {
  f(NoiseTarget{});
  f(CleanTarget{});
  f(VelocityTarget{});
  f(FlowTarget{});
  f(ScoreTarget{});
  f(KarrasTarget{});
  static const PreviousTarget previous(linear, 1000);
  f(previous);
}

template <class F>
void for_every_weight(F f) {
  f(UniformIn<NoiseTarget>{});
  f(UniformIn<CleanTarget>{});
  f(UniformIn<KarrasTarget>{});
  f(MinSnr{});
  f(SoftMinSnr{});
  f(EdmWeight{});
  f(VariationalWeight{});
  f(DiscreteVariationalWeight{});
  f(TruncatedSnr{});
}

}  // namespace

static_assert(LossWeight<SimpleWeight, Cosine> && LossWeight<TruncatedSnr, Cosine> && LossWeight<MinSnr, Cosine> &&
              LossWeight<VariationalWeight, Cosine> && !LossWeight<NoiseTarget, Cosine>);

TEST_CASE("With one weight, every target has the same loss") {
  for (double t : {0.003, 0.1, 0.5, 0.9, 1.0}) {
    const Scales s = linear(t);
    for_every_weight([&](const auto& weight) {
      const double expected = loss_weight(weight, CleanTarget{}, linear, t);
      CHECK(expected > 0);
      for_every_target([&](const auto& target) {
        // An error of 1 in x̂₀ is an error of this size in the target.
        const double error = conversion(CleanTarget{}(s), target_mix(target, t, s), s).output;
        CHECK(loss_weight(weight, target, linear, t) * error * error == near(expected));
      });
    });
  }
}

TEST_CASE("The three forms of a term of the bound are one") {
  for (int i : {2, 10, 500, 900, 1000}) {
    const double t = i / 1000.0, s = (i - 1) / 1000.0, bar = std::pow(linear(t).alpha, 2);
    const double before = std::pow(linear(s).alpha, 2), between = bar / before, beta = 1 - between;
    const double small = (1 - before) / (1 - bar) * beta;
    const DiscreteVariationalWeight weight{.steps = 1000};
    CHECK(loss_weight(weight, CleanTarget{}, linear, t) ==
          doctest::Approx(0.5 * (before / (1 - before) - bar / (1 - bar))).epsilon(1e-9));
    CHECK(loss_weight(weight, NoiseTarget{}, linear, t) ==
          doctest::Approx(beta * beta / (2 * small * between * (1 - bar))).epsilon(1e-9));
    CHECK(loss_weight(weight, PreviousTarget(linear, 1000), linear, t) ==
          doctest::Approx(1 / (2 * small)).epsilon(1e-9));
  }
}

TEST_CASE("A chain of many steps has the continuous bound, and the last step a decoder") {
  // SNR = ((1 − t)/t)²: −½·dSNR/dt = (1 − t)/t³
  for (double t : {0.01, 0.3, 0.99, 1.0}) {
    const double exact = (1 - t) / (t * t * t);
    CHECK(std::abs(loss_weight(VariationalWeight{}, CleanTarget{}, Straight{}, t) - exact) < 1e-6 * (exact + 0.01));
    if (t < 1) {
      const double step = loss_weight(DiscreteVariationalWeight{.steps = 100000}, CleanTarget{}, Straight{}, t);
      CHECK(1e5 * step == doctest::Approx(exact).epsilon(0.01));
    }
  }
  const auto early = [](double t) { return loss_weight(VariationalWeight{}, CleanTarget{}, Straight{}, t); };
  CHECK(early(1e-9) == early(1e-3));
  const DiscreteVariationalWeight ten{.steps = 10};
  const double decoder = 0.5 * ratio(Straight{}(0.1));
  CHECK(ten(Straight{}, 0.1) == near(decoder));
  CHECK(ten(Straight{}, 1e-6) == near(decoder));
  CHECK(ten(Straight{}, 0.11) == near(decoder - 0.5 * ratio(Straight{}(0.2))));
  // A time of the grid belongs to the step that ends there, though 0.07·100 is rounded up.
  CHECK(DiscreteVariationalWeight{.steps = 100}(Straight{}, 0.07) ==
        near(0.5 * (ratio(Straight{}(0.06)) - ratio(Straight{}(0.07)))));
  // The steps add up to what is known at the end.
  double sum = 0;
  for (int i = 1; i <= 10; ++i) sum += ten(Straight{}, i / 10.0);
  CHECK(sum == near(2 * decoder - 0.5 * ratio(Straight{}(1))));
}

TEST_CASE("Min-SNR: min(SNR, γ) for the image, min(SNR, γ)/SNR for noise, min(SNR, γ)/(SNR + 1) for velocity") {
  for (double t : {0.05, 0.2, 0.5, 0.8, 0.99}) {
    for (double gamma : {1.0, 5.0}) {
      const double snr = ratio(Cosine{}(t)), bounded = std::min(snr, gamma);
      const MinSnr weight{.gamma = gamma};
      CHECK(loss_weight(weight, CleanTarget{}, Cosine{}, t) == near(bounded));
      CHECK(loss_weight(weight, NoiseTarget{}, Cosine{}, t) == near(bounded / snr));
      CHECK(loss_weight(weight, VelocityTarget{}, Cosine{}, t) == near(bounded / (snr + 1)));
      const double soft = loss_weight(SoftMinSnr{.gamma = gamma}, CleanTarget{}, Cosine{}, t);
      CHECK(soft == near(1 / (1 / snr + 1 / gamma)));
      CHECK(soft < bounded);
      CHECK(soft >= bounded / 2);
    }
  }
}

TEST_CASE("EDM's weight is 1 for EDM's target, and soft min-SNR the published one") {
  for (double sigma : {0.01, 0.5, 3.0, 80.0}) {
    for (double data : {0.5, 0.6162}) {
      const KarrasTarget target{.data_deviation = data};
      const double total = sigma * sigma + data * data, product = sigma * data;
      CHECK(loss_weight(EdmWeight{.data_deviation = data}, target, Karras{}, sigma) == near(1));
      CHECK(loss_weight(EdmWeight{.data_deviation = data}, CleanTarget{}, Karras{}, sigma) ==
            near(total / (product * product)));
      CHECK(loss_weight(SoftMinSnr{.gamma = 1 / (data * data)}, target, Karras{}, sigma) ==
            near(product * product / (total * total)));
      CHECK(loss_weight(UniformIn<NoiseTarget>{}, target, Karras{}, sigma) == near(data * data / total));
    }
  }
}

TEST_CASE("Uniform in a target: the SNR for noise, SNR + 1 for velocity, exactly 1 for itself") {
  for (double t : {0.1, 0.5, 0.9}) {
    const double snr = ratio(linear(t));
    CHECK(loss_weight(UniformIn<NoiseTarget>{}, CleanTarget{}, linear, t) == near(snr));
    CHECK(loss_weight(UniformIn<VelocityTarget>{}, CleanTarget{}, linear, t) == near(snr + 1));
    CHECK(loss_weight(UniformIn<NoiseTarget>{}, ScoreTarget{}, linear, t) == near(std::pow(linear(t).sigma, 2)));
    for_every_target([&](const auto& target) {
      CHECK(loss_weight(UniformIn(target), target, linear, t) == 1);
      CHECK(loss_weight(SimpleWeight{}, target, linear, t) == 1);
    });
  }
}

TEST_CASE("A weight that cannot be met is refused, one that is nothing is nothing") {
  CHECK_THROWS_WITH_AS(loss_weight(MinSnr{}, NoiseTarget{}, Straight{}, 1),
                       "loss_weight: alpha is 0, sigma is 1; an error of the clean image does not show in this target "
                       "at this signal-to-noise ratio",
                       ValueError);
  CHECK(loss_weight(SimpleWeight{}, NoiseTarget{}, Straight{}, 1) == 1);
  CHECK(loss_weight(UniformIn<NoiseTarget>{}, VelocityTarget{}, Straight{}, 1) == 0);
  CHECK(loss_weight(SoftMinSnr{}, FlowTarget{}, Straight{}, 1) == 0);
}

namespace {

/// Answers a number of x_t for the noise, in the words of another target.
template <class Target>
struct Translated {
  using value_type = double;
  Target target;

  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& x, const Tensor<double, 1>& level, const C&) const {
    auto answer = x;
    const Index pixels = x.size() / x.extent(0);
    for (Index i = 0; i < x.size(); ++i) {
      const double t = level(i / pixels) / 1000;
      const Scales s = linear(t);
      const Conversion c = conversion(NoiseTarget{}(s), target_mix(target, t, s), s);
      answer.mutable_data()[i] = c.input * x.data()[i] + c.output * 0.8 * x.data()[i];
    }
    return answer;
  }
};

struct Batch {
  Tensor<double, 4> images = uniform<double>(Shape{12, 2, 3, 1}, Key{1}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{12}, 3};
};

}  // namespace

TEST_CASE("One model in the words of different targets has one loss, if the weight is one") {
  const auto check = [](const auto& weight) {
    const auto of = [&](const auto& target) {
      return loss(Diffusion(Translated<std::decay_t<decltype(target)>>{target}, linear, target, weight), Batch{},
                  Key{2})
          .item();
    };
    const double expected = of(NoiseTarget{});
    CHECK(expected > 0);
    CHECK(of(VelocityTarget{}) == near(expected));
    CHECK(of(PreviousTarget(linear, 1000)) == doctest::Approx(expected).epsilon(1e-8));
  };
  check(MinSnr{});
  check(DiscreteVariationalWeight{});
}

TEST_CASE("The model's examples carry the weight of their times") {
  const Diffusion model(Translated<NoiseTarget>{}, linear, NoiseTarget{}, MinSnr{.gamma = 2});
  const auto example = model.corrupt(Batch{}.images, Key{3});
  const auto times = model.training_times(12, Key{3});
  for (Index i = 0; i < 12; ++i) {
    CHECK(example.level(i) == near(1000 * times(i)));
    CHECK(example.weight(i) == near(std::min(1.0, 2 / ratio(linear(times(i))))));
  }
}

}  // namespace loss_weight_test
