#include "inkling/gen/editing/complete.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../models/model_checks.hpp"
#include "../support/module_gradcheck.hpp"
#include "enumerable.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/editing/repeated.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/gen/order.hpp"
#include "inkling/gen/reordered.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/token/any_order.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token/uniform_diffusion.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "inkling/gen/token_sampler/entropy_bounded.hpp"
#include "inkling/gen/token_sampler/in_order.hpp"
#include "inkling/gen/token_sampler/most_confident.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/patch_mlp.hpp"
#include "inkling/models/patch_transformer.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "statistics.hpp"

namespace complete_test {

using namespace ink;
using namespace ink::testing;

namespace {

using Mask = Tensor<std::uint8_t, 3>;
using Probabilities = std::vector<double>;

const auto joint = enumerable::random_joint(2, 2, Key{12});

/// The joint distribution given that the pixels with these bits are `values`, by enumeration.
Probabilities conditional(const Probabilities& p, std::size_t known, std::size_t values) {
  Probabilities given(p.size());
  double total = 0;
  for (std::size_t b = 0; b < p.size(); ++b) {
    if ((b & known) == values) total += given[b] = p[b];
  }
  for (double& v : given) v /= total;
  return given;
}

Mask mask_of(std::size_t known, Index rows = 1) {
  Mask mask({rows, 2, 2});
  for (Index i = 0; i < mask.size(); ++i) mask.mutable_data()[i] = known >> i % 4 & 1;
  return mask;
}

Tokens tokens_of(Index rows, std::size_t bits) {
  Tokens x({rows, 2, 2});
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<std::int32_t>(bits >> i % 4 & 1);
  return x;
}

/// χ² over the images that are possible.
double misfit(const Tokens& drawn, const Probabilities& expected) {
  const auto counts = enumerable::counts(drawn);
  Probabilities seen, p;
  for (std::size_t b = 0; b < expected.size(); ++b) {
    if (expected[b] == 0) {
      REQUIRE(counts[b] == 0);
      continue;
    }
    seen.push_back(counts[b]);
    p.push_back(expected[b]);
  }
  return p.size() < 2 ? 0 : statistics::chi_square(seen, p, static_cast<double>(drawn.extent(0)));
}

struct Known {
  std::size_t pixels, values;
  double bound;  ///< of χ², which exceeds it once in a thousand
};

const std::vector<Known> known_sets{{1, 1, 24.3}, {8, 0, 24.3}, {8, 8, 24.3},
                                    {6, 2, 16.3}, {9, 8, 16.3}, {14, 10, 10.8}};

/// A causal network whose answers are the exact conditionals of a joint distribution, in raster order.
struct Causal {
  using value_type = double;
  Probabilities p;

