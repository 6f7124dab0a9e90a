#include "study/harness/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <thread>

#include "inkling/core/parallel.hpp"
#include "inkling/data/mnist.hpp"
#include "inkling/train/interrupt.hpp"
#include "study/harness/bench.hpp"
#include "study/harness/machine.hpp"
#include "study/harness/store.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#define STUDY_FORKS 1
#else
#define STUDY_FORKS 0
#endif

namespace study {
namespace {

using ink::text;

double cost(const Task& task, double per_weight) { return task.training * per_weight + task.measuring; }

Record fingerprint(const Settings& s) {
  Record r;
  r.set("data", s.full ? "all of MNIST" : "the embedded digits");
  r.set("minutes", s.minutes);
  r.set("steps", static_cast<double>(s.steps));
  r.set("seed", static_cast<double>(s.seed));
  return r;
}

std::string command(const Settings& s, const std::string& task) {
  std::string all = "./dev study --budget " + text(s.minutes);
  if (s.full) all += " --full";
  if (s.seed != 1) all += " --seed " + std::to_string(s.seed);
  return all + " --only " + task;
}

/// What all tasks share, read once, before the workers are forked.
struct Shared {
  Digits digits;
  Judge judge;

  explicit Shared(const Settings& s)
      : digits{ink::data::mnist(s.data, ink::data::Split::train), ink::data::mnist(s.data, ink::data::Split::test)},
        judge(digits.train, digits.test, s.weights + "/judge.safetensors") {}
};

class Worker {
 public:
  Worker(const std::vector<Task>& tasks, const Settings& settings, const Store& store, const Shared& shared)
      : tasks_(tasks),
        settings_(settings),
        store_(store),
        results_(settings),
        bench_(settings, shared.digits, shared.judge, results_),
        per_weight_(seconds_per_weight(tasks, settings)) {}

  /// Takes tasks until all are done or failed; false if it was told to stop.
  bool work() {
    const ink::Interrupt interrupt;
    for (bool waiting = true; waiting;) {
      waiting = false;
      bool took = false;
      for (const Task& task : tasks_) {
        if (interrupt.requested() || orphaned()) return false;
        if (store_.done(task.name) || store_.failed(task.name)) continue;
        waiting = true;
        if (!ready(task)) continue;
        const auto mine = store_.lock(task.name);
        if (!mine || store_.done(task.name) || store_.failed(task.name)) continue;
        if (!attempt(task)) return false;
        took = true;
        break;  // the first of the list that is due comes next
      }
      if (waiting && !took) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
  }

 private:
  /// Whether all that it needs is done; a task whose needs failed fails.
  bool ready(const Task& task) {
    for (const std::string& need : task.needs) {
      if (store_.failed(need)) {
        store_.save_error(task.name, "it needs " + need + ", which failed");
        return false;
      }
      if (!store_.done(need)) return false;
      if (!results_.has(need)) results_.add(need, *store_.record(need));
    }
    return true;
  }

  bool attempt(const Task& task) {
    const double start = ink::processor_seconds();
    bench_.begin(task.name, task.training * per_weight_);
    try {
      Record record = task.run(bench_);
      const double all = ink::processor_seconds() - start;
      record.set("training_time", bench_.training_time());
      record.set("sampling_time", bench_.sampling_time());
      record.set("other_time", std::max(0.0, all - bench_.training_time() - bench_.sampling_time()));
      record.set("machine", machine());
      record.set("date", date());
      record.set("command", command(settings_, task.name));
      store_.save(task.name, record);
    } catch (const Interrupted&) {
      return false;
    } catch (const std::exception& error) {
      store_.save_error(task.name, error.what());
    }
    bench_.remove_checkpoints();
    return true;
  }

  /// Whether the process that began the work is gone.
  bool orphaned() const {
#if STUDY_FORKS
    return ::getpid() != begun_by_ && ::getppid() != begun_by_;
#else
    return false;
#endif
  }

  const std::vector<Task>& tasks_;
  const Settings& settings_;
  const Store& store_;
  Results results_;
  Bench bench_;
  double per_weight_;
#if STUDY_FORKS
  ::pid_t begun_by_ = ::getpid();
#endif
};

/// A line that says how far the run is, on a terminal again and again, otherwise now and then.
class ProgressLine {
 public:
  ProgressLine(const std::vector<Task>& tasks, const Settings& settings, const Store& store)
      : tasks_(tasks), store_(store), per_weight_(seconds_per_weight(tasks, settings)), workers_(settings.workers) {
    before_ = done().second;
  }

  void show() {
    const double now = ink::steady_seconds();
    if (now - last_ < (terminal() ? 1 : 60)) return;
    last_ = now;
    const auto [count, cost_done] = done();
    const double spent = now - start_, all = total(), share = cost_done - before_;
    const double left = share > 0.02 * all ? spent / share * (all - cost_done) : (all - cost_done) / workers_;
    std::fprintf(stderr, "%sstudy: %d of %d tasks, %.0f min, about %.0f min left%s", terminal() ? "\r" : "", count,
                 static_cast<int>(tasks_.size()), spent / 60, left / 60, terminal() ? "   " : "\n");
  }
  void end() const {
    if (terminal()) std::fputc('\n', stderr);
  }

