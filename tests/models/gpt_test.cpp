#include "inkling/models/gpt.hpp"

#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/ops/loss.hpp"
#include "model_checks.hpp"

namespace gpt_test {

using namespace ink;
using namespace ink::testing;
using models::Gpt;

namespace {

using Tokens = Tensor<std::int32_t, 3>;

/// 3 × 4 pixels, no number zero.
template <class T>
Gpt<T> small(Index group, Index levels = 4, Index classes = 3) {
  return randomized(Gpt<T>({.levels = levels,
                            .width = 8,
                            .layers = 2,
                            .heads = 2,
                            .group = group,
                            .height = 3,
                            .columns = 4,
                            .classes = classes},
                           Key{1}),
                    Key{99}, 0.3);
}

/// Pixel i of the logits, of the first image.
template <class T>
bool same_pixel(const Tensor<T, 4>& a, const Tensor<T, 4>& b, Index i) {
  const Index levels = a.extent(3);
  return std::memcmp(a.data() + i * levels, b.data() + i * levels, static_cast<std::size_t>(levels) * sizeof(T)) == 0;
}

/// The gradient of a mixture of the logits of pixel i by the parameter of this name.
Tensor<double, 2> influence_on(const Gpt<double>& net, const Tokens& tokens, Index i, const std::string& parameter) {
  Tape tape;
  const auto y = net(tape.constant(tokens), Unconditional{});
  Tensor<double, 4> g(y.shape());
  for (Index l = 0; l < y.extent(3); ++l) g.mutable_data()[i * y.extent(3) + l] = 1 + 0.3 * static_cast<double>(l * l);
  const auto gradients = tape.backward(pull(y, g));
  Tensor<double, 2> found;
  for_each_parameter(net, [&](const std::string& name, const auto& p) {
    if constexpr (std::decay_t<decltype(p)>::rank == 2) {
      if (name == parameter) found = gradients.of(p);
    }
  });
  REQUIRE(found.size() > 0);
  return found;
}

bool is_zero(const Tensor<double, 2>& x, Index row) {
  for (Index c = 0; c < x.extent(1); ++c) {
    if (x(row, c) != 0) return false;
  }
  return true;
}

/// Logits one position at a time, in the layout of those of the whole.
template <class T, class C>
Tensor<T, 4> one_at_a_time(const Gpt<T>& net, const Tokens& tokens, const C& condition, Index levels) {
  const Index n = tokens.extent(0), pixels = tokens.extent(1) * tokens.extent(2);
  Tensor<T, 4> all(Shape{n, tokens.extent(1), tokens.extent(2), levels});
  auto cache = net.cache(n, condition);
  auto known = Tokens(tokens.shape(), -7);  // what is not known yet must not be read
  for (Index i = 0; i < pixels; ++i) {
    const auto here = net.logits_at(known, i, cache);
    REQUIRE(here.shape() == Shape<2>{n, levels});
    for (Index b = 0; b < n; ++b) {
      std::copy_n(here.data() + b * levels, levels, all.mutable_data() + (b * pixels + i) * levels);
      known.mutable_data()[b * pixels + i] = tokens.data()[b * pixels + i];
    }
  }
  return all;
}

}  // namespace

TEST_CASE("Gpt: shapes and parameters") {
  const auto tokens = random_tokens({2, 3, 4}, 5, Key{2});
  for (Index group : {1, 2, 4, 12}) {
    CHECK(small<float>(group, 5)(tokens, Unconditional{}).shape() == Shape<4>{2, 3, 4, 5});
  }
  // As gpt.py: 959,360, its 257th token here being the start; and one class that is never told.
  const Index d = 128, block = 12 * d * d + 13 * d;
  CHECK(parameter_count(Gpt<float>(Gpt<float>::Options{}, Key{1})) == 959360 + d);
  CHECK(parameter_count(Gpt<float>(Gpt<float>::Options{}, Key{1})) ==
        256 * d + 2 * d + 784 * d + 4 * block + 2 * d + 256 * d);
  CHECK(parameter_count(Gpt<float>({.levels = 2, .group = 28, .classes = 10}, Key{1})) ==
        29 * d + 11 * d + 28 * d + 4 * block + 2 * d + 56 * d);
}

TEST_CASE("Gpt: another token changes the logits of the groups after it, and no bit of the others") {
  for (Index group : {1, 2, 4, 6}) {
    const auto net = small<double>(group);
    const auto tokens = random_tokens({1, 3, 4}, 4, Key{2});
    const auto logits = net(tokens, Unconditional{});
    int leaks = 0, blind = 0;
    for (Index j = 0; j < 12; ++j) {
      auto changed = tokens;
      auto& token = changed.mutable_data()[j];
      token = (token + 1) % 4;
      const auto other = net(changed, Unconditional{});
      for (Index i = 0; i < 12; ++i) {
        const bool sees = i / group > j / group;
        leaks += !sees && !same_pixel(logits, other, i);
        blind += sees && same_pixel(logits, other, i);
      }
    }
    CHECK(leaks == 0);
    CHECK(blind == 0);
  }
}

TEST_CASE("Gpt: the gradient by the embedding of a token that is not before the pixel is exactly zero") {
  const auto net = small<double>(1, 12);
  Tokens tokens(Shape{1, 3, 4});  // no token twice: the row of its embedding stands for it
  for (Index j = 0; j < 12; ++j) tokens.mutable_data()[j] = static_cast<std::int32_t>((5 * j + 3) % 12);
  int leaks = 0, blind = 0;
  for (Index i = 0; i < 12; ++i) {
    const auto gradient = influence_on(net, tokens, i, "pixel.table");
    for (Index j = 0; j < 12; ++j) {
      const bool zero = is_zero(gradient, tokens.data()[j]);
      leaks += j >= i && !zero;
      blind += j < i && zero;
    }
  }
  CHECK(leaks == 0);
  CHECK(blind == 0);
}

TEST_CASE("Gpt: the gradient by the position of a later group is exactly zero") {
  for (Index group : {1, 4}) {
    const auto net = small<double>(group);
    const auto tokens = random_tokens({1, 3, 4}, 4, Key{2});
    int leaks = 0, blind = 0;
    for (Index i = 0; i < 12; ++i) {
      const auto gradient = influence_on(net, tokens, i, "body.positions.table");
      for (Index t = 0; t < 12 / group; ++t) {  // position t belongs to what is told about the group before t
        leaks += t > i / group && !is_zero(gradient, t);
        blind += t <= i / group && is_zero(gradient, t);
      }
    }
    CHECK(leaks == 0);
    CHECK(blind == 0);
  }
}

TEST_CASE_TEMPLATE("Gpt: one pixel at a time gives the logits of the whole", T, float, double) {
  const auto tokens = random_tokens({2, 3, 4}, 4, Key{2});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;
  for (Index group : {1, 2, 4, 12}) {
    for (Index classes : {0, 3}) {
      const auto net = small<T>(group, 4, classes);
      if (classes > 0) CHECK(difference(one_at_a_time(net, tokens, labels, 4), net(tokens, labels)) < tolerance);
      CHECK(difference(one_at_a_time(net, tokens, Unconditional{}, 4), net(tokens, Unconditional{})) < tolerance);
    }
  }
}

TEST_CASE("Gpt: as many numbers per pixel as another head needs") {
  const auto tokens = random_tokens({2, 3, 4}, 5, Key{2});
  for (Index group : {1, 2}) {
    const Gpt<float> net(
        {.levels = 5, .outputs = 6, .width = 8, .layers = 1, .heads = 2, .group = group, .height = 3, .columns = 4},
        Key{1});
    const auto parameters = net(tokens, Unconditional{});
    REQUIRE(parameters.shape() == Shape<4>{2, 3, 4, 6});
    CHECK(difference(one_at_a_time(net, tokens, Unconditional{}, 6), parameters) < 1e-5);
  }
}

TEST_CASE("Gpt: gradients of the parameters") {
  const auto tokens = random_tokens({2, 3, 4}, 4, Key{2});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {1, null_label})};
  for (Index group : {1, 4}) {
    CHECK(parameter_error(small<double>(group),
                          [&](const auto& net, Tape& tape) { return net(tape.constant(tokens), labels); }) < 1e-7);
  }
}

