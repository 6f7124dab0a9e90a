// The map of targets: what a network is asked for, whose squared error counts, and which network it is, for equal
// seconds each. Claims 12, 21 and 22 read it; claim 19 draws with some of its weights.
//
// A cell is the task map.<network>.<target>.<loss>.<seed>:
//   network   "unet", or "patch2" … "patch28": a narrow transformer whose tokens are squares of so many pixels a side
//   target    "next" (the image a 25th of the way less noisy), "clean", "noise", "velocity", "flow"
//   loss      whose squared error counts: "clean", "noise", "velocity"; or "own", that of the target itself
//
// All cells have one schedule, sampler and optimiser. A seed begins every cell of a network with the same weights and
// draws every cell's digits from the same noise. A cell whose training does not stay finite has failed to learn: its
// distance is infinite.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/harness/task.hpp"
#include "systems/denoiser.hpp"

namespace study {

struct Cell {
  std::string network, target, loss;
};

inline const std::vector<std::string>& map_networks() {
  static const std::vector<std::string> all{"unet", "patch2", "patch4", "patch7", "patch14", "patch28"};
  return all;
}
inline const std::vector<std::string>& map_targets() {
  static const std::vector<std::string> all{"next", "clean", "noise", "velocity", "flow"};
  return all;
}
inline const std::vector<std::string>& map_losses() {
  static const std::vector<std::string> all{"clean", "noise", "velocity"};
  return all;
}

/// The loss in the target's own space, by its name in the map.
inline std::string own_loss(const std::string& target) { return target == "next" || target == "flow" ? "own" : target; }

/// Pixels a side of a token; 0 for the UNet.
int patch_of(const std::string& network);
/// "UNet", "patch 4"
std::string network_title(const std::string& network);
/// "map.unet.noise.noise", without the seed.
std::string cell_name(const Cell& cell);
/// "blind.unet.noise.noise": the same cell, not told the noise level.
std::string blind_name(const Cell& cell);

/// What a cell's network is made with; a blind one is not told the noise level.
systems::DenoiserSpec cell_spec(const Cell& cell, bool blind = false);
/// Trains it, draws, and judges: fd_cnn, fd_pca, agreement, and clean_error at clean_error_times(). Leaves a picture
/// of ten digits.
Record learn_cell(Bench& bench, const Cell& cell, int seed, bool blind = false);
/// Processor seconds of drawing and judging, about.
double cell_measuring(const std::string& network, const Settings& settings);

/// The 90 cells of the map, two more seeds of those that decide verdicts, and claim 12's two with losses of their own.
/// With settings.steps, one cell for every network and for every target and loss, and those that others need.
std::vector<Task> map_tasks(const Settings& settings);

/// The distances of a cell's seeds: infinite if one failed to learn.
Spread cell_distance(const Results& results, const std::string& name);
/// Of the first seed, if it is there.
std::optional<double> first_distance(const Results& results, const std::string& name);
/// "12.3 ± 0.4", "failed"
std::string distance_text(const Spread& distance);

/// Noise levels at which cells say how far their clean image is off: times of the schedule.
const std::vector<double>& clean_error_times();

/// One under the other, PNG files of one width as one.
void stack_pictures(const std::vector<std::string>& files, const std::string& to);

/// The names of tasks that have a record.
std::vector<std::string> there(const Results& results, const std::vector<std::string>& names);
/// The tasks <name>.1 … <name>.3 that have a record.
std::vector<std::string> seeds_of(const Results& results, const std::string& name);

}  // namespace study
