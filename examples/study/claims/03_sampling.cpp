// Claim 3: sample from the predicted distribution, do not take its most likely value. The same two networks draw with
// their distributions as they are, sharpened, cut off, and by the most likely value only.
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/metrics/diversity.hpp"
#include "inkling/metrics/ink_statistics.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/pixel_frames.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index pixels = 784;

struct Way {
  const char *name, *says;
  Truncation truncation;
};

/// The first is the plain distribution, the last its most likely value.
std::vector<Way> ways(bool grey) {
  std::vector<Way> all = {{"t1", "as predicted", {}},
                          {"t1.2", "temperature 1.2", {.temperature = 1.2}},
                          {"t0.8", "temperature 0.8", {.temperature = 0.8}},
                          {"t0.5", "temperature 0.5", {.temperature = 0.5}},
                          {"p0.9", "top-p 0.9", {.top_p = 0.9}}};
  if (grey) {
    all.push_back({"k32", "top-k 32", {.top_k = 32}});
    all.push_back({"k4", "top-k 4", {.top_k = 4}});
  }
  all.push_back({"t0", "the most likely value", {.temperature = 0}});
  return all;
}

Index distinct(const systems::Tokens& tokens) {
  std::set<std::vector<std::int32_t>> all;
  for (Index n = 0; n < tokens.extent(0); ++n) {
    all.emplace(tokens.data() + n * pixels, tokens.data() + (n + 1) * pixels);
  }
  return static_cast<Index>(all.size());
}

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(const std::vector<double>& values) {
  Moments m;
  for (const double v : values) m.mean += v / static_cast<double>(values.size());
  for (const double v : values) m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  return m;
}

/// Of each image the mean of (x + 1)/2, or for one pixel its value in each image.
std::vector<double> inks(const Images& images) {
  std::vector<double> all(static_cast<std::size_t>(images.extent(0)));
  for (Index i = 0; i < images.size(); ++i) {
    all[static_cast<std::size_t>(i / pixels)] += (static_cast<double>(images.data()[i]) + 1) / 2 / pixels;
  }
  return all;
}

std::vector<double> values_of(const Images& images, Index pixel) {
  std::vector<double> all;
  for (Index n = 0; n < images.extent(0); ++n) {
    all.push_back((static_cast<double>(images.data()[n * pixels + pixel]) + 1) / 2);
  }
  return all;
}

/// How many standard errors the ink and each pixel's mean are from those of the training digits. A pixel's error is
/// that of as many real digits; pixels count in which at least five of those would have ink.
void compare_means(Record& record, const Images& drawn, const Images& real, bool two_levels) {
  const double n = static_cast<double>(drawn.extent(0)), m = static_cast<double>(real.extent(0));
  const Moments ours = moments(inks(drawn)), theirs = moments(inks(real));
  record.set("ink", ours.mean);
  record.set("real_ink", theirs.mean);
  record.set("ink_errors", (ours.mean - theirs.mean) / std::sqrt(ours.variance / n + theirs.variance / m));
  double worst = 0, counted = 0, within = 0;
  for (Index p = 0; p < pixels; ++p) {
    Moments data = moments(values_of(real, p));
    if (two_levels) data.variance = data.mean * (1 - data.mean);
    if (n * data.mean < 5) continue;
    const double mean = moments(values_of(drawn, p)).mean;
    const double errors = std::abs(mean - data.mean) / std::sqrt(data.variance * (1 / n + 1 / m));
    worst = std::max(worst, errors);
    ++counted;
    within += errors <= 4;
  }
  record.set("pixels", counted);
  record.set("pixels_within", counted > 0 ? within / counted : 0);
  record.set("worst_pixel", worst);
}

void note_way(Record& record, const std::string& name, const systems::PixelsDrawn& drawn, const Bench& bench) {
  note(record, name + ".", bench.judge().fidelity(drawn.images));
  record.set(name + ".drawn", static_cast<double>(drawn.tokens.extent(0)));
  record.set(name + ".distinct", static_cast<double>(distinct(drawn.tokens)));
  record.set(name + ".ink", metrics::ink_statistics(drawn.images).ink_density);
  record.set(name + ".diversity", metrics::mean_pairwise_distance(drawn.images) / 2);  // of pixels in [0, 1]
}

