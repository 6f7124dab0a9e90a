#include "inkling/train/trainer.hpp"

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "toy.hpp"

// Found by the loop where a generator's own loss would be.
namespace toy {
template <class T>
auto loss(const Network<T>& model, ink::Tape& tape, const ink::data::Batch<T>& batch, ink::Key) {
  const auto x = batch.images.reshape(ink::Shape{batch.size(), 2});
  return mse(model(tape.constant(x)), ink::Tensor<T, 2>(ink::Shape{batch.size(), 1}, T{1}));
}
}  // namespace toy

namespace trainer_test {

using namespace ink;
using Network = toy::Network<float>;

namespace {

std::string fresh(const std::string& name) {
  const auto path = toy::scratch(name);
  std::filesystem::remove(path);
  return path;
}

template <class Error, class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Index saved_step(const TrainOptions& options) {
  Network model;
  AdamW optimizer(model);
  Ema ema(model);
  return load_checkpoint(options.checkpoint, model, ema, optimizer).step;
}

TrainOptions short_run(Index steps) {
  return {.steps = steps, .lr = 0.01, .warmup = 5, .ema_decay = 0.9, .key = Key{7}};
}

}  // namespace

TEST_CASE("train: the loss falls, and the average is as good") {
  Network model;
  std::vector<StepReport> reports;
  auto options = short_run(400);
  options.lr = 0.05;
  options.ema_decay = 0.99;
  const auto result =
      train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) { reports.push_back(report); });
  CHECK(result.steps == 400);
  CHECK(!result.interrupted);
  REQUIRE(reports.size() == 400);
  CHECK(reports[0].loss > 0.2);
  CHECK(result.loss < 0.1 * reports[0].loss);
  CHECK(reports.back().smoothed_loss == result.loss);
  CHECK(reports[0].lr == doctest::Approx(0.01));
  CHECK(reports.back().lr < 1e-5);
  CHECK(reports.back().step == 400);
  Tape tape;
  const auto averaged = toy::error(result.ema, tape, toy::batch_at(1000, Key{8}), Key{9}).item();
  CHECK(static_cast<double>(averaged) < 0.1 * reports[0].loss);
}

TEST_CASE("train: 2N steps are N steps, a checkpoint and N steps, bit for bit") {
  auto options = short_run(30);
  Network whole;
  const auto expected = train(whole, toy::error, toy::batch_at, options);

  options.checkpoint = fresh("halves.safetensors");
  options.checkpoint_every = 15;
  options.log = fresh("halves.csv");
  Network first;
  struct PowerCut {};
  // What on_step throws three steps after a checkpoint ends the run with one more.
  CHECK_THROWS_AS(train(first, toy::error, toy::batch_at, options,
                        [](const StepReport& report) {
    if (report.step == 18) throw PowerCut{};
  }),
                  PowerCut);
  options.resume = true;
  Network second;
  Index steps = 0;
  const auto result = train(second, toy::error, toy::batch_at, options, [&](const StepReport&) { ++steps; });
  CHECK(steps == 12);
  CHECK(result.steps == 30);
  CHECK(toy::same_bits(second, whole));
  CHECK(toy::same_bits(result.ema, expected.ema));
  CHECK(result.loss == expected.loss);
  const auto log = io::read_file(options.log);
  CHECK(std::count(log.begin(), log.end(), '\n') == 31);

  // Nothing is left to do.
  Network third;
  const auto done = train(third, toy::error, toy::batch_at, options, [&](const StepReport&) { ++steps; });
  CHECK(steps == 12);
  CHECK(toy::same_bits(third, whole));
  CHECK(done.loss == expected.loss);
}

TEST_CASE("train: Ctrl-C finishes the step and leaves a checkpoint that resumes to the same bits") {
  auto options = short_run(30);
  Network whole;
  const auto expected = train(whole, toy::error, toy::batch_at, options);
  options.checkpoint = fresh("interrupted.safetensors");
  Network model;
  const auto result = train(model, toy::error, toy::batch_at, options, [](const StepReport& report, const Network&) {
    if (report.step == 11) std::raise(SIGINT);
  });
  CHECK(result.interrupted);
  CHECK(result.steps == 11);
  options.resume = true;
  Network other;
  const auto finished = train(other, toy::error, toy::batch_at, options);
  CHECK(!finished.interrupted);
  CHECK(toy::same_bits(other, whole));
  CHECK(toy::same_bits(finished.ema, expected.ema));
}