 private:
  static bool terminal() {
#if STUDY_FORKS
    return ::isatty(2) != 0;
#else
    return false;
#endif
  }
  double total() const {
    double sum = 0;
    for (const Task& task : tasks_) sum += cost(task, per_weight_);
    return sum;
  }
  std::pair<int, double> done() const {
    std::pair<int, double> sum{0, 0.0};
    for (const Task& task : tasks_) {
      if (!store_.done(task.name) && !store_.failed(task.name)) continue;
      ++sum.first;
      sum.second += cost(task, per_weight_);
    }
    return sum;
  }

  const std::vector<Task>& tasks_;
  const Store& store_;
  double per_weight_, workers_, before_ = 0, start_ = ink::steady_seconds(), last_ = 0;
};

/// Calls work() in as many processes as there are workers; false if one was told to stop.
bool work_in_processes(const Settings& settings, const std::function<bool()>& work, ProgressLine& progress) {
  ink::set_thread_count(1);
#if STUDY_FORKS
  std::fflush(nullptr);
  std::set<::pid_t> children;
  for (int i = 0; i < settings.workers; ++i) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      int code = 1;
      try {
        code = work() ? 0 : 130;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "study: %s\n", error.what());
      }
      std::fflush(nullptr);
      ::_exit(code);
    }
    if (child < 0) break;
    children.insert(child);
  }
  if (children.empty()) return work();
  const ink::Interrupt interrupt;  // the children are told as well, and end in good order
  bool whole = true;
  while (!children.empty()) {
    int status = 0;
    const ::pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended > 0 && children.erase(ended) > 0) whole &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended < 0 && errno == ECHILD) break;
    progress.show();
    if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return whole && !interrupt.requested();
#else
  (void)settings;
  (void)progress;
  return work();
#endif
}

}  // namespace

std::vector<Task> tasks_of(const std::vector<Claim>& claims, const Settings& settings,
                           const std::vector<std::string>& only) {
  std::vector<Task> all;
  std::map<std::string, std::size_t> places;
  for (const Claim& claim : claims) {
    if (!claim.tasks) continue;
    for (Task& task : claim.tasks(settings)) {
      if (!places.emplace(task.name, all.size()).second)
        throw ink::ValueError("study: two tasks are named " + task.name);
      all.push_back(std::move(task));
    }
  }
  std::set<std::size_t> wanted;
  const std::function<void(std::size_t)> want = [&](std::size_t i) {
    if (!wanted.insert(i).second) return;
    for (const std::string& need : all[i].needs) {
      const auto at = places.find(need);
      if (at == places.end()) throw ink::ValueError("study: " + all[i].name + " needs " + need + ", which is no task");
      want(at->second);
    }
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto begins = [&](const std::string& prefix) { return all[i].name.rfind(prefix, 0) == 0; };
    if (only.empty() || std::any_of(only.begin(), only.end(), begins)) want(i);
  }
  std::vector<Task> some;
  for (const std::size_t i : wanted) some.push_back(all[i]);
  // The longest first, so that no worker is left with one at the end.
  std::stable_sort(some.begin(), some.end(), [](const Task& a, const Task& b) { return a.training > b.training; });
  return some;
}

double seconds_per_weight(const std::vector<Task>& tasks, const Settings& settings) {
  double weights = 0, measuring = 0;
  for (const Task& task : tasks) {
    weights += task.training;
    measuring += task.measuring;
  }
  const double all = settings.minutes * 60 * settings.workers;
  return weights > 0 ? std::max(0.95 * all - measuring, 0.4 * all) / weights : 0;
}

Run run(const std::vector<Task>& tasks, const Settings& settings) {
  const Store store(settings);
  store.check_settings(fingerprint(settings));
  bool left = false;
  for (const Task& task : tasks) {
    store.forget_error(task.name);
    left |= !store.done(task.name);
  }
  bool whole = true;
  if (left) {
    const Shared shared(settings);
    Worker worker(tasks, settings, store, shared);
    ProgressLine progress(tasks, settings, store);
    whole = work_in_processes(settings, [&] { return worker.work(); }, progress);
    progress.end();
  }
  Run all = finished(tasks, settings);
  all.interrupted = !whole;
  return all;
}

Run finished(const std::vector<Task>& tasks, const Settings& settings) {
  const Store store(settings);
  Run all{Results(settings), {}, false};
  for (const Task& task : tasks) {
    if (const auto record = store.record(task.name)) all.results.add(task.name, *record);
    if (const auto error = store.error(task.name)) all.errors[task.name] = *error;
  }
  return all;
}

std::string time_spent(const Results& results) {
  double training = 0, sampling = 0, other = 0;
  for (const auto& [name, record] : results.all()) {
    training += record.number("training_time");
    sampling += record.number("sampling_time");
    other += record.number("other_time");
  }
  const double all = std::max(training + sampling + other, 1e-9);
  char line[160];
  std::snprintf(line, sizeof line,
                "%.0f processor seconds: %.1f %% training, %.1f %% sampling and evaluating networks, %.1f %% the rest.",
                all, 100 * training / all, 100 * sampling / all, 100 * other / all);
  return line;
}

}  // namespace study