Images floor_images(Bench& bench, const systems::PixelModel& model, Index count) {
  return model.images(model.tokens(evenly_spread(bench.test_set(), count), bench.key(5)));
}

std::function<Record(Bench&)> draw_in_all_ways(const std::string& system, const std::string& name) {
  return [=](Bench& bench) {
    Record record;
    const auto model = systems::PixelModel::load(bench.weights(system));
    const bool grey = model.spec().levels > 2;
    const Index count = bench.settings().drawn_a_cell(), shown = 10;
    PixelFrames frames(model.spec().levels, shown, 5, 28);
    std::vector<Images> rows;
    for (const Way& way : ways(grey)) {
      const bool plain = rows.empty(), certain = way.truncation.temperature == 0;
      const auto told = systems::tell_nothing(certain ? 20 : count);
      const auto drawn = bench.sampling([&] {
        return model.draw({.truncation = way.truncation}, told, bench.key(1),
                          plain ? frames.watcher() : systems::OnPixels{});
      });
      note_way(record, way.name, drawn, bench);
      rows.push_back(dense(view(drawn.images).slice(0, 0, shown)));
      if (plain) {
        compare_means(record, drawn.images, first_images(bench.train_set(), bench.train_set().size()), !grey);
      }
    }
    record.set("drawn", static_cast<double>(count));
    const Fidelity floor = bench.judge().fidelity(floor_images(bench, model, count));
    record.set("floor_cnn", floor.cnn);
    record.set("floor_pca", floor.pca);
    frames.write(bench.picture("pixelwise." + name), 0.12);
    io::write_png(bench.picture("sampling." + name), image_grid(concat(0, rows), shown, {.pad = 1}));
    return record;
  };
}

Table ways_table(const Record& r, bool grey, const std::string& task) {
  Table t{
      .caption = std::string(grey ? "256 levels" : "Two levels") + ": " + number(r.number("drawn")) +
                 " digits each way (20 of the most likely value). Diversity is the mean RMS distance of two digits, "
                 "ink the mean of the pixels, both in [0, 1]; test digits have FD-CNN " +
                 number(r.number("floor_cnn")) + " and FD-PCA64 " + number(r.number("floor_pca")) +
                 ", training digits ink " + number(r.number("real_ink")) + ".",
      .columns = {"pixels are drawn", "FD-CNN", "FD-PCA64", "ink", "diversity", "distinct"},
      .rows = {},
      .tasks = {task}};
  for (const Way& way : ways(grey)) {
    const std::string p = std::string(way.name) + ".";
    t.rows.push_back({way.says, number(r.number(p + "fd_cnn")), number(r.number(p + "fd_pca")),
                      number(r.number(p + "ink")), number(r.number(p + "diversity")),
                      number(r.number(p + "distinct")) + " of " + number(r.number(p + "drawn"))});
  }
  return t;
}

Chart ways_chart(const Record& two, const Record& grey) {
  const auto line = [](const Record& r, const std::string& name) {
    Series s{.name = name, .points = {}};
    for (const auto& [way, temperature] :
         {std::pair{"t0", 0.0}, {"t0.5", 0.5}, {"t0.8", 0.8}, {"t1", 1.0}, {"t1.2", 1.2}}) {
      const double fd = r.number(std::string(way) + ".fd_cnn");
      s.points.push_back({temperature, fd, fd, fd});
    }
    return s;
  };
  return {.title = "Quality against temperature",
          .alternative = "FD-CNN falls steeply from temperature 0, is lowest near 1, and rises after.",
          .x = {.label = "temperature (0 is the most likely value)"},
          .y = {.label = "FD-CNN", .log = true},
          .series = {line(two, "two levels"), line(grey, "256 levels")},
          .levels = {{"test digits, two levels", two.number("floor_cnn")},
                     {"test digits, 256 levels", grey.number("floor_cnn")}},
          .caption = "Lower is better; levels are what as many real digits score.",
          .tasks = {"sampling.two", "sampling.grey"}};
}

