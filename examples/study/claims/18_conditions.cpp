// Claim 18: anything can be a condition: a class, a sketch. The main diffusion model is told a class; another one is
// shown a line drawing as a second channel of its input. Whether a sketch was followed is measured by thinning the
// drawing's strokes to lines again and laying them over the sketch; two drawings of each sketch tell whether the noise
// still matters.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/told_measures.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/diversity.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/told.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

systems::Told tell(const Tensor<std::uint8_t, 4>& sketches) {
  return systems::tell_sketches({data::normalize<float>(sketches)});
}

/// Rows of a sketch and what was drawn for it.
void draw_sketches(Bench& bench, const systems::Denoiser& model) {
  const Index columns = told_columns(bench.settings()), count = 10;
  std::vector<Index> rows;
  for (Index i = 0; i < count * columns; ++i) rows.push_back(i / columns);
  const auto sketches = data::skeleton(bench.test_set().take(rows).images);
  const auto drawn =
      bench.sampling([&] { return model.draw(told_sampler(bench.settings(), 1), tell(sketches), bench.key(2)); });
  const auto lines = data::normalize<float>(sketches);
  std::vector<Images> shown;
  for (Index begin = 0; begin < count * columns; begin += columns) {
    shown.push_back(dense(view(lines).slice(0, begin, begin + 1)));
    shown.push_back(dense(view(drawn.images).slice(0, begin, begin + columns)));
  }
  io::write_png(bench.picture("told_sketch"), image_grid(concat(0, shown), columns + 1));
}

/// Mean and standard error.
void note(Record& record, const std::string& name, const std::vector<double>& values) {
  const Spread s = spread(values);
  record.set(name, s.mean);
  record.set(name + "_error", s.error);
}

Record learn_sketches(Bench& bench) {
  Record record;
  systems::Denoiser model(told_model("sketch"), bench.key(0));
  bench.train_system(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3});
  model.save(bench.weights("told.sketch"));

  const AskedSketches asked = ask_sketches(bench.test_set(), told_count(bench.settings()));
  const auto drawn =
      bench.sampling([&] { return model.draw(told_sampler(bench.settings(), 1), tell(asked.sketches), bench.key(1)); });
  record.set("count", static_cast<double>(asked.digits.size()));
  note(record, "overlap", sketch_overlaps(asked.sketches, bytes(drawn.images)));
  note(record, "other_overlap", overlaps_within_class(bench.test_set()));
  record.set("distance", metrics::mean_pairwise_distance(drawn.images, asked.numbers));
  record.set("right", bench.judge().agreement(drawn.images, asked.digits.labels));
  draw_sketches(bench, model);
  return record;
}

/// What claim 19 has measured at the usual guidance.
Record take_classes(Bench& bench) {
  Record record;
  const Record& scan = bench.results()["guidance.main"];
  const auto scales = scan.series("scales");
  const auto at = static_cast<std::size_t>(std::find(scales.begin(), scales.end(), class_guidance) - scales.begin());
  for (const char* name : {"right", "right_error", "distance", "distance_error"}) {
    record.set(name, scan.series(name)[at]);
  }
  for (const char* name : {"count", "real.right", "real.distance"}) record.set(name, scan.number(name));
  return record;
}

std::vector<Block> blocks(const Results& results) {
  const Record &sketch = results["told.sketch"], &cls = results["told.class"];
  return {
      Picture{.file = results.picture("told_class"),
              .alternative = "Rows of drawn digits, in each of them 0 to 9.",
              .caption = "Told the class: 0 to 9 in every row, guidance of " + number(class_guidance) + ".",
              .scale = 2,
              .tasks = {"told.class"}},
      Picture{.file = results.picture("told_sketch"),
              .alternative = "Ten rows; each begins with a thin line drawing of a digit, and strokes of changing "
                             "thickness that follow it.",
              .caption = "On the left sketches of held-out digits, beside each what was drawn for it.",
              .scale = 2,
              .tasks = {"told.sketch"}},
      Table{.caption = "The digit that is named by the classifier; the overlap (intersection over union, within a "
                       "pixel) of the sketch with the drawing's own; the distance (root mean square difference of "
                       "pixels in [−1, 1]) of two drawings that were told the same.",
            .columns = {"", "digit right", "overlap with the sketch", "distance of two drawings"},
            .rows = {{"told the class (" + number(cls.number("count")) + " drawn)", percent(cls.number("right")), "",
                      number(cls.number("distance"))},
                     {"told a sketch (" + number(sketch.number("count")) + " drawn)", percent(sketch.number("right")),
                      number(sketch.number("overlap")) + " ± " + number(sketch.number("overlap_error")),
                      number(sketch.number("distance"))},
                     {"two real digits of one class", percent(cls.number("real.right")),
                      number(sketch.number("other_overlap")), number(cls.number("real.distance"))}},
            .tasks = {"told.class", "told.sketch"}}};
}

Section report(const Results& results) {
  const Record &sketch = results["told.sketch"], &cls = results["told.class"];
  return {
      rule_18(cls.number("right"), sketch.number("overlap"), sketch.number("distance"), cls.number("real.distance")),
      blocks(results)};
}

}  // namespace

Verdict rule_18(double class_right, double overlap, double sketch_distance, double class_distance) {
  Verdict v;
  v.rule =
      "Supported if the classifier names the class that was asked for in at least 98 % of the drawings, sketches and "
      "drawings overlap by at least 0.6, and two drawings of one sketch are at least a quarter as far from each other "
      "as two real digits of one class; with a condition if it is so for one of class and sketch.";
  v.because = "The class is right in " + percent(class_right) + "; the overlap is " + number(overlap) +
              ", the distance of two drawings of one sketch " + number(sketch_distance) +
              ", of two real digits of one class " + number(class_distance) + ".";
  const bool classes = class_right >= 0.98, sketches = overlap >= 0.6 && sketch_distance >= 0.25 * class_distance;
  v.outcome = classes && sketches   ? Outcome::supported
              : classes || sketches ? Outcome::conditional
                                    : Outcome::not_supported;
  if (classes != sketches)
    v.because = (classes ? "The condition is a class. " : "The condition is a sketch. ") + v.because;
  return v;
}

Claim claim_18() {
  return {18, "Anything can be a condition: a class, a sketch.", [](const Settings& s) -> std::vector<Task> {
    const double measuring = s.full ? 36 : s.minutes < 30 ? 4 : 20;
    return {{.name = "told.sketch", .training = told_weight(s), .measuring = measuring, .run = learn_sketches},
            {.name = "told.class", .needs = {"guidance.main"}, .run = take_classes}};
  }, report};
}

}  // namespace study
