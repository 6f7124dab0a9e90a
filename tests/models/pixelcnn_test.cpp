#include "inkling/models/pixelcnn.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/ops/loss.hpp"
#include "inkling/ops/softmax.hpp"
#include "model_checks.hpp"

namespace pixelcnn_test {

using namespace ink;
using namespace ink::testing;
using models::PixelCnn;

namespace {

using Tokens = Tensor<std::int32_t, 3>;

Tensor<float, 2> logits_of_pixel(const Tensor<float, 4>& logits, Index position) {
  const Index columns = logits.extent(2);
  return ink::detail::pixel(logits, position / columns, position % columns);
}

/// Largest |gradient| of a random mixture of the logits of pixel i by every input pixel.
std::vector<double> influence_on(const PixelCnn<double>& net, const Tensor<double, 4>& image, Index i) {
  Tape tape;
  const auto x = tape.variable(image);
  const auto y = net.logits_of(x);
  const Index levels = y.extent(3);
  Tensor<double, 4> g(y.shape());
  const auto weights = uniform<double>(Shape{levels}, Key{9}, 0.5, 1.5);
  std::copy_n(weights.data(), levels, g.mutable_data() + i * levels);
  const auto gradient = tape.backward(pull(y, g))[x];
  std::vector<double> out(static_cast<std::size_t>(gradient.size()));
  std::transform(gradient.data(), gradient.data() + gradient.size(), out.begin(), [](double v) { return std::abs(v); });
  return out;
}

/// The head's ReLUs would hide influence where they are off: keep them on.
void open_head(PixelCnn<double>& net) {
  for (auto& b : net.hidden.bias->value.mutable_values()) b += 20;
  for (auto& w : net.hidden.weight.value.mutable_values()) w = std::abs(w) + 0.1;
  auto raise = [](Parameter<double, 1>& bias) {
    for (auto& b : bias.value.mutable_values()) b += 5;
  };
  if (net.stack) raise(*net.stack->first.bias);
  if (net.stacks) raise(*net.stacks->horizontal.bias);
}

/// Every pixel pair: is the influence non-zero exactly where `sees(up, right)` says?
template <class Sees>
void check_reach(PixelCnn<double> net, Sees sees) {
  open_head(net);
  const Index height = net.options.height, columns = net.options.columns;
  const auto image = uniform<double>(Shape{Index{1}, height, columns, Index{1}}, Key{2}, -1, 1);
  int leaks = 0, blind = 0, unexpected = 0;
  for (Index i = 0; i < height * columns; ++i) {
    const auto influence = influence_on(net, image, i);
    for (Index j = 0; j < height * columns; ++j) {
      const double v = influence[static_cast<std::size_t>(j)];
      const Index up = i / columns - j / columns, right = j % columns - i % columns;
      if (j >= i) {
        leaks += v != 0;
      } else if (sees(up, right)) {
        blind += v == 0;
      } else {
        unexpected += v != 0;
      }
    }
  }
  CHECK(leaks == 0);
  CHECK(blind == 0);
  CHECK(unexpected == 0);
}

/// Draws images with the cache and without, and compares every token and every logit.
template <class C>
void check_sampling(const PixelCnn<float>& net, const C& condition, bool greedy) {
  constexpr Index batch = 3;
  const Index pixels = net.options.height * net.options.columns;
  const Shape<3> shape{batch, net.options.height, net.options.columns};
  Tokens cached(shape, -7), plain(shape);  // what is not known yet must not be read
  auto cache = net.cache(batch, condition);
  const auto draw = [&](const Tensor<float, 2>& logits, Index position, Tokens& tokens) {
    const auto drawn = categorical(softmax(logits), Key{5}.fold(static_cast<std::uint64_t>(position)));
    for (Index n = 0; n < batch; ++n) {
      const float* row = logits.data() + n * logits.extent(1);
      const auto best = std::max_element(row, row + logits.extent(1)) - row;
      tokens.mutable_data()[n * pixels + position] = greedy ? static_cast<std::int32_t>(best) : drawn(n);
    }
  };
  bool same = true;
  for (Index position = 0; position < pixels; ++position) {
    const auto fast = net.logits_at(cached, position, cache);
    const auto slow = logits_of_pixel(net(plain, condition), position);
    same = same && same_bits(fast, slow);
    draw(fast, position, cached);
    draw(slow, position, plain);
  }
  CHECK(same);
  CHECK(cached == plain);
}

PixelCnn<float>::Options small(bool two_stacks, Index classes = 0) {
  return {.levels = 5,
          .width = 8,
          .layers = 2,
          .first_kernel = 5,
          .head = 8,
          .classes = classes,
          .two_stacks = two_stacks,
          .height = 8,
          .columns = 8};
}

}  // namespace

TEST_CASE("a single stack agrees with the textbook network") {
  // Reference: full k × k windows with a comparison for each position, tanh · sigmoid, residual and 1×1 layers, in
  // plain Python in double precision, with parameter p filled by 0.6 sin(2.1 i² + p). The fill also puts numbers at
  // masked positions: they must not matter.
  PixelCnn<double> net(
      {.levels = 5, .width = 4, .layers = 2, .head = 6, .two_stacks = false, .height = 5, .columns = 4}, Key{1});
  int p = 0;
  for_each_parameter(net, [&](const std::string&, auto& parameter) {
    double* values = parameter.value.mutable_data();
    for (Index i = 0; i < parameter.value.size(); ++i) values[i] = 0.6 * std::sin(2.1 * static_cast<double>(i * i) + p);
    ++p;
  });
  const Tokens tokens(Shape{1, 5, 4}, {0, 2, 4, 4, 2, 0, 3, 1, 2, 1, 0, 4, 3, 0, 0, 0, 0, 0, 3, 4});
  const auto y = net(tokens);
  const double expected[3][5] = {{0.321304618590, 0.605761098726, 0.248256753984, 0.319085698443, 0.670762100397},
                                 {0.169340245725, 0.677049204487, 0.089527831952, 0.194830555783, 0.814315441202},
                                 {0.130251412601, 0.798933069808, -0.006488733047, 0.154608366343, 0.996457511647}};
  const Index at[3][2] = {{0, 3}, {2, 1}, {4, 3}};
  for (int k = 0; k < 3; ++k) {
    for (Index c = 0; c < 5; ++c) CHECK(std::abs(y(0, at[k][0], at[k][1], c) - expected[k][c]) < 1e-9);
  }
  double total = 0, squares = 0;
  for (double v : y.values()) {
    total += v;
    squares += v * v;
  }
  CHECK(std::abs(total - 34.1322833487) < 1e-8);
  CHECK(std::abs(squares - 16.0126457572) < 1e-8);
}

TEST_CASE("parameters are counted as stored") {
  CHECK(parameter_count(PixelCnn<float>({.two_stacks = false}, Key{1})) == 343296);
  // First layers 4·7·64 + 64 and 4·64 + 64; blocks 2·3·64·128 + 128, 2·64·128 + 128, 128·128 + 128 and 64·64 + 64.
  CHECK(parameter_count(PixelCnn<float>(PixelCnn<float>::Options{}, Key{1})) == 541760);
  CHECK(parameter_count(PixelCnn<float>({.classes = 10}, Key{1})) == 541760 + 6 * 11 * 128);
  CHECK(parameter_count(PixelCnn<float>({.classes = 10, .two_stacks = false}, Key{1})) == 343296 + 11 * 64);
  CHECK(parameter_count(PixelCnn<float>({.dilations = 3, .positions = true}, Key{1})) == 541760 + 28 * 28 * 64);
}

TEST_CASE("two stacks see every earlier pixel within reach, and no other") {
  const PixelCnn<double>::Options o{
      .levels = 3, .width = 3, .layers = 2, .first_kernel = 3, .head = 4, .height = 6, .columns = 6};
  check_reach(PixelCnn<double>(o, Key{1}),
              [](Index up, Index right) { return up == 0 ? right >= -3 : up <= 3 && std::abs(right) <= 3; });
}

TEST_CASE("dilated layers reach as far as their dilations add up to") {
  const PixelCnn<double>::Options o{.levels = 3,
                                    .width = 3,
                                    .layers = 2,
                                    .first_kernel = 3,
                                    .head = 4,
                                    .dilations = 2,
                                    .positions = true,
                                    .height = 7,
                                    .columns = 6};
  check_reach(PixelCnn<double>(o, Key{1}),
              [](Index up, Index right) { return up == 0 ? right >= -4 : up <= 4 && std::abs(right) <= 4; });
}

TEST_CASE("one stack has its blind spot above and to the right, and sees no later pixel") {
  const PixelCnn<double>::Options o{.levels = 3,
                                    .width = 3,
                                    .layers = 2,
                                    .first_kernel = 3,
                                    .head = 4,
                                    .two_stacks = false,
                                    .height = 6,
                                    .columns = 6};
  check_reach(PixelCnn<double>(o, Key{1}), [](Index up, Index right) {
    return up == 0 ? right >= -3 : up <= 3 && right >= -3 && right <= 1 + std::min<Index>(up - 1, 2);
  });
}

TEST_CASE("gradients of the parameters and of the image") {
  for (const bool two_stacks : {false, true}) {
    PixelCnn<double> net({.levels = 3,
                          .width = 2,
                          .layers = 2,
                          .first_kernel = 3,
                          .head = 5,
                          .classes = 2,
                          .dilations = 2,
                          .positions = true,
                          .two_stacks = two_stacks,
                          .height = 3,
                          .columns = 3},
                         Key{4});
    const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};
    CHECK(gradcheck([&](const auto& x) { return net.logits_of(x, labels); },
                    normal<double>(Shape{2, 3, 3, 1}, Key{5})) < 1e-6);
    const auto tokens = random_tokens({2, 3, 3}, 3, Key{6});
    CHECK(parameter_error(net, [&](const auto& m, Tape& tape) {
      return cross_entropy(m(tape.constant(tokens), labels), tokens);
    }, 1000) < 1e-7);
  }
}

