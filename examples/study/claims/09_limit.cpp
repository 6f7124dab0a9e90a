// Claim 9: noise removes a little information from every pixel at once; it is the limit of "spread out". Quality
// against network evaluations: pixels drawn together, by where they are, and diffusion, on one axis. The any-order
// network draws black and white pixels; so diffusion's digits are made black and white for the comparison, each pixel
// with the probability that its grey level names.
#include <algorithm>
#include <string>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/dist/quantizer.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/together.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

const std::vector<std::string> sampler_names = {"ddim", "dpm++2m", "heun"};

/// Network evaluations: those of any-order drawing, so that both have points side by side.
std::vector<Index> evaluations(const Settings& s) {
  if (s.steps > 0) return {2, 4};
  if (s.minutes < 30 && !s.full) return {4, 8, 16};
  return {4, 8, 16, 28, 49};
}

std::string name_of(const std::string& sampler, Index evaluations) {
  return sampler + std::to_string(evaluations) + ".";
}

/// Heun asks twice a step, but for the last.
int steps_of(const std::string& sampler, Index evaluations) {
  return static_cast<int>(sampler == "heun" ? evaluations / 2 + 1 : evaluations);
}

Record draw(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Index count = together_count(bench.settings()), shown = std::min<Index>(10, count);
  const Quantizer two{2};
  std::vector<Images> rows;
  for (const std::string& sampler : sampler_names) {
    for (const Index e : evaluations(bench.settings())) {
      const std::string name = name_of(sampler, e);
      const double start = bench.sampling_time();
      const auto drawn = bench.sampling([&] {
        return model.draw({.sampler = sampler, .steps = steps_of(sampler, e)}, systems::tell_every_class(count),
                          bench.key(1));
      });
      record.set(name + "seconds", (bench.sampling_time() - start) / static_cast<double>(count));
      record.set(name + "evaluations", static_cast<double>(drawn.evaluations));
      note_thirds(record, name + "grey.", bench.judge(), drawn.images);
      note_thirds(record, name + "two.", bench.judge(), two.images<float>(two.tokens(drawn.images, bench.key(2))));
      if (sampler == "dpm++2m") rows.push_back(dense(view(drawn.images).slice(0, 0, shown)));
    }
  }
  io::write_png(bench.picture("limit.diffusion"), image_grid(concat(0, rows), shown, {.pad = 1}));
  return record;
}

Chart quality_chart(const Results& results) {
  const Record &diffusion = results["limit.diffusion"], &floor = results["together.floor"];
  Chart chart{
      .title = "Quality against network evaluations",
      .alternative =
          "FD-CNN falls with the evaluations; blocks and runs are highest, then scattered pixels; diffusion "
          "falls first.",
      .x = {.label = "network evaluations for an image", .log = true},
      .y = {.label = "FD-CNN", .log = true},
      .series = {},
      .levels = {{"test digits, black and white", floor.number("two.fd_cnn")},
                 {"test digits", floor.number("grey.fd_cnn")}},
      .caption = "Of " + number(floor.number("drawn")) +
                 " digits for every point; lower is better. All are black and white but the last series, which "
                 "is diffusion's own grey. Diffusion is told the class, every class as often; any-order drawing "
                 "is told nothing. Both networks were trained for equal seconds. Black and white is harder on "
                 "diffusion: what is not quite black is speckled.",
      .tasks = {"limit.diffusion", "together.floor"}};
  for (const Choice& c : choices()) {
    Series s{.name = c.says, .points = {}};
    const Record& r = results["together." + c.name];
    for (const Index k : together_amounts(results.settings(), c.name)) {
      const double fd = r.number(amount_name(k) + "fd_cnn");
      s.points.push_back({r.number(amount_name(k) + "evaluations"), fd, fd, fd});
    }
    std::reverse(s.points.begin(), s.points.end());
    chart.series.push_back(std::move(s));
    chart.tasks.push_back("together." + c.name);
  }
  for (const auto& [sampler, colours] : {std::pair<std::string, std::string>{"ddim", "two."},
                                         {"dpm++2m", "two."},
                                         {"heun", "two."},
                                         {"dpm++2m", "grey."}}) {
    Series s{.name = "diffusion, " + sampler + (colours == "two." ? "" : ", grey"), .points = {}};
    for (const Index e : evaluations(results.settings())) {
      const std::string name = name_of(sampler, e);
      const double fd = diffusion.number(name + colours + "fd_cnn");
      s.points.push_back({diffusion.number(name + "evaluations"), fd, fd, fd});
    }
    chart.series.push_back(std::move(s));
  }
  return chart;
}

