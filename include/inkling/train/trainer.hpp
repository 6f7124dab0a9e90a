// train: the one training loop.
//
// Every step draws a batch, records the loss on a tape, walks it back, clips the gradient, updates the model by AdamW
// and the average by Ema. The loss is any callable (const Model&, Tape&, const Batch&, Key) -> Var<T, 0>; without one,
// `loss(model, tape, batch, key)` is called. The data are an ImageDataset, or any callable (Index step, Key) -> Batch.
// Afterwards the model holds the last weights and the result holds the averaged ones.
//
// Random numbers: batch i is drawn with key.fold(0) by its number, its loss with key.fold(1).fold(i). So 2N steps are
// bit for bit N steps, a checkpoint, and N more. With `seconds` set, the learning rate follows the larger of the
// fractions of steps and of time: such a run is resumed properly, but not to the bit. With `accumulate` = a, step s
// takes the batches a s … a s + a − 1 and the mean of their gradients.
//
// A checkpoint is written every `checkpoint_every` steps and at the end, and whatever ends the run earlier: Ctrl-C,
// `kill`, a terminal or a pipe that is gone (train/interrupt.hpp) end the current step and then the run; an exception
// of the loss, the data or on_step goes on to the caller once the checkpoint of the last finished step is written. Only
// kill -9 costs the steps since the last one. What is infinite or NaN is never saved over what is good. Two runs can't
// write one checkpoint: the second fails at once. A log or a checkpoint that can't be written any more, on a full disk,
// is told once, through `progress` and on_step's report, and the run goes on: without the log, and trying the
// checkpoint again whenever one is due. Nothing is printed unless `progress` names a stream.
//
// The averaged model is in the checkpoint and in the result. Who wants it also without a checkpoint, whatever happens,
// makes the Ema himself: train(model, ema, loss, data, options) leaves the last weights in the model and the average in
// the ema, also when it throws. The ema's own decay counts then, not options.ema_decay.
//
// Errors: ValueError for options outside their domain, a checkpoint of another key, and a loss, gradient or weight that
// is not finite, with the place and the cause; IoError for files, before the first step as far as that can be known.
//
// Example:
//     data::ImageDataset digits(Tensor<std::uint8_t, 4>({100, 28, 28, 1}), Tensor<std::int32_t, 1>(Shape{100}));
//     Linear<float> model({.in = 784, .out = 784}, Key{1});
//     auto error = [](const Linear<float>& m, Tape& tape, const data::Batch<float>& batch, Key) {
//       auto x = batch.images.reshape(Shape{batch.size(), 784});
//       return mse(m(tape.constant(x)), x);
//     };
//     TrainOptions options{.steps = 100, .batch_size = 32, .checkpoint = "run.safetensors", .progress = stderr};
//     auto result = train(model, error, digits, options);
//     Linear<float> averaged = result.ema;
//     Ema ema{model, {.decay = 0.999}};                    // of the caller's own
//     train(model, ema, error, digits, {.steps = 10});
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "inkling/autograd/tape.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/optim/adamw.hpp"
#include "inkling/optim/clip.hpp"
#include "inkling/optim/ema.hpp"
#include "inkling/optim/learning_rate.hpp"
#include "inkling/train/checkpoint.hpp"
#include "inkling/train/clock.hpp"
#include "inkling/train/finite.hpp"
#include "inkling/train/interrupt.hpp"
#include "inkling/train/log.hpp"
#include "inkling/train/progress.hpp"
#include "inkling/train/run_file.hpp"

