// The option `recompute` of the models: the same loss and gradients, bit for bit, in less memory.
#include "inkling/autograd/recompute.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../support/module_gradcheck.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/unet.hpp"
#include "model_checks.hpp"

namespace recompute_test {

using namespace ink;
using namespace ink::testing;

namespace {

struct Step {
  std::vector<float> numbers;  ///< the loss and every gradient
  double peak = 0;             ///< of the bytes in use, above what was before
};

template <class Model>
Step step_of(const Model& model, const data::Batch<float>& batch) {
  Step step;
  reset_peak_memory();
  const auto before = memory_stats().in_use;
  Tape tape;
  const auto l = loss(model, tape, batch, Key{7});
  const auto gradients = tape.backward(l);
  step.peak = static_cast<double>(memory_stats().peak_in_use - before);
  step.numbers.push_back(l.item());
  for_each_parameter(model, [&](const std::string& name, const auto& p) {
    CAPTURE(name);
    CHECK(gradients.has(p));
    const auto g = gradients.of(p);
    step.numbers.insert(step.numbers.end(), g.values().begin(), g.values().end());
  });
  return step;
}

/// `make(recompute)` is the model without and with the option, for square images. Its peak is below `fraction` of what
/// it was.
template <class Make>
void check_recompute(Make make, Index side, double fraction) {
  const ThreadCountGuard guard;
  const data::Batch<float> batch{uniform<float>(Shape{6, side, side, 1}, Key{3}, -1, 1), labels_in_turn(6, 3).ids};
  const auto plain = randomized(make(false), Key{99}, 0.1), again = randomized(make(true), Key{99}, 0.1);
  set_thread_count(1);
  const Step expected = step_of(plain, batch);
  for (int threads : {1, 2, 3}) {
    CAPTURE(threads);
    set_thread_count(threads);
    const Step actual = step_of(again, batch);
    REQUIRE(actual.numbers.size() == expected.numbers.size());
    CHECK(std::memcmp(actual.numbers.data(), expected.numbers.data(), expected.numbers.size() * sizeof(float)) == 0);
    if (threads > 1) continue;  // each thread has working buffers of its own
    CAPTURE(expected.peak);
    CAPTURE(actual.peak);
    CHECK(actual.peak < fraction * expected.peak);
  }
}

}  // namespace

TEST_CASE("recompute: Dit") {
  check_recompute([](bool recompute) {
    return Diffusion(
        models::Dit<float>(
            {.width = 32, .layers = 6, .patch = 1, .height = 8, .columns = 8, .classes = 3, .recompute = recompute},
            Key{1}),
        Cosine{}, VelocityTarget{});
  }, 8, 0.5);
}

TEST_CASE("recompute: Gpt") {
  check_recompute([](bool recompute) {
    return Autoregressive(
        models::Gpt<float>(
            {.levels = 4, .width = 32, .layers = 6, .height = 8, .columns = 8, .classes = 3, .recompute = recompute},
            Key{1}),
        {4});
  }, 8, 0.5);
}

TEST_CASE("recompute: UNet") {
  check_recompute([](bool recompute) {
    return Diffusion(
        models::UNet<float>({.width = 16, .multipliers = {1, 2}, .blocks = 2, .classes = 3, .recompute = recompute},
                            Key{1}),
        Cosine{}, VelocityTarget{});
  }, 24, 0.7);
}

}  // namespace recompute_test
