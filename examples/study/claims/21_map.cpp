// Claim 21: whether the noise is the better thing to predict depends on how many numbers the network must name at
// once, and on its skips. The map of targets, losses and networks; and the same question of a spiral in many
// dimensions. T. Li, K. He 2025, arXiv:2511.13720.
#include <cmath>
#include <string>
#include <vector>

#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/spiral.hpp"
#include "study/claims/targets_map.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

/// The targets of the chart, each with its own loss.
const std::vector<std::string>& plain_targets() {
  static const std::vector<std::string> all{"clean", "noise", "velocity"};
  return all;
}

/// Rows of ten digits: UNet, patches of 4 and 28, each asked for the clean image, the noise, the velocity.
std::vector<Cell> shown_cells() {
  std::vector<Cell> cells;
  for (const char* network : {"unet", "patch4", "patch28"}) {
    for (const std::string& target : plain_targets()) cells.push_back({network, target, own_loss(target)});
  }
  return cells;
}

Record measure_floor(Bench& bench) {
  Record record;
  note(record, "", bench.judge().floor(bench.settings().drawn_a_cell()));
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  std::vector<Task> all = spiral_tasks(s);
  all.push_back({.name = "map.floor", .training = 0, .measuring = 1, .run = measure_floor});
  if (s.steps > 0) return all;  // most of the cells that are shown are no sample's
  Task picture{.name = "map.picture", .training = 0, .measuring = 0.1, .run = [](Bench& bench) {
    std::vector<std::string> files;
    for (const Cell& cell : shown_cells()) files.push_back(bench.picture(cell_name(cell) + ".1"));
    stack_pictures(files, bench.picture("map.picture"));
    return Record{};
  }};
  for (const Cell& cell : shown_cells()) picture.needs.push_back(cell_name(cell) + ".1");
  all.push_back(picture);
  return all;
}

std::vector<std::string> cells_of(const Results& results) {
  std::vector<std::string> names;
  for (const std::string& network : map_networks()) {
    for (const std::string& target : map_targets()) {
      for (const std::string& loss : map_losses()) {
        for (const std::string& task : seeds_of(results, cell_name({network, target, loss}))) names.push_back(task);
      }
    }
  }
  return names;
}

CellMap cell_map(const Results& results) {
  CellMap map{.title = "FD-CNN of every network, target and loss",
              .alternative =
                  "A map of fifteen rows, targets and losses, and six columns, networks: dark cells drew "
                  "good digits.",
              .row_label = "target, and the loss that counts",
              .column_label = "network",
              .rows = {},
              .columns = {},
              .values = {}};
  for (const std::string& network : map_networks()) map.columns.push_back(network_title(network));
  for (const std::string& target : map_targets()) {
    for (const std::string& loss : map_losses()) {
      map.rows.push_back(target + ", loss of the " + loss);
      map.values.emplace_back();
      map.texts.emplace_back();
      for (const std::string& network : map_networks()) {
        const Spread s = cell_distance(results, cell_name({network, target, loss}));
        map.values.back().push_back(s.count > 0 ? std::optional<double>(s.mean) : std::nullopt);
        map.texts.back().push_back(s.count == 0 ? "" : std::isfinite(s.mean) ? number(s.mean) : "failed");
      }
    }
  }
  map.caption =
      "Equal processor seconds for every cell, one seed, or the mean of three where the verdict turns on it; "
      "lower is better. The transformers have width 64 and 3 layers, the UNet width 16; a token of patch 28 "
      "is the whole image, 784 numbers.";
  map.tasks = cells_of(results);
  return map;
}

Chart patch_chart(const Results& results) {
  Chart chart{.title = "How many numbers at once",
              .alternative = "Lines of three targets against the patch size: how they part as the patches grow.",
              .x = {"pixels a side of a patch", true},
              .y = {"FD-CNN", true},
              .series = {}};
  chart.caption =
      "Each target with its own loss; means of the seeds, bars from the lowest to the highest. A patch of p "
      "pixels a side is a token of p² numbers, the transformer's width is 64.";
  for (const std::string& target : plain_targets()) {
    Series series{target, {}};
    for (const std::string& network : map_networks()) {
      const std::string name = cell_name({network, target, own_loss(target)});
      const Spread s = cell_distance(results, name);
      if (network == "unet" || s.count == 0 || !std::isfinite(s.mean)) continue;
      series.points.push_back({static_cast<double>(patch_of(network)), s.mean, s.low, s.high});
      for (const std::string& task : seeds_of(results, name)) chart.tasks.push_back(task);
    }
    chart.series.push_back(series);
  }
  if (results.has("map.floor")) {
    chart.levels.push_back({"real digits", results["map.floor"].number("fd_cnn")});
    chart.tasks.push_back("map.floor");
  }
  return chart;
}

Table seeds_table(const Results& results) {
  Table table{.caption =
                  "FD-CNN with each target's own loss, mean and standard error of three seeds; beside them the "
                  "networks' parameters, and the steps that the clean image's training had.",
              .columns = {"network", "clean", "noise", "velocity", "noise / clean", "parameters", "steps"},
              .rows = {},
              .tasks = {}};
  for (const std::string& network : map_networks()) {
    std::vector<std::string> row{network_title(network)};
    std::vector<Spread> all;
    for (const std::string& target : plain_targets()) {
      const std::string name = cell_name({network, target, target});
      all.push_back(cell_distance(results, name));
      row.push_back(distance_text(all.back()));
      for (const std::string& task : seeds_of(results, name)) table.tasks.push_back(task);
    }
    const double ratio = all[1].mean / all[0].mean;
    row.push_back(std::isfinite(ratio) ? number(ratio) : "–");
    const std::string first = cell_name({network, "clean", "clean"}) + ".1";
    for (const char* what : {"parameters", "steps"}) {
      row.push_back(results.has(first) && results[first].has(what) ? number(results[first].number(what)) : "");
    }
    table.rows.push_back(row);
  }
  return table;
}

