// Targets of the files that a training run leaves and takes up again, and of captions.
//
// The files are written to the folder of INKLING_FUZZ_TMP, or to the current one.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "formats.hpp"
#include "inkling/data/caption_tokenizer.hpp"
#include "inkling/optim/adamw.hpp"
#include "inkling/train/checkpoint.hpp"
#include "inkling/train/log.hpp"
#include "target.hpp"

namespace ink::fuzz {

inline std::string scratch_path(std::string_view name) {
  const char* folder = std::getenv("INKLING_FUZZ_TMP");
  return text(folder ? folder : ".", "/fuzz-", getpid(), "-", name);
}

inline void write_plainly(const std::string& path, Input bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  require(file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size(),
          "the scratch file can't be written");
  std::fclose(file);
}

struct Slope {
  Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 0.5f)};
  Parameter<float, 1> bias{Tensor<float, 1>(Shape{2}, -1.0f)};
  static void visit(auto& self, auto&& f) {
    f("weight", self.weight);
    f("bias", self.bias);
  }
};

inline bool same_model(const Slope& a, const Slope& b) {
  return same_bits(a.weight.value, b.weight.value) && same_bits(a.bias.value, b.bias.value);
}

/// A file is tried as it is, and as the writer would have written its tensors: with a checksum that is right.
template <class F>
void with_weight_files(const std::string& path, Input input, const F& f) {
  write_plainly(path, input);
  f();
  if (accepts([&] { io::SafeTensors::decode(io::Bytes(input.begin(), input.end())).save(path); })) f();
  std::remove(path.c_str());
}

inline void fuzz_checkpoint(Input input) {
  const std::string path = scratch_path("checkpoint");
  with_weight_files(path, input, [&] {
    Slope model;
    Ema ema{model};
    AdamW optimizer{model};
    RunState state;
    if (!accepts([&] { state = load_checkpoint(path, model, ema, optimizer); })) {
      require(same_model(model, Slope{}) && same_model(ema.model(), Slope{}) && ema.updates() == 0,
              "checkpoint: a refused file has changed something");
      return;
    }
    require(state.step >= 0, "checkpoint: a negative step");
    // What is not finite may be loaded, but not be saved.
    if (!accepts([&] { save_checkpoint(path, model, ema, optimizer, state); })) return;
    Slope again;
    Ema ema_again{again};
    AdamW optimizer_again{again};
    const RunState restored = load_checkpoint(path, again, ema_again, optimizer_again);
    require(same_model(again, model) && same_model(ema_again.model(), ema.model()), "checkpoint: weights change");
    require(restored.step == state.step && restored.key.seed() == state.key.seed(), "checkpoint: the state changes");
    require(restored.settings == state.settings, "checkpoint: the settings change");
  });
}

inline void fuzz_model_file(Input input) {
  const std::string path = scratch_path("model");
  with_weight_files(path, input, [&] {
    Settings settings;
    const bool readable = accepts([&] { settings = read_settings(path); });
    Slope model;
    if (!accepts([&] { load_model(path, model); })) {
      require(same_model(model, Slope{}), "model_file: a refused file has changed the model");
      return;
    }
    require(readable, "model_file: weights are read, settings are not");
    if (!accepts([&] { save_model(path, model, settings); })) return;
    Slope again;
    load_model(path, again);
    require(same_model(again, model), "model_file: weights change");
    require(read_settings(path) == settings, "model_file: settings change");
  });
}

/// The first byte says after which step the run is resumed.
inline void fuzz_train_log(Input input) {
  if (input.empty()) return;
  const Index resumed = input[0];
  const Input content = input.subspan(1);
  const std::string path = scratch_path("log.csv");
  write_plainly(path, content);
  const auto kept = [&] {
    const auto bytes = io::read_file(path);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string before(text_of(content));
  if (!accepts([&] { TrainLog log(path, resumed); })) {
    require(kept() == before, "train_log: a refused file has changed");
    std::remove(path.c_str());
    return;
  }
  const std::string after = kept(), header = after.substr(0, after.find('\n') + 1);
  require(header == "step,seconds,loss,lr,grad_norm\n", "train_log: the header is missing");
  require(after == header || before.starts_with(after), "train_log: lines are made up");
  {
    TrainLog(path, resumed).add({.step = resumed + 1, .seconds = 0.5, .loss = 2});
  }
  const std::string line = text(resumed + 1, ",0.5,2,0,0\n");
  require(kept() == after + line, "train_log: the log does not go on where it stood");
  {
    TrainLog again(path, resumed + 1);
  }
  require(kept() == after + line, "train_log: a line of a step that was done is lost");
  std::remove(path.c_str());
}

/// A caption a line; and every four bytes a token.
inline void fuzz_captions(Input input) {
  const data::CaptionTokenizer tokenizer{.length = 6};
  std::vector<std::string> captions(1);
  for (const char c : text_of(input)) {
    if (c == '\n' && captions.size() < 64) {
      captions.emplace_back();
    } else {
      captions.back() += c;
    }
  }
  for (const auto& caption : captions) {
    Tensor<std::int32_t, 2> tokens;
    if (!accepts([&] { tokens = tokenizer.encode(std::span(&caption, 1)); })) continue;
    const auto words = tokenizer.decode(tokens);
    require(same_bits(tokenizer.encode(words), tokens), "captions: tokens change");
  }
  Tensor<std::int32_t, 2> tokens({static_cast<Index>(input.size()) / 4 / 6, 6});
  if (!tokens.empty()) std::memcpy(tokens.mutable_data(), input.data(), tokens.values().size_bytes());
  std::vector<std::string> words;
  if (!accepts([&] { words = tokenizer.decode(tokens); })) return;
  require(tokenizer.decode(tokenizer.encode(words)) == words, "captions: words change");
}

}  // namespace ink::fuzz
