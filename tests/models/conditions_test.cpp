// Captions and sketches, beside classes, in every network that takes them: UNet, Dit, PixelCnn, Gpt and
// PatchTransformer; and what a network can't hear.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/gen/adapter/clipped.hpp"
#include "inkling/gen/adapter/dynamic_threshold.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/guidance.hpp"
#include "inkling/gen/learned_variance.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/patch_diffusion.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/at_times.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/sampler/learned_ddpm.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/token/any_order.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token/uniform_diffusion.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "inkling/gen/token_sampler/entropy_bounded.hpp"
#include "inkling/gen/token_sampler/most_confident.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/patch_mlp.hpp"
#include "inkling/models/patch_transformer.hpp"
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

/// Of three images; the third is told nothing. Of all parts, or of some.
template <class... Parts>
auto some_condition(Index height, Index columns) {
  const Told all = Told(ClassLabels{Tensor<std::int32_t, 1>(Shape{3}, {1, 2, 0})},
                        Captions{Tensor<std::int32_t, 2>(Shape{3, 3}, {4, 0, 2, 3, -1, -1, 1, 1, 0})},
                        Sketch{uniform<float>(Shape{Index{3}, height, columns, Index{1}}, Key{8}, -1, 1)})
                       .withhold(std::vector<std::uint8_t>{0, 0, 1});
  if constexpr (sizeof...(Parts) == 0) {
    return all;
  } else {
    return Conditions(part_of<Parts>(all)...);
  }
}