std::vector<TargetPair> pairs_of(const Results& results) {
  std::vector<TargetPair> pairs;
  for (const std::string& network : map_networks()) {
    const TargetPair pair{network_title(network), cell_distance(results, cell_name({network, "clean", "clean"})),
                          cell_distance(results, cell_name({network, "noise", "noise"}))};
    if (pair.clean.count > 0 && pair.noise.count > 0) pairs.push_back(pair);
  }
  return pairs;
}

TargetPair spiral_pair(const Results& results, int dimensions) {
  return {"D = " + std::to_string(dimensions), spiral_distance(results, dimensions, "clean"),
          spiral_distance(results, dimensions, "noise")};
}

Section report(const Results& results) {
  const auto pairs = pairs_of(results);
  Section section;
  section.verdict = rule_21(pairs, spiral_pair(results, spiral_dimensions().front()),
                            spiral_pair(results, spiral_dimensions().back()));
  section.blocks = {Paragraph{when_noise_wins(pairs)}, cell_map(results), patch_chart(results), seeds_table(results)};
  if (results.has("map.picture")) {
    section.blocks.push_back(
        Picture{.file = results.picture("map.picture"),
                .alternative = "Nine rows of ten drawn digits, 0 to 9.",
                .caption = "The first digits of nine cells, told 0 to 9. Three rows each of the UNet, the transformer "
                           "with patches of 4, and with patches of 28; of the three, the clean image, the noise, the "
                           "velocity was asked for.",
                .scale = 1,
                .tasks = {"map.picture"}});
  }
  for (Block& block : spiral_blocks(results)) section.blocks.push_back(std::move(block));
  return section;
}

bool measured(const TargetPair& pair) { return pair.clean.count >= 2 && pair.noise.count >= 2; }

/// The noise is clearly worse, and at least twice as far.
bool collapses(const TargetPair& pair) {
  return clearly_below(pair.clean, pair.noise) && pair.noise.mean >= 2 * pair.clean.mean;
}
/// The noise is not worse by half or more.
bool holds_up(const TargetPair& pair) {
  return !clearly_below(pair.clean, pair.noise) || pair.noise.mean < 1.5 * pair.clean.mean;
}

std::string distances(const TargetPair& pair) {
  return pair.name + " (" + distance_text(pair.noise) + " against " + distance_text(pair.clean) + ")";
}

/// "a, b and c"
std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return all;
}

}  // namespace

std::string when_noise_wins(const std::vector<TargetPair>& pairs) {
  std::vector<std::string> wins, loses, ties;
  for (const TargetPair& pair : pairs) {
    (clearly_below(pair.noise, pair.clean)   ? wins
     : clearly_below(pair.clean, pair.noise) ? loses
                                             : ties)
        .push_back(distances(pair));
  }
  std::string text = wins.empty() ? "With no network here is the noise clearly better to predict than the clean image."
                                  : "The noise is the better thing to predict, by FD-CNN against that of the clean "
                                    "image, with " +
                                        listed(wins) + ".";
  if (pairs.empty()) return text + " No network was measured with both.";
  if (loses.empty() && ties.empty()) return text + " There is no network here with which it is not.";
  text += loses.empty() ? " It is not clearly better with " : " It is not, but worse, with " + listed(loses);
  if (!loses.empty() && !ties.empty()) text += ", and there is no clear difference with ";
  return text + listed(ties) + ".";
}

Verdict rule_21(const std::vector<TargetPair>& networks, const TargetPair& flat, const TargetPair& deep) {
  Verdict v;
  v.rule =
      "On images: the noise collapses with patches of 28, where its FD-CNN is clearly above that of the clean image "
      "(by more than twice the standard error of the seeds' difference, and every seed) and at least twice it, and "
      "holds "
      "up with the UNet and with patches of 4, where it is not clearly above, or by less than half. On the spiral: the "
      "same of the energy distance in 512 dimensions, and in 2. Supported if both; with a condition if one of them; "
      "otherwise not supported.";
  const TargetPair *unet = nullptr, *small = nullptr, *large = nullptr;
  for (const TargetPair& pair : networks) {
    if (pair.name == "UNet") unet = &pair;
    if (pair.name == "patch 4") small = &pair;
    if (pair.name == "patch 28") large = &pair;
  }
  if (unet == nullptr || small == nullptr || large == nullptr) return v;
  for (const TargetPair* pair : {unet, small, large, &flat, &deep}) {
    if (!measured(*pair)) return v;
  }
  const bool images = collapses(*large) && holds_up(*unet) && holds_up(*small);
  const bool points = collapses(deep) && holds_up(flat);
  const std::string numbers = "Noise against clean image: " + distances(*unet) + ", " + distances(*small) + ", " +
                              distances(*large) + "; on the spiral " + distances(flat) + ", " + distances(deep) + ".";
  if (images && points) {
    v.outcome = Outcome::supported;
    v.because = numbers;
  } else if (images || points) {
    v.outcome = Outcome::conditional;
    v.because = (images ? "It was found with images, not with the spiral. "
                        : "It was found with the spiral, not with "
                          "images. ") +
                numbers;
  } else {
    v.outcome = Outcome::not_supported;
    v.because = numbers;
  }
  return v;
}

Claim claim_21() {
  return {21,
          "\"The noise is the better thing to predict\" depends on how many numbers the network must name at once, and "
          "on its skips.",
          tasks, report};
}

}  // namespace study
