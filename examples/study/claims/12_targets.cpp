// Claim 12: predicting the next, less noisy image wastes capacity; the clean image is better; the noise better still.
// Five targets, each with its own squared error, one UNet and equal seconds; then the fair versions: one loss for all,
// other networks, and how far each target's clean image is off at every noise level.
#include <array>
#include <string>
#include <vector>

#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/targets_map.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

Cell usual(const std::string& target) { return {"unet", target, own_loss(target)}; }

std::vector<std::string> usual_tasks(const Results& results) {
  std::vector<std::string> all;
  for (const std::string& target : map_targets()) {
    for (const std::string& task : seeds_of(results, cell_name(usual(target)))) all.push_back(task);
  }
  return all;
}

/// Of networks and losses, how often the next image is worse than the clean one, and that worse than the noise.
struct Fair {
  int cells = 0, first = 0, both = 0;
  std::string where = {};  ///< both hold
};

Fair fair_versions(const Results& results) {
  Fair fair;
  for (const std::string& network : map_networks()) {
    for (const std::string& loss : map_losses()) {
      const auto next = first_distance(results, cell_name({network, "next", loss}));
      const auto clean = first_distance(results, cell_name({network, "clean", loss}));
      const auto noise = first_distance(results, cell_name({network, "noise", loss}));
      if (!next || !clean || !noise) continue;
      ++fair.cells;
      fair.first += *clean < *next;
      if (!(*clean < *next && *noise < *clean)) continue;
      ++fair.both;
      fair.where += (fair.where.empty() ? "" : ", ") + network_title(network) + " with the loss of the " + loss;
    }
  }
  return fair;
}

Table usual_table(const Results& results) {
  Table table{.caption =
                  "Five targets, one UNet, equal seconds, each with its own squared error: FD-CNN of drawn "
                  "digits, mean and standard error of the seeds; lower is better.",
              .columns = {"target", "FD-CNN", "class right", "parameters"},
              .rows = {},
              .tasks = usual_tasks(results)};
  for (const std::string& target : map_targets()) {
    const std::string name = cell_name(usual(target));
    const auto tasks = seeds_of(results, name);
    if (tasks.empty()) continue;
    const Record& first = results[tasks.front()];
    table.rows.push_back({target, distance_text(cell_distance(results, name)),
                          first.has("agreement") ? number(first.number("agreement")) : "",
                          number(first.number("parameters"))});
  }
  if (results.has("map.floor")) {
    table.rows.push_back({"real digits", number(results["map.floor"].number("fd_cnn")), "", ""});
    table.tasks.push_back("map.floor");
  }
  return table;
}

Table fair_table(const Results& results) {
  Table table{.caption =
                  "The fair versions with the UNet: one squared error counts for all targets. FD-CNN of the "
                  "first seed.",
              .columns = {"target"},
              .rows = {},
              .tasks = {}};
  for (const std::string& loss : map_losses()) table.columns.push_back("loss of the " + loss);
  for (const std::string& target : map_targets()) {
    std::vector<std::string> row{target};
    for (const std::string& loss : map_losses()) {
      const std::string name = cell_name({"unet", target, loss});
      const auto distance = first_distance(results, name);
      row.push_back(distance ? distance_text(spread({*distance})) : "");
      if (distance) table.tasks.push_back(name + ".1");
    }
    table.rows.push_back(row);
  }
  return table;
}

Chart error_chart(const Results& results) {
  Chart chart{.title = "Which target knows the clean image, at which noise level",
              .alternative = "Lines of five targets against the time: the error of the clean image grows with it.",
              .x = {"time t of the schedule, 0 is clean"},
              .y = {"error of the clean image, in [−1, 1]", true},
              .series = {}};
  chart.caption =
      "Root mean square error of the clean image that follows from the answer, pixels clipped to [−1, 1], on "
      "test digits; the first seed of each target with its own loss.";
  for (const std::string& target : map_targets()) {
    const std::string task = cell_name(usual(target)) + ".1";
    if (!results.has(task) || !results[task].has("clean_error")) continue;
    Series series{target, {}};
    const auto errors = results[task].series("clean_error");
    for (std::size_t i = 0; i < errors.size(); ++i) series.points.push_back({clean_error_times()[i], errors[i]});
    chart.series.push_back(series);
    chart.tasks.push_back(task);
  }
  return chart;
}

Section report(const Results& results) {
  const auto distance = [&](const char* target) { return cell_distance(results, cell_name(usual(target))); };
  const Fair fair = fair_versions(results);
  Section section;
  section.verdict = rule_12(distance("next"), distance("clean"), distance("noise"), fair.both, fair.cells);
  section.blocks = {usual_table(results), fair_table(results)};
  section.blocks.push_back(
      Paragraph{"With one loss for all, the clean image is better than the next in " + std::to_string(fair.first) +
                " of " + std::to_string(fair.cells) + " pairs of network and loss; in " + std::to_string(fair.both) +
                " of them the noise is better still" + (fair.where.empty() ? "." : ": " + fair.where + ".") +
                " These are single seeds; claim 21 has the map."});
  section.blocks.push_back(error_chart(results));
  return section;
}

}  // namespace

Verdict rule_12(const Spread& next, const Spread& clean, const Spread& noise, int fair_holds, int fair_cells) {
  Verdict v;
  v.rule =
      "With each target's own loss and the UNet, is the clean image clearly better than the next (by more than twice "
      "the standard error of the seeds' difference, and every seed), and the noise clearly better than the clean "
      "image? "
      "Supported if both, and the whole order is also found in at least half of the comparisons with one loss for all; "
      "supported with a condition if both, but there in fewer, or if one of the two; otherwise not supported.";
  if (next.count < 2 || clean.count < 2 || noise.count < 2) return v;
  const bool first = clearly_below(clean, next), second = clearly_below(noise, clean);
  const std::string numbers = "FD-CNN is " + distance_text(next) + " for the next image, " + distance_text(clean) +
                              " for the clean one, " + distance_text(noise) + " for the noise; with one loss for all " +
                              "the order holds in " + std::to_string(fair_holds) + " of " + std::to_string(fair_cells) +
                              " comparisons.";
  const std::string reverse = clearly_below(clean, noise) ? "it is worse" : "the two do not differ clearly";
  if (first && second) {
    const bool fair = 2 * fair_holds >= fair_cells;
    v.outcome = fair ? Outcome::supported : Outcome::conditional;
    v.because =
        (fair ? "" : "Each target is trained with its own loss: the loss, not the target, makes the order. ") + numbers;
  } else if (first) {
    v.outcome = Outcome::conditional;
    v.because = "Only the first half: the clean image is better than the next; of the noise against the clean image, " +
                reverse + ". " + numbers;
  } else if (second) {
    v.outcome = Outcome::conditional;
    v.because =
        "Only the second half: the noise is better than the clean image, but that is not clearly better than the next "
        "image. " +
        numbers;
  } else {
    v.outcome = Outcome::not_supported;
    v.because = numbers;
  }
  return v;
}

Claim claim_12() {
  return {12,
          "Predicting the next, less noisy image wastes capacity; the clean image is better; the noise better still.",
          [](const Settings& s) { return map_tasks(s); }, report};
}

}  // namespace study
