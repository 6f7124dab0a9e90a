// What must not cost a run its weights, each by itself and in short: an unreadable path, a full disk, a closed pipe, a
// signal, a second run, a flipped bit, a kill. tests/train has the exceptions and the steps that go wrong.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../support/child.hpp"
#include "small_run.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <cerrno>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace survival_test {

using namespace ink;
using survival::Network;
namespace fs = std::filesystem;

namespace {

std::string folder(const std::string& name) {
  const std::string path = std::string(INKLING_TEST_TMP) + "/" + name;
  survival::make_empty(path);
  return path;
}

/// What an IoError says; nothing if there was none.
template <class F>
std::string io_error(F f) {
  try {
    f();
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

/// Runs f in a child, where limits and handlers may be changed; true if it returned true.
template <class F>
bool in_child(F f) {
  return testing::in_child([&] { return f() ? 42 : 1; }) == 42;
}

TrainResult<Network> run(Network& model, const TrainOptions& options) {
  return train(model, toy::error, toy::batch_at, options);
}

/// A run that nobody disturbs, for comparison.
struct Undisturbed {
  Network model;
  TrainResult<Network> result;

  explicit Undisturbed(TrainOptions options) : result(run(model, plain(options))) {}
  static TrainOptions plain(TrainOptions options) {
    options.checkpoint.clear();
    options.log.clear();
    options.resume = false;
    return options;
  }
  bool equals(const Network& other, const Network& average) const {
    return toy::same_bits(model, other) && toy::same_bits(result.ema, average);
  }
};

/// Resumes and compares with the undisturbed run.
bool ends_well(TrainOptions options) {
  const Undisturbed whole(options);
  options.resume = true;
  options.progress = nullptr;
  Network model;
  const auto result = run(model, options);
  return result.steps == options.steps && whole.equals(model, result.ema);
}

Index saved_step(const std::string& path) {
  Network model;
  Ema ema(model);
  AdamW optimizer(model);
  return load_checkpoint(path, model, ema, optimizer).step;
}

void limit_file_size(rlim_t bytes) {
  rlimit limit;
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// The read end of a pipe that is closed, as a stream to write to.
std::FILE* closed_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) return nullptr;
  ::close(ends[0]);
  return ::fdopen(ends[1], "w");
}

}  // namespace

TEST_CASE("survival: nothing but a definite 'not there' starts afresh") {
  const auto here = folder("unreadable");
  auto options = survival::options_in(here, 8);
  Network model;
  run(model, options);
  const auto good = io::read_file(options.checkpoint);
  options.resume = true;
  Index steps = 0;
  const auto refused = [&](const std::string& path) {
    auto astray = options;
    astray.checkpoint = path;
    const auto why =
        io_error([&] { train(model, toy::error, toy::batch_at, astray, [&](const StepReport&) { ++steps; }); });
    CHECK(io::read_file(options.checkpoint) == good);
    return why;
  };
  fs::create_symlink("loop", here + "/loop");
  CHECK(refused(here + "/loop") == here + "/loop: cannot be written: " + detail::system_reason(ELOOP));
  CHECK(refused(options.log + "/run").starts_with(options.log + "/run: cannot be written: "));
  CHECK(refused(here + "/unmounted/run").starts_with(here + "/unmounted/run: cannot be written: there is no folder "));
  const auto longer = here + "/" + std::string(256, 'a');
  CHECK(refused(longer) == longer + ": cannot be written: " + detail::system_reason(ENAMETOOLONG));
  CHECK(refused(here) == here + ": cannot be written: is a folder; a file is needed");
  CHECK(steps == 0);

  // A folder that another user may not enter; root, who may enter all, becomes another user for this.
  fs::permissions(here, fs::perms::none);
  CHECK(in_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return true;
    const auto why = io_error([&] { run(model, options); });
    return why.find(": cannot be written: ") != std::string::npos;
  }));
  fs::permissions(here, fs::perms::owner_all);
  CHECK(io::read_file(options.checkpoint) == good);
  CHECK(survival::names_in(here) == std::vector<std::string>{"loop", "run.csv", "run.safetensors"});
}