TEST_CASE("train: two half batches accumulated are the full batch, to rounding") {
  toy::batch_size = 32;
  const auto full = [](Index i, Key key) { return toy::batch_at(i, key); };
  const auto half = [](Index i, Key key) {
    const auto batch = toy::batch_at(i / 2, key);
    const auto rows = [&](const Tensor<float, 2>& x) {
      const auto part =
          x.values().subspan(static_cast<std::size_t>(i % 2 * x.size() / 2), static_cast<std::size_t>(x.size() / 2));
      return Tensor<float, 2>::from(Shape{16, x.extent(1)}, part);
    };
    return toy::Batch{rows(batch.x), rows(batch.y)};
  };
  const auto plain = [](const Network& model, Tape& tape, const toy::Batch& batch, Key) {
    return mse(model(tape.constant(batch.x)), batch.y);
  };
  auto options = short_run(5);
  Network one, two;
  train(one, plain, full, options);
  options.accumulate = 2;
  train(two, plain, half, options);
  toy::batch_size = 16;
  CHECK(!toy::same_bits(one, Network()));
  for (Index i = 0; i < one.first.weight.value.size(); ++i) {
    CHECK(two.first.weight.value.data()[i] == doctest::Approx(one.first.weight.value.data()[i]).epsilon(1e-4));
  }
}

TEST_CASE("train: a loss that is not finite ends the run with the checkpoint of the step before") {
  auto options = short_run(30);
  options.checkpoint = fresh("diverged.safetensors");
  options.checkpoint_every = 4;
  const auto poisoned = [](Index i, Key key) {
    auto batch = toy::batch_at(i, key);
    if (i == 6) batch.y(0, 0) = std::numeric_limits<float>::quiet_NaN();
    return batch;
  };
  Network model;
  const auto why = refusal<ValueError>([&] { train(model, toy::error, poisoned, options); });
  CHECK(
      why.starts_with("train: the loss at step 7 is nan; it must be finite; the weights are finite, the largest weight "
                      "is "));
  CHECK(
      why.ends_with("; look into batch 6 and the loss, or, if weights have grown, a lower lr or a longer warmup may "
                    "help"));
  CHECK(saved_step(options) == 6);
}

TEST_CASE("train: a gradient that is not finite is named, and nothing changes") {
  const auto steep = [](const Network& m, Tape& tape, const toy::Batch& batch, Key) {
    const auto w = m.first.weight.on(tape.constant(batch.x));
    return sum(sqrt(0.0f * w));  // of slope 1 / 0
  };
  Network model;
  CHECK(refusal<ValueError>([&] { train(model, steep, toy::batch_at, short_run(10)); }) ==
        "train: the gradient's norm at step 1 is nan: that of first.weight(0, 0) is nan; it must be finite (a lower lr "
        "or "
        "a longer warmup may help)");
  CHECK(toy::same_bits(model, Network()));
}

TEST_CASE("train: data that hold NaN are named, and weights that do") {
  const auto poisoned = [](Index i, Key) {
    data::Batch<float> batch{Tensor<float, 4>({2, 1, 2, 1}, 0.5f), Tensor<std::int32_t, 1>(Shape{2})};
    if (i == 3) batch.images(1, 0, 1, 0) = std::numeric_limits<float>::quiet_NaN();
    return batch;
  };
  Network model;
  CHECK(refusal<ValueError>([&] { train(model, poisoned, short_run(10)); }) ==
        "train: the loss at step 4 is nan; it must be finite; images(1, 0, 1, 0) is nan in batch 3: the data must be "
        "finite");
  const auto tensors = [](Index, Key) { return Tensor<float, 2>(Shape{3, 2}, std::numeric_limits<float>::infinity()); };
  const auto on_tensors = [](const Network& m, Tape& tape, const Tensor<float, 2>& x, Key) {
    return mse(m(tape.constant(x)), Tensor<float, 2>(Shape{3, 1}));
  };
  CHECK(refusal<ValueError>([&] {
    train(model, on_tensors, tensors, short_run(10));
  }).ends_with("data(0, 0) is inf in batch 0: the data must be finite"));
  model.second.bias->value(0) = std::numeric_limits<float>::infinity();
  CHECK(refusal<ValueError>([&] { train(model, toy::error, toy::batch_at, short_run(10)); })
            .ends_with(
                "the weight second.bias(0) is inf: an earlier step was too long (a lower lr or a longer warmup may "
                "help)"));
}

