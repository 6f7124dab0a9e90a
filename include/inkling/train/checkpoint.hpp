// Checkpoints: everything a training run needs to go on exactly where it stopped, in one safetensors file.
//
//   model.<parameter>    the weights                       step         I64, updates done
//   ema.<parameter>      their average                     ema_updates  I64
//   optim.<state>        what the optimiser remembers      key          U64, the run's random key
//                                                          seconds, loss  F64, time spent and the smoothed loss
//   metadata             format, version, and the program's own settings as "settings.<key>"
//
// A run that is loaded continues bit for bit as if it had never stopped. Saving is atomic: whatever happens in its
// middle, the path holds a complete old or a complete new checkpoint. What is not finite is not saved over what is.
// Loading refuses a file of which a bit has flipped, compares every name, element type and shape, says what is missing,
// extra or different, and asks every number whether it can be one of a run; on any error nothing has changed.
// Checkpoints of version 1, which had no checksum, are read.
//
// Weights alone, also those of a checkpoint, are the matter of io/model_file.hpp.
//
// Errors: IoError with the path for a file that cannot be read or written, is not safetensors, is not a checkpoint, or
// does not fit the model; ValueError for what is not to be saved, with its name, its place and the step.
//
// Example (declarations):
//     struct Slope {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("weight", self.weight); }
//     };
// Example:
//     Slope model;
//     Ema ema{model};
//     AdamW optimizer{model};
//     save_checkpoint("run.safetensors", model, ema, optimizer, {.step = 100, .key = Key{42}});
//     RunState state = load_checkpoint("run.safetensors", model, ema, optimizer);
//     load_model("run.safetensors", model);                // the averaged weights
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "inkling/core/philox.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/optim/ema.hpp"
#include "inkling/train/finite.hpp"

namespace ink {

/// Where a run stands, besides its model, average and optimiser.
struct RunState {
  Index step = 0;  ///< updates done
  Key key{0};
  double seconds = 0;                    ///< spent so far
  double loss_sum = 0, loss_weight = 0;  ///< of the smoothed loss, see SmoothedLoss
  Settings settings = {};
};

namespace detail {

/// Everything that a checkpoint holds; File is SafeTensors to be saved or ExpectedTensors.
template <class M, class O, class File>
void add_checkpoint(const M& model, const Ema<M>& ema, const O& optimizer, const RunState& state, File& file) {
  add_parameters("model.", model, file);
  add_parameters("ema.", ema.model(), file);
  O::visit_state(optimizer, model,
                 [&](const std::string& name, const auto& tensor) { file.add("optim." + name, tensor); });
  file.add("step", Tensor<std::int64_t, 0>(state.step));
  file.add("ema_updates", Tensor<std::int64_t, 0>(ema.updates()));
  file.add("key", Tensor<std::uint64_t, 0>(state.key.seed()));
  file.add("seconds", Tensor<double, 0>(state.seconds));
  file.add("loss", Tensor<double, 1>(Shape{2}, {state.loss_sum, state.loss_weight}));
}

inline constexpr const char* checked_version = "2";  // with a checksum

/// A "file" that refuses what is not finite.
struct FiniteTensors {
  const char* operation;
  Index step;

