// Captions and sketches, beside classes, in every network that takes them: UNet, Dit, PixelCnn and Gpt.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/nn/condition.hpp"
#include "model_checks.hpp"

namespace conditions_test {

using namespace ink;
using namespace ink::testing;

namespace {

using T = double;
using Told = Conditions<ClassLabels, Captions, Sketch>;

const Tensor<T, 1> level = levels_of<T>(3);

/// Of three images; the third is told nothing.
Told some_condition(Index height, Index columns) {
  return Told(ClassLabels{Tensor<std::int32_t, 1>(Shape{3}, {1, 2, 0})},
              Captions{Tensor<std::int32_t, 2>(Shape{3, 3}, {4, 0, 2, 3, -1, -1, 1, 1, 0})},
              Sketch{uniform<float>(Shape{Index{3}, height, columns, Index{1}}, Key{8}, -1, 1)})
      .withhold(std::vector<std::uint8_t>{0, 0, 1});
}

/// The same with one part of the first image changed.
template <class Part>
Told changed(const Told& condition) {
  Told other = condition;
  if constexpr (std::is_same_v<Part, Sketch>) {
    std::get<Sketch>(other.parts).image(0, 0, 0, 0) += 1;
  } else if constexpr (std::is_same_v<Part, Captions>) {
    std::get<Captions>(other.parts).ids(0, 2) = 3;
  } else {
    std::get<ClassLabels>(other.parts).ids(0) = 0;
  }
  return other;
}

/// What every network does with what it is told. `answer(condition)` is its answer for 3 images.
template <class... Parts, class Answer>
void check_conditions(const Told& condition, Answer answer) {
  const auto y = answer(condition);
  const auto untold = answer(Unconditional{});
  CHECK(same_bits(answer(withhold_all(condition, 3)), untold));
  CHECK(same_bits(item_of(y, 2), item_of(untold, 2)));
  CHECK_FALSE(same_bits(item_of(y, 1), item_of(untold, 1)));
  const auto heeds = [&](const Told& other) {
    const auto z = answer(other);
    CHECK(same_bits(item_of(z, 1), item_of(y, 1)));  // the others do not change
    CHECK(same_bits(item_of(z, 2), item_of(y, 2)));
    return !same_bits(item_of(z, 0), item_of(y, 0));
  };
  CHECK((heeds(changed<Parts>(condition)) && ...));
}

/// f(model, tape) reaches every parameter, and rightly.
template <class M, class F>
void check_parameters(const M& model, F f) {
  Tape tape;
  const auto gradients = tape.backward(ink::detail::weighted_sum(f(model, tape)));
  for_each_parameter(model, [&](const std::string& name, const auto& p) {
    CAPTURE(name);
    REQUIRE(gradients.has(p));
    double largest = 0;
    for (T g : gradients.of(p).values()) largest = std::max(largest, std::abs(g));
    // A bias of keys, the same for all of them, changes no softmax.
    if (name.find("key.bias") == std::string::npos) CHECK(largest > 1e-12);
  });
  CHECK(parameter_error(model, f, 1) < 1e-6);
}

}  // namespace

TEST_CASE("UNet: classes, captions and a sketch") {
  const models::UNet<T>::Options o{.channels = 1,
                                   .width = 4,
                                   .multipliers = {1, 2},
                                   .blocks = 1,
                                   .heads = 2,
                                   .groups = 2,
                                   .classes = 3,
                                   .vocabulary = 5,
                                   .caption_length = 4,
                                   .text_width = 8,
                                   .sketch = true};
  const auto net = randomized(models::UNet<T>(o, Key{1}), Key{99}, 0.4);
  const auto x = normal<T>(Shape{3, 4, 4, 1}, Key{2});
  const auto condition = some_condition(4, 4);
  CHECK(net(x, level, condition).shape() == x.shape());
  check_conditions<ClassLabels, Captions, Sketch>(condition, [&](const auto& c) { return net(x, level, c); });
  check_parameters(net, [&](const auto& m, Tape& tape) { return m(tape.constant(x), level, condition); });

  auto again = o;
  again.recompute = true;
  const auto less_memory = randomized(models::UNet<T>(again, Key{1}), Key{99}, 0.4);
  const auto numbers = [&](const auto& m) {
    return numbers_of(m, [&](const auto& model, Tape& tape) { return model(tape.constant(x), level, condition); });
  };
  CHECK(numbers(less_memory) == numbers(net));
}

TEST_CASE("UNet: what captions and a sketch add, and that they add nothing else") {
  using Net = models::UNet<T>;
  const Net::Options plain{.width = 8, .multipliers = {1, 2}, .blocks = 1, .classes = 3};
  auto more = plain;
  more.sketch = true;
  CHECK(parameter_count(Net(more, Key{1})) == parameter_count(Net(plain, Key{1})) + 9 * 8);
  more = plain;
  more.vocabulary = 30;
  more.caption_length = 8;
  more.text_width = 16;
  const Index encoder = parameter_count(models::TextEncoder<T>({.vocabulary = 30, .length = 8, .width = 16}, Key{1}));
  const Index cross = 2 * 16 + 2 * (16 * 16 + 16) + 2 * (16 * 16 + 16);
  const Net told(more, Key{1}), untold(plain, Key{1});
  // The middle, one block down and two up; and the mean of the text.
  CHECK(parameter_count(told) == parameter_count(untold) + encoder + 4 * cross + 16 * 32 + 32);
}

namespace {

struct CaptionBatch {
  Tensor<T, 4> images = uniform<T>(Shape{4, 4, 4, 1}, Key{3}, -1, 1);
  Captions condition{Tensor<std::int32_t, 2>(Shape{4, 2}, {0, 0, 0, 1, 1, 0, 1, null_token})};
};

}  // namespace

TEST_CASE("UNet: learns what captions mean, their order and length included") {
  // Of an image of which nothing is left, the caption alone can tell.
  OneShot model(models::UNet<T>({.width = 8,
                                 .multipliers = {1, 2},
                                 .blocks = 1,
                                 .heads = 2,
                                 .groups = 4,
                                 .vocabulary = 2,
                                 .caption_length = 2,
                                 .text_width = 8},
                                Key{1}));
  model.drop_condition = 0;
  check_overfits(model, [](const auto& m, Tape& tape) { return loss(m, tape, CaptionBatch{}, Key{4}); }, 120, 1e-2,
                 0.02);
}

TEST_CASE("Dit: classes and a sketch") {
  const auto net = randomized(models::Dit<T>(
      {.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4, .classes = 3, .sketch = true},
      Key{1}));
  const auto x = normal<T>(Shape{3, 4, 4, 1}, Key{2});
  const auto condition = some_condition(4, 4);
  CHECK(net(x, level, condition).shape() == x.shape());
  check_conditions<ClassLabels, Sketch>(condition, [&](const auto& c) { return net(x, level, c); });
  check_parameters(net, [&](const auto& m, Tape& tape) { return m(tape.constant(x), level, condition); });
}

namespace {

/// With a cache, the logits that the whole network gives, to rounding; the last pixel sees all others.
template <class Net>
void check_cache(const Net& net, const Tensor<std::int32_t, 3>& tokens, const Told& condition) {
  const auto all = net(tokens, condition);
  auto cache = net.cache(tokens.extent(0), condition);
  double worst = 0;
  for (Index i = 0; i < tokens.extent(1) * tokens.extent(2); ++i) {
    worst = std::max(worst, difference(net.logits_at(tokens, i, cache),
                                       ink::detail::pixel(all, i / tokens.extent(2), i % tokens.extent(2))));
  }
  CHECK(worst < 1e-12);
}

}  // namespace

TEST_CASE("PixelCnn: classes, captions and a sketch, with the cache and without") {
  const auto tokens = random_tokens({3, 4, 5}, 3, Key{2});
  const auto condition = some_condition(4, 5);
  for (const bool two_stacks : {false, true}) {
    const auto net = randomized(models::PixelCnn<T>({.levels = 3,
                                                     .width = 4,
                                                     .layers = 2,
                                                     .first_kernel = 3,
                                                     .head = 5,
                                                     .classes = 3,
                                                     .vocabulary = 5,
                                                     .caption_length = 4,
                                                     .text_width = 8,
                                                     .sketch = true,
                                                     .positions = true,
                                                     .two_stacks = two_stacks,
                                                     .height = 4,
                                                     .columns = 5},
                                                    Key{1}));
    check_conditions<ClassLabels, Captions, Sketch>(condition, [&](const auto& c) { return net(tokens, c); });
    check_parameters(net, [&](const auto& m, Tape& tape) { return m(tape.constant(tokens), condition); });
    check_cache(net, tokens, condition);
    // The sketch is known from the start: its last pixel is heeded by the first.
    Told other = condition;
    std::get<Sketch>(other.parts).image(0, 3, 3, 0) += 1;
    CHECK_FALSE(ink::detail::pixel(net(tokens, other), 0, 0) == ink::detail::pixel(net(tokens, condition), 0, 0));
  }
}

TEST_CASE("PixelCnn: captions alone") {
  const auto tokens = random_tokens({3, 3, 3}, 3, Key{2});
  for (const bool two_stacks : {false, true}) {
    const auto net = randomized(models::PixelCnn<T>({.levels = 3,
                                                     .width = 4,
                                                     .layers = 2,
                                                     .first_kernel = 3,
                                                     .vocabulary = 5,
                                                     .text_width = 8,
                                                     .two_stacks = two_stacks,
                                                     .height = 3,
                                                     .columns = 3},
                                                    Key{1}));
    check_conditions<Captions>(some_condition(3, 3), [&](const auto& c) { return net(tokens, c); });
    check_cache(net, tokens, some_condition(3, 3));
  }
}

TEST_CASE("Gpt: classes and captions, with the cache and without") {
  const auto tokens = random_tokens({3, 3, 4}, 3, Key{2});
  const auto condition = some_condition(3, 4);
  const auto net = randomized(models::Gpt<T>({.levels = 3,
                                              .width = 8,
                                              .layers = 1,
                                              .heads = 2,
                                              .height = 3,
                                              .columns = 4,
                                              .classes = 3,
                                              .vocabulary = 5,
                                              .caption_length = 4,
                                              .text_width = 8},
                                             Key{1}));
  check_conditions<ClassLabels, Captions>(condition, [&](const auto& c) { return net(tokens, c); });
  check_parameters(net, [&](const auto& m, Tape& tape) { return m(tape.constant(tokens), condition); });
  check_cache(net, tokens, condition);
}

}  // namespace conditions_test
