// The run that is killed, starved and interrupted here: the toy regression, in a folder of its own.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "../train/toy.hpp"
#include "inkling/train/trainer.hpp"

namespace survival {

using Network = toy::Network<float>;

inline ink::TrainOptions options_in(const std::string& folder, ink::Index steps) {
  return {.steps = steps,
          .lr = 0.01,
          .warmup = 5,
          .ema_decay = 0.9,
          .checkpoint = folder + "/run.safetensors",
          .checkpoint_every = 4,
          .log = folder + "/run.csv",
          .key = ink::Key{7}};
}

inline void make_empty(const std::string& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
}

/// The names in a folder, sorted.
inline std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The weights and the average that a run ended with, as one file: equal runs give equal bytes.
inline void save_end(const std::string& path, const Network& model, const ink::TrainResult<Network>& result) {
  ink::io::SafeTensors file;
  ink::for_each_parameter(model, [&](const std::string& name, const auto& p) { file.add("model." + name, p.value); });
  ink::for_each_parameter(result.ema,
                          [&](const std::string& name, const auto& p) { file.add("ema." + name, p.value); });
  file.add("loss", ink::Tensor<double, 0>(result.loss));
  file.save(path);
}

/// Whether the log has the lines of steps 1 to `steps`, each once and in order.
inline bool log_is_whole(const std::string& path, ink::Index steps) {
  const auto bytes = ink::io::read_file(path);
  ink::Index step = -1;
  for (auto begin = bytes.begin(); begin != bytes.end();) {
    const auto end = std::find(begin, bytes.end(), '\n');
    if (end == bytes.end()) return false;
    const std::string line(begin, end);
    if (++step > 0 && !line.starts_with(ink::text(step, ","))) return false;
    begin = end + 1;
  }
  return step == steps;
}

}  // namespace survival
