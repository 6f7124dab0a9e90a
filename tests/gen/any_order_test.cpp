#include "inkling/gen/token/any_order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/likelihood/token_bounds.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token/uniform_diffusion.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/optim/adamw.hpp"
#include "statistics.hpp"

namespace any_order_test {

using namespace ink;

namespace {

/// Two layers for images of 4 pixels.
struct Small {
  using value_type = float;
  Linear<float> hidden{{.in = 8, .out = 32}, Key{1}}, head{{.in = 32, .out = 8}, Key{2}};

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<float, 1>&, const C&) const {
    const Index n = value(x).extent(0);
    return reshape(head(tanh(hidden(reshape(x, Shape<2>{n, 8})))), Shape<4>{n, 2, 2, 2});
  }
  static void visit(auto& self, auto&& f) {
    f("hidden", self.hidden);
    f("head", self.head);
  }
};

struct Batch {
  Tensor<float, 4> images;
  Tensor<std::int32_t, 1> labels;
};

const Order backwards{3, 2, 1, 0};
const Unconditional nothing;

/// u for which k of 4 pixels are known.
Tensor<double, 1> known_of_four(Index rows, Index k) {
  return Tensor<double, 1>(Shape{rows}, (static_cast<double>(k) + 0.5) / 4);
}

}  // namespace

TEST_CASE("AnyOrder: the first pixels of the order are shown, and the next or all others asked for") {
  const Tokens pixels(Shape{1, 2, 2}, {3, 0, 2, 1});
  for (Index k = 0; k < 4; ++k) {
    AnyOrder model(enumerable::Inconsistent{}, Quantizer{4}, ListedOrders{{backwards}});
    for (Asked asked : {Asked::next, Asked::remaining}) {
      model.asked = asked;
      const auto example = model.corrupt_tokens(pixels, known_of_four(1, k), Key{1});
      Tokens state = pixels, target(pixels.shape(), missing_token);
      for (Index i = k; i < 4; ++i) {
        const Index place = 3 - i;
        state.mutable_data()[place] = missing_token;
        if (asked == Asked::remaining || i == k) target.mutable_data()[place] = pixels.data()[place];
      }
      CHECK(example.state == known_pixels<double>(state, 4));
      CHECK(example.target == target);
      CHECK(example.level(0) == doctest::Approx(250.0 * static_cast<double>(4 - k)));
      CHECK(example.weight(0) == doctest::Approx(asked == Asked::next ? 4 : 4.0 / static_cast<double>(4 - k)));
    }
  }
}

TEST_CASE("AnyOrder: every number of known pixels is drawn equally often, and every set of them") {
  const AnyOrder model(enumerable::Inconsistent{}, Quantizer{2});
  constexpr Index n = 8000;
  const auto example = model.corrupt(Tensor<double, 4>(Shape{n, 2, 2, 1}), Key{3});
  std::vector<double> sets(16), expected(16);
  for (Index r = 0; r < n; ++r) {
    std::size_t known = 0;
    for (Index i = 0; i < 4; ++i) known |= static_cast<std::size_t>(example.state(r, i / 2, i % 2, 1)) << i;
    ++sets.at(known);
  }
  const double choices[] = {1, 4, 6, 4};
  double by_count[4] = {};
  for (std::size_t known = 0; known < 15; ++known) {
    const int k = std::popcount(static_cast<unsigned>(known));
    expected[known] = 0.25 / choices[k];
    by_count[k] += sets[known];
  }
  for (double seen : by_count) CHECK(std::abs(seen - n / 4.0) <= 1);  // stratified
  CHECK(sets[15] == 0);
  sets.pop_back();
  expected.pop_back();
  CHECK(statistics::chi_square(sets, expected, n) < 36.1);  // 14 degrees of freedom: 0.001
}

TEST_CASE("AnyOrder: each of the listed orders is drawn equally often") {
  const ListedOrders orders{{backwards, orders::raster(2, 2), {1, 3, 0, 2}}};
  std::vector<double> seen(3);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto order = orders(4, Key{4}.fold(i));
    ++seen.at(
        static_cast<std::size_t>(std::find(orders.orders.begin(), orders.orders.end(), order) - orders.orders.begin()));
  }
  CHECK(statistics::chi_square(seen, {1.0 / 3, 1.0 / 3, 1.0 / 3}, 3000) < 13.8);  // 2 degrees of freedom: 0.001
}