  template <class C>
  Tensor<double, 4> operator()(const Tokens& x, const C&) const {
    Tensor<double, 4> logits({x.extent(0), 2, 2, 2});
    for (Index n = 0; n < x.extent(0); ++n) {
      std::size_t bits = 0;
      for (Index i = 0; i < 4; ++i) {
        const std::size_t before = (std::size_t{1} << i) - 1;
        double* answer = logits.mutable_data() + (n * 4 + i) * 2;
        for (std::size_t b = 0; b < p.size(); ++b) {
          if ((b & before) == bits) answer[b >> i & 1] += p[b];
        }
        answer[0] = std::log(answer[0]);
        answer[1] = std::log(answer[1]);
        bits |= static_cast<std::size_t>(x.data()[n * 4 + i]) << i;
      }
    }
    return logits;
  }
};

}  // namespace

TEST_CASE("One pixel at a time, what is drawn follows the exact conditional of any known pixels") {
  const auto check = [&](const std::string& name, const auto& sampler, const auto& model, Index n = 4000) {
    CAPTURE(name);
    for (const Known& k : known_sets) {
      const auto drawn = complete(sampler, model, tokens_of(n, k.values), mask_of(k.pixels), Key{1});
      CHECK(misfit(drawn, conditional(joint.p, k.pixels, k.values)) < k.bound);
    }
  };
  const AnyOrder any(joint, Quantizer{2});
  const MaskedDiffusion masked(joint, Quantizer{2});
  check("AtRandom", Reveal{AtRandom{}, EvenPlan{1}}, any);
  check("InOrder", Reveal{InOrder{{3, 0, 2, 1}}, EvenPlan{1}}, masked);
  check("MostConfident", Reveal{MostConfident{}, EvenPlan{1}}, masked);
  check("EntropyBounded", EntropyBounded{.bound = 0}, any);
  check("DiscreteAncestral", DiscreteAncestral{.steps = 80}, masked, 1000);
}

TEST_CASE("Every image may know pixels of its own") {
  constexpr Index each = 4000;
  const AnyOrder model(joint, Quantizer{2});
  Tokens tokens({0, 2, 2});
  Mask known({0, 2, 2});
  for (const Known& k : known_sets) {
    tokens = concat(0, tokens, tokens_of(each, k.values));
    known = concat(0, known, mask_of(k.pixels, each));
  }
  const auto drawn = complete(Reveal<>{}, model, tokens, known, Key{2});
  Index begin = 0;
  for (const Known& k : known_sets) {
    const Tokens mine = dense(view(drawn).slice(0, begin, begin + each));
    CHECK(misfit(mine, conditional(joint.p, k.pixels, k.values)) < k.bound);
    begin += each;
  }
  // And none of it depends on the others of the batch; with a key for each it is that key's own.
  const Tokens few = dense(view(tokens).slice(0, 0, 3));
  const Mask their = dense(view(known).slice(0, 0, 3));
  CHECK(complete(Reveal<>{}, model, few, their, Key{2}) == dense(view(drawn).slice(0, 0, 3)));
  const SampleKeys keys({Key{7}, Key{8}, Key{9}});
  const auto last = [](const auto& x) { return dense(view(x).slice(0, 2, 3)); };
  CHECK(last(complete(Reveal<>{}, model, few, their, keys)) ==
        complete(Reveal<>{}, model, Tokens(last(few)), Mask(last(their)), Key{9}));
}

TEST_CASE("A causal network conditions on what comes before in its order, and on nothing after") {
  constexpr Index n = 5000;
  const Autoregressive raster(Causal{joint.p}, Quantizer{2});
  // Known pixels that come first: exact.
  for (const std::size_t values : {0u, 1u, 2u, 3u}) {
    const auto drawn = complete(Ancestral{}, raster, tokens_of(n, values), mask_of(3), Key{1});
    CHECK(misfit(drawn, conditional(joint.p, 3, values)) < 16.3);
  }
  // A known pixel that comes last: the others are drawn as if it were not known.
  Probabilities unaware(16);
  for (std::size_t b = 0; b < 16; ++b) unaware[b | 8] += joint.p[b];
  const auto drawn = complete(Ancestral{}, raster, tokens_of(n, 8), mask_of(8), Key{1});
  CHECK(misfit(drawn, unaware) < 24.3);
  CHECK(misfit(drawn, conditional(joint.p, 8, 8)) > 60);
  // In an order that begins with it: exact again.
  const Order order{3, 0, 1, 2};
  Probabilities in_order(16);
  for (std::size_t b = 0; b < 16; ++b) {
    std::size_t inner = 0;
    for (std::size_t i = 0; i < 4; ++i) inner |= (b >> order[i] & 1) << i;
    in_order[inner] = joint.p[b];
  }
  const Autoregressive reordered(Reordered(Causal{in_order}, order), Quantizer{2});
  CHECK(misfit(complete(Ancestral{}, reordered, tokens_of(n, 8), mask_of(8), Key{1}), conditional(joint.p, 8, 8)) <
        24.3);
}

namespace {

/// For every sampler of a model: known pixels stay, nothing known is `generate`, everything known stays as it is.
template <class S, class M>
void check_keeps(const S& sampler, const M& model, const Tokens& tokens, int levels) {
  const Shape<3> shape = tokens.shape();
  Mask some(shape);
  for (Index i = 0; i < some.size(); ++i) some.mutable_data()[i] = i * i % 7 < 3;
  const auto drawn = complete(sampler, model, tokens, some, Key{5});
  Index differ = 0;
  for (Index i = 0; i < tokens.size(); ++i) {
    if (some.data()[i] != 0) {
      REQUIRE(drawn.data()[i] == tokens.data()[i]);
    } else {
      differ += drawn.data()[i] != tokens.data()[i];
      REQUIRE(drawn.data()[i] >= 0);
      REQUIRE(drawn.data()[i] < levels);
    }
  }
  CHECK(differ > 0);
  const Mask none({1, 1, 1}), all({1, 1, 1}, std::uint8_t{1});
  const Shape<4> images{shape[0], shape[1], shape[2], 1};
  CHECK(complete(sampler, model, tokens, none, Key{5}) ==
        sample(sampler, model, model.prior(images, Key{5}.fold(0)), Key{5}.fold(1)));
  CHECK(complete(sampler, model, tokens, all, Key{5}) == tokens);
  // What is not known is not read.
  Tokens other = tokens;
  for (Index i = 0; i < other.size(); ++i) {
    if (some.data()[i] == 0) other.mutable_data()[i] = -77;
  }
  CHECK(complete(sampler, model, other, some, Key{5}) == drawn);
  // One row of the mask for all images.
  const Mask first = dense(view(some).slice(0, 0, 1));
  CHECK(complete(sampler, model, tokens, first, Key{6}) ==
        complete(sampler, model, tokens, concat(0, std::vector(static_cast<std::size_t>(shape[0]), first)), Key{6}));
}

}  // namespace

TEST_CASE("Known pixels stay with every sampler and model; with none it is generate, with all nothing is drawn") {
  const Tokens tokens = random_tokens({5, 2, 2}, 2, Key{3});
  const enumerable::Inconsistent network;
  const auto check = [&](const auto& model) {
    check_keeps(Reveal{AtRandom{}, EvenPlan{2}}, model, tokens, 2);
    check_keeps(Reveal{InOrder{{1, 3, 0, 2}}, EvenPlan{1}}, model, tokens, 2);
    check_keeps(Reveal{MostConfident{.of_drawn = true, .noise = 2}, CosinePlan{.steps = 3}}, model, tokens, 2);
    check_keeps(EntropyBounded{.bound = 0.5}, model, tokens, 2);
  };
  check(AnyOrder(network, Quantizer{2}));
  check(MaskedDiffusion(network, Quantizer{2}));
  check(guided(AnyOrder(network, Quantizer{2}), {.scale = 2}));
  check_keeps(DiscreteAncestral{.steps = 4}, MaskedDiffusion(network, Quantizer{2}), tokens, 2);
  check_keeps(DiscreteAncestral{.steps = 4}, UniformDiffusion(network, Quantizer{2}), tokens, 2);
  check_keeps(Ancestral{}, Autoregressive(Causal{joint.p}, Quantizer{2}), tokens, 2);
}

namespace {

/// The same tokens with the cache and without, and known ones kept, for any known pixels of each image.
template <class Network>
void check_cached(const Network& net, const ClassLabels& labels) {
  const auto network = randomized(net, Key{3}, 0.6);
  const Autoregressive model(network, Quantizer{4});
  const Tokens tokens = random_tokens({4, 3, 4}, 4, Key{2});
  check_keeps(Ancestral{}, model, tokens, 4);
  const auto check = [&](const auto& some_model) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      Mask known(tokens.shape());
      const auto u = uniform<double>(tokens.shape(), Key{seed});
      for (Index i = 0; i < known.size(); ++i) known.mutable_data()[i] = u.data()[i] < 0.25 * static_cast<double>(seed);
      const auto drawn = complete(Ancestral{}, some_model, tokens, known, Key{5}, labels);
      CHECK(complete(Ancestral{.cache = false}, some_model, tokens, known, Key{5}, labels) == drawn);
    }
  };
  check(model);
  check(guided(model, {.scale = 2}));
  check(Autoregressive(Reordered(network, orders::spiral(3, 4)), Quantizer{4}));
}

}  // namespace