TEST_CASE("images drawn with the cache are the images drawn without") {
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {2, 0, null_label})};
  for (const bool two_stacks : {false, true}) {
    const PixelCnn<float> net(small(two_stacks), Key{1}), told(small(two_stacks, 3), Key{2});
    check_sampling(net, Unconditional{}, true);
    check_sampling(net, Unconditional{}, false);
    check_sampling(told, labels, false);
    check_sampling(told, Unconditional{}, false);
    auto options = small(two_stacks, 3);
    options.dilations = 2;
    options.positions = true;
    check_sampling(PixelCnn<float>(options, Key{3}), labels, false);
  }
}

TEST_CASE("as many numbers per pixel as another head needs") {
  const PixelCnn<float> net(
      {.levels = 5, .outputs = 6, .width = 4, .layers = 1, .first_kernel = 3, .head = 4, .height = 3, .columns = 4},
      Key{1});
  const auto tokens = random_tokens({2, 3, 4}, 5, Key{2});
  const auto parameters = net(tokens);
  REQUIRE(parameters.shape() == Shape<4>{2, 3, 4, 6});
  CHECK(PixelCnn<float>::out_shape(net.options, tokens.shape()) == parameters.shape());
  auto cache = net.cache(2);
  for (Index i = 0; i < 12; ++i) {
    const auto here = parameters.reshape(Shape<3>{2, 12, 6});
    CHECK(same_bits(net.logits_at(tokens, i, cache), slice(here, 1, i, i + 1).reshape(Shape<2>{2, 6})));
  }
}