namespace ink {

struct TrainOptions {
  Index steps = 1000;                  ///< 0: as many as `seconds` allows
  double seconds = 0;                  ///< time limit, earlier parts of a resumed run included; 0: none
  double (*clock)() = steady_seconds;  ///< whose seconds: those that pass, or processor_seconds (train/clock.hpp)
  Index batch_size = 64;
  double lr = 1e-3;  ///< peak
  double lr_floor = 0;
  Index warmup = 100;  ///< steps
  double weight_decay = 0.01;
  double clip = 1.0;  ///< largest gradient norm; 0: any
  double ema_decay = 0.999;
  Index accumulate = 1;         ///< batches a step
  std::string checkpoint = {};  ///< path; empty: none
  Index checkpoint_every = 500;
  bool resume = false;            ///< go on from the checkpoint, if there is one
  std::FILE* progress = nullptr;  ///< where to show progress; null: nowhere
  std::string log = {};           ///< path of a CSV file; empty: none
  bool catch_signals = true;      ///< end the run properly on Ctrl-C and others
  Key key{0};
  Settings settings = {};  ///< kept in the checkpoint
};

template <class M>
struct TrainResult {
  M ema;            ///< the model with averaged parameters
  Index steps = 0;  ///< done, earlier parts of a resumed run included
  double seconds = 0;
  double loss = 0;           ///< smoothed
  bool interrupted = false;  ///< by a signal
  std::string log_error;     ///< why the log ends before the run does; empty: it does not
};

namespace detail {

struct NoCallback {
  void operator()(const StepReport&) const {}
};

/// `loss`, found in the namespace of the model: the loop does not know the generators.
struct FoundLoss {
  template <class M, class Batch>
  auto operator()(const M& model, Tape& tape, const Batch& batch, Key key) const {
    return loss(model, tape, batch, key);
  }
};

template <class M, class Otherwise>
struct ScalarOf {
  using type = Otherwise;
};
template <class M, class Otherwise>
  requires requires { typename M::value_type; }
struct ScalarOf<M, Otherwise> {
  using type = typename M::value_type;
};

/// The most batches that can be drawn one after the other, so that every image of every step has a number.
inline Index most_steps(const TrainOptions& o) {
  return std::numeric_limits<Index>::max() / o.batch_size / o.accumulate - 1;
}

inline void check_options(const TrainOptions& o) {
  const auto require = [](bool good, const char* name, auto value, const char* rule) {
    require_option(good, "train", name, value, rule);
  };
  require(o.steps >= 0, "steps", o.steps, "0 or more");
  require(o.seconds >= 0 && std::isfinite(o.seconds), "seconds", o.seconds, "finite and not negative");
  require(o.steps > 0 || o.seconds > 0, "steps", o.steps, "above 0 without a time limit");
  if (o.clock == nullptr) throw ValueError("train: clock is null; it must be a function");
  require(o.batch_size >= 1, "batch_size", o.batch_size, "at least 1");
  require(o.accumulate >= 1, "accumulate", o.accumulate, "at least 1");
  require(o.batch_size <= std::numeric_limits<Index>::max() / o.accumulate && o.steps <= most_steps(o), "steps",
          o.steps, "so few that steps x batch_size x accumulate does not overflow");
  require(o.warmup >= 0, "warmup", o.warmup, "0 or more");
  require_not_negative("train", "lr", o.lr);
  require_finite("train", "lr_floor", o.lr_floor);
  require(o.lr_floor >= 0 && o.lr_floor <= o.lr, "lr_floor", o.lr_floor, "in [0, lr]");
  require_not_negative("train", "weight_decay", o.weight_decay);
  require(o.clip >= 0, "clip", o.clip, "0 or more");
  require(o.ema_decay >= 0 && o.ema_decay <= 1, "ema_decay", o.ema_decay, "in [0, 1]");
  require(o.checkpoint_every >= 1, "checkpoint_every", o.checkpoint_every, "at least 1");
  if (o.resume && o.checkpoint.empty()) throw ValueError("train: resume is true, checkpoint is empty; it needs a path");
  if (!o.log.empty() && o.log == o.checkpoint) {
    throw ValueError(text("train: log and checkpoint are both ", o.log, "; they must differ"));
  }
}

/// Batch number i of a data set or of a callable.
template <class M, class Data>
class BatchSource {
 public:
  BatchSource(const Data& data, Index size, Key key) : data_(data), size_(size), key_(key) {}

  auto operator()(Index i) const { return data_(i, key_); }

 private:
  const Data& data_;
  [[maybe_unused]] Index size_;
  Key key_;
};

template <class M>
class BatchSource<M, data::ImageDataset> {
 public:
  BatchSource(const data::ImageDataset& data, Index size, Key key) : data_(data), size_(size), rows_(data.size(), key) {
    check_batches("train", data.size(), size, 0, 0);
  }

  auto operator()(Index i) { return gather_batch<typename ScalarOf<M, float>::type>(data_, rows_(i, size_)); }

 private:
  const data::ImageDataset& data_;
  Index size_;
  BatchRows rows_;
};

/// A clock that goes on where an earlier part of the run stopped.
class RunClock {
 public:
  RunClock(double before, double (*seconds)()) : before_(before), seconds_(seconds), start_(seconds()) {}
  double here() const { return seconds_() - start_; }
  double total() const { return before_ + here(); }