TEST_CASE("Gpt: the same bits at any number of threads and in any batch") {
  const auto net =
      randomized(Gpt<float>({.levels = 16, .width = 32, .layers = 2, .heads = 2, .height = 12, .columns = 12}, Key{1}));
  const auto tokens = random_tokens({5, 12, 12}, 16, Key{2});
  check_model_threads(net, [&](const auto& m, Tape& tape) { return m(tape.constant(tokens), Unconditional{}); });
  const auto all = net(tokens, Unconditional{});
  for (Index b : {0, 3}) CHECK(same_bits(net(item_of(tokens, b), Unconditional{}), item_of(all, b)));
}

TEST_CASE("Gpt: labels change the logits, and the null label is the same as no condition") {
  for (Index group : {1, 4}) {
    const auto net = small<float>(group);
    const auto tokens = random_tokens({2, 3, 4}, 4, Key{2});
    const auto none = net(tokens, Unconditional{});
    CHECK(same_bits(net(tokens, same_label(2, null_label)), none));
    CHECK_FALSE(net(tokens, same_label(2, 0)) == none);
    CHECK_FALSE(net(tokens, same_label(2, 0)) == net(tokens, same_label(2, 1)));
  }
}

TEST_CASE("Gpt: learns one batch by heart") {
  // Random tokens; the labels tell the two images apart at their first pixel.
  const auto tokens = random_tokens({2, 3, 4}, 4, Key{3});
  const auto loss = [&](const auto& net, Tape& tape) {
    return cross_entropy(net(tape.constant(tokens), labels_in_turn(2, 2)), tokens);
  };
  for (Index group : {1, 4}) {
    const Gpt<float> net(
        {.levels = 4, .width = 16, .layers = 1, .heads = 2, .group = group, .height = 3, .columns = 4, .classes = 2},
        Key{1});
    check_overfits(net, loss, 150, 1e-2, 0.05);
  }
}