TEST_CASE("Autoregression completes with the cache what it completes without, bit for bit") {
  const auto labels = labels_in_turn(4, 3);
  for (const Index group : {1, 2}) {
    check_cached(
        models::Gpt<float>(
            {.levels = 4, .width = 8, .layers = 2, .heads = 2, .group = group, .height = 3, .columns = 4, .classes = 3},
            Key{1}),
        labels);
  }
  for (const bool two_stacks : {true, false}) {
    check_cached(models::PixelCnn<float>({.levels = 4,
                                          .width = 8,
                                          .layers = 2,
                                          .first_kernel = 3,
                                          .head = 8,
                                          .classes = 3,
                                          .two_stacks = two_stacks,
                                          .height = 3,
                                          .columns = 4},
                                         Key{1}),
                 labels);
  }
}

namespace {

/// A causal network that counts the positions that it is asked for.
struct Counting {
  using value_type = double;
  int* asked;

  template <class C>
  Tensor<double, 4> operator()(const Tokens& x, const C&) const {
    return Tensor<double, 4>({x.extent(0), x.extent(1), x.extent(2), 2});
  }
  template <class C>
  Index cache(Index, const C&) const {
    return 0;
  }
  Tensor<double, 2> logits_at(const Tokens& x, Index position, Index& next) const {
    REQUIRE(position == next++);  // in order, none left out
    ++*asked;
    return Tensor<double, 2>({x.extent(0), 2});
  }
};

}  // namespace