TEST_CASE("labels change the logits, and null_label is the same as no condition") {
  for (const bool two_stacks : {false, true}) {
    const PixelCnn<float> net(small(two_stacks, 3), Key{2});
    const auto tokens = random_tokens({2, 8, 8}, 5, Key{3});
    const auto with = [&](std::int32_t label) {
      return net(tokens, ClassLabels{Tensor<std::int32_t, 1>(Shape{2}, label)});
    };
    CHECK(net(tokens) == with(null_label));
    CHECK_FALSE(net(tokens) == with(0));
    CHECK_FALSE(with(1) == with(0));
  }
}

TEST_CASE("the same bits at any number of threads and in any batch") {
  for (const bool two_stacks : {false, true}) {
    const PixelCnn<float> net(small(two_stacks), Key{1});
    const auto tokens = random_tokens({5, 8, 8}, 5, Key{2});
    check_model_threads(net, [&](const auto& m, Tape& tape) { return m(tape.constant(tokens)); });
    CHECK(same_bits(net(item_of(tokens, 3)), item_of(net(tokens), 3)));
  }
}

TEST_CASE("overfits one batch") {
  // Random tokens can only be learned by heart; the labels tell the two images apart at their first pixel.
  const auto tokens = random_tokens({2, 6, 6}, 4, Key{3});
  for (const bool two_stacks : {false, true}) {
    PixelCnn<float> net({.levels = 4,
                         .width = 16,
                         .layers = 2,
                         .first_kernel = 5,
                         .head = 16,
                         .classes = 2,
                         .two_stacks = two_stacks,
                         .height = 6,
                         .columns = 6},
                        Key{1});
    const auto losses = train(net, [&](const auto& m, Tape& tape) {
      return cross_entropy(m(tape.constant(tokens), labels_in_turn(2, 2)), tokens);
    }, 250, 0.01);
    CHECK(std::abs(losses.first - std::log(4.0)) < 0.5);
    CHECK(losses.last < 0.05);
  }
}

