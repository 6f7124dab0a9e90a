// study: measures every claim of the argument and writes the page. `./dev study` builds and runs it.
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "study/claims/claims.hpp"
#include "study/harness/report.hpp"
#include "study/harness/run.hpp"

namespace {

struct Arguments {
  study::Settings settings;
  std::vector<std::string> only;
  bool list = false, page = false;
};

void add_options(CLI::App& app, Arguments& a) {
  study::Settings& s = a.settings;
  app.add_option("--budget", s.minutes, "minutes of the whole run: 10 is coarse, 60 usual, 300 good")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--full", s.full, "all of MNIST (./dev data) instead of the embedded digits");
  app.add_option("--only", a.only, "only tasks whose name begins so, and what they need")->delimiter(',');
  app.add_option("--out", s.out, "folder of results and page; a run that was interrupted there goes on")
      ->capture_default_str();
  app.add_option("--data", s.data, "folder of the MNIST files");
  app.add_option("--weights", s.weights, "folder of the weights that ship with the examples")->capture_default_str();
  app.add_option("--workers", s.workers, "processes, of one thread each")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--seed", s.seed, "of everything random")->capture_default_str();
  app.add_option("--steps", s.steps, "train by steps instead of time: the same numbers on any machine")
      ->check(CLI::PositiveNumber);
  app.add_flag("--list", a.list, "name the tasks and the seconds that each may train, and end");
  app.add_flag("--page", a.page, "write the page from what is there, and end");
}

int run(const Arguments& a) {
  const auto claims = study::all_claims();
  const auto tasks = study::tasks_of(claims, a.settings, a.only);
  if (a.list) {
    const double unit = study::seconds_per_weight(tasks, a.settings);
    for (const study::Task& task : tasks) {
      std::printf("%-48s %8.1f s of training, about %.1f s of measuring\n", task.name.c_str(), task.training * unit,
                  task.measuring);
    }
    return 0;
  }
  const auto result = a.page ? study::finished(tasks, a.settings) : study::run(tasks, a.settings);
  for (const auto& [task, error] : result.errors) std::fprintf(stderr, "study: %s: %s\n", task.c_str(), error.c_str());
  if (result.interrupted) {
    std::fprintf(stderr, "study: interrupted; the same command goes on where it was\n");
    return 130;
  }
  const auto page = study::make_page(claims, result, a.settings);
  study::write_page(page, result.results);
  std::printf("%s%s\nThe page: %s.html\n", study::verdicts(page).c_str(), study::time_spent(result.results).c_str(),
              a.settings.out.c_str());
  return result.errors.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.settings.workers = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App app{"Measures every claim of the argument on MNIST and writes a page."};
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.settings.full && app.count("--data") == 0) arguments.settings.data = "data/mnist";
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "study: %s\n", error.what());
    return 1;
  }
}
