// Claim 20: so diffusion needs fewer evaluations of its network for the same quality. The main systems draw digits with
// few and many evaluations; their quality is shown against evaluations, operations and processor seconds, beside what
// real digits of the same number score. Where autoregression wins, the section says so.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "study/claims/claims.hpp"
#include "study/claims/costs.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"
#include "systems/flops.hpp"

namespace study {
namespace {

using namespace ink;

/// Images of a point of a curve, and of a figure that decides.
Index of_a_point(const Settings& s) { return s.steps > 0 ? 4 : s.full ? 300 : s.minutes < 30 ? 40 : 80; }
Index of_a_figure(const Settings& s) { return s.steps > 0 ? 4 : s.full ? 1000 : s.minutes < 30 ? 40 : 250; }
bool coarse(const Settings& s) { return s.steps > 0 || (s.minutes < 30 && !s.full); }
Index of_the_goal(const Settings& s) { return s.steps > 0 ? 4 : coarse(s) ? 150 : s.drawn(); }

constexpr double evaluation_cost = 0.0055;  // processor seconds of a UNet's evaluation, about
constexpr int goal_steps = 18;
constexpr const char* goal_sampler = "dpm++2m";

struct Sweep {
  std::string task, name;
  const char* how;         ///< the sampler, or the choice of pixels
  std::vector<int> steps;  ///< or pixels at once
  int evaluations;         ///< of all points
};

std::vector<Sweep> samplers_of(const Settings& s) {
  if (s.steps > 0) return {{"head.dpmpp2m", "diffusion, dpm++2m", "dpm++2m", {4, 6}, 10}};
  if (coarse(s)) {
    return {{"head.dpmpp2m", "diffusion, dpm++2m", "dpm++2m", {4, 10, 18}, 32},
            {"head.ddim", "diffusion, ddim", "ddim", {10}, 10},
            {"head.heun", "diffusion, heun", "heun", {6}, 11}};
  }
  return {{"head.dpmpp2m", "diffusion, dpm++2m", "dpm++2m", {4, 6, 10, 18, 36}, 74},
          {"head.ddim", "diffusion, ddim", "ddim", {5, 10, 20}, 35},
          {"head.heun", "diffusion, heun", "heun", {3, 6, 10}, 35},
          {"head.unipc", "diffusion, unipc", "unipc", {6, 12}, 18}};
}

std::vector<Sweep> choices_of(const Settings& s) {
  if (s.steps > 0) return {{"head.spread", "any order, spread", "spread", {112}, 7}};
  if (coarse(s)) {
    return {{"head.spread", "any order, spread", "spread", {112, 28}, 35},
            {"head.masked", "masked diffusion", "masked", {56}, 14}};
  }
  return {{"head.spread", "any order, spread", "spread", {112, 28, 8}, 133},
          {"head.masked", "masked diffusion", "masked", {56, 16}, 63}};
}

Task sampler_task(const Sweep& sweep, const Settings& s) {
  const double cost = evaluation_cost * sweep.evaluations * static_cast<double>(of_a_point(s)) + 0.5;
  return {.name = sweep.task, .measuring = cost, .needs = {"main.diffusion"}, .run = [=](Bench& bench) {
    const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
    const auto told = systems::tell_every_class(of_a_point(bench.settings()));
    std::vector<Drew> points;
    for (const int steps : sweep.steps) {
      points.push_back(diffuse(bench, model, sweep.how, steps, told, bench.key(static_cast<std::uint64_t>(steps))));
    }
    return curve(bench, points);
  }};
}

Task choice_task(const Sweep& sweep, const Settings& s) {
  const double cost = evaluation_cost * sweep.evaluations * static_cast<double>(of_a_point(s)) + 0.5;
  return {.name = sweep.task, .measuring = cost, .needs = {"main.anyorder"}, .run = [=](Bench& bench) {
    const auto model = systems::PixelModel::load(bench.weights("main.anyorder"));
    std::vector<Drew> points;
    for (const int pixels : sweep.steps) {
      points.push_back(reveal(bench, model, {.choice = sweep.how, .pixels = pixels}, of_a_point(bench.settings()),
                              bench.key(static_cast<std::uint64_t>(pixels))));
    }
    return curve(bench, points);
  }};
}

Task diffusion_task(const std::string& name, Index count, bool told, bool whole) {
  const double cost = evaluation_cost * goal_steps * static_cast<double>(count) + 0.5;
  return {.name = name, .measuring = cost, .needs = {"main.diffusion"}, .run = [=](Bench& bench) {
    const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
    const auto what = told ? systems::tell_every_class(count) : systems::tell_nothing(count);
    const int steps = bench.settings().steps > 0 ? 6 : goal_steps;
    return judged(bench, diffuse(bench, model, goal_sampler, steps, what, bench.key(0)), of_a_point(bench.settings()),
                  whole);
  }};
}

Task pixel_task(const std::string& name, const std::string& main, const systems::PixelDraw& how, Index count,
                double seconds, bool whole) {
  return {.name = name, .measuring = seconds * static_cast<double>(count) + 0.5, .needs = {main}, .run = [=](Bench& b) {
    const auto model = systems::PixelModel::load(b.weights(main));
    return judged(b, reveal(b, model, how, count, b.key(0)), of_a_point(b.settings()), whole);
  }};
}

/// Without a cache the same images come out (claim 7): only the time is measured.
Task uncached_task(const Settings& s) {
  return {.name = "head.uncached",
          .measuring = s.steps > 0 ? 1.0
                       : coarse(s) ? 7.0
                                   : 14.0,
          .needs = {"main.pixelcnn"},
          .run = [](Bench& b) {
    const auto model = systems::PixelModel::load(b.weights("main.pixelcnn"));
    const bool quick = b.settings().steps > 0;
    Record record;
    note_costs(record, reveal(b, model, {.cache = quick}, coarse(b.settings()) ? 1 : 2, b.key(0)));
    record.set("flops", systems::drawing_flops(model.spec(), 784, false));
    return record;
  }};
}

Record floors(Bench& bench) {
  Record record;
  const Settings& s = bench.settings();
  note(record, "", bench.judge().floor_quality(of_a_figure(s)));
  note(record, "training.", bench.judge().training_floor(of_a_figure(s)));
  note(record, "few.", bench.judge().floor(of_a_point(s)));
  note(record, "few.training.", bench.judge().training_floor(of_a_point(s)));
  note(record, "goal.", bench.judge().floor(of_the_goal(s)));
  record.set("goal.images", static_cast<double>(std::min(of_the_goal(s), bench.test_set().size())));
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  std::vector<Task> all{{.name = "head.floor", .measuring = 2, .run = floors}};
  for (const Sweep& sweep : samplers_of(s)) all.push_back(sampler_task(sweep, s));
  for (const Sweep& sweep : choices_of(s)) all.push_back(choice_task(sweep, s));
  const Index count = of_a_figure(s);
  for (int seed = 1; seed <= seeds; ++seed) {
    const std::string number = "." + std::to_string(seed);
    all.push_back(diffusion_task("head.diffusion" + number, count, true, seed == 1));
    all.push_back(pixel_task("head.pixelcnn" + number, "main.pixelcnn", {}, count, 0.02, seed == 1));
    all.push_back(pixel_task("head.pixelcnn256" + number, "main.pixelcnn256", {}, count, 0.03, seed == 1));
  }
  const Index pixels = s.steps > 0 ? 112 : 28;
  all.push_back(pixel_task("head.anyorder", "main.anyorder", {.choice = "spread", .pixels = pixels}, count,
                           evaluation_cost * 784 / static_cast<double>(pixels), true));
  all.push_back(diffusion_task("head.goal", of_the_goal(s), true, false));
  if (!coarse(s)) all.push_back(diffusion_task("head.untold", count, false, true));
  all.push_back(uncached_task(s));
  return all;
}

/// A system's points with its costs, of the same number of images.
struct Curve {
  std::string name;
  std::vector<double> evaluations, flops, seconds, cnn, pca;
};

Curve read_curve(const Sweep& sweep, const Results& results) {
  const Record& r = results[sweep.task];
  return {sweep.name,          r.series("evaluations"), r.series("flops"),
          r.series("seconds"), r.series("fd_cnn"),      r.series("fd_pca")};
}

Curve point_of_seeds(const std::string& name, const std::string& task, const Results& results) {
  const auto middle = [&](const char* what) { return std::vector{spread(results.of_seeds(task, what)).mean}; };
  return {name,
          middle("evaluations"),
          middle("flops"),
          middle("seconds"),
          results.of_seeds(task, "few.fd_cnn"),
          results.of_seeds(task, "few.fd_pca")};
}

Chart chart(const std::string& title, const std::string& x, std::vector<double> Curve::* costs, bool cnn,
            const std::vector<Curve>& curves, const Results& results, std::vector<std::string> sources) {
  const Record& floor = results["head.floor"];
  const std::string what = cnn ? "fd_cnn" : "fd_pca", measure = cnn ? "FD-CNN" : "FD-PCA64";
  const std::string count = number(static_cast<double>(of_a_point(results.settings())));
  Chart c{.title = title,
          .alternative = measure + " of every system's digits against " + x +
                         ": diffusion falls steeply on the left; " +
                         "autoregression is a point at 784 evaluations of its network.",
          .x = {.label = x, .log = true},
          .y = {.label = measure + " of " + count + " images", .log = true},
          .series = {},
          .levels = {{"test digits", floor.number("few." + what)},
                     {"other training digits", floor.number("few.training." + what)}},
          .caption = measure + " of " + count +
                     " drawn digits, less is better. Lines: as many real digits. A point of "
                     "three seeds has bars from the lowest to the highest. Diffusion is told the class, the others "
                     "nothing.",
          .tasks = std::move(sources)};
  for (const Curve& curve : curves) {
    Series series{.name = curve.name, .points = {}};
    const auto& at = curve.*costs;
    const auto& y = cnn ? curve.cnn : curve.pca;
    if (at.size() == 1 && y.size() > 1) {
      const Spread s = spread(y);
      series.points.push_back({at[0], s.mean, s.low, s.high});
    } else {
      for (std::size_t i = 0; i < at.size(); ++i) series.points.push_back({at[i], y[i]});
    }
    c.series.push_back(std::move(series));
  }
  return c;
}

/// The least that diffusion needs to reach a quality: infinite if it does not.
struct Needed {
  double evaluations = std::numeric_limits<double>::infinity();
  double flops = evaluations, seconds = evaluations;
};

Needed needed_for(double cnn, const std::vector<Curve>& diffusion) {
  Needed least;
  for (const Curve& c : diffusion) {
    for (std::size_t i = 0; i < c.cnn.size(); ++i) {
      if (c.cnn[i] > cnn || c.evaluations[i] >= least.evaluations) continue;
      least = {c.evaluations[i], c.flops[i], c.seconds[i]};
    }
  }
  return least;
}

std::string giga(double flops) { return number(flops / 1e9) + " GFLOP"; }

/// What the numbers say for autoregression.
std::string where_autoregression_wins(const Results& results, const Headline& h) {
  const Record& cnn = results["main.pixelcnn"];
  const Record& any = results["main.anyorder"];
  const double nats = cnn.number("nats"), bound = any.number("nats");
  const double error = std::hypot(cnn.number("nats_error"), any.number("nats_error"));
  std::string text = "Likelihood: autoregression gives the test digits " + number(nats) +
                     " nats an image, and the bound "
                     "of any order (masked diffusion) is " +
                     number(bound) + "; ";
  text += nats < bound - 2 * error   ? "autoregression is better. "
          : nats > bound + 2 * error ? "any order is better. "
                                     : "they are equal within the error. ";
  text += "Seconds: with its cache autoregression draws an image in " + number(h.ar_seconds) +
          " processor seconds and " + giga(h.ar_flops) + ", without it in " +
          number(results["head.uncached"].number("seconds")) + " and " +
          giga(results["head.uncached"].number("flops")) + ". ";
  if (std::isfinite(h.evaluations)) {
    text += "Diffusion reaches the same FD-CNN with " + number(h.evaluations) + " evaluations, " + number(h.seconds) +
            " seconds and " + giga(h.flops) + ": ";
    text += h.seconds > h.ar_seconds ? "autoregression is faster." : "diffusion is faster.";
  } else {
    text += "No point of diffusion reaches the same FD-CNN.";
  }
  return text;
}

std::vector<std::string> quality_row(const std::string& name, const Record& r, bool drawn) {
  std::vector<std::string> row{name, drawn ? number(r.number("evaluations")) : "",
                               drawn ? number(r.number("seconds")) : ""};
  for (const char* what : {"fd_cnn", "fd_pca", "kid", "precision", "recall", "density", "coverage", "balance",
                           "nearest", "greyness", "gradient_energy"}) {
    row.push_back(number(r.number(what)));
  }
  return row;
}

Table quality_table(const Results& results) {
  Table t{.caption = "Figures of " + number(static_cast<double>(of_a_figure(results.settings()))) +
                     " digits of each family, and of as many test digits. Evaluations of the network and processor "
                     "seconds are of one image. Black-and-white systems have no grey to show.",
          .columns = {"", "evaluations", "seconds", "FD-CNN", "FD-PCA64", "KID", "precision", "recall", "density",
                      "coverage", "class balance", "nearest", "greyness", "gradient energy"},
          .rows = {},
          .tasks = {"head.floor", "head.diffusion.1", "head.pixelcnn.1", "head.pixelcnn256.1", "head.anyorder"}};
  t.rows.push_back(quality_row("test digits", results["head.floor"], false));
  t.rows.push_back(quality_row("diffusion, told the class", results["head.diffusion.1"], true));
  if (results.has("head.untold")) {
    t.rows.push_back(quality_row("the same, told nothing", results["head.untold"], true));
    t.tasks.push_back("head.untold");
  }
  t.rows.push_back(quality_row("autoregression, two levels", results["head.pixelcnn.1"], true));
  t.rows.push_back(quality_row("autoregression, 256 levels", results["head.pixelcnn256.1"], true));
  t.rows.push_back(quality_row("any order, spread", results["head.anyorder"], true));
  return t;
}

/// What the project set out for: within 40 evaluations, three floors of FD-CNN and 0.5 of FD-PCA64.
Table goal_table(const Results& results) {
  const Record& r = results["head.goal"];
  const Record& f = results["head.floor"];
  const double cnn = r.number("fd_cnn") / f.number("goal.fd_cnn"), pca = r.number("fd_pca");
  const auto met = [](bool yes) { return std::string(yes ? "met" : "not met"); };
  return {.caption = "The goal for " + number(r.number("images")) + " digits by " + number(r.number("evaluations")) +
                     " evaluations of " + goal_sampler + ". " + number(f.number("goal.images")) +
                     " test digits score FD-CNN " + number(f.number("goal.fd_cnn")) + " and FD-PCA64 " +
                     number(f.number("goal.fd_pca")) + "; the goal is meant for 10,000 images.",
          .columns = {"", "measured", "goal", ""},
          .rows = {{"evaluations", number(r.number("evaluations")), "at most 40", met(r.number("evaluations") <= 40)},
                   {"FD-CNN, in floors", number(cnn), "at most 3", met(cnn <= 3)},
                   {"FD-PCA64", number(pca), "at most 0.5", met(pca <= 0.5)}},
          .tasks = {"head.goal", "head.floor"}};
}

Section report(const Results& results) {
  std::vector<Curve> curves;
  std::vector<std::string> sources{"head.floor"};
  for (const Sweep& s : samplers_of(results.settings())) {
    curves.push_back(read_curve(s, results));
    sources.push_back(s.task);
  }
  const std::vector<Curve> diffusion = curves;
  for (const Sweep& s : choices_of(results.settings())) {
    curves.push_back(read_curve(s, results));
    sources.push_back(s.task);
  }
  const Curve two = point_of_seeds("autoregression, two levels", "head.pixelcnn", results);
  const Curve grey = point_of_seeds("autoregression, 256 levels", "head.pixelcnn256", results);
  curves.push_back(two);
  curves.push_back(grey);
  for (const char* task : {"head.pixelcnn.1", "head.pixelcnn256.1"}) sources.push_back(task);

  const bool grey_is_better = spread(grey.cnn).mean < spread(two.cnn).mean;
  const std::string better = grey_is_better ? "head.pixelcnn256" : "head.pixelcnn";
  const Curve& ar = grey_is_better ? grey : two;
  const Needed least = needed_for(spread(ar.cnn).mean, diffusion);
  const Headline h{.diffusion_cnn = spread(results.of_seeds("head.diffusion", "fd_cnn")),
                   .ar_cnn = spread(results.of_seeds(better, "fd_cnn")),
                   .diffusion_pca = spread(results.of_seeds("head.diffusion", "fd_pca")),
                   .ar_pca = spread(results.of_seeds(better, "fd_pca")),
                   .evaluations = least.evaluations,
                   .flops = least.flops,
                   .seconds = least.seconds,
                   .ar_evaluations = ar.evaluations[0],
                   .ar_flops = ar.flops[0],
                   .ar_seconds = ar.seconds[0]};

  Section section{.verdict = rule_20(h), .blocks = {}};
  const auto add = [&](Block block) { section.blocks.push_back(std::move(block)); };
  add(chart("Quality against evaluations", "evaluations of the network", &Curve::evaluations, true, curves, results,
            sources));
  add(Paragraph{where_autoregression_wins(results, h)});
  const Record& uncached = results["head.uncached"];
  curves.push_back({"autoregression without cache",
                    {784},
                    {uncached.number("flops")},
                    {uncached.number("seconds")},
                    two.cnn,
                    two.pca});
  sources.push_back("head.uncached");
  add(chart("Quality against operations", "operations of an image", &Curve::flops, true, curves, results, sources));
  add(chart("Quality against seconds", "processor seconds of an image", &Curve::seconds, true, curves, results,
            sources));
  curves.pop_back();
  sources.pop_back();
  add(chart("Quality of pixels against evaluations", "evaluations of the network", &Curve::evaluations, false, curves,
            results, sources));
  add(quality_table(results));
  add(goal_table(results));
  return section;
}

}  // namespace

Verdict rule_20(const Headline& h) {
  Verdict v;
  v.rule =
      "Supported if diffusion's digits of at most 40 evaluations are not clearly worse than those of the better "
      "autoregression, by FD-CNN and FD-PCA64 of three seeds, and it needs fewer evaluations, operations and "
      "seconds for the same FD-CNN; only when evaluations are counted if it needs fewer of those alone.";
  const bool as_good = !clearly_below(h.ar_cnn, h.diffusion_cnn) && !clearly_below(h.ar_pca, h.diffusion_pca);
  const bool fewer = h.evaluations < h.ar_evaluations;
  const bool cheaper = h.flops < h.ar_flops, faster = h.seconds < h.ar_seconds;
  v.outcome = !as_good || !fewer  ? Outcome::not_supported
              : cheaper && faster ? Outcome::supported
                                  : Outcome::conditional;
  std::string what;
  if (v.outcome == Outcome::conditional) {
    what = cheaper  ? "evaluations or operations are counted, not seconds: "
           : faster ? "evaluations or seconds are counted, not operations: "
                    : "evaluations are counted, neither operations nor seconds: ";
  }
  v.because = what + "FD-CNN is " + number(h.diffusion_cnn.mean) + " ± " + number(h.diffusion_cnn.error) +
              " of diffusion and " + number(h.ar_cnn.mean) + " ± " + number(h.ar_cnn.error) +
              " of autoregression, FD-PCA64 " + number(h.diffusion_pca.mean) + " and " + number(h.ar_pca.mean) + ". ";
  v.because += std::isfinite(h.evaluations)
                   ? "For the FD-CNN that autoregression has after " + number(h.ar_evaluations) + " evaluations, " +
                         giga(h.ar_flops) + " and " + number(h.ar_seconds) + " s with its cache, diffusion needs " +
                         number(h.evaluations) + ", " + giga(h.flops) + " and " + number(h.seconds) + " s."
                   : "No point of diffusion reaches the FD-CNN of autoregression.";
  return v;
}

Claim claim_20() { return {20, "So diffusion needs fewer network evaluations for the same quality.", tasks, report}; }

}  // namespace study
