#include "study/claims/guidance_report.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "study/claims/rules.hpp"
#include "study/claims/told.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

struct System {
  std::string task, name;
};

std::vector<System> systems_of() {
  std::vector<System> all{{"guidance.main", "main diffusion model"}};
  for (const GuidedTarget& target : guided_targets()) {
    all.push_back({"guidance." + target.name, "diffusion, predicts " + target.name});
  }
  all.push_back({"guidance.pixelcnn", "autoregression"});
  return all;
}

std::vector<std::string> tasks_of(const std::vector<System>& systems) {
  std::vector<std::string> names;
  for (const System& system : systems) names.push_back(system.task);
  return names;
}

Series curve(const Record& r, const std::string& name, const std::string& figure, double times = 1) {
  Series series{name, {}};
  const auto x = r.series("scales"), y = r.series(figure), error = r.series(figure + "_error");
  for (std::size_t i = 0; i < x.size(); ++i) {
    series.points.push_back({x[i], times * y[i], times * (y[i] - error[i]), times * (y[i] + error[i])});
  }
  return series;
}

/// Where the Fréchet distance is least.
std::size_t best(const Record& r) {
  const auto fd = r.series("fd_cnn");
  return static_cast<std::size_t>(std::min_element(fd.begin(), fd.end()) - fd.begin());
}

Series optimum(const Record& r) {
  const std::size_t at = best(r);
  return {"least", {{r.series("scales")[at], r.series("fd_cnn")[at]}}, false, true};
}

const Axis scale_axis{.label = "guidance scale (0: not told the class, 1: as trained)"};

Chart right_chart(const Results& results, const std::vector<System>& systems) {
  Chart chart{.title = "The digit that was asked for",
              .alternative = "From chance at scale 0 every curve rises towards 100 % as the scale grows.",
              .x = scale_axis,
              .y = {.label = "digit right (%)"},
              .series = {},
              .tasks = tasks_of(systems)};
  for (const System& system : systems) {
    chart.series.push_back(curve(results[system.task], system.name, "right", 100));
  }
  return chart;
}

Chart distance_chart(const Results& results, const std::vector<System>& systems) {
  const Record& main = results["guidance.main"];
  Chart chart{.title = "How far two digits of one class are apart",
              .alternative = "The distance falls as the scale grows.",
              .x = scale_axis,
              .y = {.label = "distance within a class (RMS of pixels in [−1, 1])"},
              .series = {},
              .levels = {{"real digits", main.number("real.distance")}},
              .caption =
                  "Digits that are asked for more strongly are more alike. The autoregression draws black and "
                  "white, whose distances are larger: among real digits in black and white " +
                  number(results["guidance.pixelcnn"].number("real.distance")) + ".",
              .tasks = tasks_of(systems)};
  for (const System& system : systems) {
    chart.series.push_back(curve(results[system.task], system.name, "distance"));
  }
  return chart;
}

Chart main_chart(const Results& results) {
  const Record& r = results["guidance.main"];
  const std::size_t at = best(r);
  return {.title = "Fréchet distance of the main diffusion model",
          .alternative =
              "The curve falls from scale 0 to its least at " + number(r.series("scales")[at]) + " and rises again.",
          .x = scale_axis,
          .y = {.label = "FD-CNN, " + number(r.number("count")) + " digits", .log = true},
          .series = {curve(r, "main diffusion model", "fd_cnn"), optimum(r)},
          .levels = {{"real digits", r.number("real.fd_cnn")}},
          .caption = "Distance to the training digits: least where the digits are as right and as varied as real ones.",
          .tasks = {"guidance.main"}};
}

Chart small_chart(const Results& results, std::vector<System> systems) {
  systems.erase(systems.begin());
  const Record& first = results[systems.front().task];
  Chart chart{.title = "Fréchet distance for every target and for autoregression",
              .alternative = "A curve for each system; on each the least is marked.",
              .x = scale_axis,
              .y = {.label = "FD-CNN, " + number(first.number("count")) + " digits", .log = true},
              .series = {},
              .levels = {{"real digits", first.number("real.fd_cnn")},
                         {"real, black and white", results["guidance.pixelcnn"].number("real.fd_cnn")}},
              .caption =
                  "Small models of equal training time (the autoregression has more). So few digits overstate "
                  "the distance: compare with the levels of as many real ones.",
              .tasks = tasks_of(systems)};
  Series least{"least", {}, false, true};
  for (const System& system : systems) {
    const Record& r = results[system.task];
    chart.series.push_back(curve(r, system.name, "fd_cnn"));
    least.points.push_back(optimum(r).points.front());
  }
  chart.series.push_back(std::move(least));
  return chart;
}

/// A figure at the scale nearest to the wanted one.
double at_scale(const Record& r, const std::string& figure, double scale) {
  const auto scales = r.series("scales");
  const auto near = std::min_element(scales.begin(), scales.end(),
                                     [scale](double a, double b) { return std::abs(a - scale) < std::abs(b - scale); });
  return r.series(figure)[static_cast<std::size_t>(near - scales.begin())];
}