/// The same with one part of the first image changed.
template <class Part, class C>
C changed(const C& condition) {
  C other = condition;
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
template <class... Parts, class C, class Answer>
void check_conditions(const C& condition, Answer answer) {
  const auto y = answer(condition);
  const auto untold = answer(Unconditional{});
  CHECK(same_bits(answer(withhold_all(condition, 3)), untold));
  CHECK(same_bits(item_of(y, 2), item_of(untold, 2)));
  CHECK_FALSE(same_bits(item_of(y, 1), item_of(untold, 1)));
  const auto heeds = [&](const C& other) {
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
  check_overfits(model, [](const auto& m, Tape& tape) { return loss(m, tape, CaptionBatch{}, Key{4}); }, 150, 1e-2,
                 0.02);
}

TEST_CASE("Dit: classes and a sketch") {
  const auto net = randomized(models::Dit<T>(
      {.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4, .classes = 3, .sketch = true},
      Key{1}));
  const auto x = normal<T>(Shape{3, 4, 4, 1}, Key{2});
  const auto condition = some_condition<ClassLabels, Sketch>(4, 4);
  CHECK(net(x, level, condition).shape() == x.shape());
  check_conditions<ClassLabels, Sketch>(condition, [&](const auto& c) { return net(x, level, c); });
  check_parameters(net, [&](const auto& m, Tape& tape) { return m(tape.constant(x), level, condition); });
}

namespace {

/// With a cache, the logits that the whole network gives, to rounding; the last pixel sees all others.
template <class Net, class C>
void check_cache(const Net& net, const Tensor<std::int32_t, 3>& tokens, const C& condition) {
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
    const auto condition = some_condition<Captions>(3, 3);
    check_conditions<Captions>(condition, [&](const auto& c) { return net(tokens, c); });
    check_cache(net, tokens, condition);
  }
}

TEST_CASE("Gpt: classes and captions, with the cache and without") {
  const auto tokens = random_tokens({3, 3, 4}, 3, Key{2});
  const auto condition = some_condition<ClassLabels, Captions>(3, 4);
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

TEST_CASE("PatchTransformer: a class alone and within Conditions, with the cache and without") {
  const auto net = randomized(models::PatchTransformer<T>(
      {.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4, .classes = 3}, Key{1}));
  const auto images = normal<T>(Shape{3, 4, 4, 1}, Key{2});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {2, null_label, 0})};
  const Conditions within(labels);
  CHECK(same_bits(net(images, within), net(images, labels)));
  CHECK_FALSE(net(images, within) == net(images, Unconditional{}));
  auto cache = net.cache(3, within), same = net.cache(3, labels);
  CHECK(same_bits(net.vector_at(images, 0, cache), net.vector_at(images, 0, same)));
}

namespace {

/// A network that was made for none of it refuses each part, alone and within Conditions, unless no row tells anything.
/// `answer(condition)` is its answer for 3 images of 4 × 4 pixels.
template <class... Parts, class Answer>
void check_refuses(const std::string& name, Answer answer) {
  const auto told = some_condition(4, 4);
  const auto untold = answer(Unconditional{});
  const auto check = [&](const auto& condition) {
    const auto message = message_of<ValueError>([&] { answer(condition); });
    CHECK_MESSAGE(message.find(name + ": image 0 is told ") == 0, message);
    CHECK(message.find(" is 0; a network hears only what its options name") != std::string::npos);
    CHECK(same_bits(answer(withhold_all(condition, 3)), untold));
  };
  (check(part_of<Parts>(told)), ...);
  (check(Conditions(part_of<Parts>(told))), ...);
  CHECK(same_bits(answer(ClassLabels{part_of<ClassLabels>(told).ids, true}), untold));  // a matter of the data
}

}  // namespace

TEST_CASE("What a network was not made to be told is refused, by each of them") {
  const auto x = normal<T>(Shape{3, 4, 4, 1}, Key{2});
  const auto tokens = random_tokens({3, 4, 4}, 3, Key{2});
  const models::UNet<T> unet({.width = 4, .multipliers = {1, 2}, .blocks = 1, .heads = 2, .groups = 2}, Key{1});
  check_refuses<ClassLabels, Captions, Sketch>("unet", [&](const auto& c) { return unet(x, level, c); });
  const models::Dit<T> dit({.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4}, Key{1});
  check_refuses<ClassLabels, Sketch>("dit", [&](const auto& c) { return dit(x, level, c); });
  for (const bool two_stacks : {false, true}) {
    const models::PixelCnn<T> cnn(
        {.levels = 3, .width = 4, .layers = 1, .head = 4, .two_stacks = two_stacks, .height = 4, .columns = 4}, Key{1});
    check_refuses<ClassLabels, Captions, Sketch>("pixelcnn", [&](const auto& c) { return cnn(tokens, c); });
    check_refuses<ClassLabels, Captions, Sketch>("pixelcnn", [&](const auto& c) {
      auto cache = cnn.cache(3, c);
      return cnn.logits_at(tokens, 0, cache);
    });
  }
  const models::Gpt<T> gpt({.levels = 3, .width = 8, .layers = 1, .heads = 2, .height = 4, .columns = 4}, Key{1});
  check_refuses<ClassLabels, Captions>("gpt", [&](const auto& c) { return gpt(tokens, c); });
  check_refuses<ClassLabels, Captions>("gpt", [&](const auto& c) {
    auto cache = gpt.cache(3, c);
    return gpt.logits_at(tokens, 0, cache);
  });
  const models::PatchTransformer<T> patches(
      {.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4}, Key{1});
  check_refuses<ClassLabels>("patch_transformer", [&](const auto& c) { return patches(x, c); });
}

TEST_CASE("Networks refuse negative counts of what they may be told") {
  const auto refused = [](const std::string& message, auto make) { CHECK(message_of<ValueError>(make) == message); };
  refused("unet: classes is -1; it must not be negative", [] { models::UNet<T>({.classes = -1}, Key{1}); });
  refused("unet: vocabulary is -5; it must not be negative", [] { models::UNet<T>({.vocabulary = -5}, Key{1}); });
  refused("unet: outputs is -1; it must not be negative", [] { models::UNet<T>({.outputs = -1}, Key{1}); });
  refused("unet: attention_levels is -1; it must not be negative",
          [] { models::UNet<T>({.attention_levels = -1}, Key{1}); });
  refused("dit: classes is -1; it must not be negative", [] { models::Dit<T>({.classes = -1}, Key{1}); });
  refused("dit: outputs is -2; it must not be negative", [] { models::Dit<T>({.outputs = -2}, Key{1}); });
  refused("gpt: classes is -1; it must not be negative", [] { models::Gpt<T>({.classes = -1}, Key{1}); });
  refused("gpt: vocabulary is -1; it must not be negative", [] { models::Gpt<T>({.vocabulary = -1}, Key{1}); });
  refused("gpt: outputs is -1; it must not be negative", [] { models::Gpt<T>({.outputs = -1}, Key{1}); });
  refused("pixelcnn: classes is -1; it must not be negative", [] { models::PixelCnn<T>({.classes = -1}, Key{1}); });
  refused("pixelcnn: vocabulary is -1; it must not be negative",
          [] { models::PixelCnn<T>({.vocabulary = -1}, Key{1}); });
  refused("pixelcnn: outputs is -1; it must not be negative", [] { models::PixelCnn<T>({.outputs = -1}, Key{1}); });
  refused("patch_transformer: classes is -1; it must not be negative",
          [] { models::PatchTransformer<T>({.classes = -1}, Key{1}); });
  refused("text_encoder: layers is -1; it must not be negative",
          [] { models::TextEncoder<T>({.vocabulary = 5, .layers = -1}, Key{1}); });
}

TEST_CASE("Whatever stands between passes a condition on: it reaches the network, which refuses what it can't hear") {
  const Shape<4> shape{3, 4, 4, 1};
  const auto check = [&](const auto& sampler, const auto& hears, const auto& deaf) {
    const auto labels = labels_in_turn(3, 3);
    const auto told = generate(sampler, hears, shape, Key{5}, labels);
    CHECK_FALSE(told == generate(sampler, hears, shape, Key{5}));
    CHECK(told == generate(sampler, hears, shape, Key{5}, Conditions(labels)));
    CHECK(message_of<ValueError>([&] {
      generate(sampler, deaf, shape, Key{5}, labels);
    }).find("image 0 is told its class, classes is 0") != std::string::npos);
    CHECK_THROWS_AS(generate(sampler, deaf, shape, Key{5}, Conditions(labels)), ValueError);
    CHECK(generate(sampler, deaf, shape, Key{5}, withhold_all(labels, 3)) == generate(sampler, deaf, shape, Key{5}));
  };
  const auto dit = [](Index classes, Index channels, Index outputs) {
    return randomized(models::Dit<T>({.channels = channels,
                                      .outputs = outputs,
                                      .width = 8,
                                      .layers = 1,
                                      .heads = 2,
                                      .patch = 2,
                                      .height = 4,
                                      .columns = 4,
                                      .classes = classes},
                                     Key{1}),
                      Key{9}, 0.5);
  };
  const auto diffusion = [&](Index classes) { return Diffusion(dit(classes, 1, 1), Cosine{}, VelocityTarget{}); };
  check(Ddim{.steps = 2}, diffusion(3), diffusion(0));
  check(Heun{.steps = 2}, Clipped(diffusion(3)), Clipped(diffusion(0)));
  check(AtTimes{Ddim{}, {1, 0.4, 0}}, DynamicThreshold(diffusion(3)), DynamicThreshold(diffusion(0)));
  check(Ddim{.steps = 2}, guided(diffusion(3), {.scale = 2}), guided(diffusion(0), {.scale = 2}));
  const auto learned = [&](Index classes) {
    return LearnedVariance(Diffusion(dit(classes, 1, 2), Cosine{}, NoiseTarget{}));
  };
  check(LearnedDdpm{.steps = 2}, learned(3), learned(0));
  check(Ddim{.steps = 1}, OneShot(dit(3, 1, 1)), OneShot(dit(0, 1, 1)));
  const auto net = [&](Index classes) { return dit(classes, 2, 3); };
  check(Reveal{MostConfident{}, EvenPlan{.pixels = 4}}, AnyOrder(net(3), Quantizer{3}), AnyOrder(net(0), Quantizer{3}));
  check(EntropyBounded{}, MaskedDiffusion(net(3), Quantizer{3}), MaskedDiffusion(net(0), Quantizer{3}));
  check(DiscreteAncestral{.steps = 3}, UniformDiffusion(net(3), Quantizer{3}), UniformDiffusion(net(0), Quantizer{3}));
  const auto gpt = [](Index classes) {
    return randomized(
        models::Gpt<T>(
            {.levels = 3, .width = 8, .layers = 1, .heads = 2, .height = 4, .columns = 4, .classes = classes}, Key{1}),
        Key{9}, 0.5);
  };
  const auto order = orders::spiral(4, 4);
  for (const bool cache : {false, true}) {
    check(Ancestral{.cache = cache}, Autoregressive(gpt(3), {3}), Autoregressive(gpt(0), {3}));
    check(Ancestral{.cache = cache}, guided(Autoregressive(Reordered(gpt(3), order), {3}), {.scale = 2}),
          guided(Autoregressive(Reordered(gpt(0), order), {3}), {.scale = 2}));
  }
  const auto patches = [](Index classes) {
    return PatchDiffusion(
        randomized(models::PatchTransformer<T>(
                       {.width = 8, .layers = 1, .heads = 2, .patch = 2, .height = 4, .columns = 4, .classes = classes},
                       Key{1}),
                   Key{9}, 0.5),
        Diffusion(
            randomized(models::PatchMlp<T>({.numbers = 4, .context = 8, .width = 8, .layers = 1}, Key{2}), Key{8}, 0.5),
            Cosine{}, CleanTarget{}));
  };
  for (const bool cache : {false, true}) check(PatchAncestral(Ddim{.steps = 2}, cache), patches(3), patches(0));
}

namespace {

struct LabelledBatch {
  Tensor<T, 4> images = uniform<T>(Shape{3, 4, 4, 1}, Key{3}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{3}, {0, 2, 1}};
};

struct ConditionedBatch : LabelledBatch {
  ClassLabels condition{labels};
};

}  // namespace

TEST_CASE("The labels of a batch are no concern of a network without classes; a batch's condition is") {
  models::UNet<T>::Options o{.width = 4, .multipliers = {1, 2}, .blocks = 1, .heads = 2, .groups = 2};
  OneShot deaf(models::UNet<T>(o, Key{1}));
  o.classes = 3;
  OneShot hears(randomized(models::UNet<T>(o, Key{1}), Key{9}, 0.5));
  Tape tape;
  CHECK(std::isfinite(loss(deaf, tape, LabelledBatch{}, Key{4}).item()));
  const auto refused = [&] { loss(deaf, ConditionedBatch{}, Key{4}); };
  deaf.drop_condition = 0;
  CHECK_THROWS_AS(refused(), ValueError);
  deaf.drop_condition = 1;
  CHECK_NOTHROW(refused());
  hears.drop_condition = 0;
  const double told = loss(hears, LabelledBatch{}, Key{4}).item();
  CHECK(told == loss(hears, ConditionedBatch{}, Key{4}).item());
  hears.drop_condition = 1;
  CHECK(told != loss(hears, LabelledBatch{}, Key{4}).item());
}

}  // namespace conditions_test