TEST_CASE("A cache sees every pixel up to the last that is drawn, and none after it") {
  int asked = 0;
  const Autoregressive model(Counting{&asked}, Quantizer{2});
  Mask known({1, 4, 4}, std::uint8_t{1});
  known(0, 1, 2) = known(0, 2, 1) = 0;
  complete(Ancestral{}, model, Tokens({2, 4, 4}), known, Key{1});
  CHECK(asked == 10);
}

namespace {

/// What every pixel of a line of three is expected to be, given that each was drawn anew with probability level/1000.
struct Exact {
  using value_type = double;
  Probabilities p;
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>& level, const C&) const {
    Tensor<double, 4> logits({shown.extent(0), 1, 3, 2});
    for (Index r = 0; r < shown.extent(0); ++r) {
      const double kept = 1 - level(r) / 1000;
      double* out = logits.mutable_data() + 6 * r;
      for (std::size_t b = 0; b < 8; ++b) {
        double weight = p[b];
        for (Index i = 0; i < 3; ++i) {
          const bool same = (b >> i & 1) == (shown(r, 0, i, 0) > 0 ? 1u : 0u);
          weight *= (1 - kept) / 2 + (same ? kept : 0);
        }
        for (Index i = 0; i < 3; ++i) out[2 * i + static_cast<Index>(b >> i & 1)] += weight;
      }
      for (Index i = 0; i < 6; ++i) out[i] = std::log(out[i]);
    }
    return logits;
  }
};

}  // namespace

TEST_CASE("UniformDiffusion: what is drawn heeds the known pixels, and nearly as it should in several passes") {
  constexpr Index n = 3000;
  const auto line = enumerable::markov_line(3, 0.9);  // neighbours are alike in nine cases of ten
  const UniformDiffusion model(Exact{line.p}, Quantizer{2});
  const auto alike = [&](const auto& sampler) {
    const auto drawn = complete(sampler, model, Tokens({n, 1, 3}, 1), Mask({1, 1, 3}, {0, 1, 0}), Key{4});
    double same = 0;
    for (Index r = 0; r < n; ++r) {
      REQUIRE(drawn(r, 0, 1) == 1);
      same += (drawn(r, 0, 0) + drawn(r, 0, 2)) / 2.0 / n;
    }
    return same;
  };
  const double once = alike(DiscreteAncestral{.steps = 20});
  CHECK(once > 0.65);  // 0.5 if they were not heeded
  CHECK(once < 0.8);
  CHECK(alike(Repeated(DiscreteAncestral{.steps = 20}, {.jump = 5, .passes = 1})) == once);
  const double ten = alike(Repeated(DiscreteAncestral{.steps = 20}, {.jump = 1, .passes = 10}));
  CHECK(std::abs(ten - 0.9) < 0.05);
}

TEST_CASE("Images: known pixels keep their own grey, between two levels as well") {
  const MaskedDiffusion model(enumerable::Inconsistent{}, Quantizer{2});
  Tensor<double, 4> images(Shape{3, 2, 2, 1}, 0.3);
  images(0, 1, 1, 0) = std::nan("");  // not known, not read
  const Tensor<std::uint8_t, 4> known(Shape{1, 2, 2, 1}, {1, 0, 1, 0});
  const auto drawn = complete(Reveal<>{}, model, images, known, Key{1});
  for (Index i = 0; i < drawn.size(); ++i) {
    if (i % 2 == 0) CHECK(drawn.data()[i] == 0.3);
    if (i % 2 == 1) CHECK(std::abs(drawn.data()[i]) == 1);
  }
  const Tensor<std::uint8_t, 4> none(Shape{1, 1, 1, 1}), all(Shape{1, 1, 1, 1}, std::uint8_t{1});
  CHECK(complete(Reveal<>{}, model, images, none, Key{1}) == generate(Reveal<>{}, model, images.shape(), Key{1}));
  images(0, 1, 1, 0) = -0.2;
  CHECK(complete(Reveal<>{}, model, images, all, Key{1}) == images);
}