Table table(const Results& results, const std::vector<System>& systems) {
  Table t{.caption = "What guidance does to each system; the best scale is that of the least FD-CNN.",
          .columns = {"", "digits a scale", "right at 0", "at 1", "at 3", "distance at 0", "at 1", "at 3", "best scale",
                      "FD-CNN at 1", "at the best"},
          .rows = {},
          .tasks = tasks_of(systems)};
  for (const System& system : systems) {
    const Record& r = results[system.task];
    std::vector<std::string> row{system.name, number(r.number("count"))};
    for (const double scale : {0.0, 1.0, 3.0}) row.push_back(percent(at_scale(r, "right", scale)));
    for (const double scale : {0.0, 1.0, 3.0}) row.push_back(number(at_scale(r, "distance", scale)));
    row.push_back(number(r.series("scales")[best(r)]));
    row.push_back(number(at_scale(r, "fd_cnn", 1)));
    row.push_back(number(r.series("fd_cnn")[best(r)]));
    t.rows.push_back(std::move(row));
  }
  return t;
}

std::string scales_text(const Record& r) {
  std::string all;
  for (const double scale : r.series("scales")) all += (all.empty() ? "" : ", ") + number(scale);
  return all;
}

std::vector<Block> pictures(const Results& results) {
  const Record &main = results["guidance.main"], &pixels = results["guidance.pixelcnn"];
  return {
      Picture{
          .file = results.picture("guidance"),
          .alternative = "An animation: rows of 0 to 9 that are any digits at first, turn into those that were "
                         "asked for, and become more and more alike.",
          .caption = "The main diffusion model, asked for 0 to 9 in every row: the same noise under rising scales, " +
                     scales_text(main) + ".",
          .scale = 2,
          .tasks = {"guidance.main"}},
      Picture{.file = results.picture("guidance_pixelcnn"),
              .alternative = "Rows of black and white digits, from any digits in the first to clear ones in the last.",
              .caption = "Autoregression with guided logits, a row for each scale: " + scales_text(pixels) + ".",
              .scale = 2,
              .tasks = {"guidance.pixelcnn"}}};
}

GuidedSystem measured(const Results& results, const System& system) {
  const Record& r = results[system.task];
  return {system.name,          r.series("scales"),        r.series("right"), r.series("right_error"),
          r.series("distance"), r.series("distance_error")};
}

/// Whether a figure goes one way up to this scale: from first to last clearly, and nowhere clearly back.
bool moves(const std::vector<double>& scales, const std::vector<double>& y, const std::vector<double>& error,
           double direction) {
  constexpr double up_to = 3;
  std::size_t last = 0;
  const auto step = [&](std::size_t from, std::size_t to) {
    return direction * (y[to] - y[from]) / std::max(1e-12, std::hypot(error[from], error[to]));
  };
  for (std::size_t i = 1; i < scales.size() && scales[i] <= up_to; last = i++) {
    if (step(i - 1, i) < -2) return false;
  }
  return last > 0 && step(0, last) > 2;
}

}  // namespace

Verdict rule_19(const std::vector<GuidedSystem>& systems) {
  Verdict v;
  v.rule =
      "Of each system: from scale 0 to 3 the share of right digits rises and the distance within a class falls by more "
      "than twice the standard error, and from no scale to the next is it the other way by more than twice its error. "
      "Supported if this is so of all systems, with a condition if of some.";
  std::string good, bad;
  for (const GuidedSystem& s : systems) {
    const bool so = moves(s.scales, s.right, s.right_error, 1) && moves(s.scales, s.distance, s.distance_error, -1);
    std::string& list = so ? good : bad;
    list += (list.empty() ? "" : "; ") + s.name;
  }
  v.outcome = bad.empty() ? Outcome::supported : good.empty() ? Outcome::not_supported : Outcome::conditional;
  if (v.outcome == Outcome::supported) v.because = "So of all: " + good + ".";
  if (v.outcome == Outcome::conditional) v.because = "The system is one of: " + good + ". Not so of " + bad + ".";
  if (v.outcome == Outcome::not_supported) v.because = "Not so of " + bad + ".";
  return v;
}

Section guidance_report(const Results& results) {
  const auto systems = systems_of();
  Section section;
  std::vector<GuidedSystem> figures;
  for (const System& system : systems) figures.push_back(measured(results, system));
  section.verdict = rule_19(figures);
  section.blocks = pictures(results);
  section.blocks.push_back(right_chart(results, systems));
  section.blocks.push_back(distance_chart(results, systems));
  section.blocks.push_back(main_chart(results));
  section.blocks.push_back(small_chart(results, systems));
  section.blocks.push_back(table(results, systems));
  return section;
}

}  // namespace study