TEST_CASE("train: a step that makes weights infinite is not saved over the checkpoint before") {
  auto options = short_run(30);
  options.checkpoint = fresh("too_long.safetensors");
  options.checkpoint_every = 1;
  options.lr = 1e38;  // what is left of the warm-up: 5e35, 1e36, …, until float has no room
  options.warmup = 2000;
  options.steps = 4000;
  Network model;
  Index last = 0;
  const auto why = refusal<ValueError>(
      [&] { train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) { last = report.step; }); });
  CHECK(why != "");
  CHECK(last >= 1);
  Network loaded;
  AdamW optimizer(loaded);
  Ema ema(loaded);
  CHECK(load_checkpoint(options.checkpoint, loaded, ema, optimizer).step >= 1);
  for_each_parameter(loaded, [](const std::string&, const auto& p) {
    for (const float x : p.value.values()) CHECK(std::isfinite(x));
  });

  // A weight that the loss does not see: only the check finds it, also without a checkpoint.
  auto unseen = short_run(3);
  Network other;
  CHECK(refusal<ValueError>([&] {
    train(other, toy::error, toy::batch_at, unseen, [&](const StepReport& report) {
      if (report.step == 3) other.first.bias->value(2) = std::nanf("");
    });
  }) == "train: after step 3 model.first.bias(2) is nan; what is not finite is not saved (a step was too long: a lower "
        "lr "
        "or a longer warmup may help)");
}

TEST_CASE("train: the caller's own average is his whatever ends the run") {
  auto options = short_run(30);
  Network whole;
  const auto expected = train(whole, toy::error, toy::batch_at, options);
  Network model;
  Ema ema(model, {.decay = options.ema_decay});
  const auto result = train(model, ema, toy::error, toy::batch_at, options);
  CHECK(toy::same_bits(ema.model(), expected.ema));
  CHECK(toy::same_bits(result.ema, expected.ema));

  Network after_11;
  std::optional<Network> average_11;
  Network first;
  train(first, toy::error, toy::batch_at, options, [&](const StepReport& report, const Network& averaged) {
    if (report.step != 11) return;
    after_11 = first;
    average_11 = averaged;
  });
  struct Enough {};
  const auto checked = [&](auto loss, auto data, auto on_step, auto exception) {
    Network dropped;
    Ema kept(dropped, {.decay = options.ema_decay});
    CHECK_THROWS_AS(train(dropped, kept, loss, data, options, on_step), decltype(exception));
    CHECK(toy::same_bits(dropped, after_11));
    CHECK(toy::same_bits(kept.model(), *average_11));
    CHECK(kept.updates() == 11);
  };
  const auto nothing = [](const StepReport&) {};
  checked(toy::error, toy::batch_at, [](const StepReport& r) {
    if (r.step == 11) throw Enough{};
  }, Enough{});
  checked(toy::error, [](Index i, Key key) {
    if (i == 11) throw std::bad_alloc();
    return toy::batch_at(i, key);
  }, nothing, std::bad_alloc());
  int calls = 0;
  checked([&](const Network& m, Tape& tape, const toy::Batch& batch, Key key) {
    if (++calls == 12) throw std::runtime_error("loss");
    return toy::error(m, tape, batch, key);
  }, toy::batch_at, nothing, std::runtime_error(""));

  // With a checkpoint, the next run goes on from there.
  options.checkpoint = fresh("thrown.safetensors");
  Network dropped;
  CHECK_THROWS_AS(train(dropped, toy::error,
                        [](Index i, Key key) {
    if (i == 11) throw std::bad_alloc();
    return toy::batch_at(i, key);
  }, options),
                  std::bad_alloc);
  CHECK(saved_step(options) == 11);
  options.resume = true;
  Network again;
  const auto finished = train(again, toy::error, toy::batch_at, options);
  CHECK(toy::same_bits(again, whole));
  CHECK(toy::same_bits(finished.ema, expected.ema));
}

TEST_CASE("train: a data set and the loss that belongs to the model need no more words") {
  Tensor<std::uint8_t, 4> images({10, 1, 2, 1});
  for (Index i = 0; i < 20; ++i) images.mutable_data()[i] = static_cast<std::uint8_t>(12 * i);
  const data::ImageDataset set(images, Tensor<std::int32_t, 1>(Shape{10}));
  auto options = short_run(60);
  options.batch_size = 4;
  Network model;
  double first = 0;
  const auto result = train(model, set, options, [&](const StepReport& r) { first = r.step == 1 ? r.loss : first; });
  CHECK(result.loss < 0.5 * first);
  Network other, third;
  train(other, set, options);
  CHECK(toy::same_bits(model, other));
  Ema ema(third, {.decay = options.ema_decay});
  train(third, ema, set, options, [](const StepReport&) {});
  CHECK(toy::same_bits(model, third));
  CHECK(toy::same_bits(ema.model(), result.ema));
}