TEST_CASE("AnyOrder: what lies in the pixels that are not known changes nothing, nor does the rest of the batch") {
  const AnyOrder model(enumerable::Inconsistent{}, Quantizer{2});
  const Tokens black({6, 2, 2}), white(Shape{6, 2, 2}, 1);
  const Tensor<double, 1> u(Shape{6}, {0.1, 0.3, 0.6, 0.9, 0.4, 0.7});
  const auto seen = model.corrupt_tokens(black, u, Key{5});
  Tokens other = white;  // the same where pixels are known
  for (Index i = 0; i < other.size(); ++i) {
    if (seen.state.data()[2 * i + 1] == 1) other.mutable_data()[i] = 0;
  }
  REQUIRE(other != black);
  const auto again = model.corrupt_tokens(other, u, Key{5});
  CHECK(again.state == seen.state);
  CHECK(again.level == seen.level);
  CHECK(again.target != seen.target);
  const auto predicted = model.predict(seen.state, seen.level, nothing).logits();
  CHECK(model.predict(again.state, again.level, nothing).logits() == predicted);

  const auto some = model.corrupt_tokens(Tokens({2, 2, 2}), dense(view(u).slice(0, 0, 2)), Key{5});
  CHECK(some.state == dense(view(seen.state).slice(0, 0, 2)));
  CHECK(some.target == dense(view(seen.target).slice(0, 0, 2)));
}

TEST_CASE("AnyOrder: orders that are none are refused") {
  const Tensor<double, 4> images({1, 2, 2, 1});
  const auto corrupt = [&](ListedOrders orders) {
    AnyOrder(enumerable::Inconsistent{}, Quantizer{2}, std::move(orders)).corrupt(images, Key{1});
  };
  CHECK_THROWS_WITH_AS(corrupt({}), "ListedOrders: the list is empty; it must have at least one order", ValueError);
  CHECK_THROWS_WITH_AS(corrupt({{{0, 1, 2}}}), "order: has 3 places, the image has 4; both must be equal", ValueError);
  CHECK_THROWS_AS(corrupt({{{0, 1, 2, 2}}}), ValueError);
}

TEST_CASE("AnyOrder and MaskedDiffusion train a network to the joint distribution, and it is either's") {
  const auto joint = enumerable::random_joint(2, 2, Key{6});
  constexpr Index n = 1024;
  const Tokens all = enumerable::all_images(2, 2);
  Batch batch{Tensor<float, 4>(Shape{n, 2, 2, 1}), Tensor<std::int32_t, 1>(Shape{n})};
  double seen = 0, entropy = 0;
  for (Index b = 0, r = 0; b < 16; ++b) {
    const double p = joint.p[static_cast<std::size_t>(b)];
    entropy -= p * std::log(p);
    for (seen += p * n; r < std::min(n, std::lround(seen)); ++r) {
      float* image = batch.images.mutable_data() + 4 * r;  // in a fixed order: every row meets every amount
      for (Index i = 0; i < 4; ++i) image[i] = static_cast<float>(2 * (b >> i & 1) - 1);
    }
  }
  const auto bound = [&](const auto& model) {
    const auto nats = all_orders_nll(model, all, nothing);
    double mean = 0;
    for (Index b = 0; b < 16; ++b) mean += joint.p[static_cast<std::size_t>(b)] * nats(b);
    return mean;
  };
  const auto train = [&](auto model) {
    AdamW optimizer(model, {.lr = 0.01, .weight_decay = 0});
    for (std::uint64_t step = 0; step < 250; ++step) {
      Tape tape;
      optimizer.update(model, tape.backward(loss(model, tape, batch, Key{7}.fold(step))));
    }
    return model;
  };
  const AnyOrder untrained(Small{}, Quantizer{2});
  AnyOrder one_pixel = untrained;
  one_pixel.asked = Asked::next;
  const double before = bound(untrained);
  REQUIRE(before > entropy + 0.5);
  const auto ardm = train(untrained);
  const auto masked = train(MaskedDiffusion(Small{}, Quantizer{2}, CosineMasking{}));
  for (double after : {bound(ardm), bound(train(one_pixel)), bound(masked)}) {
    CHECK(after > entropy);
    CHECK(after < entropy + 0.15);
  }
  const auto noisy = train(UniformDiffusion(Small{}, Quantizer{2}));
  CHECK(loss(noisy, batch, Key{8}).item() <
        0.85f * loss(UniformDiffusion(Small{}, Quantizer{2}), batch, Key{8}).item());

  // The estimated loss is the exact bound, per pixel.
  CHECK(static_cast<double>(loss(ardm, batch, Key{8}).item()) == doctest::Approx(bound(ardm) / 4).epsilon(0.05));

  const MaskedDiffusion moved(ardm.network, Quantizer{2});
  CHECK(all_orders_nll(moved, all, nothing) == all_orders_nll(ardm, all, nothing));
  const Tokens partly(Shape{1, 2, 2}, {1, missing_token, missing_token, 0});
  CHECK(moved.posterior(partly, 0.7, nothing).logits() == ardm.posterior(partly, 2, nothing).logits());

  // The mean over every number of known pixels is the chain's, of this order.
  AnyOrder chain(ardm.network, Quantizer{2}, ListedOrders{{backwards}});
  chain.asked = Asked::next;
  const auto estimated = nll_bound(chain, all, nothing, 4, Key{9}), exact = ordered_nll(chain, all, nothing, backwards);
  for (Index b = 0; b < 16; ++b) CHECK(std::abs(estimated(b) - exact(b)) < 1e-4);
}

}  // namespace any_order_test