Picture ways_picture(const Results& results, const std::string& name, bool grey) {
  std::string rows;
  for (const Way& way : ways(grey)) rows += (rows.empty() ? "" : ", ") + std::string(way.says);
  return {.file = results.picture("sampling." + name),
          .alternative = "Rows of ten digits; those of the last row are all the same and have next to no ink.",
          .caption = "Rows from the top: " + rows + ".",
          .scale = 2,
          .tasks = {"sampling." + name}};
}

Sampled sampled(const Record& r) {
  return {.ink_errors = r.number("ink_errors"),
          .pixels_within = r.number("pixels_within"),
          .fd = r.number("t1.fd_cnn"),
          .likeliest_distinct = r.number("t0.distinct") / r.number("t0.drawn"),
          .likeliest_fd = r.number("t0.fd_cnn")};
}

Section report(const Results& results) {
  const Record &two = results["sampling.two"], &grey = results["sampling.grey"];
  Section section;
  section.verdict = rule_03(sampled(two), sampled(grey));
  Table means{.caption =
                  "How far the means of drawn digits are from those of the training digits, in standard errors. "
                  "Pixels count in which at least five of as many real digits would have ink.",
              .columns = {"", "ink", "pixels within 4 errors", "farthest pixel"},
              .rows = {},
              .tasks = {"sampling.two", "sampling.grey"}};
  for (const Record* r : {&two, &grey}) {
    means.rows.push_back({r == &two ? "two levels" : "256 levels", number(r->number("ink_errors")),
                          number(100 * r->number("pixels_within")) + " % of " + number(r->number("pixels")),
                          number(r->number("worst_pixel"))});
  }
  section.blocks = {std::move(means),
                    ways_chart(two, grey),
                    ways_table(two, false, "sampling.two"),
                    ways_picture(results, "two", false),
                    ways_table(grey, true, "sampling.grey"),
                    ways_picture(results, "grey", true)};
  return section;
}

}  // namespace

Verdict rule_03(const Sampled& two, const Sampled& grey) {
  Verdict v;
  v.rule =
      "Supported if, with two levels and with 256, the ink of sampled digits and at least 99 % of the means of their "
      "pixels are within 4 standard errors of the training digits', and the most likely values make at most one image "
      "in twenty a new one and score a higher FD-CNN. Only when, if the means are farther off, but the rest holds.";
  const auto faithful = [](const Sampled& s) { return std::abs(s.ink_errors) <= 4 && s.pixels_within >= 0.99; };
  const auto collapses = [](const Sampled& s) { return s.likeliest_distinct <= 0.05 && s.likeliest_fd > s.fd; };
  const auto says = [](const Sampled& s) {
    return "the ink is " + number(s.ink_errors) + " standard errors off and " + number(100 * s.pixels_within) +
           " % of the pixels are within 4, FD-CNN is " + number(s.fd) + ", of the most likely values " +
           number(s.likeliest_fd);
  };
  v.because = "With two levels " + says(two) + "; with 256 " + says(grey) + ".";
  if (!collapses(two) || !collapses(grey)) {
    v.outcome = Outcome::not_supported;
  } else if (faithful(two) && faithful(grey)) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    v.because = std::string(faithful(two)    ? "there are two levels"
                            : faithful(grey) ? "there are 256 levels"
                                             : "the network is better than these, whose means are off") +
                ". " + v.because;
  }
  return v;
}

Claim claim_03() {
  return {3, "Sample from the predicted distribution; do not take its most likely value.",
          [](const Settings& s) -> std::vector<Task> {
    const double n = static_cast<double>(s.drawn_a_cell());
    return {{.name = "sampling.two",
             .measuring = 1 + 0.04 * n,
             .needs = {"main.pixelcnn"},
             .run = draw_in_all_ways("main.pixelcnn", "two")},
            {.name = "sampling.grey",
             .measuring = 1 + 0.09 * n,
             .needs = {"main.pixelcnn256"},
             .run = draw_in_all_ways("main.pixelcnn256", "grey")}};
  }, report};
}

}  // namespace study
