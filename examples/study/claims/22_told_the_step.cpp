// Claim 22: the network must be told the step. The UNet cells of the map with their own losses, trained again without
// being told the noise level; and masked diffusion, told how many pixels are missing and not told.
// Q. Sun et al. 2025, arXiv:2502.13129: often it need not be told, the noise suffers most; K. Zheng et al. 2024,
// arXiv:2409.02908: masked diffusion needs no time.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "study/claims/claims.hpp"
#include "study/claims/main_systems.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/targets_map.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"
#include "systems/tokens.hpp"

namespace study {
namespace {

using namespace ink;

const std::vector<std::string>& blind_targets() {
  static const std::vector<std::string> all{"noise", "clean", "velocity", "flow"};
  return all;
}

Cell cell_of(const std::string& target) { return {"unet", target, own_loss(target)}; }

std::string masked_name(bool blind) { return blind ? "blind.masked" : "told.masked"; }

/// Trains masked diffusion and bounds the nats of test digits; the same pixels are asked of told and blind.
Record learn_masked(Bench& bench, int seed, bool blind) {
  const Key key = bench.shared_key(static_cast<std::uint64_t>(seed));
  systems::PixelModel model({.network = "unet", .family = "any-order", .width = 16, .layers = 1, .blind = blind},
                            key.fold(2));
  Record record;
  bench.train_system(record, model, bench.train_set(), {.batch_size = 32, .lr = 3e-3, .ema_decay = 0.995});
  const Settings& s = bench.settings();
  const Index count = s.steps > 0 ? 10 : s.minutes < 30 ? 50 : 300;
  const Images digits = evenly_spread(bench.test_set(), count);
  const auto nats = bench.sampling([&] {
    return model.bound(model.tokens(digits, Key{1234}), systems::tell_nothing(digits.extent(0)), s.steps > 0 ? 1 : 8,
                       key.fold(3));
  });
  double sum = 0;
  for (const double v : nats.values()) sum += v;
  record.set("bound", sum / static_cast<double>(nats.size()));
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  std::vector<Task> all;
  const int count = s.steps > 0 ? 1 : seeds;
  for (int seed = 1; seed <= count; ++seed) {
    const std::string end = "." + std::to_string(seed);
    for (const std::string& target : blind_targets()) {
      const Cell cell = cell_of(target);
      all.push_back({.name = blind_name(cell) + end,
                     .training = cell_weight,
                     .measuring = cell_measuring(cell.network, s),
                     .run = [cell, seed](Bench& bench) { return learn_cell(bench, cell, seed, true); }});
    }
    for (const bool blind : {false, true}) {
      all.push_back({.name = masked_name(blind) + end,
                     .training = cell_weight,
                     .measuring = s.full || s.minutes >= 30 ? 3.0 : 0.5,
                     .run = [seed, blind](Bench& bench) { return learn_masked(bench, seed, blind); }});
    }
  }
  return all;
}

BlindPair target_pair(const Results& results, const std::string& target) {
  const Cell cell = cell_of(target);
  return {target, cell_distance(results, cell_name(cell)), cell_distance(results, blind_name(cell))};
}

BlindPair masked_pair(const Results& results) {
  return {"masked pixels", spread(results.of_seeds(masked_name(false), "bound")),
          spread(results.of_seeds(masked_name(true), "bound"))};
}

double worse_by(const BlindPair& pair) { return pair.blind.mean / pair.told.mean; }

Table pairs_table(const Results& results, const std::vector<BlindPair>& pairs) {
  Table table{.caption =
                  "Told the step and blind, equal seconds, three seeds: FD-CNN of digits drawn by a UNet that is "
                  "asked for the target; of masked diffusion the bound in nats per black and white test digit "
                  "(drawn anew from the grey ones). Lower is better.",
              .columns = {"asked for", "measured in", "told", "blind", "blind / told"},
              .rows = {},
              .tasks = {}};
  for (const BlindPair& pair : pairs) {
    const bool masked = pair.name == "masked pixels";
    table.rows.push_back({pair.name, masked ? "nats" : "FD-CNN", distance_text(pair.told), distance_text(pair.blind),
                          std::isfinite(worse_by(pair)) ? number(worse_by(pair)) : "–"});
    const Cell cell = cell_of(pair.name);
    for (const std::string& name : masked ? std::vector<std::string>{masked_name(false), masked_name(true)}
                                          : std::vector<std::string>{cell_name(cell), blind_name(cell)}) {
      for (const std::string& task : seeds_of(results, name)) table.tasks.push_back(task);
    }
  }
  return table;
}

Chart pairs_chart(const Results& results, const std::vector<BlindPair>& pairs) {
  Chart chart{.title = "What blindness costs",
              .alternative = "For each target, the distance of a network that is told the step and of one that is not.",
              .x = {"0: told the step, 1: blind", false, -0.2, 1.2},
              .y = {"FD-CNN", true},
              .series = {}};
  chart.caption = "Means of the seeds, bars from the lowest to the highest.";
  for (const BlindPair& pair : pairs) {
    if (pair.name == "masked pixels" || !std::isfinite(pair.told.mean + pair.blind.mean)) continue;
    chart.series.push_back(
        {pair.name,
         {{0, pair.told.mean, pair.told.low, pair.told.high}, {1, pair.blind.mean, pair.blind.low, pair.blind.high}}});
    for (const std::string& name : {cell_name(cell_of(pair.name)), blind_name(cell_of(pair.name))}) {
      for (const std::string& task : seeds_of(results, name)) chart.tasks.push_back(task);
    }
  }
  return chart;
}

Section report(const Results& results) {
  std::vector<BlindPair> pairs;
  for (const std::string& target : blind_targets()) pairs.push_back(target_pair(results, target));
  const BlindPair masked = masked_pair(results);
  Section section;
  section.verdict = rule_22(pairs, masked);
  std::vector<BlindPair> all = pairs;
  all.push_back(masked);
  section.blocks = {pairs_table(results, all), pairs_chart(results, pairs)};
  return section;
}

/// "noise (12 told, 40 blind)"
std::string named(const std::vector<BlindPair>& pairs) {
  std::string all;
  for (const BlindPair& p : pairs) {
    all += (all.empty() ? "" : ", ") + p.name + " (" + distance_text(p.told) + " told, " + distance_text(p.blind) +
           " blind)";
  }
  return all;
}

}  // namespace

Verdict rule_22(const std::vector<BlindPair>& targets, const BlindPair& masked) {
  Verdict v;
  v.rule =
      "A network must be told the step if without it FD-CNN is clearly worse (by more than twice the standard error of "
      "the seeds' difference, and every seed) and by a tenth or more; the bound of masked diffusion clearly and by a "
      "hundredth or more. Supported if all must be told, with a condition if some, not supported if none.";
  std::vector<BlindPair> must, need_not;
  const auto sort = [&](const BlindPair& pair, double factor) {
    const bool worse = clearly_below(pair.told, pair.blind) && pair.blind.mean >= factor * pair.told.mean;
    (worse ? must : need_not).push_back(pair);
    return pair.told.count >= 2 && pair.blind.count >= 2;
  };
  bool measured = sort(masked, 1.01);
  for (const BlindPair& pair : targets) measured &= sort(pair, 1.1);
  if (!measured) return v;
  if (need_not.empty()) {
    v.outcome = Outcome::supported;
    v.because = "All must be told: " + named(must) + ".";
  } else if (must.empty()) {
    v.outcome = Outcome::not_supported;
    v.because = "None has to be told: " + named(need_not) + ".";
  } else {
    v.outcome = Outcome::conditional;
    v.because = "The network is asked for " + named(must) + "; it need not be told for " + named(need_not) + ".";
  }
  return v;
}

Claim claim_22() { return {22, "The network must be told the step.", tasks, report}; }

}  // namespace study
