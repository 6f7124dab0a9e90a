// The command line of the example programs.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

struct ProgramSettings {
  std::string data = "examples/data/mnist";  ///< folder of the MNIST files
  std::string out = "out";                   ///< folder for pictures, weights and logs
  std::string classifier;                    ///< weights of 03_classifier, to judge generated images with
  std::uint64_t seed = 42;
  long steps = 1000;
  double seconds = 0;  ///< of training; 0: until `steps`
  long batch = 64;
  double lr = 1e-3;
  long judge = 0;       ///< generated images to judge
  double guidance = 1;  ///< of generators: the scale
  bool resume = false;
  bool quick = false;  ///< a few steps only, to see that everything runs
};

struct NoMoreOptions {
  void operator()(CLI::App&) const {}
};

/// Fills the settings from the command line; add(app) adds a program's own. Returns false if the program should end
/// with `status`.
template <class Add = NoMoreOptions>
bool parse(int argc, char** argv, const std::string& summary, ProgramSettings& s, int& status, const Add& add = {}) {
  CLI::App app{summary};
  app.add_option("--data", s.data, "folder of the MNIST files (./dev data fetches the full set to data/mnist)")
      ->capture_default_str();
  app.add_option("--out", s.out, "folder for pictures, weights and logs")->capture_default_str();
  app.add_option("--seed", s.seed, "seed of everything random")->capture_default_str();
  app.add_option("--steps", s.steps, "training steps")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seconds", s.seconds, "stop training after this time; 0: no limit")->capture_default_str();
  app.add_option("--batch", s.batch, "images per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "learning rate at its highest")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--classifier", s.classifier, "weights of 03_classifier, to judge generated images with");
  app.add_option("--judge", s.judge, "generated images to judge; 0: as many as in the picture")->capture_default_str();
  app.add_flag("--resume", s.resume, "continue from the last checkpoint");
  app.add_flag("--quick", s.quick, "a few steps only, to see that everything runs");
  add(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error);
    return false;
  }
  if (s.quick) {
    s.steps = 3;
    s.batch = 8;
  }
  return true;
}
