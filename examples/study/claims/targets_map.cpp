#include "study/claims/targets_map.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/io/png_reader.hpp"
#include "study/claims/main_systems.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

/// Smaller batches where an image costs more, so that every network makes some hundred steps in its seconds.
Index batch_of(const std::string& network) {
  const int patch = patch_of(network);
  return patch >= 14 ? 64 : patch == 7 ? 32 : patch == 4 ? 16 : 8;
}

TrainOptions cell_training(const std::string& network) {
  return {.batch_size = batch_of(network), .lr = 3e-3, .warmup = 30, .ema_decay = 0.99};
}

systems::DrawOptions cell_drawing(const Settings& s) {
  return {.sampler = "ddim", .steps = s.steps > 0 ? 3 : s.minutes < 30 ? 8 : 12, .clip = true};
}

/// Whether an error is that of a network whose numbers grew without bound.
bool is_divergence(const ValueError& error) { return std::string(error.what()).find("finite") != std::string::npos; }

/// Root mean square of what is wrong with the expected clean image, for each of the times.
std::vector<double> clean_errors(const systems::Denoiser& model, Bench& bench) {
  const Index count = bench.settings().steps > 0 ? 4 : bench.settings().minutes < 30 ? 10 : 50;
  const Images clean = evenly_spread(bench.test_set(), count);
  const auto told = systems::tell_nothing(count);
  std::vector<double> errors;
  for (const double t : clean_error_times()) {
    const Scales s = model.scales(t);
    const auto noise = normal<float>(clean.shape(), Key{7}.fold(errors.size()));
    const auto guess = clamp(model.expected(clean * s.alpha + noise * s.sigma, t, told), -1, 1);
    double sum = 0;
    for (Index i = 0; i < clean.size(); ++i) {
      const double d = static_cast<double>(guess.data()[i]) - static_cast<double>(clean.data()[i]);
      sum += d * d;
    }
    errors.push_back(std::sqrt(sum / static_cast<double>(clean.size())));
  }
  return errors;
}

void train_and_judge(Bench& bench, const Cell& cell, systems::Denoiser& model, Record& record, const Key& key,
                     const std::string& task) {
  bench.train_system(record, model, bench.train_set(), cell_training(cell.network));
  if (model.spec().network == "unet") model.save(bench.weights(task));
  const auto told = systems::tell_every_class(bench.settings().drawn_a_cell());
  const auto drawn = bench.sampling([&] { return model.draw(cell_drawing(bench.settings()), told, key); });
  note(record, "", bench.judge().fidelity(drawn.images));
  record.set("agreement", bench.judge().agreement(drawn.images, systems::classes_of(told)));
  record.set("evaluations", static_cast<double>(drawn.evaluations));
  record.set("clean_error", bench.sampling([&] { return clean_errors(model, bench); }));
  io::write_png(bench.picture(task), image_grid(dense(view(drawn.images).slice(0, 0, 10)), 10));
}

/// Whether a verdict turns on the cell, so that it is trained with three seeds.
bool decides(const Cell& cell) {
  const bool plain = cell.target == "clean" || cell.target == "noise" || cell.target == "velocity";
  return cell.loss == own_loss(cell.target) && (plain || cell.network == "unet");
}

/// Whether tests do it: a diagonal through the map, and the weights that other claims draw with.
bool is_sample(const Cell& cell, std::size_t number) {
  const bool drawn_with = cell.network == "unet" &&
                          (cell.loss == own_loss(cell.target) || (cell.target == "flow" && cell.loss == "velocity") ||
                           (cell.target == "next" && cell.loss == "noise"));
  return drawn_with || map_networks()[number % map_networks().size()] == cell.network;
}

Task cell_task(const Cell& cell, int seed, const Settings& s) {
  return {.name = cell_name(cell) + "." + std::to_string(seed),
          .training = cell_weight,
          .measuring = cell_measuring(cell.network, s),
          .run = [cell, seed](Bench& bench) { return learn_cell(bench, cell, seed); }};
}

}  // namespace

int patch_of(const std::string& network) { return network == "unet" ? 0 : std::stoi(network.substr(5)); }

std::string network_title(const std::string& network) {
  return network == "unet" ? "UNet" : "patch " + network.substr(5);
}