TEST_CASE("survival: paths that can't be written are found out before the first step") {
  const auto here = folder("untried");
  Network model;
  Index steps = 0;
  const auto refused = [&](TrainOptions options) {
    return io_error([&] { train(model, toy::error, toy::batch_at, options, [&](const StepReport&) { ++steps; }); });
  };
  auto options = survival::options_in(here, 3);
  options.checkpoint = here + "/none/run.safetensors";
  CHECK(refused(options).ends_with("cannot be written: there is no folder " + here + "/none"));
  options = survival::options_in(here, 3);
  options.log = here + "/none/run.csv";
  CHECK(refused(options).ends_with("cannot be written: there is no folder " + here + "/none"));
  options.log = here;
  CHECK(refused(options).ends_with("is a folder; a file is needed"));
  options.log = "/dev/full";
  if (fs::exists(options.log))
    CHECK(refused(options) == "/dev/full: cannot be written: " + detail::system_reason(ENOSPC));
  CHECK(steps == 0);
  CHECK(survival::names_in(here).empty());
}

TEST_CASE("survival: a full disk under the log is told once, and the run goes on") {
  const auto options = survival::options_in(folder("full_log"), 60);
  CHECK(in_child([&] {
    const Undisturbed whole(options);
    Network model;
    int told = 0;
    auto unsaved = options;
    unsaved.checkpoint.clear();
    unsaved.progress = std::tmpfile();
    const auto result = train(model, toy::error, toy::batch_at, unsaved, [&](const StepReport& report) {
      told += !report.warning.empty();
      if (report.step == 10) limit_file_size(fs::file_size(options.log) + 20);
      if (report.step == 20) limit_file_size(RLIM_INFINITY);
    });
    std::string shown(2000, 0);
    std::rewind(unsaved.progress);
    shown.resize(std::fread(shown.data(), 1, shown.size(), unsaved.progress));
    const auto first = shown.find("the log ends before step 11: ");
    return whole.equals(model, result.ema) && told == 1 &&
           result.log_error == options.log + ": cannot be written: " + detail::system_reason(EFBIG) &&
           first != shown.npos && shown.find("the log", first + 1) == shown.npos;
  }));
}

TEST_CASE("survival: a full disk under the checkpoint costs neither the run nor the former checkpoint") {
  const auto options = survival::options_in(folder("full_disk"), 40);
  // Room again before the end.
  CHECK(in_child([&] {
    const Undisturbed whole(options);
    Network model;
    std::vector<std::string> told;
    auto unlogged = options;
    unlogged.log.clear();
    const auto result = train(model, toy::error, toy::batch_at, unlogged, [&](const StepReport& report) {
      if (!report.warning.empty()) told.emplace_back(report.warning);
      if (report.step == 10) limit_file_size(1000);
      if (report.step == 25 && saved_step(options.checkpoint) != 8) told.emplace_back("it was not kept");
      if (report.step == 30) limit_file_size(RLIM_INFINITY);
    });
    return whole.equals(model, result.ema) && told.size() == 2 && saved_step(options.checkpoint) == 40 &&
           told[0].starts_with("the checkpoint of step 12 could not be saved: " + options.checkpoint) &&
           told[1] == "the checkpoint of step 32 is saved again";
  }));
  // No room until the end: an error, but not before the caller has everything.
  fs::remove(options.checkpoint);
  CHECK(in_child([&] {
    const Undisturbed whole(options);
    Network model;
    Ema ema(model, {.decay = options.ema_decay});
    auto unlogged = options;
    unlogged.log.clear();
    const auto why = io_error([&] {
      train(model, ema, toy::error, toy::batch_at, unlogged, [&](const StepReport& report) {
        if (report.step == 10) limit_file_size(1000);
      });
    });
    return why == options.checkpoint + ": cannot be written: " + detail::system_reason(EFBIG) &&
           whole.equals(model, ema.model()) && saved_step(options.checkpoint) == 8;
  }));
  CHECK(survival::names_in(fs::path(options.checkpoint).parent_path().string()) ==
        std::vector<std::string>{"run.safetensors"});
}

