// survive [kills] [folder] [seed]: a training run that is killed (kill -9) at random moments of its steps and saves,
// and resumed each time, must end with the weights of a run that nobody disturbed, byte for byte, and leave nothing
// behind.
//
// The run saves after every step, and every other kill waits for a save. When it comes to its end before
// it is killed, the end is compared and a new run begins.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "small_run.hpp"

namespace {

using namespace ink;

constexpr Index steps = 30, width = 20000;

struct Places {
  std::string run, end, expected;
};

/// Trains, resuming if there is something to go on from, and writes the end.
void train_to(const Places& places, const std::string& end, bool resume) {
  toy::batch_size = 1;  // so that steps take no longer than saves
  survival::Network model(width);
  auto options = survival::options_in(places.run, steps);
  options.checkpoint_every = 1;
  options.resume = resume;
  survival::save_end(end, model, train(model, toy::error, toy::batch_at, options));
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "survive: FAILED: %s\n", what.c_str());
  std::exit(1);
}

/// Runs f in a child; its id.
template <class F>
pid_t start(F f) {
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child > 0) return child;
  try {
    f();
    ::_exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "survive: %s\n", error.what());
    ::_exit(1);
  }
}

void check_end(const Places& places) {
  if (io::read_file(places.end) != io::read_file(places.expected))
    fail("the weights differ from the undisturbed run's");
  if (!survival::log_is_whole(places.run + "/run.csv", steps)) fail("the log has not every step once");
  const auto names = survival::names_in(places.run);
  if (names != std::vector<std::string>{"run.csv", "run.safetensors"}) {
    std::string list;
    for (const auto& name : names) list += " " + name;
    fail("the folder holds" + list);
  }
  survival::make_empty(places.run);
  std::filesystem::remove(places.end);
}

bool saving(const Places& places) {
  const auto names = survival::names_in(places.run);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.find(".inkling-tmp-") != std::string::npos; });
}

}  // namespace

int main(int count, char** arguments) {
  const int kills = count > 1 ? std::atoi(arguments[1]) : 100;
  const std::string folder = count > 2 ? arguments[2] : INKLING_TEST_TMP "/survive";
  Key key{count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1};
  if (kills < 1) fail("kills must be a whole number, at least 1");
  const Places places{folder + "/run", folder + "/end.safetensors", folder + "/expected.safetensors"};
  survival::make_empty(places.run);

  const auto begin = std::chrono::steady_clock::now();
  int status = 0;
  ::waitpid(start([&] { train_to(places, places.expected, false); }), &status, 0);
  if (status != 0) fail("the undisturbed run");
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  survival::make_empty(places.run);

  int in_saves = 0, ends = 0;
  const auto wait_for_end = [&](pid_t child) {
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return false;
    if (status != 0) fail("a resumed run");
    check_end(places);
    ++ends;
    return true;
  };
  for (int kill = 0; kill < kills;) {
    const pid_t child = start([&] { train_to(places, places.end, true); });
    // Up to a quarter of the whole run, so that several kills fall into each.
    key = key.fold(1);
    const double wait = whole / 4 * static_cast<double>(key.seed() % 1000) / 1000;
    ::usleep(static_cast<useconds_t>(wait * 1e6));
    if (kill % 2 == 1) {
      // Every other kill waits for a save, and falls into it or shortly after.
      for (int i = 0; i < 20000 && !saving(places); ++i) ::usleep(50);
      ::usleep(static_cast<useconds_t>(key.seed() / 1000 % 3000));
    }
    ::kill(child, SIGKILL);
    if (wait_for_end(child)) continue;
    ++kill;
    in_saves += saving(places);
  }
  if (!wait_for_end(start([&] { train_to(places, places.end, true); }))) fail("the last run was killed");
  std::printf(
      "survive: %d kills, %d of them within a save; %d times the end had the undisturbed weights, byte "
      "for byte, a whole log and nothing left behind\n",
      kills, in_saves, ends);
  std::filesystem::remove_all(folder);
}
