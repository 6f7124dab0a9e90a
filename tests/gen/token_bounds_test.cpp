#include "inkling/gen/likelihood/token_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/nn/condition.hpp"

namespace token_bounds_test {

using namespace ink;

namespace {

const Unconditional nothing;
const Tokens images = enumerable::all_images(2, 2);

std::vector<Order> all_orders() {
  Order order = orders::raster(2, 2);
  std::vector<Order> all;
  do all.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  return all;
}

void check_near(const Tensor<double, 1>& a, const Tensor<double, 1>& b, double tolerance) {
  REQUIRE(a.shape() == b.shape());
  for (Index i = 0; i < a.size(); ++i) CHECK(std::abs(a(i) - b(i)) <= tolerance);
}

/// ARDM's bound, over every order and every number of known pixels.
template <class Network>
Tensor<double, 1> ardm_bound(const Network& network, Asked asked) {
  Tensor<double, 1> nats(Shape{16});
  for (const Order& order : all_orders()) {
    AnyOrder model(network, Quantizer{2}, ListedOrders{{order}});
    model.asked = asked;
    for (int k = 0; k < 4; ++k) {
      const auto e = model.corrupt_tokens(images, Tensor<double, 1>(Shape{16}, (k + 0.5) / 4), Key{1});
      nats = nats - model.predict(e.state, e.level, nothing).log_prob(e.target) * e.weight / (4.0 * 24);
    }
  }
  return nats;
}

/// The bound of masked diffusion: over every set of missing pixels, and over time by Gauss's rule.
template <class Model>
Tensor<double, 1> masked_bound(const Model& model) {
  Tensor<double, 1> nats(Shape{16});
  for (Index missing = 1; missing < 16; ++missing) {
    Tokens state = images, target = images;
    int count = 0;
    for (Index i = 0; i < 4; ++i) {
      count += static_cast<int>(missing >> i & 1);
      for (Index b = 0; b < 16; ++b) (missing >> i & 1 ? state : target)(b, i / 2, i % 2) = missing_token;
    }
    double weight = 0;
    constexpr int panels = 2000;
    for (int i = 0; i < 2 * panels; ++i) {
      const double t = (i / 2 + 0.5 + (i % 2 ? 0.5 : -0.5) / std::sqrt(3.0)) / panels, kept = model.schedule(t);
      weight += model.schedule.weight(t) * std::pow(1 - kept, count) * std::pow(kept, 4 - count) / (2 * panels);
    }
    nats = nats - model.posterior(state, 0.5, nothing).log_prob(target) * weight;
  }
  return nats;
}

}  // namespace

TEST_CASE("One bound: ARDM, masked diffusion and the mean over all orders") {
  const auto check = [](const auto& network) {
    const AnyOrder model(network, Quantizer{2});
    Tensor<double, 1> mean(Shape{16});
    for (const Order& order : all_orders()) mean = mean + ordered_nll(model, images, nothing, order) / 24.0;
    check_near(all_orders_nll(model, images, nothing), mean, 1e-9);
    check_near(ardm_bound(network, Asked::next), mean, 1e-9);
    check_near(ardm_bound(network, Asked::remaining), mean, 1e-9);
    check_near(masked_bound(MaskedDiffusion(network, Quantizer{2}, LinearMasking{})), mean, 1e-9);
    check_near(masked_bound(MaskedDiffusion(network, Quantizer{2}, CosineMasking{})), mean, 1e-9);
    return mean;
  };
  const auto joint = enumerable::random_joint(2, 2, Key{1});
  const auto exact = check(joint);
  for (Index b = 0; b < 16; ++b) CHECK(exact(b) == doctest::Approx(-std::log(joint.p[static_cast<std::size_t>(b)])));
  check(enumerable::Inconsistent{});
}

TEST_CASE("The orders of a network that is not consistent do differ") {
  const AnyOrder model(enumerable::Inconsistent{}, Quantizer{2});
  CHECK(std::abs(ordered_nll(model, images, nothing, {0, 1, 2, 3})(5) -
                 ordered_nll(model, images, nothing, {3, 2, 1, 0})(5)) > 0.1);
}

TEST_CASE("The estimates of the bound are unbiased") {
  const enumerable::Inconsistent network;
  const AnyOrder ardm(network, Quantizer{2});
  const auto mean_of_images = [](const Tensor<double, 1>& nats) { return sum(nats).item() / 16; };
  const double exact = mean_of_images(all_orders_nll(ardm, images, nothing));
  const auto check = [&](const auto& model, int draws) {
    double mean = 0, squares = 0;
    for (std::uint64_t i = 0; i < 20; ++i) {
      const double estimate = mean_of_images(nll_bound(model, images, nothing, draws, Key{2}.fold(i)));
      mean += estimate / 20;
      squares += estimate * estimate / 20;
    }
    const double standard_error = std::sqrt((squares - mean * mean) / 19);
    CHECK(standard_error < 0.03 * exact);
    CHECK(std::abs(mean - exact) < 4 * standard_error);
  };
  check(ardm, 20);
  AnyOrder next = ardm;
  next.asked = Asked::next;
  check(next, 20);
  check(MaskedDiffusion(network, Quantizer{2}, LinearMasking{}), 100);
  check(MaskedDiffusion(network, Quantizer{2}, CosineMasking{}), 100);
}

TEST_CASE("An image's bound does not depend on the others, and with as many draws as pixels has every count once") {
  AnyOrder model(enumerable::Inconsistent{}, Quantizer{2}, ListedOrders{{{2, 0, 3, 1}}});
  model.asked = Asked::next;
  const auto nats = nll_bound(model, images, nothing, 4, Key{3});
  check_near(nats, ordered_nll(model, images, nothing, {2, 0, 3, 1}), 1e-12);
  const AnyOrder any(model.network, Quantizer{2});
  check_near(nll_bound(any, dense(view(images).slice(0, 0, 3)), nothing, 5, Key{4}),
             dense(view(nll_bound(any, images, nothing, 5, Key{4})).slice(0, 0, 3)), 0);
}

namespace {

/// What k pixels at a time cost over one at a time, in nats per image: exact.
double excess(const enumerable::Joint& joint, const Order& order, Index k) {
  const auto all = enumerable::all_images(joint.height, joint.columns);
  const auto nats = ordered_nll(AnyOrder(joint, Quantizer{2}), all, nothing, order, EvenPlan{k});
  double mean = 0;
  for (std::size_t b = 0; b < joint.p.size(); ++b) {
    mean += joint.p[b] * (nats(static_cast<Index>(b)) + std::log(joint.p[b]));
  }
  return mean;
}

}  // namespace

TEST_CASE("Several pixels at a time cost what they say about each other: neighbours the most") {
  // A line of 8 pixels, each like its neighbour with probability 0.9.
  const auto line = enumerable::markov_line(8, 0.9);
  const Order run = orders::raster(1, 8), spread = orders::spread(1, 8);
  CHECK(std::abs(excess(line, run, 1)) < 1e-12);
  CHECK(std::abs(excess(line, spread, 1)) < 1e-12);
  // By hand: a run of two draws the second from two places away; p(same) is then 0.82, its entropy less the one at 0.9.
  const auto entropy = [](double p) { return -p * std::log(p) - (1 - p) * std::log(1 - p); };
  const double first = std::log(2.0) - entropy(0.9), later = entropy(0.82) - entropy(0.9);
  CHECK(excess(line, run, 2) == doctest::Approx(first + 3 * later).epsilon(1e-12));
  CHECK(excess(line, run, 2) > 5 * excess(line, spread, 2));
  CHECK(excess(line, run, 4) > 2 * excess(line, spread, 4));
  CHECK(excess(line, run, 8) == doctest::Approx(excess(line, spread, 8)).epsilon(1e-12));
}

TEST_CASE("In two dimensions squares cost the most, rows less, and spread-out pixels the least") {
  const auto lattice = enumerable::lattice(2, 4, 0.3);
  const Order square = orders::blocks(2, 4, 2), row = orders::raster(2, 4), spread = orders::spread(2, 4);
  CHECK(std::abs(excess(lattice, spread, 1)) < 1e-12);
  CHECK(excess(lattice, row, 2) > 20 * excess(lattice, spread, 2));
  CHECK(excess(lattice, square, 4) > 1.3 * excess(lattice, row, 4));
  CHECK(excess(lattice, row, 4) > 1.3 * excess(lattice, spread, 4));
}

TEST_CASE("Step losses are the mean nats of a missing pixel, fall with what is known, and sum to the bound") {
  const auto joint = enumerable::random_joint(2, 2, Key{1});
  const AnyOrder model(joint, Quantizer{2});
  constexpr Index n = 4000;
  Tokens drawn({n, 2, 2});  // as often as they are likely
  double seen = 0, entropy = 0;
  for (Index b = 0, r = 0; b < 16; ++b) {
    const double p = joint.p[static_cast<std::size_t>(b)];
    entropy -= p * std::log(p);
    for (seen += p * n; r < std::min(n, std::lround(seen)); ++r) {
      for (Index i = 0; i < 4; ++i) drawn.mutable_data()[4 * r + i] = static_cast<std::int32_t>(b >> i & 1);
    }
  }
  const auto losses = step_losses(model, drawn, nothing, Key{5});
  REQUIRE(losses.size() == 4);
  CHECK(std::is_sorted(losses.rbegin(), losses.rend()));
  CHECK(plan_cost(losses, EvenPlan{1}) == doctest::Approx(entropy).epsilon(0.02));
  double black = 0;  // the first pixel's loss is the mean entropy of single pixels
  for (Index i = 0; i < 4; ++i) {
    double p = 0;
    for (Index b = 0; b < 16; ++b) p += b >> i & 1 ? joint.p[static_cast<std::size_t>(b)] : 0;
    black -= (p * std::log(p) + (1 - p) * std::log(1 - p)) / 4;
  }
  CHECK(losses[0] == doctest::Approx(black).epsilon(0.005));
  CHECK(step_losses(model, drawn, nothing, Key{5}) == losses);
}

TEST_CASE("What cannot be computed is refused") {
  const AnyOrder model(enumerable::Inconsistent{}, Quantizer{2});
  CHECK_THROWS_WITH_AS(all_orders_nll(model, Tokens({1, 1, 17}), nothing),
                       "all_orders_nll: the images have 17 pixels; at most 16 are feasible", ValueError);
  CHECK_THROWS_WITH_AS(nll_bound(model, images, nothing, 0, Key{1}), "nll_bound: draws is 0; it must be at least 1",
                       ValueError);
  CHECK_THROWS_WITH_AS(ordered_nll(model, images, nothing, {0, 1}),
                       "order: has 2 places, the image has 4; both must be equal", ValueError);
}

}  // namespace token_bounds_test
