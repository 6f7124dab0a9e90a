// Checkpoints: everything a training run needs to go on exactly where it stopped, in one safetensors file.
//
//   model.<parameter>    the weights                       step         I64, updates done
//   ema.<parameter>      their average                     ema_updates  I64
//   optim.<state>        what the optimiser remembers      key          U64, the run's random key
//                                                          seconds, loss  F64, time spent and the smoothed loss
//   metadata             format, version, and the program's own settings as "settings.<key>"
//
// A run that is loaded continues bit for bit as if it had never stopped. Saving is atomic: whatever happens in its
// middle, the path holds a complete old or a complete new checkpoint. Loading compares every name, element type and
// shape first and says what is missing, extra or different; on any error nothing has changed.
//
// Weights alone, also those of a checkpoint, are the matter of io/model_file.hpp.
//
// Errors: IoError with the path for a file that cannot be read or written, is not safetensors, is not a checkpoint, or
// does not fit the model.
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

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "inkling/core/philox.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/optim/ema.hpp"

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

}  // namespace detail

template <class M, class O>
void save_checkpoint(const std::string& path, const M& model, const Ema<M>& ema, const O& optimizer,
                     const RunState& state) {
  io::SafeTensors file;
  detail::add_checkpoint(model, ema, optimizer, state, file);
  detail::set_settings(file, detail::checkpoint_format, state.settings);
  file.save(path);
}

template <class M, class O>
RunState load_checkpoint(const std::string& path, M& model, Ema<M>& ema, O& optimizer) {
  const auto file = io::SafeTensors::load(path);
  if (!detail::is_checkpoint(file)) {
    throw IoError(path, text("is not a checkpoint; its metadata must say format ", detail::checkpoint_format));
  }
  const std::string* version = file.metadata("version");
  if (!version || *version != detail::checkpoint_version) {
    throw IoError(path, text("is a checkpoint of version ", version ? *version : "unknown", "; it must be ",
                             detail::checkpoint_version));
  }
  RunState state;
  detail::ExpectedTensors expected;
  detail::add_checkpoint(model, ema, optimizer, state, expected);
  expected.check(file, path, "", true);

  state.step = file.get<std::int64_t, 0>("step").item();
  const Index ema_updates = file.get<std::int64_t, 0>("ema_updates").item();
  if (state.step < 0 || ema_updates < 0) {
    throw IoError(path, text("has step ", state.step, " and ema_updates ", ema_updates, "; they must not be negative"));
  }
  state.key = Key(file.get<std::uint64_t, 0>("key").item());
  state.seconds = file.get<double, 0>("seconds").item();
  const auto loss = file.get<double, 1>("loss");
  state.loss_sum = loss(0);
  state.loss_weight = loss(1);
  state.settings = detail::get_settings(file);

  M loaded = model, average = ema.model();
  Ema<M> loaded_ema = ema;
  O loaded_optimizer = optimizer;
  detail::take_parameters(file, "model.", loaded);
  detail::take_parameters(file, "ema.", average);
  loaded_ema.restore(std::move(average), ema_updates);
  O::visit_state(loaded_optimizer, model, [&](const std::string& name, auto& tensor) {
    using Value = std::remove_cvref_t<decltype(tensor)>;
    tensor = file.get<typename Value::value_type, Value::rank>("optim." + name);
  });
  model = std::move(loaded);
  ema = std::move(loaded_ema);
  optimizer = std::move(loaded_optimizer);
  return state;
}

}  // namespace ink