 private:
  double before_;
  double (*seconds_)();
  double start_;
};

/// The mean of the losses and gradients of one step's batches.
template <class M, class Loss, class Source>
std::pair<double, Gradients> step_gradients(const M& model, const Loss& loss, Source& source,
                                            const TrainOptions& options, Index step) {
  Gradients sum;
  double mean_loss = 0;
  for (Index i = step * options.accumulate; i < (step + 1) * options.accumulate; ++i) {
    Tape tape;
    const auto batch = source(i);
    const auto value = loss(model, tape, batch, options.key.fold(1).fold(static_cast<std::uint64_t>(i)));
    const double number = static_cast<double>(value.item());
    if (!std::isfinite(number)) {
      throw ValueError(text("train: the loss at step ", step + 1, " is ", plain_number(number), "; it must be finite; ",
                            cause_of_bad_loss(model, batch, i)));
    }
    mean_loss += number / static_cast<double>(options.accumulate);
    sum.accumulate(tape.backward(value));
  }
  if (options.accumulate > 1) sum.scale(1 / static_cast<double>(options.accumulate));
  return {mean_loss, std::move(sum)};
}

inline ProgressReport progress_report(const TrainOptions& options, const RunState& state, Index first,
                                      double smoothed_loss, const RunClock& clock) {
  ProgressReport report{.step = state.step, .steps = options.steps, .loss = smoothed_loss};
  const auto done = static_cast<double>(state.step - first);
  report.seconds = clock.here();
  report.images = done * static_cast<double>(options.batch_size * options.accumulate);
  const double by_steps = static_cast<double>(state.step) / static_cast<double>(options.steps > 0 ? options.steps : 1);
  report.fraction = options.steps > 0 ? by_steps : 0;
  if (options.steps > 0) report.left = report.seconds / done * static_cast<double>(options.steps - state.step);
  if (options.seconds > 0) {
    const double by_time = options.seconds - state.seconds;
    report.fraction = std::max(report.fraction, state.seconds / options.seconds);
    report.left = report.left < 0 ? by_time : std::min(report.left, by_time);
  }
  return report;
}

/// Goes on from the checkpoint if there is one; model and ema stay as they are on any error.
template <class M, class O>
RunState resume_run(const TrainOptions& options, const RunFile& file, M& model, Ema<M>& ema, O& optimizer) {
  RunState state{.key = options.key};
  if (!options.resume || !file.exists()) return state;
  M loaded = model;
  Ema<M> average = ema;
  state = load_checkpoint(options.checkpoint, loaded, average, optimizer);
  if (state.key != options.key) {
    throw ValueError(text("train: key is ", options.key.seed(), ", the checkpoint's is ", state.key.seed(),
                          "; a run is resumed with its own key"));
  }
  if (state.step > most_steps(options)) {
    throw IoError(options.checkpoint, text("has step ", state.step, "; the most for this batch_size and accumulate is ",
                                           most_steps(options)));
  }
  model = std::move(loaded);
  ema = std::move(average);
  return state;
}

/// The gradients' length, before they are shortened to the option's.
template <class M>
double clip_gradients(const M& model, Gradients& gradients, const TrainOptions& options, Index step) {
  const double norm = global_norm(model, gradients);
  if (!std::isfinite(norm)) {
    const auto found = not_finite_gradient(model, gradients);
    throw ValueError(text("train: the gradient's norm at step ", step + 1, " is ", plain_number(norm),
                          found.empty() ? "" : ": that of ", found,
                          "; it must be finite (a lower lr or a longer warmup may help)"));
  }
  if (options.clip > 0 && norm > options.clip) shorten(gradients, options.clip / norm);
  return norm;
}

/// Who is told of a run's steps, and of what goes wrong without ending it.
class RunReports {
 public:
  RunReports(const TrainOptions& options, Index first) : log_(options.log, first), progress_(options.progress) {}

  template <class M, class OnStep>
  void tell(StepReport report, const ProgressReport& progress, const M& averaged, OnStep& on_step) {
    warn(log_.add(report));
    report.warning = std::exchange(warning_, {});
    progress_.update(progress);
    if constexpr (std::invocable<OnStep&, const StepReport&, const M&>) {
      on_step(std::as_const(report), averaged);
    } else {
      on_step(std::as_const(report));
    }
  }