  template <class T, int R>
  void add(const std::string& name, const Tensor<T, R>& tensor) {
    const std::string found = not_finite(name, tensor);
    if (found.empty()) return;
    throw ValueError(text(operation, ": after step ", step, " ", found,
                          "; what is not finite is not saved (a step was ",
                          "too long: a lower lr or a longer warmup may help)"));
  }
};

/// Throws ValueError if something that a checkpoint holds is infinite or NaN.
template <class M, class O>
void check_finite(const char* operation, const M& model, const Ema<M>& ema, const O& optimizer, const RunState& state) {
  FiniteTensors check{operation, state.step};
  add_checkpoint(model, ema, optimizer, state, check);
}

/// What of these numbers can't be one of a run; empty if each can.
inline std::string run_state_fault(const RunState& state, std::int64_t ema_updates) {
  constexpr std::int64_t most = std::int64_t{1} << 53;
  std::string fault;
  const auto require = [&](bool good, const char* name, auto value, const char* rule) {
    if (!good && fault.empty()) fault = text(name, " ", value, "; it must be ", rule);
  };
  require(state.step >= 0 && state.step <= most, "step", state.step, "in [0, 2^53]");
  require(ema_updates >= 0 && ema_updates <= most, "ema_updates", ema_updates, "in [0, 2^53]");
  require(state.seconds >= 0 && std::isfinite(state.seconds), "seconds", state.seconds, "finite and not negative");
  require(std::isfinite(state.loss_sum), "loss_sum", state.loss_sum, "finite");
  require(state.loss_weight >= 0 && std::isfinite(state.loss_weight), "loss_weight", state.loss_weight,
          "finite and not negative");
  return fault;
}

inline RunState read_run_state(const io::SafeTensors& file, const std::string& path) {
  const auto loss = file.get<double, 1>("loss");
  const RunState state{.step = file.get<std::int64_t, 0>("step").item(),
                       .key = Key(file.get<std::uint64_t, 0>("key").item()),
                       .seconds = file.get<double, 0>("seconds").item(),
                       .loss_sum = loss(0),
                       .loss_weight = loss(1),
                       .settings = get_settings(file)};
  const auto fault = run_state_fault(state, file.get<std::int64_t, 0>("ema_updates").item());
  if (!fault.empty()) throw IoError(path, "has " + fault);
  return state;
}

}  // namespace detail

template <class M, class O>
void save_checkpoint(const std::string& path, const M& model, const Ema<M>& ema, const O& optimizer,
                     const RunState& state) {
  const auto fault = detail::run_state_fault(state, ema.updates());
  if (!fault.empty()) throw ValueError("save_checkpoint: state has " + fault);
  detail::check_finite("save_checkpoint", model, ema, optimizer, state);
  io::SafeTensors file;
  detail::add_checkpoint(model, ema, optimizer, state, file);
  detail::set_settings(file, detail::checkpoint_format, state.settings);
  file.set_metadata("version", detail::checked_version);
  file.save(path);
}

template <class M, class O>
RunState load_checkpoint(const std::string& path, M& model, Ema<M>& ema, O& optimizer) {
  const auto file = io::SafeTensors::load(path);
  if (!detail::is_checkpoint(file)) {
    throw IoError(path, text("is not a checkpoint; its metadata must say format ", detail::checkpoint_format));
  }
  const std::string* version = file.metadata("version");
  const bool checked = version && *version == detail::checked_version;
  if (!checked && !(version && *version == detail::checkpoint_version)) {
    throw IoError(path, text("is a checkpoint of version ", version ? *version : "unknown", "; it must be ",
                             detail::checkpoint_version, " or ", detail::checked_version));
  }
  if (checked && !file.had_checksum()) throw IoError(path, "is damaged: its checksum is missing");
  detail::ExpectedTensors expected;
  detail::add_checkpoint(model, ema, optimizer, RunState{}, expected);
  expected.check(file, path, "", true);
  const RunState state = detail::read_run_state(file, path);

  M loaded = model, average = ema.model();
  Ema<M> loaded_ema = ema;
  O loaded_optimizer = optimizer;
  detail::take_parameters(file, "model.", loaded);
  detail::take_parameters(file, "ema.", average);
  loaded_ema.restore(std::move(average), file.get<std::int64_t, 0>("ema_updates").item());
  try {
    O::visit_state(loaded_optimizer, model, [&](const std::string& name, auto& tensor) {
      using Value = std::remove_cvref_t<decltype(tensor)>;
      tensor = file.get<typename Value::value_type, Value::rank>("optim." + name);
    });
  } catch (const ValueError& error) {
    throw IoError(path, error.what());
  }
  model = std::move(loaded);
  ema = std::move(loaded_ema);
  optimizer = std::move(loaded_optimizer);
  return state;
}

}  // namespace ink
