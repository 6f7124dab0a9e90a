#include "inkling/train/trainer.hpp"

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
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
  // The run dies three steps after its checkpoint; the resumed one repeats them.
  CHECK_THROWS_AS(train(first, toy::error, toy::batch_at, options,
                        [](const StepReport& report) {
    if (report.step == 18) throw PowerCut{};
  }),
                  PowerCut);
  options.resume = true;
  Network second;
  Index steps = 0;
  const auto result = train(second, toy::error, toy::batch_at, options, [&](const StepReport&) { ++steps; });
  CHECK(steps == 15);
  CHECK(result.steps == 30);
  CHECK(toy::same_bits(second, whole));
  CHECK(toy::same_bits(result.ema, expected.ema));
  CHECK(result.loss == expected.loss);
  const auto log = io::read_file(options.log);
  CHECK(std::count(log.begin(), log.end(), '\n') == 31);

  // Nothing is left to do.
  Network third;
  const auto done = train(third, toy::error, toy::batch_at, options, [&](const StepReport&) { ++steps; });
  CHECK(steps == 15);
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

TEST_CASE("train: a loss that is not finite ends the run and leaves the checkpoint alone") {
  auto options = short_run(30);
  options.checkpoint = fresh("diverged.safetensors");
  options.checkpoint_every = 4;
  const auto poisoned = [](Index i, Key key) {
    auto batch = toy::batch_at(i, key);
    if (i == 6) batch.y(0, 0) = std::numeric_limits<float>::quiet_NaN();
    return batch;
  };
  Network model;
  CHECK_THROWS_WITH_AS(train(model, toy::error, poisoned, options),
                       "train: the loss at step 7 is nan; it must be finite (a lower lr or a longer warmup may help)",
                       ValueError);
  AdamW optimizer(model);
  Ema ema(model);
  CHECK(load_checkpoint(options.checkpoint, model, ema, optimizer).step == 4);
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
  Network other;
  train(other, set, options);
  CHECK(toy::same_bits(model, other));
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
  auto options = short_run(2);
  options.checkpoint = fresh("key.safetensors");
  train(model, toy::error, toy::batch_at, options);
  options.resume = true;
  options.key = Key{8};
  CHECK_THROWS_WITH_AS(train(model, toy::error, toy::batch_at, options),
                       "train: key is 8, the checkpoint's is 7; a run is resumed with its own key", ValueError);
}

}  // namespace trainer_test
