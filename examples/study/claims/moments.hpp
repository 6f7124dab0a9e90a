// Moments: the averaged weights of a training at times that double, 1/32, 1/16 … 1 of it, as files: what is measured
// along a training is measured afterwards, and does not take of its time.
//
// A training that was interrupted finds the files of its first part; one that begins anew removes them.
#pragma once

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "inkling/io/model_file.hpp"
#include "inkling/train/trainer.hpp"
#include "study/harness/bench.hpp"
#include "systems/settings_text.hpp"

namespace study {

constexpr int moment_count = 6;

inline std::string moment_file(const Bench& bench, const std::string& task, int moment) {
  return bench.weights(task + ".moment" + std::to_string(moment));
}

struct Moment {
  std::string file;
  double seconds = 0, steps = 0;  ///< of the training so far
};

/// The moments of a training that is over.
inline std::vector<Moment> moments_of(const Bench& bench, const std::string& task) {
  std::vector<Moment> all;
  for (int m = 0; m < moment_count; ++m) {
    const std::string file = moment_file(bench, task, m);
    const auto settings = ink::read_settings(file);
    const auto told = [&](const char* name) { return std::strtod(systems::setting(settings, name).c_str(), nullptr); };
    all.push_back({file, told("moment_seconds"), told("moment_steps")});
  }
  return all;
}

/// Trains a system on these digits and keeps its moments.
template <class System>
void train_with_moments(Bench& bench, Record& record, System& system, const std::string& task,
                        const ink::data::ImageDataset& digits, const ink::TrainOptions& options) {
  namespace fs = std::filesystem;
  const bool resumed = fs::exists(bench.settings().out + "/checkpoints/" + task + ".safetensors");
  for (int m = 0; m < moment_count && !resumed; ++m) fs::remove(moment_file(bench, task, m));
  const double steps = static_cast<double>(bench.settings().steps);
  bench.train_system(record, system, digits, options, 1, "",
                     [&](const ink::StepReport& report, const System& averaged) {
    const double done = steps > 0 ? static_cast<double>(report.step) / steps : report.seconds / bench.seconds();
    for (int m = 0; m < moment_count; ++m) {
      const std::string file = moment_file(bench, task, m);
      if (done < 1.0 / (1 << (moment_count - 1 - m)) || fs::exists(file)) continue;
      averaged.save(file, {{"moment_seconds", ink::text(report.seconds)}, {"moment_steps", ink::text(report.step)}});
    }
  });
}

}  // namespace study
