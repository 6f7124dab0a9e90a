// Claim 19: classifier-free guidance. A network that was trained with and without its condition is asked both ways, and
// the difference is exaggerated. Of the main diffusion model, of one for every target, and of the logits of a causal
// network: the digits are drawn with the same noise at rising scales; how often they are what was asked for, how far
// two of one class are from each other, and how far all are from real ones, by the frozen classifier's features.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "inkling/io/apng.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/diversity.hpp"
#include "inkling/metrics/features.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/guidance_report.hpp"
#include "study/claims/told.hpp"
#include "study/harness/bench.hpp"

namespace study {
namespace {

using namespace ink;

/// What is drawn of a system: so many of each class at each of these scales.
struct Scan {
  std::vector<double> scales;
  Index each;
  systems::DrawOptions options = {};
};

Scan main_scan(const Settings& s) {
  Scan scan{{0, 0.5, 1, 1.5, 2, 3, 5, 8}, s.full ? 200 : 40, told_sampler(s, 1)};
  if (!s.full && s.minutes < 30) scan = {{0, 1, 1.5, 3, 8}, 5, {.sampler = "dpm++2m", .steps = 12}};
  if (s.steps > 0) scan = {{0, 1, 1.5, 3}, 2, told_sampler(s, 1)};
  return scan;
}

/// Of the small models of the targets, and of the causal network. Clipped: what guidance exaggerates of a predicted
/// noise is multiplied once more in the clean image.
Scan small_scan(const Settings& s) {
  Scan scan{
      {0, 0.5, 1, 1.5, 2, 3, 5, 8}, s.full ? 25 : 8, {.sampler = "ddim", .steps = s.full ? 20 : 12, .clip = true}};
  if (!s.full && s.minutes < 30) scan = {{0, 1, 3}, 5, {.sampler = "ddim", .steps = 10, .clip = true}};
  if (s.steps > 0) scan = {{0, 1, 3}, 2, {.sampler = "ddim", .steps = 3, .clip = true}};
  return scan;
}

template <class T, int R>
Tensor<T, R> rows_of(const Tensor<T, R>& x, const std::vector<Index>& rows) {
  std::vector<Tensor<T, R>> some;
  for (const Index row : rows) some.push_back(dense(view(x).slice(0, row, row + 1)));
  return concat(0, some);
}

/// What was drawn at one scale, image n of class n mod 10.
struct DrawnDigits {
  Images images;
  Tensor<std::int32_t, 1> labels;
  Tensor<float, 2> features;

  DrawnDigits some(const std::vector<Index>& rows) const {
    return {rows_of(images, rows), rows_of(labels, rows), rows_of(features, rows)};
  }
};

/// f of all the digits, and its standard error: how much it changes when each of five parts is left out (jackknife).
/// No error of fewer than four of each class.
Spread jackknifed(const DrawnDigits& digits, const std::function<double(const DrawnDigits&)>& f) {
  const Index each = digits.labels.size() / 10, parts = each < 4 ? 0 : std::min<Index>(5, each);
  std::vector<double> without;
  for (Index part = 0; part < parts; ++part) {
    std::vector<Index> rows;
    for (Index i = 0; i < digits.labels.size(); ++i) {
      if (i / 10 % parts != part) rows.push_back(i);
    }
    without.push_back(f(digits.some(rows)));
  }
  Spread s = spread(without);
  s.error *= static_cast<double>(std::max<Index>(0, parts - 1));
  s.mean = f(digits);
  s.count = 1;
  return s;
}

/// A figure at every scale, as it is recorded.
struct Curve {
  std::vector<double> values, errors;