TEST_CASE("misuse of a PixelCnn") {
  using Net = PixelCnn<float>;
  CHECK_THROWS_WITH_AS(Net({.levels = 1}, Key{1}), "pixelcnn: levels are 1; they must be at least 2", ValueError);
  CHECK_THROWS_AS(Net({.layers = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.width = 0}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.kernel = 2}, Key{1}), ValueError);
  CHECK_THROWS_AS(Net({.classes = -1}, Key{1}), ValueError);
  static_assert(Net::out_shape({.levels = 7, .height = 3, .columns = 5}, {2, 3, 5}) == Shape<4>{2, 3, 5, 7});

  const Net net(small(true), Key{1}), told(small(true, 3), Key{1});
  Tokens tokens(Shape{2, 8, 8});
  CHECK_THROWS_WITH_AS(net(Tokens(Shape{2, 8, 7})),
                       "pixelcnn: tokens is (2, 8, 7), columns is 8; tokens[2] must equal columns", ShapeError);
  tokens(1, 2, 3) = 5;
  CHECK_THROWS_WITH_AS(net(tokens), "pixelcnn: tokens(1, 2, 3) is 5, levels are 5; it must be in [0, levels)",
                       ValueError);
  tokens(1, 2, 3) = 4;
  CHECK_NOTHROW(net(tokens));
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {0, 3})};
  CHECK_THROWS_AS(told(tokens, labels), ValueError);
  CHECK_THROWS_AS(told.cache(2, labels), ValueError);
  CHECK_THROWS_AS(told.cache(3, ClassLabels{Tensor<std::int32_t, 1>(Shape{2})}), ShapeError);

  auto cache = net.cache(2);
  CHECK_THROWS_WITH_AS(net.logits_at(tokens, 1, cache),
                       "pixelcnn: position is 1, the cache has reached 0 of 64; positions must follow one another",
                       ValueError);
  net.logits_at(tokens, 0, cache);
  CHECK_THROWS_AS(net.logits_at(tokens, 0, cache), ValueError);
  CHECK_THROWS_AS(net.logits_at(Tokens(Shape{3, 8, 8}), 1, cache), ShapeError);
  tokens(0, 0, 0) = -1;
  CHECK_THROWS_AS(net.logits_at(tokens, 1, cache), ValueError);
  tokens(0, 0, 0) = 1;
  for (Index position = 1; position < 64; ++position) net.logits_at(tokens, position, cache);
  CHECK_THROWS_AS(net.logits_at(tokens, 64, cache), ValueError);
}

}  // namespace pixelcnn_test