TEST_CASE("train: a time limit ends the run with the rate at its floor") {
  auto options = short_run(0);
  options.seconds = 0.3;
  options.checkpoint = fresh("timed.safetensors");
  Network model;
  std::vector<double> rates;
  const auto result =
      train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) { rates.push_back(report.lr); });
  CHECK(result.seconds >= 0.3);
  CHECK(result.steps == static_cast<Index>(rates.size()));
  CHECK(rates.back() < 0.005);
  options.resume = true;  // the time is up, also for the resumed run
  CHECK(train(model, toy::error, toy::batch_at, options).steps == result.steps);
}

TEST_CASE("train: progress goes to the stream that is named") {
  auto options = short_run(3);
  options.progress = std::tmpfile();
  REQUIRE(options.progress);
  Network model;
  train(model, toy::error, toy::batch_at, options);
  std::rewind(options.progress);
  std::string all;
  for (int c; (c = std::fgetc(options.progress)) != EOF;) all += static_cast<char>(c);
  std::fclose(options.progress);
  CHECK(all.find("step 1/3  loss ") == 0);
  CHECK(all.find("\nstep 3/3  loss ") != std::string::npos);
}

TEST_CASE("train: options that make no sense are refused") {
  Network model;
  const auto refused = [&](TrainOptions options) {
    CHECK_THROWS_AS(train(model, toy::error, toy::batch_at, options), ValueError);
  };
  refused({.steps = -1});
  refused({.steps = 0});
  refused({.seconds = -1});
  refused({.batch_size = 0});
  refused({.lr = 1e-3, .lr_floor = 1});
  refused({.warmup = -1});
  refused({.clip = -1});
  refused({.accumulate = 0});
  refused({.checkpoint_every = 0});
  refused({.resume = true});
  refused({.lr = 1e39});
  refused({.batch_size = std::numeric_limits<Index>::max(), .accumulate = 2});
  refused({.steps = Index{1} << 40, .batch_size = Index{1} << 30});
  refused({.checkpoint = "same", .log = "same"});
  const auto said = [&](TrainOptions wrong) {
    return refusal<ValueError>([&] { train(model, toy::error, toy::batch_at, wrong); });
  };
  const double nan = std::nan("");
  CHECK(said({.lr = nan}) == "train: lr is nan; it must be finite and not negative");
  CHECK(said({.lr_floor = nan}) == "train: lr_floor is nan; it must be finite");
  CHECK(said({.weight_decay = nan}) == "train: weight_decay is nan; it must be finite and not negative");
  CHECK(said({.clip = nan}) == "train: clip is nan; it must be 0 or more");
  CHECK(said({.ema_decay = nan}) == "train: ema_decay is nan; it must be in [0, 1]");
  CHECK(said({.seconds = nan}) == "train: seconds is nan; it must be finite and not negative");
  auto options = short_run(2);
  options.checkpoint = fresh("far.safetensors");
  AdamW optimizer(model);
  save_checkpoint(options.checkpoint, model, Ema(model), optimizer, {.step = Index{1} << 53, .key = options.key});
  options.resume = true;
  options.batch_size = 1 << 12;
  CHECK(refusal<IoError>([&] { train(model, toy::error, toy::batch_at, options); }) ==
        options.checkpoint +
            ": has step 9007199254740992; the most for this batch_size and accumulate is 2251799813685246");
  options = short_run(2);
  options.checkpoint = fresh("key.safetensors");
  train(model, toy::error, toy::batch_at, options);
  options.resume = true;
  options.key = Key{8};
  CHECK_THROWS_WITH_AS(train(model, toy::error, toy::batch_at, options),
                       "train: key is 8, the checkpoint's is 7; a run is resumed with its own key", ValueError);
}

TEST_CASE("seconds are those of the clock that the options name") {
  static double now = 0;
  Network model;
  TrainOptions options{.steps = 0, .seconds = 10};
  options.clock = [] { return now += 0.25; };
  const auto result = train(model, toy::error, toy::batch_at, options);
  CHECK(result.seconds >= 10);
  CHECK(result.seconds < 11);
  CHECK(result.steps > 1);
  CHECK(result.steps <= 40);
  options.clock = nullptr;
  CHECK_THROWS_AS(train(model, toy::error, toy::batch_at, options), ValueError);
}

TEST_CASE("the processor's seconds pass while it computes") {
  const double start = processor_seconds(), steady = steady_seconds();
  volatile double sum = 0;
  while (processor_seconds() < start + 0.01) sum = sum + 1;
  CHECK(steady_seconds() > steady);
}

}  // namespace trainer_test