  void add(const Spread& s) {
    values.push_back(s.mean);
    errors.push_back(s.error);
  }
  void note(Record& record, const std::string& name) const {
    record.set(name, values);
    record.set(name + "_error", errors);
  }
};

using DrawAt = std::function<Images(double scale, const systems::Told& told)>;

/// Draws and judges; returns the images of every scale.
std::vector<Images> scan(Record& record, Bench& bench, const Scan& plan, const DrawAt& draw_at) {
  const auto told = systems::tell_every_class(10 * plan.each);
  const auto& labels = systems::classes_of(told);
  Curve right, distance, fd;
  std::vector<Images> drawn;
  for (const double scale : plan.scales) {
    drawn.push_back(bench.sampling([&] { return draw_at(scale, told); }));
    const DrawnDigits digits{drawn.back(), labels, metrics::features(bench.judge().classifier(), drawn.back())};
    right.add(jackknifed(digits, [&](const DrawnDigits& d) { return bench.judge().agreement(d.images, d.labels); }));
    distance.add(
        jackknifed(digits, [](const DrawnDigits& d) { return metrics::mean_pairwise_distance(d.images, d.labels); }));
    fd.add(jackknifed(digits, [&](const DrawnDigits& d) {
      return metrics::frechet_distance(bench.judge().feature_moments(), metrics::moments(d.features));
    }));
  }
  record.set("scales", plan.scales);
  record.set("steps_of_sampler", static_cast<double>(plan.options.steps));
  record.set("count", static_cast<double>(labels.size()));
  right.note(record, "right");
  distance.note(record, "distance");
  fd.note(record, "fd_cnn");
  return drawn;
}

/// Real digits, as many, for comparison.
void note_real(Record& record, Bench& bench, const Images& real) {
  std::vector<Index> rows;
  for (Index i = 0; i < real.extent(0); ++i) rows.push_back(i);
  const auto labels = rows_of(bench.test_set().labels, rows);
  record.set("real.right", bench.judge().agreement(real, labels));
  record.set("real.distance", metrics::mean_pairwise_distance(real, labels));
  record.set("real.fd_cnn", bench.judge().fidelity(real).cnn);
}

/// The first ten digits of every scale, a row each.
void draw_rows(const std::string& path, const std::vector<Images>& drawn) {
  std::vector<Images> rows;
  for (const Images& images : drawn) rows.push_back(dense(view(images).slice(0, 0, 10)));
  io::write_png(path, image_grid(concat(0, rows), 10));
}

/// Some digits, a frame for every scale.
void draw_animation(const std::string& path, const std::vector<Images>& drawn) {
  std::vector<Tensor<float, 3>> frames;
  for (const Images& images : drawn) {
    const Index count = std::min<Index>(40, images.extent(0));
    frames.push_back(image_grid(dense(view(images).slice(0, 0, count)), 10));
  }
  io::write_apng(path, frames, {.seconds = 0.7, .last_seconds = 2});
}

/// A denoiser at every scale: with the same noise, for the key is the same.
std::vector<Images> scan_denoiser(Record& record, Bench& bench, const std::string& weights, const Scan& plan) {
  const auto model = systems::Denoiser::load(bench.weights(weights));
  if (model.spec().told != "class") {
    throw ValueError("guidance: the model " + weights + " is told " + model.spec().told +
                     "; it must be told the class");
  }
  const auto drawn = scan(record, bench, plan, [&](double scale, const systems::Told& told) {
    auto options = plan.options;
    options.guidance = scale;
    return model.draw(options, told, bench.shared_key(19)).images;
  });
  note_real(record, bench, evenly_spread(bench.test_set(), drawn.front().extent(0)));
  return drawn;
}

Record scan_main(Bench& bench) {
  Record record;
  const auto plan = main_scan(bench.settings());
  const auto drawn = scan_denoiser(record, bench, "main.diffusion", plan);
  draw_animation(bench.picture("guidance"), drawn);
  // Claim 18's picture of classes.
  const auto at = std::find(plan.scales.begin(), plan.scales.end(), class_guidance) - plan.scales.begin();
  const Images& usual = drawn[static_cast<std::size_t>(at)];
  const Index shown = std::min<Index>(usual.extent(0), 10 * told_columns(bench.settings()));
  io::write_png(bench.picture("told_class"), image_grid(dense(view(usual).slice(0, 0, shown)), 10));
  return record;
}

Record scan_target(Bench& bench, const GuidedTarget& target) {
  Record record;
  const auto drawn = scan_denoiser(record, bench, target.model, small_scan(bench.settings()));
  draw_rows(bench.picture("guidance_" + target.name), drawn);
  return record;
}

Record scan_pixelcnn(Bench& bench) {
  Record record;
  systems::PixelModel model({.told = "class"}, bench.key(0));
  bench.train_system(record, model, bench.train_set(), {.batch_size = 16, .lr = 4e-3, .weight_decay = 0});
  model.save(bench.weights("guidance.pixelcnn"));
  const auto plan = small_scan(bench.settings());
  const auto drawn = scan(record, bench, plan, [&](double scale, const systems::Told& told) {
    return model.draw({.guidance = scale}, told, bench.shared_key(19)).images;
  });
  // Real digits in black and white, as the model draws them.
  const auto real = evenly_spread(bench.test_set(), drawn.front().extent(0));
  note_real(record, bench, model.images(model.tokens(real, bench.key(1))));
  draw_rows(bench.picture("guidance_pixelcnn"), drawn);
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  const double unit = s.full ? 1 : s.minutes < 30 ? 0.03 : 0.2;
  std::vector<Task> all{
      {.name = "guidance.main", .measuring = 900 * unit, .needs = {"main.diffusion"}, .run = scan_main},
      {.name = "guidance.pixelcnn", .training = 2, .measuring = 40 * unit, .run = scan_pixelcnn}};
  for (const GuidedTarget& target : guided_targets()) {
    all.push_back({.name = "guidance." + target.name,
                   .measuring = 120 * unit,
                   .needs = {target.model},
                   .run = [target](Bench& bench) { return scan_target(bench, target); }});
  }
  return all;
}

}  // namespace

Claim claim_19() {
  return {19, "Guidance: train with and without the condition, run twice, subtract.", tasks, guidance_report};
}

}  // namespace study
