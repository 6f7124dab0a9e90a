// Bench: what a task works with: the digits, the judge, its share of the time, its random key, and places for files.
//
// A task of one training, one drawing and one judgement:
//     Record run(Bench& bench) {
//       Record record;
//       systems::Denoiser model({.network = "unet"}, bench.key(0));
//       bench.train_system(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3});
//       auto drawn = bench.sampling([&] { return model.draw({}, systems::tell_nothing(1000), bench.key(1)); });
//       note(record, "", bench.judge().fidelity(drawn.images));
//       return record;
//     }
//
// Time is processor time of one thread: what a machine does beside it does not count. Everything that is trained or
// drawn goes through train_system(), train() or sampling(), so that the study can say what share of its time went into
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

  /// run(options) with a share of the task's seconds (or the settings' steps), by processor time and resumed where it
  /// was interrupted; notes training_seconds, steps, images and parameters. It returns something with steps, seconds
  /// and interrupted, as ink::train and the systems do. `part` tells several trainings of one task apart.
  template <class Run>
  auto training(Record& record, ink::TrainOptions options, ink::Index parameters, const Run& run, double share = 1,
                const std::string& part = "") {
    const double start = ink::processor_seconds();
    options.steps = settings_.steps;
    options.seconds = settings_.steps > 0 ? 0 : share * seconds_;
    options.clock = ink::processor_seconds;
    if (settings_.steps > 0) {
      options.warmup = 1;
      options.batch_size = std::min<ink::Index>(options.batch_size, 8);
    }
    options.checkpoint = checkpoint(part);
    checkpoints_.push_back(options.checkpoint);
    options.checkpoint_every = 100'000'000;
    options.resume = true;
    options.key = settings_.key(task_ + "." + part, 1000);
    auto result = run(std::as_const(options));
    training_ += ink::processor_seconds() - start;
    if (result.interrupted) throw Interrupted();
    const std::string prefix = part.empty() ? "" : part + ".";
    record.set(prefix + "training_seconds", result.seconds);
    record.set(prefix + "steps", static_cast<double>(result.steps));
    record.set(prefix + "images", static_cast<double>(result.steps * options.batch_size * options.accumulate));
    record.set(prefix + "parameters", static_cast<double>(parameters));
    return result;
  }

  /// Trains a model of the library, and returns it with averaged weights.
  template <class M, class Data>
  M train(Record& record, M model, const Data& data, const ink::TrainOptions& options, double share = 1,
          const std::string& part = "") {
    const auto run = [&](const ink::TrainOptions& o) { return ink::train(model, data, o); };
    return training(record, options, ink::parameter_count(model), run, share, part).ema;
  }

  /// Trains a system of examples/systems in place. on_step(report, averaged system) after every step.
  template <class System>
  void train_system(Record& record, System& system, const ink::data::ImageDataset& digits,
                    const ink::TrainOptions& options, double share = 1, const std::string& part = "",
                    const typename System::OnStep& on_step = {}) {
    const auto run = [&](const ink::TrainOptions& o) { return system.train(digits, o, on_step); };
    training(record, options, system.parameters(), run, share, part);
  }

  /// The result of f(), whose time counts as sampling (or evaluating a network).
  template <class F>
  auto sampling(const F& f) {
    const double start = ink::processor_seconds();
    auto result = f();
    sampling_ += ink::processor_seconds() - start;
    return result;
  }

  /// Those of the trainings of this task, when its record is kept.
  void remove_checkpoints() {
    for (const std::string& path : checkpoints_) std::filesystem::remove(path);
    checkpoints_.clear();
  }

  double training_time() const { return training_; }
  double sampling_time() const { return sampling_; }

 private:
  std::string checkpoint(const std::string& part) const {
    return settings_.out + "/checkpoints/" + task_ + (part.empty() ? "" : "." + part) + ".safetensors";
  }

  const Settings& settings_;
  const Digits& digits_;
  const Judge& judge_;
  const Results& results_;
  std::string task_;
  std::vector<std::string> checkpoints_;
  double seconds_ = 0, training_ = 0, sampling_ = 0;
};

}  // namespace study