TEST_CASE("PatchDiffusion: known pixels stay, whole patches or parts of them; none known is generate") {
  const auto small = PatchDiffusion(
      randomized(models::PatchTransformer<float>(
                     {.width = 16, .layers = 1, .heads = 2, .patch = 3, .height = 6, .columns = 6}, Key{1}),
                 Key{8}, 0.5),
      Diffusion(randomized(models::PatchMlp<float>({.numbers = 9, .context = 16, .width = 32, .layers = 2}, Key{2}),
                           Key{9}, 0.3),
                Cosine{}, CleanTarget{}));
  const auto images = uniform<float>(Shape{3, 6, 6, 1}, Key{3}, -1, 1);
  Tensor<std::uint8_t, 4> known(images.shape());
  for (Index n = 0; n < 3; ++n) {
    for (Index r = 0; r < 6; ++r) {
      for (Index c = 0; c < 6; ++c) known(n, r, c, 0) = n == 0 ? r < 3 : n == 1 ? (r + c) % 2 == 0 : c == 5;
    }
  }
  const PatchAncestral sampler(Ddim{.steps = 3, .eta = 1});
  const auto drawn = complete(sampler, small, images, known, Key{4});
  for (Index i = 0; i < images.size(); ++i) CHECK((drawn.data()[i] == images.data()[i]) == (known.data()[i] != 0));
  CHECK(difference(complete(PatchAncestral(sampler.sampler, false), small, images, known, Key{4}), drawn) < 1e-4);
  const Tensor<std::uint8_t, 4> none(Shape{1, 1, 1, 1}), all(Shape{1, 1, 1, 1}, std::uint8_t{1});
  CHECK(complete(sampler, small, images, none, Key{4}) == generate(sampler, small, images.shape(), Key{4}));
  CHECK(complete(sampler, small, images, all, Key{4}) == images);
  // A patch after the known ones is drawn given them, one before them is not.
  auto other = images;
  other(0, 0, 0, 0) = -other(0, 0, 0, 0);
  const auto heeds = complete(sampler, small, other, known, Key{4});
  CHECK(heeds(0, 5, 5, 0) != drawn(0, 5, 5, 0));
  other = images;
  other(2, 5, 5, 0) = -other(2, 5, 5, 0);
  CHECK(complete(sampler, small, other, known, Key{4})(2, 0, 0, 0) == drawn(2, 0, 0, 0));
}

TEST_CASE("A fresh tensor, all black and known, is no state to begin with, where states can say what is missing") {
  const MaskedDiffusion masked(joint, Quantizer{2});
  const Tokens fresh({3, 2, 2});
  CHECK_THROWS_AS(sample(Reveal<>{}, masked, fresh, Key{1}), ValueError);
  CHECK_THROWS_AS(sample(EntropyBounded{}, masked, fresh, Key{1}), ValueError);
  CHECK_THROWS_AS(sample(DiscreteAncestral{}, masked, fresh, Key{1}), ValueError);
  CHECK_THROWS_AS(sample(Ancestral{}, Autoregressive(Causal{joint.p}, Quantizer{2}), fresh, Key{1}), ValueError);
  const UniformDiffusion uniform_noise(enumerable::Inconsistent{}, Quantizer{2});
  CHECK_NOTHROW(sample(DiscreteAncestral{.steps = 2}, uniform_noise, fresh, Key{1}));
}

TEST_CASE("What does not fit is refused, with its place") {
  const MaskedDiffusion model(joint, Quantizer{2});
  Tokens tokens({3, 2, 2});
  CHECK_THROWS_WITH_AS(complete(Reveal<>{}, model, tokens, Mask({3, 2, 3}), Key{1}),
                       "complete: known is (3, 2, 3), tokens are (3, 2, 2); known[2] must be 1 or equal to tokens[2]",
                       ShapeError);
  tokens(1, 0, 1) = 2;
  CHECK_THROWS_WITH_AS(complete(Reveal<>{}, model, tokens, mask_of(15), Key{1}),
                       "complete: tokens(1, 0, 1) is 2; it must be in [0, 2), or missing_token", ValueError);
  tokens(1, 0, 1) = missing_token;
  CHECK_THROWS_WITH_AS(complete(Reveal<>{}, model, tokens, mask_of(15), Key{1}),
                       "complete: known token (1, 0, 1) is missing_token; it must be a level", ValueError);
  CHECK_NOTHROW(complete(Reveal<>{}, model, tokens, mask_of(13), Key{1}));
  Tensor<double, 4> images(Shape{2, 2, 2, 1});
  images(1, 1, 0, 0) = 1.5;
  const Tensor<std::uint8_t, 4> all(Shape{1, 1, 1, 1}, std::uint8_t{1});
  CHECK_THROWS_WITH_AS(complete(Reveal<>{}, model, images, all, Key{1}),
                       "complete: known pixel (1, 1, 0, 0) is 1.5; it must be in [-1, 1]", ValueError);
  images(1, 1, 0, 0) = std::nan("");
  CHECK_THROWS_AS(complete(Reveal<>{}, model, images, all, Key{1}), ValueError);
  CHECK(complete(Reveal<>{}, model, Tokens({0, 2, 2}), mask_of(3), Key{1}).shape() == Shape{0, 2, 2});
}

}  // namespace complete_test