  /// Shows it at once, and tells on_step with the next report.
  void warn(const std::string& trouble) {
    if (trouble.empty()) return;
    progress_.note(trouble.c_str());
    warning_ += text(warning_.empty() ? "" : "; ", trouble);
  }

  /// For a run that ends with an exception: nothing that could throw another.
  void tell_of_loss() { progress_.note("the last step could not be saved; the checkpoint is the one before"); }

  void finish() { progress_.finish(); }
  const std::string& log_error() const { return log_.error(); }

 private:
  RunLog log_;
  Progress progress_;
  std::string warning_;
};

}  // namespace detail

/// Keeps the average in `ema`, which is the caller's whatever ends the run. Calls on_step(const StepReport&), or
/// on_step(const StepReport&, const M& averaged), after every step.
template <class M, class Loss, class Data, class OnStep = detail::NoCallback>
TrainResult<M> train(M& model, Ema<M>& ema, const Loss& loss, const Data& data, const TrainOptions& options,
                     OnStep on_step = {}) {
  detail::check_options(options);
  std::optional<Interrupt> interrupt;
  if (options.catch_signals) interrupt.emplace();
  AdamW optimizer(model, {.lr = options.lr, .weight_decay = options.weight_decay});
  detail::RunFile file(options.checkpoint);
  RunState state = detail::resume_run(options, file, model, ema, optimizer);
  state.settings = options.settings;
  const Index first = state.step;
  if (first > 0) file.holds(first);

  detail::BatchSource<M, Data> source(data, options.batch_size, options.key.fold(0));
  const WarmupCosine rate{
      .peak = options.lr, .warmup = options.warmup, .total = options.steps, .floor = options.lr_floor};
  SmoothedLoss smoothed{state.loss_sum, state.loss_weight};
  detail::RunReports reports(options, first);
  const detail::RunClock clock(state.seconds, options.clock);
  const auto stopped = [&] { return interrupt && interrupt->requested(); };
  const auto more = [&] {
    return !stopped() && (options.steps == 0 || state.step < options.steps) &&
           (options.seconds == 0 || state.seconds < options.seconds);
  };
  bool whole = true;  // whether model, optimiser and average are of the same step

  try {
    while (more()) {
      auto [step_loss, gradients] = detail::step_gradients(std::as_const(model), loss, source, options, state.step);
      const double norm = detail::clip_gradients(model, gradients, options, state.step);
      const double lr = rate(state.step, options.seconds > 0 ? clock.total() / options.seconds : 0);
      optimizer.update(model, gradients, lr);
      whole = false;
      ema.update(model);
      whole = true;
      ++state.step;
      smoothed.add(step_loss);
      state.loss_sum = smoothed.sum;
      state.loss_weight = smoothed.weight;
      state.seconds = clock.total();

      reports.tell({state.step, state.seconds, step_loss, smoothed.value(), lr, norm, {}},
                   detail::progress_report(options, state, first, smoothed.value(), clock), ema.model(), on_step);
      if (state.step % options.checkpoint_every == 0) reports.warn(file.save_midway(model, ema, optimizer, state));
    }
    detail::check_finite("train", model, ema, optimizer, state);
  } catch (...) {
    if (state.step > first && !(whole && file.rescue(model, ema, optimizer, state))) reports.tell_of_loss();
    throw;
  }
  file.save(model, ema, optimizer, state);
  reports.finish();
  return {ema.model(), state.step, state.seconds, smoothed.value(), stopped(), reports.log_error()};
}

/// The same with an average of the run's own.
template <class M, class Loss, class Data, class OnStep = detail::NoCallback>
TrainResult<M> train(M& model, const Loss& loss, const Data& data, const TrainOptions& options, OnStep on_step = {}) {
  detail::check_options(options);
  Ema<M> ema(model, {.decay = options.ema_decay});
  return train(model, ema, loss, data, options, std::move(on_step));
}

/// The same with the loss that belongs to the model: `loss(model, tape, batch, key)`.
template <class M, class Data, class OnStep = detail::NoCallback>
TrainResult<M> train(M& model, const Data& data, const TrainOptions& options, OnStep on_step = {}) {
  return train(model, detail::FoundLoss{}, data, options, std::move(on_step));
}

template <class M, class Data, class OnStep = detail::NoCallback>
TrainResult<M> train(M& model, Ema<M>& ema, const Data& data, const TrainOptions& options, OnStep on_step = {}) {
  return train(model, ema, detail::FoundLoss{}, data, options, std::move(on_step));
}

}  // namespace ink
