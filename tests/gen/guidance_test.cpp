#include "inkling/gen/guidance.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/token/any_order.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token/uniform_diffusion.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/pixelcnn.hpp"

namespace guidance_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// Answers sin(x + label) · (1 + level/1000), and counts the rows of every evaluation.
struct Toy {
  using value_type = double;
  std::vector<Index>* evaluations;
  Parameter<double, 0> gain{Tensor<double, 0>(1.0)};

  template <TensorLike X>
  auto operator()(const X& x, const Tensor<double, 1>& level, const ClassLabels& labels) const {
    const Index n = value(x).extent(0);
    evaluations->push_back(n);
    REQUIRE(labels.ids.size() == n);
    Tensor<double, 4> shift(Shape<4>{n, 1, 1, 1}), factor(Shape<4>{n, 1, 1, 1});
    for (Index i = 0; i < n; ++i) {
      shift(i, 0, 0, 0) = labels.ids(i);
      factor(i, 0, 0, 0) = 1 + level(i) / 1000;
    }
    return sin(x + shift) * factor * gain.on(x);
  }
  template <TensorLike X>
  auto operator()(const X& x, const Tensor<double, 1>& level, const Unconditional&) const {
    return (*this)(x, level, ClassLabels{Tensor<std::int32_t, 1>(Shape{value(x).extent(0)}, null_label)});
  }
  static void visit(auto& self, auto&& f) { f("gain", self.gain); }
};

/// 3 where more than half is missing, 0 for the last pixels.
struct Steps {
  double operator()(double level) const { return level > 500 ? 3 : level > 100 ? 1 : 0; }
};

using Images = Tensor<double, 4>;

const Images x = normal<double>(Shape{3, 2, 4, 1}, Key{1});
const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {2, 5, null_label})};
const Tensor<double, 1> level(Shape{3}, {700.0, 300.0, 50.0});

double largest(const Images& a) {
  double most = 0;
  for (double v : a.values()) most = std::max(most, std::abs(v));
  return most;
}

double deviation(const Images& all, Index n) {
  const auto image = item_of(all, n);
  return std::sqrt(var<0, 1, 2, 3>(image).item());
}

}  // namespace

TEST_CASE("Guidance: scale 0 is the unconditional network and 1 the conditional one, in one evaluation, to the bit") {
  std::vector<Index> evaluations;
  const Toy toy{&evaluations};
  const auto told = toy(x, level, labels), untold = toy(x, level, Unconditional{});
  for (double rescale : {0.0, 0.7}) {
    const GuidedNetwork none(toy, Guidance<>{.scale = 0, .rescale = rescale});
    const GuidedNetwork one(toy, Guidance<>{.scale = 1, .rescale = rescale});
    const GuidedNetwork three(toy, Guidance<>{.scale = 3, .rescale = rescale});
    evaluations.clear();
    CHECK(same_bits(none(x, level, labels), untold));
    CHECK(same_bits(one(x, level, labels), told));
    CHECK(same_bits(three(x, level, Unconditional{}), untold));
    CHECK(evaluations == std::vector<Index>{3, 3, 3});
    CHECK_FALSE(three(x, level, labels) == told);
    CHECK(evaluations.size() == 4);
    CHECK(evaluations.back() == 6);
  }
}

TEST_CASE("Guidance: the doubled batch is two evaluations, and the answer is linear in the scale") {
  std::vector<Index> evaluations;
  const Toy toy{&evaluations};
  const auto told = toy(x, level, labels), untold = toy(x, level, Unconditional{});
  for (double g : {-1.0, 0.5, 2.0, 7.5}) {
    const auto y = GuidedNetwork(toy, Guidance<>{.scale = g})(x, level, labels);
    CHECK(difference(y, untold + (told - untold) * g) < 1e-13);
    CHECK(difference(item_of(y, 2), item_of(untold, 2)) < 1e-14);  // nothing is told of it
  }
  CHECK(largest(told - untold) > 0.5);
}