TEST_CASE("survival: a signal ends the run with its checkpoint") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto options = survival::options_in(folder("signal"), 30);
    CHECK(in_child([&] {
      std::signal(signal, SIG_DFL);
      Network model;
      const auto result = train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) {
        if (report.step == 11) ::kill(::getpid(), signal);
      });
      return result.interrupted && result.steps == 11 && saved_step(options.checkpoint) == 11;
    }));
    CHECK(ends_well(options));
  }
}

TEST_CASE("survival: a closed pipe ends the run with its checkpoint, unless the program ignores that") {
  auto options = survival::options_in(folder("pipe"), 30);
  CHECK(in_child([&] {
    std::signal(SIGPIPE, SIG_DFL);
    options.progress = closed_pipe();
    Network model;
    const auto result = run(model, options);
    const bool back = std::signal(SIGPIPE, SIG_IGN) == SIG_DFL;
    return back && result.interrupted && result.steps == 1 && saved_step(options.checkpoint) == 1;
  }));
  CHECK(in_child([&] {
    std::signal(SIGPIPE, SIG_IGN);
    options.progress = closed_pipe();
    Network model;
    const auto result = run(model, options);
    return !result.interrupted && result.steps == 30;
  }));
  // What on_step writes to a pipe that is gone ends the run as well.
  options = survival::options_in(folder("pipe"), 30);
  CHECK(in_child([&] {
    std::signal(SIGPIPE, SIG_DFL);
    std::FILE* pipe = closed_pipe();
    Network model;
    const auto result = train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) {
      if (report.step == 9) std::fputs("hello\n", pipe);
      std::fflush(pipe);
    });
    return result.interrupted && saved_step(options.checkpoint) == 9;
  }));
  CHECK(ends_well(options));
}

TEST_CASE("survival: a second run into one checkpoint is refused at once") {
  const auto here = folder("second");
  auto options = survival::options_in(here, 12);
  Network model, other;
  const auto refused = [&] {
    auto second = options;
    second.resume = true;
    second.log.clear();
    return io_error([&] { run(other, second); });
  };
  const auto in_use = options.checkpoint + ": is in use by another run, process ";
  train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) {
    if (report.step != 6) return;
    CHECK(refused().starts_with(in_use));                               // on this thread
    std::thread([&] { CHECK(refused().starts_with(in_use)); }).join();  // on another
    CHECK(in_child([&] { return refused().starts_with(in_use); }));     // of another process
  });
  CHECK(toy::same_bits(other, Network()));
  CHECK(survival::names_in(here) == std::vector<std::string>{"run.csv", "run.safetensors"});
  CHECK(refused() == "");
  CHECK(toy::same_bits(other, model));
}

TEST_CASE("survival: a checkpoint with a flipped bit is neither resumed nor written over") {
  const auto options = survival::options_in(folder("flipped"), 8);
  Network model;
  run(model, options);
  auto bytes = io::read_file(options.checkpoint);
  for (const std::size_t at : {std::size_t{30}, bytes.size() / 2, bytes.size() - 1}) {
    auto bad = bytes;
    bad[at] ^= 4;
    io::write_file_atomic(options.checkpoint, bad);
    auto again = options;
    again.resume = true;
    CHECK(io_error([&] { run(model, again); }) != "");
    CHECK(io::read_file(options.checkpoint) == bad);
  }
}

TEST_CASE("survival: kill -9 costs no more than the steps since the last checkpoint") {
  const auto here = folder("killed");
  auto options = survival::options_in(here, 40);
  options.resume = true;
  const Undisturbed whole(options);
  for (const Index last : {Index{3}, Index{10}, Index{25}}) {
    CHECK_FALSE(in_child([&] {
      Network model;
      train(model, toy::error, toy::batch_at, options, [&](const StepReport& report) {
        if (report.step == last) ::kill(::getpid(), SIGKILL);
      });
      return true;
    }));
    if (last > 4) CHECK(saved_step(options.checkpoint) == last / 4 * 4);
  }
  io::write_file_atomic(options.checkpoint + ".inkling-tmp-3", io::Bytes{1});  // as if within a save
  CHECK(ends_well(options));
  CHECK(survival::log_is_whole(options.log, 40));
  CHECK(survival::names_in(here) == std::vector<std::string>{"run.csv", "run.safetensors"});
}

}  // namespace survival_test
#endif
