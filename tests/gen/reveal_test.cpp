#include "inkling/gen/token_sampler/reveal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/likelihood/token_bounds.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler/entropy_bounded.hpp"
#include "inkling/gen/token_sampler/in_order.hpp"
#include "inkling/gen/token_sampler/most_confident.hpp"
#include "statistics.hpp"

namespace reveal_test {

using namespace ink;

namespace {

const auto joint = enumerable::random_joint(2, 2, Key{1});
const AnyOrder model(joint, Quantizer{2});
const Unconditional nothing;
constexpr Index many = 10000;

template <class Sampler>
std::vector<double> drawn_counts(const Sampler& sampler) {
  return enumerable::counts(sample(sampler, model, model.prior({many, 2, 2, 1}, Key{2}), Key{3}));
}

/// The same logits whatever is known: one row of 5 pixels, 3 levels.
struct Fixed {
  using value_type = double;
  Tensor<double, 4> p{Shape<4>{1, 1, 5, 3},
                      {0.50, 0.30, 0.20,  //
                       0.90, 0.05, 0.05,  //
                       0.34, 0.33, 0.33,  //
                       0.10, 0.80, 0.10,  //
                       0.00, 0.00, 1.00}};
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>&, const C&) const {
    return log(p) + Tensor<double, 4>(Shape{shown.extent(0), Index{1}, Index{5}, Index{3}});
  }

  double entropy(Index i) const {
    double h = 0;
    for (Index k = 0; k < 3; ++k) h -= p(0, 0, i, k) > 0 ? p(0, 0, i, k) * std::log(p(0, 0, i, k)) : 0;
    return h;
  }
};

const AnyOrder fixed(Fixed{}, Quantizer{3});

/// The joint's conditionals as one logit per pixel.
struct OneLogit {
  using value_type = double;
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>& level, const C& told) const {
    const auto two = joint(shown, level, told);
    Tensor<double, 4> one({shown.extent(0), 2, 2, 1});
    for (Index i = 0; i < one.size(); ++i) {
      one.mutable_data()[i] = std::clamp(two.data()[2 * i + 1] - two.data()[2 * i], -30.0, 30.0);
    }
    return one;
  }
};

/// Which places a step of this sampler reveals.
template <class Sampler>
std::vector<Index> revealed(const Sampler& sampler, Tokens x, double known, double next) {
  NoMemory memory;
  const auto y = sampler.step(fixed, x, known, next, memory, Key{4}, nothing);
  std::vector<Index> places;
  for (Index i = 0; i < y.size(); ++i) {
    if (x.data()[i] == missing_token && y.data()[i] != missing_token) places.push_back(i);
  }
  return places;
}

using Places = std::vector<Index>;

}  // namespace

TEST_CASE("One pixel at a time draws every image as often as it is likely, whichever is next") {
  const auto check = [](const auto& sampler) {
    CHECK(statistics::chi_square(drawn_counts(sampler), joint.p, many) < 37.7);  // 15 degrees of freedom: 0.001
  };
  check(Reveal{AtRandom{}, EvenPlan{1}});
  check(Reveal{InOrder{orders::raster(2, 2)}, EvenPlan{1}});
  check(Reveal{InOrder{{3, 0, 2, 1}}, EvenPlan{1}});
  check(Reveal{MostConfident{}, EvenPlan{1}});
  check(Reveal{MostConfident{.noise = 2}, EvenPlan{1}});
  check(EntropyBounded{.bound = 0});
}

TEST_CASE("To choose by what was drawn is biased, even one pixel at a time") {
  CHECK(statistics::chi_square(drawn_counts(Reveal{MostConfident{.of_drawn = true}, EvenPlan{1}}), joint.p, many) > 80);
}

TEST_CASE("Any head of tokens is sampled") {
  const AnyOrder coins(OneLogit{}, Quantizer{2}, RandomOrder{}, BernoulliHead{});
  const auto check = [&](const auto& sampler) {
    const auto drawn = sample(sampler, coins, coins.prior({many, 2, 2, 1}, Key{2}), Key{3});
    CHECK(statistics::chi_square(enumerable::counts(drawn), joint.p, many) < 37.7);
  };
  check(Reveal{MostConfident{}, EvenPlan{1}});
  check(EntropyBounded{.bound = 0});
  const auto images = enumerable::all_images(2, 2);
  const auto one = all_orders_nll(coins, images, nothing), two = all_orders_nll(model, images, nothing);
  for (Index b = 0; b < 16; ++b) CHECK(one(b) == doctest::Approx(two(b)).epsilon(1e-9));
}