TEST_CASE("Gpt: misuse") {
  using Net = Gpt<float>;
  CHECK(message_of<ValueError>([] { Net({.group = 5}, Key{1}); }) ==
        "gpt: group is 5, pixels are 784, levels are 256; the group must divide the pixels, and there must be 2 levels "
        "or more");
  CHECK_THROWS_AS(Net({.group = 0}, Key{1}), ValueError);
  CHECK_THROWS_WITH_AS(Net({.height = Index{1} << 32, .columns = Index{1} << 32}, Key{1}),
                       "gpt: height x columns is 4294967296 x 4294967296; it must be in [0, 2^48]", ShapeError);
  CHECK_THROWS_AS(Net({.levels = Index{1} << 62, .group = 28}, Key{1}), ShapeError);
  CHECK_THROWS_AS(Net({.levels = 1}, Key{1}), ValueError);
  CHECK(message_of<ValueError>([] { Net({.layers = 0}, Key{1}); }) ==
        "transformer: layers are 0; there must be at least 1");

  const auto net = small<float>(1);
  CHECK(message_of<ShapeError>([&] { net(Tokens(Shape{1, 4, 4}), Unconditional{}); }) ==
        "gpt: tokens are (1, 4, 4); they must be (N, 3, 4)");
  CHECK_THROWS_AS(net(Tokens(Shape{1, 3, 3}), Unconditional{}), ShapeError);
  CHECK(message_of<ValueError>([&] { net(Tokens(Shape{1, 3, 4}, 4), Unconditional{}); }) ==
        "gpt: tokens(0, 0, 0) is 4; it must be in [0, 4)");
  CHECK_THROWS_AS(net(Tokens(Shape{1, 3, 4}, -1), Unconditional{}), ValueError);
  CHECK_THROWS_AS(net(Tokens(Shape{2, 3, 4}), same_label(2, 3)), ValueError);
  CHECK_THROWS_AS(net(Tokens(Shape{2, 3, 4}), same_label(1, 0)), ShapeError);
}

TEST_CASE("Gpt: positions must be asked for in order") {
  const auto net = small<float>(2);
  const Tokens tokens(Shape{1, 3, 4});
  auto cache = net.cache(1, Unconditional{});
  CHECK(message_of<ValueError>([&] { net.logits_at(tokens, 1, cache); }) ==
        "gpt: position is 1, the cache is at 0; positions must be asked for in order, up to 11");
  for (Index i = 0; i < 12; ++i) {
    net.logits_at(tokens, i, cache);
    CHECK_THROWS_AS(net.logits_at(tokens, i, cache), ValueError);
    if (i < 10) CHECK_THROWS_AS(net.logits_at(tokens, i + 2, cache), ValueError);
  }
  CHECK_THROWS_AS(net.logits_at(tokens, 12, cache), ValueError);
}

TEST_CASE("Gpt: tokens that do not fit are refused one pixel at a time, too") {
  for (Index group : {1, 4}) {
    const auto net = small<float>(group);
    auto cache = net.cache(2, Unconditional{});
    CHECK(message_of<ShapeError>([&] { net.logits_at(Tokens(Shape{2, 4, 3}), 0, cache); }) ==
          "gpt: tokens are (2, 4, 3); they must be (N, 3, 4)");
    CHECK(message_of<ShapeError>([&] { net.logits_at(Tokens(Shape{1, 3, 4}), 0, cache); }) ==
          "gpt: tokens are (1, 3, 4), the cache is for 2 images; tokens[0] must equal that");
    const Tokens tokens(Shape{2, 3, 4}, 4);
    for (Index i = 0; i < group; ++i) net.logits_at(tokens, i, cache);  // reads none
    CHECK(message_of<ValueError>([&] { net.logits_at(tokens, group, cache); }) ==
          "gpt: tokens(0, 0, 0) is 4; it must be in [0, 4)");
  }
}

}  // namespace gpt_test