TEST_CASE("Guidance: an interval and a schedule act by the level of every image") {
  std::vector<Index> evaluations;
  const Toy toy{&evaluations};
  const auto told = toy(x, level, labels), untold = toy(x, level, Unconditional{});
  const auto three = untold + (told - untold) * 3;

  const GuidedNetwork within(toy, Guidance<>{.scale = 3, .from = 200, .to = 400});
  const auto y = within(x, level, labels);
  CHECK(same_bits(item_of(y, 0), item_of(told, 0)));
  CHECK(difference(item_of(y, 1), item_of(three, 1)) < 1e-13);
  CHECK(same_bits(item_of(y, 2), item_of(told, 2)));
  evaluations.clear();
  CHECK(same_bits(within(x, Tensor<double, 1>(Shape{3}, 401.0), labels),
                  toy(x, Tensor<double, 1>(Shape{3}, 401.0), labels)));
  CHECK(evaluations == std::vector<Index>{3, 3});

  const auto z = GuidedNetwork(toy, Guidance<Steps>{.rescale = 0})(x, level, labels);
  CHECK(difference(item_of(z, 0), item_of(three, 0)) < 1e-13);
  CHECK(same_bits(item_of(z, 1), item_of(told, 1)));
  CHECK(same_bits(item_of(z, 2), item_of(untold, 2)));
  const auto rescaled = GuidedNetwork(toy, Guidance<Steps>{.rescale = 1})(x, level, labels);
  CHECK(same_bits(item_of(rescaled, 1), item_of(told, 1)));
  CHECK(same_bits(item_of(rescaled, 2), item_of(untold, 2)));
}

TEST_CASE("Guidance: rescale gives every image the deviation of the conditional answer") {
  std::vector<Index> evaluations;
  const Toy toy{&evaluations};
  const auto told = toy(x, level, labels);
  const auto plain = GuidedNetwork(toy, Guidance<>{.scale = 4})(x, level, labels);
  const auto whole = GuidedNetwork(toy, Guidance<>{.scale = 4, .rescale = 1})(x, level, labels);
  const auto part = GuidedNetwork(toy, Guidance<>{.scale = 4, .rescale = 0.7})(x, level, labels);
  for (Index n = 0; n < 2; ++n) {
    CHECK(std::abs(deviation(plain, n) / deviation(told, n) - 1) > 0.05);
    CHECK(deviation(whole, n) == doctest::Approx(deviation(told, n)).epsilon(1e-12));
  }
  CHECK(difference(part, whole * 0.7 + plain * 0.3) < 1e-13);
}

TEST_CASE("Guidance: a guided diffusion model expects the guided clean image") {
  std::vector<Index> evaluations;
  Diffusion model(Toy{&evaluations}, Cosine{}, VelocityTarget{});
  model.drop_condition = 0.3;
  const auto stronger = guided(model, {.scale = 2.5});
  CHECK(stronger.drop_condition == 0.3);
  const auto told = model.posterior(x, 0.4, labels).mean(), untold = model.posterior(x, 0.4, Unconditional{}).mean();
  CHECK(difference(stronger.posterior(x, 0.4, labels).mean(), untold + (told - untold) * 2.5) < 1e-13);
  int parameters = 0;
  for_each_parameter(stronger, [&](const std::string& name, const auto&) {
    CHECK(name == "network.gain");
    ++parameters;
  });
  CHECK(parameters == 1);
}

TEST_CASE("Guidance: every generator whose network is not causal") {
  std::vector<Index> evaluations;
  const Toy toy{&evaluations};
  const auto check = [](auto model, const auto& state, const auto& answer) {
    model.drop_condition = 0.3;
    const auto stronger = guided(model, {.scale = 2.5});
    CHECK(stronger.drop_condition == 0.3);
    const auto told = answer(model.posterior(state, 0.4, labels));
    const auto untold = answer(model.posterior(state, 0.4, Unconditional{}));
    CHECK(difference(answer(stronger.posterior(state, 0.4, labels)), untold + (told - untold) * 2.5) < 1e-13);
  };
  check(OneShot(toy), x, [](const auto& posterior) { return posterior.mean(); });
  const Tokens tokens({3, 1, 4}, {0, missing_token, 1, 1, missing_token, missing_token, 1, 0, 0, 1, missing_token, 0});
  const auto logits = [](const auto& posterior) { return posterior.logits(); };
  check(AnyOrder(toy, Quantizer{2}), tokens, logits);
  check(MaskedDiffusion(toy, Quantizer{2}, LinearMasking{}), tokens, logits);
  check(UniformDiffusion(toy, Quantizer{2}, LinearMasking{}), tokens, logits);

  AnyOrder model(toy, Quantizer{2}, ListedOrders{{{3, 2, 1, 0}}});
  model.asked = Asked::next;
  const auto stronger = guided(model, {.scale = 2.5});
  CHECK(stronger.asked == Asked::next);
  CHECK(stronger.orders.orders == model.orders.orders);
}

TEST_CASE("Guidance: the derivative by the image") {
  std::vector<Index> evaluations;
  const GuidedNetwork network(Toy{&evaluations}, Guidance<>{.scale = 3, .rescale = 0.7});
  CHECK(gradcheck([&](const auto& v) { return network(v, level, labels); }, x) < 1e-7);
}