TEST_CASE("Several at a time: pixels of one step are independent, and ordered_nll says how likely an image is") {
  const Order diagonal{0, 3, 1, 2};
  for (const EvenPlan plan : {EvenPlan{2}, EvenPlan{3}, EvenPlan{4}}) {
    const auto nats = ordered_nll(model, enumerable::all_images(2, 2), nothing, diagonal, plan);
    std::vector<double> expected;
    for (double v : nats.values()) expected.push_back(std::exp(-v));
    const auto seen = drawn_counts(Reveal{InOrder{diagonal}, plan});
    CHECK(statistics::chi_square(seen, expected, many) < 37.7);
    CHECK(statistics::chi_square(seen, joint.p, many) > 80);
  }
}

TEST_CASE("A sampler's images do not depend on the batch; they do on the key, or on one key for each") {
  const auto check = [](const auto& sampler) {
    const auto draw = [&](Index n, Key key) { return sample(sampler, model, model.prior({n, 2, 2, 1}, key), key); };
    const auto reference = draw(40, Key{5});
    CHECK(draw(3, Key{5}) == dense(view(reference).slice(0, 0, 3)));
    CHECK(draw(40, Key{6}) != reference);
    const SampleKeys keys({Key{7}, Key{9}, Key{7}});
    const auto each = sample(sampler, model, model.prior({3, 2, 2, 1}, keys), keys);
    CHECK(dense(view(each).slice(0, 0, 1)) == draw(1, Key{7}));
    CHECK(dense(view(each).slice(0, 1, 2)) == draw(1, Key{9}));
    CHECK(dense(view(each).slice(0, 2, 3)) == draw(1, Key{7}));
  };
  check(Reveal{AtRandom{}, EvenPlan{2}});
  check(Reveal{MostConfident{.of_drawn = true, .noise = 4.5}, CosinePlan{3}});
  check(EntropyBounded{.bound = 0.5});
}

TEST_CASE("InOrder reveals the next of the order, AtRandom any") {
  const Tokens blank(Shape{1, 1, 5}, missing_token);
  const Reveal reverse{InOrder{{4, 3, 2, 1, 0}}, EvenPlan{2}};
  CHECK(revealed(reverse, blank, 0, 2) == Places{3, 4});
  CHECK(revealed(reverse, Tokens(Shape{1, 1, 5}, {-1, -1, -1, 0, 0}), 2, 4) == Places{1, 2});
  std::vector<double> seen(5);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    NoMemory memory;
    const auto y = Reveal{AtRandom{}, EvenPlan{1}}.step(fixed, blank, 0, 1, memory, Key{7}.fold(i), nothing);
    for (Index p = 0; p < 5; ++p) seen[static_cast<std::size_t>(p)] += y(0, 0, p) != missing_token;
  }
  CHECK(statistics::chi_square(seen, {0.2, 0.2, 0.2, 0.2, 0.2}, 2000) < 18.5);  // 4 degrees of freedom: 0.001
  CHECK_THROWS_AS(revealed(Reveal{InOrder{{0, 1}}, EvenPlan{1}}, blank, 0, 1), ValueError);
}

TEST_CASE("MostConfident reveals the most certain first") {
  const Tokens blank(Shape{1, 1, 5}, missing_token);
  const Reveal sure{MostConfident{}, EvenPlan{1}};
  CHECK(revealed(sure, blank, 0, 1) == Places{4});
  CHECK(revealed(sure, blank, 0, 3) == Places{1, 3, 4});
  CHECK(revealed(sure, Tokens(Shape{1, 1, 5}, {-1, -1, -1, 0, 2}), 2, 3) == Places{1});
  // Of what was drawn: place 1 is behind place 0 if it drew something unlikely.
  const Tensor<double, 3> confidence = MostConfident{.of_drawn = true}(
      fixed.posterior(blank, 0, nothing), Tokens(Shape{1, 1, 5}, {0, 2, 0, 1, 2}), 0.5, Key{1});
  for (Index i = 0; i < 5; ++i) {
    const double p[] = {0.5, 0.05, 0.34, 0.8, 1.0};
    CHECK(confidence(0, 0, i) == doctest::Approx(std::log(p[i])));
  }
  // With noise the first is not always the surest, but no noise is left at the last step.
  const auto noisy = MostConfident{.noise = 3}(fixed.posterior(blank, 0, nothing), blank, 0.0, Key{1});
  CHECK(noisy(0, 0, 1) == doctest::Approx(std::log(0.9)));
  int surest = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    NoMemory memory;
    const Reveal gumbel{MostConfident{.noise = 3}, EvenPlan{1}};
    surest += gumbel.step(fixed, blank, 0, 1, memory, Key{8}.fold(i), nothing)(0, 0, 4) != missing_token;
  }
  CHECK(surest > 40);
  CHECK(surest < 160);
}