std::string cell_name(const Cell& cell) { return "map." + cell.network + "." + cell.target + "." + cell.loss; }

std::string blind_name(const Cell& cell) { return "blind." + cell.network + "." + cell.target + "." + cell.loss; }

systems::DenoiserSpec cell_spec(const Cell& cell, bool blind) {
  systems::DenoiserSpec spec{.told = "class", .schedule = "linear", .target = cell.target, .loss = cell.loss};
  spec.blind = blind;
  if (cell.network == "unet") {
    spec.width = 16;
  } else {
    spec.network = "dit";
    spec.width = 64;
    spec.layers = 3;
    spec.patch = patch_of(cell.network);
  }
  return spec;
}

Record learn_cell(Bench& bench, const Cell& cell, int seed, bool blind) {
  const std::string task = (blind ? blind_name(cell) : cell_name(cell)) + "." + std::to_string(seed);
  const Key key = bench.shared_key(static_cast<std::uint64_t>(seed));
  systems::Denoiser model(cell_spec(cell, blind), key.fold(0));
  Record record;
  record.set("parameters", static_cast<double>(model.parameters()));
  try {
    train_and_judge(bench, cell, model, record, key.fold(1), task);
  } catch (const ValueError& error) {
    if (!is_divergence(error)) throw;
    record.set("failed", "failed to learn: " + std::string(error.what()));
    record.set("fd_cnn", std::numeric_limits<double>::infinity());
    record.set("fd_pca", std::numeric_limits<double>::infinity());
    model.save(bench.weights(task));  // as it began, for those who draw with it
    io::write_png(bench.picture(task), image_grid(Images({10, 28, 28, 1}, -1.0f), 10));
  }
  return record;
}

double cell_measuring(const std::string& network, const Settings& s) {
  const int patch = patch_of(network);
  const double usual = patch <= 2 ? 8 : patch == 4 ? 3 : 1;  // the UNet as patches of 2
  return usual * (s.full ? 2 : s.minutes < 30 ? 0.2 : 1);
}

std::vector<Task> map_tasks(const Settings& s) {
  std::vector<Task> tasks;
  const auto add = [&](const Cell& cell, std::size_t number) {
    if (s.steps > 0 && !is_sample(cell, number)) return;
    for (int seed = 1; seed <= (decides(cell) && s.steps == 0 ? seeds : 1); ++seed) {
      tasks.push_back(cell_task(cell, seed, s));
    }
  };
  for (const std::string& network : map_networks()) {
    std::size_t number = 0;
    for (const std::string& target : map_targets()) {
      for (const std::string& loss : map_losses()) add({network, target, loss}, number++);
    }
  }
  for (const char* target : {"next", "flow"}) add({"unet", target, "own"}, 0);
  return tasks;
}

Spread cell_distance(const Results& results, const std::string& name) {
  Spread s = spread(results.of_seeds(name, "fd_cnn"));
  if (s.count > 0 && !std::isfinite(s.high)) {
    s.mean = s.high;
    s.error = 0;
  }
  return s;
}

std::optional<double> first_distance(const Results& results, const std::string& name) {
  if (!results.has(name + ".1")) return {};
  return results[name + ".1"].number("fd_cnn");
}

std::string distance_text(const Spread& distance) {
  if (distance.count == 0) return "";
  if (!std::isfinite(distance.mean)) return "failed";
  return number(distance.mean) + (distance.count > 1 ? " ± " + number(distance.error) : "");
}

const std::vector<double>& clean_error_times() {
  static const std::vector<double> times{0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9};
  return times;
}

void stack_pictures(const std::vector<std::string>& files, const std::string& to) {
  std::vector<Tensor<float, 3>> pictures;
  for (const std::string& file : files) pictures.push_back(io::read_png<float>(file, {.channels = 1}));
  io::write_png(to, concat(0, pictures));
}

std::vector<std::string> there(const Results& results, const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (const std::string& name : names) {
    if (results.has(name)) some.push_back(name);
  }
  return some;
}

std::vector<std::string> seeds_of(const Results& results, const std::string& name) {
  return there(results, {name + ".1", name + ".2", name + ".3"});
}

}  // namespace study