namespace {

using Net = models::PixelCnn<double>;

const Net& tiny() {
  static const Net net = randomized(Net({.levels = 4,
                                         .width = 4,
                                         .layers = 1,
                                         .first_kernel = 3,
                                         .head = 8,
                                         .classes = 6,
                                         .two_stacks = false,
                                         .height = 3,
                                         .columns = 4},
                                        Key{1}),
                                    Key{99}, 0.7);
  return net;
}

const Tokens tokens = uniform<double>(Shape{3, 3, 4}, Key{3}, 0, 4).cast<std::int32_t>();

/// The guided network's logits with a cache, and the whole network's at the same places.
template <class Scale>
double check_cache(const Guidance<Scale>& guidance) {
  const GuidedNetwork network(tiny(), guidance);
  const auto all = network(tokens, labels);
  auto cache = network.cache(3, labels);
  double worst = 0;
  for (Index i = 0; i < 12; ++i) {
    worst = std::max(worst, difference(network.logits_at(tokens, i, cache), detail::pixel(all, i / 4, i % 4)));
  }
  return worst;
}

}  // namespace

TEST_CASE("Guidance: logits of autoregression, with the cache as without") {
  const auto told = tiny()(tokens, labels), untold = tiny()(tokens, Unconditional{});
  CHECK(largest(told - untold) > 0.5);
  const auto y = GuidedNetwork(tiny(), Guidance<>{.scale = 3})(tokens, labels);
  CHECK(difference(y, untold + (told - untold) * 3) < 1e-12);
  CHECK(same_bits(GuidedNetwork(tiny(), Guidance<>{.scale = 1})(tokens, labels), told));
  CHECK(same_bits(GuidedNetwork(tiny(), Guidance<>{.scale = 0})(tokens, labels), untold));

  // Of 12 pixels, the first six have more than half missing, and the last one less than a tenth.
  const auto z = GuidedNetwork(tiny(), Guidance<Steps>{})(tokens, labels);
  for (Index i = 0; i < 12; ++i) {
    const auto expected = i < 6 ? y : i < 11 ? told : untold;
    CHECK(difference(detail::pixel(z, i / 4, i % 4), detail::pixel(expected, i / 4, i % 4)) < 1e-12);
  }

  for (double g : {0.0, 1.0, 2.5}) CHECK(check_cache(Guidance<>{.scale = g}) < 1e-12);
  CHECK(check_cache(Guidance<Steps>{.rescale = 0.7}) < 1e-12);
  CHECK(check_cache(Guidance<>{.scale = 3, .from = 400, .to = 800, .rescale = 0.5}) < 1e-12);
  CHECK_FALSE(GuidedNetwork(tiny(), Guidance<>{.scale = 1}).cache(3, labels).doubled);
  CHECK_FALSE(GuidedNetwork(tiny(), Guidance<>{.scale = 0}).cache(3, labels).doubled);
  CHECK_FALSE(GuidedNetwork(tiny(), Guidance<>{.scale = 3}).cache(3, Unconditional{}).doubled);
}

TEST_CASE("Guidance: images drawn pixel by pixel, with the cache as without; strongly guided ones follow the logits") {
  const Autoregressive model(tiny(), Quantizer{4});
  const auto strong = guided(model, {.scale = 3});
  const auto start = model.prior(Shape{3, 3, 4, 1}, Key{1});
  const auto drawn = sample(Ancestral{}, strong, start, Key{2}, labels);
  CHECK(drawn == sample(Ancestral{.cache = false}, strong, start, Key{2}, labels));
  CHECK(drawn != sample(Ancestral{}, model, start, Key{2}, labels));
  CHECK(sample(Ancestral{}, guided(model, {.scale = 1}), start, Key{2}, labels) ==
        sample(Ancestral{}, model, start, Key{2}, labels));
  CHECK(sample(Ancestral{}, guided(model, {.scale = 0}), start, Key{2}, labels) ==
        sample(Ancestral{}, model, start, Key{2}, Unconditional{}));
}

TEST_CASE("Guidance: misuse") {
  std::vector<Index> evaluations;
  const auto message = [&](const Guidance<>& guidance) {
    return message_of<ValueError>([&] { GuidedNetwork(Toy{&evaluations}, guidance); });
  };
  CHECK(message({.scale = 3}).empty());
  CHECK(message({.scale = INFINITY}) == "guidance: scale is inf; it must be finite");
  CHECK(message({.rescale = 1.1}) == "guidance: rescale is 1.1; it must be in [0, 1]");
  CHECK_FALSE(message({.rescale = -0.1}).empty());
  CHECK(message({.from = 3, .to = 2}) == "guidance: levels are [3, 2]; from must not be above to");
}

}  // namespace guidance_test