TEST_CASE("EntropyBounded reveals as many as the bound on their entropy allows") {
  const Tokens blank(Shape{1, 1, 5}, missing_token);
  const Fixed network;
  const double h1 = network.entropy(1), h3 = network.entropy(3), h0 = network.entropy(0);
  REQUIRE(h1 < h3);
  REQUIRE(h3 < h0);
  const auto places = [&](double bound) { return revealed(EntropyBounded{.bound = bound}, blank, 0, 1); };
  CHECK(places(0) == Places{1, 4});  // the certain one, and the next
  CHECK(places(h1 - 1e-9) == Places{1, 4});
  CHECK(places(h1 + 1e-9) == Places{1, 3, 4});
  CHECK(places(h1 + h3 + 1e-9) == Places{0, 1, 3, 4});
  CHECK(places(h1 + h3 + h0 + 1e-9).size() == 5);
  CHECK_THROWS_WITH_AS(sample(EntropyBounded{.bound = -1}, fixed, blank, Key{1}),
                       "EntropyBounded: bound is -1; it must not be negative", ValueError);
  for (auto v : sample(EntropyBounded{.bound = 0.3}, fixed, blank, Key{9}).values()) CHECK(v != missing_token);
}

TEST_CASE("What is known stays, and the rest is drawn given it") {
  Tokens x(Shape{many, 2, 2}, missing_token);
  for (Index n = 0; n < many; ++n) x(n, 1, 0) = 1;
  std::vector<double> expected = joint.p;
  double total = 0;
  for (std::size_t b = 0; b < 16; ++b) total += expected[b] *= b >> 2 & 1 ? 1.0 : 0.0;
  for (double& v : expected) v /= total;
  const auto check = [&](const auto& sampler) {
    auto seen = enumerable::counts(sample(sampler, model, x, Key{10}));
    double chi = 0;
    for (std::size_t b = 0; b < 16; ++b) {
      const double mean = many * expected[b];
      if (mean == 0) CHECK(seen[b] == 0);
      if (mean > 0) chi += (seen[b] - mean) * (seen[b] - mean) / mean;
    }
    CHECK(chi < 24.3);  // 7 degrees of freedom: 0.001
  };
  check(Reveal{AtRandom{}, EvenPlan{1}});
  check(EntropyBounded{.bound = 0});
}

namespace {

/// A network that must not be asked.
struct Idle {
  using value_type = double;
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>&, const Tensor<double, 1>&, const C&) const {
    throw ValueError("asked");
  }
};

}  // namespace

TEST_CASE("A step without a pixel to draw evaluates nothing") {
  const AnyOrder idle(Idle{}, Quantizer{2});
  const Tokens complete = enumerable::all_images(2, 2);
  CHECK(sample(Reveal{AtRandom{}, EvenPlan{3}}, idle, complete, Key{11}) == complete);
  CHECK(sample(EntropyBounded{}, idle, complete, Key{11}) == complete);
  const Tokens hole(Shape{1, 2, 2}, {0, 1, missing_token, 0});
  NoMemory memory;
  const Reveal one{AtRandom{}, EvenPlan{1}};
  CHECK(one.step(idle, hole, 2, 3, memory, Key{1}, nothing) == hole);
  CHECK_THROWS_AS(one.step(idle, hole, 3, 4, memory, Key{1}, nothing), ValueError);
}

TEST_CASE("Temperature 0 takes the likeliest level, and plans decide the number of steps") {
  const Tokens blank(Shape{2, 1, 5}, missing_token);
  const auto drawn = sample(Reveal{AtRandom{}, CosinePlan{3}, {.temperature = 0}}, fixed, blank, Key{12});
  for (Index n = 0; n < 2; ++n) {
    for (Index i = 0; i < 5; ++i) CHECK(drawn(n, 0, i) == (i == 3 ? 1 : i == 4 ? 2 : 0));
  }
  CHECK(Reveal{AtRandom{}, EvenPlan{2}}.times(fixed, blank) == std::vector<double>{0, 2, 4, 5});
  CHECK(Reveal{AtRandom{}, ListedPlan{{0, 4, 5}}}.times(fixed, blank) == std::vector<double>{0, 4, 5});
  CHECK(Reveal<>{}.times(fixed, blank).size() == 6);
  CHECK_THROWS_AS(sample(Reveal{AtRandom{}, EvenPlan{1}, {.temperature = -1}}, fixed, blank, Key{1}), ValueError);
}

}  // namespace reveal_test