/// Where diffusion and any-order drawing have as many evaluations: the best of the exact samplers, spread out, a run.
std::vector<LimitStep> steps_of(const Results& results) {
  std::vector<LimitStep> all;
  const auto amounts = together_amounts(results.settings(), "block");
  for (auto k = amounts.rbegin(); k != amounts.rend(); ++k) {
    const Index e = evaluations_of(*k);
    const auto own = evaluations(results.settings());
    if (std::find(own.begin(), own.end(), e) == own.end()) continue;
    Spread best;
    for (const std::string& sampler : {std::string("ddim"), std::string("dpm++2m")}) {
      const Spread s = thirds(results["limit.diffusion"], name_of(sampler, e) + "two.");
      if (best.count == 0 || s.mean < best.mean) best = s;
    }
    const auto of = [&](const std::string& choice) { return thirds(results["together." + choice], amount_name(*k)); };
    all.push_back({static_cast<int>(e), best, of("spread"), of("run")});
  }
  return all;
}

std::string pm(const Spread& s) { return number(s.mean) + " ± " + number(s.error); }

Table steps_table(const std::vector<LimitStep>& steps) {
  Table t{.caption =
              "FD-CNN of thirds of the digits, three seeds of sampling: mean ± standard error. They are higher than "
              "those of the chart, because fewer digits have a higher floor.",
          .columns = {"evaluations", "diffusion, the better of ddim and dpm++2m", "spread out", "a run of the raster"},
          .rows = {},
          .tasks = {"limit.diffusion", "together.spread", "together.run"}};
  for (const LimitStep& s : steps) {
    t.rows.push_back({std::to_string(s.evaluations), pm(s.diffusion), pm(s.spread), pm(s.run)});
  }
  return t;
}

Section report(const Results& results) {
  const auto steps = steps_of(results);
  std::string rows;
  for (const Index e : evaluations(results.settings())) rows += (rows.empty() ? "" : ", ") + std::to_string(e);
  Section section;
  section.verdict = rule_09(steps);
  section.blocks = {quality_chart(results), steps_table(steps),
                    Picture{.file = results.picture("limit.diffusion"),
                            .alternative = "Rows of the ten digits, blurred at the top and sharp at the bottom.",
                            .caption = "Diffusion by dpm++2m; network evaluations, by row: " + rows + ".",
                            .scale = 2,
                            .tasks = {"limit.diffusion"}}};
  return section;
}

}  // namespace

Verdict rule_09(const std::vector<LimitStep>& steps) {
  Verdict v;
  v.rule =
      "Supported if at every number of evaluations that both have, FD-CNN is clearly lower for diffusion than for "
      "spread-out pixels and clearly lower for those than for a run of the raster, by three seeds of sampling. Only "
      "when, if at some. Not supported, if at none.";
  std::string good;
  std::size_t count = 0;
  for (const LimitStep& s : steps) {
    const bool here = clearly_below(s.diffusion, s.spread) && clearly_below(s.spread, s.run);
    count += here;
    if (here) good += (good.empty() ? "" : ", ") + std::to_string(s.evaluations);
    v.because += (v.because.empty() ? "" : "; ") + (std::to_string(s.evaluations) + " evaluations: diffusion ") +
                 number(s.diffusion.mean) + ", spread out " + number(s.spread.mean) + ", a run " + number(s.run.mean);
  }
  v.outcome = steps.empty() || count == 0 ? Outcome::not_supported
              : count == steps.size()     ? Outcome::supported
                                          : Outcome::conditional;
  if (v.outcome == Outcome::conditional) v.because = "there are " + good + " evaluations. " + v.because;
  v.because += ".";
  return v;
}

Claim claim_09() {
  return {9, "Noise removes a little information from every pixel at once: the limit of \"spread out\".",
          [](const Settings& s) -> std::vector<Task> {
    Index asked = 0;
    for (const Index e : evaluations(s)) asked += 3 * e;
    std::vector<std::string> needs = together_names();
    needs.push_back("main.diffusion");
    return {{.name = "limit.diffusion",
             .measuring = 0.004 * static_cast<double>(asked * together_count(s)),
             .needs = needs,
             .run = draw}};
  }, report};
}

}  // namespace study
