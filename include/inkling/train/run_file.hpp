// RunFile: the checkpoint of one run, and what is done when it can't be written.
//
// It is locked (io/file_lock.hpp) and tried before the first step: a path that can't be written, or that another run is
// writing to, is found out at once and not after hours. A save that fails in the middle of a run does not end it: the
// former checkpoint stays, and the next save is due as always. The last save must succeed.
//
// Errors: IoError for a path that can't be written or is in use.
//
// Example (declarations):
//     struct Bias {
//       Parameter<float, 1> b{Tensor<float, 1>(Shape{2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("b", self.b); }
//     };
// Example:
//     Bias model;
//     Ema ema{model};
//     AdamW optimizer{model};
//     detail::RunFile file("run.safetensors");
//     std::string trouble = file.save_midway(model, ema, optimizer, RunState{.step = 500});
//     file.save(model, ema, optimizer, RunState{.step = 1000});
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "inkling/io/file_lock.hpp"
#include "inkling/train/checkpoint.hpp"

namespace ink::detail {

class RunFile {
 public:
  /// No file at all if the path is empty.
  explicit RunFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    lock_.emplace(path_);
    io::check_writable(path_);
  }

  /// Whether there is something to go on from.
  bool exists() const { return !path_.empty() && io::file_exists(path_); }

  /// Says that the file holds this step.
  void holds(Index step) { saved_ = step; }

  template <class M, class O>
  void save(const M& model, const Ema<M>& ema, const O& optimizer, const RunState& state) {
    if (path_.empty() || saved_ == state.step) return;
    save_checkpoint(path_, model, ema, optimizer, state);
    saved_ = state.step;
  }

  /// As save, but returns what is to be told when saving fails, or succeeds again; nothing if all is as before.
  template <class M, class O>
  std::string save_midway(const M& model, const Ema<M>& ema, const O& optimizer, const RunState& state) {
    try {
      save(model, ema, optimizer, state);
    } catch (const IoError& error) {
      return std::exchange(failing_, true)
                 ? ""
                 : text("the checkpoint of step ", state.step, " could not be saved: ", error.what(),
                        "; the run goes on and will try again");
    }
    return std::exchange(failing_, false) ? text("the checkpoint of step ", state.step, " is saved again") : "";
  }

  /// As save, for a run that ends with an exception, which is what its caller must hear of: only says whether it could.
  template <class M, class O>
  bool rescue(const M& model, const Ema<M>& ema, const O& optimizer, const RunState& state) noexcept {
    try {
      save(model, ema, optimizer, state);
      return true;
    } catch (...) {
      return false;
    }
  }

 private:
  std::string path_;
  std::optional<io::FileLock> lock_;
  Index saved_ = -1;
  bool failing_ = false;
};

}  // namespace ink::detail
