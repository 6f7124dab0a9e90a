// Bench: what a task works with: the digits, the judge, its share of the time, its random key, and places for files.
//
// A task of one training, one drawing and one judgement:
//     Record run(Bench& bench) {
//       Model model = …;
//       Record record;
//       auto trained = bench.train(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3});
//       auto images = bench.sampling([&] { return ink::generate(ink::Heun{}, trained, shape, bench.key(1)); });
//       note(record, "", bench.judge().fidelity(images));
//       return record;
//     }
//
// Time is processor time of one thread: what a machine does beside it does not count. Everything that is trained or
// drawn goes through train() and sampling(), so that the study can say what share of its time went into them.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "inkling/core/random.hpp"
#include "inkling/data/dataset.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/train/trainer.hpp"
#include "study/harness/judge.hpp"
#include "study/harness/task.hpp"

namespace study {

/// The run was told to stop; finished tasks and checkpoints are kept.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

struct Digits {
  ink::data::ImageDataset train, test;
};

class Bench {
 public:
  Bench(const Settings& settings, const Digits& digits, const Judge& judge, const Results& results)
      : settings_(settings), digits_(digits), judge_(judge), results_(results) {}

  /// Makes it the bench of a task that may train for so many seconds.
  void begin(const std::string& task, double seconds) {
    task_ = task;
    seconds_ = seconds;
    training_ = sampling_ = 0;
  }

  const Settings& settings() const { return settings_; }
  const ink::data::ImageDataset& train_set() const { return digits_.train; }
  const ink::data::ImageDataset& test_set() const { return digits_.test; }
  const Judge& judge() const { return judge_; }
  const Results& results() const { return results_; }  ///< of the tasks that this one needs

  /// Of the training, in all.
  double seconds() const { return seconds_; }
  ink::Key key(std::uint64_t number) const { return settings_.key(task_, number); }
  /// A seed's key that tasks share, so that what they compare begins with the same weights and noise.
  ink::Key shared_key(std::uint64_t seed) const { return settings_.key("shared", seed); }

  std::string weights(const std::string& name) const { return settings_.out + "/weights/" + name + ".safetensors"; }
  std::string picture(const std::string& name) const { return settings_.out + "/pictures/" + name + ".png"; }

  /// Trains for `share` of the task's seconds (or the settings' steps), resumes what was interrupted, and returns the
  /// model with averaged weights. Notes training_seconds, steps, images and parameters. `part` tells several trainings
  /// of one task apart. on_step(report, averaged model) as in ink::train.
  template <class M, class Data, class OnStep = ink::detail::NoCallback>
  M train(Record& record, M model, const Data& data, ink::TrainOptions options, double share = 1,
          const std::string& part = "", OnStep on_step = {}) {
    const double start = ink::processor_seconds();
    options.steps = settings_.steps;
    options.seconds = settings_.steps > 0 ? 0 : share * seconds_;
    options.clock = ink::processor_seconds;
    options.warmup = settings_.steps > 0 ? 1 : options.warmup;
    options.checkpoint = checkpoint(part);
    options.checkpoint_every = 100'000'000;
    options.resume = true;
    options.key = settings_.key(task_ + "." + part, 1000);
    const auto result = ink::train(model, data, options, std::move(on_step));
    training_ += ink::processor_seconds() - start;
    if (result.interrupted) throw Interrupted();
    const std::string prefix = part.empty() ? "" : part + ".";
    record.set(prefix + "training_seconds", result.seconds);
    record.set(prefix + "steps", static_cast<double>(result.steps));
    record.set(prefix + "images", static_cast<double>(result.steps * options.batch_size * options.accumulate));
    record.set(prefix + "parameters", static_cast<double>(ink::parameter_count(model)));
    return result.ema;
  }

  /// The result of f(), whose time counts as sampling (or evaluating a network).
  template <class F>
  auto sampling(const F& f) {
    const double start = ink::processor_seconds();
    auto result = f();
    sampling_ += ink::processor_seconds() - start;
    return result;
  }

  double training_time() const { return training_; }
  double sampling_time() const { return sampling_; }
  std::string checkpoint(const std::string& part) const {
    return settings_.out + "/checkpoints/" + task_ + (part.empty() ? "" : "." + part) + ".safetensors";
  }

 private:
  const Settings& settings_;
  const Digits& digits_;
  const Judge& judge_;
  const Results& results_;
  std::string task_;
  double seconds_ = 0, training_ = 0, sampling_ = 0;
};

}  // namespace study
