// Claim 6: causal predictions are slightly worse, training is far faster. One transformer of patches twice, causal and
// not, with the same layers, number of parameters, data and seconds (systems/patch_chain.hpp). The causal one gets 784
// answers from an evaluation, the other 16; its answers, however, may look at everything that is known from everywhere.
//
// The learning rate is constant after its warm-up and the weights are averaged, so that every point of a curve is what
// a training that ended there would have given, up to how it might have slowed down at its end.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/pair.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"
#include "systems/settings_text.hpp"

namespace study {
namespace {

using namespace ink;
using systems::PatchChain;

TrainOptions options_of(bool causal) { return {.batch_size = causal ? 4 : 16, .lr = 2e-3, .lr_floor = 2e-3}; }

/// The averaged weights of a training at moments that halve its length again and again, kept as files: what is
/// evaluated in between would count as training.
class Snapshots {
 public:
  Snapshots(const Bench& bench, std::string task, int halvings) : bench_(bench), task_(std::move(task)) {
    for (int i = halvings; i > 0; --i) moments_.push_back(std::ldexp(1.0, -i));
  }

  /// One more, when so many steps are done.
  void also_at(Index step) { step_ = step; }

  void operator()(const StepReport& report, const PatchChain& averaged) const {
    if (report.step == 1) remove();
    const Settings& s = bench_.settings();
    const double done = s.steps > 0 ? static_cast<double>(report.step) / static_cast<double>(s.steps)
                                    : report.seconds / bench_.seconds();
    for (std::size_t i = 0; i < moments_.size(); ++i) {
      if (done >= moments_[i]) keep(file(i), report, averaged);
    }
    if (step_ > 0 && report.step >= step_) keep(file(moments_.size()), report, averaged);
  }

  /// Calls f(weights, seconds, steps) for every moment that was reached, in order.
  template <class F>
  void for_each(const F& f) const {
    for (std::size_t i = 0; i < moments_.size(); ++i) visit(file(i), f);
  }
  template <class F>
  void extra(const F& f) const {
    visit(file(moments_.size()), f);
  }

  void remove() const {
    for (std::size_t i = 0; i <= moments_.size(); ++i) std::filesystem::remove(file(i));
  }

 private:
  std::string file(std::size_t i) const { return bench_.weights(task_ + ".at" + std::to_string(i)); }

  static void keep(const std::string& path, const StepReport& report, const PatchChain& averaged) {
    if (std::filesystem::exists(path)) return;
    averaged.save(path, {{"seconds", std::to_string(report.seconds)}, {"steps", std::to_string(report.step)}});
  }

  template <class F>
  static void visit(const std::string& path, const F& f) {
    if (!std::filesystem::exists(path)) return;
    const auto settings = read_settings(path);
    f(PatchChain::load(path), std::strtod(systems::setting(settings, "seconds").c_str(), nullptr),
      static_cast<double>(systems::whole_setting(settings, "steps")));
  }

  const Bench& bench_;
  std::string task_;
  std::vector<double> moments_;
  Index step_ = 0;
};

Index images_tested(const Settings& s) { return s.steps > 0 ? 4 : s.full ? 1000 : s.minutes < 30 ? 150 : 500; }

struct MeanOf {
  double mean = 0, error = 0;
};

MeanOf mean_of(const Tensor<double, 1>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values.values()) {
    sum += v;
    squares += v * v;
  }
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / n)};
}

Tensor<double, 1> row_sums(const Tensor<double, 2>& nats) {
  Tensor<double, 1> sums(Shape{nats.extent(0)});
  for (Index i = 0; i < nats.size(); ++i) sums(i / nats.extent(1)) += nats.data()[i];
  return sums;
}

/// All that a training and its curve need.
struct Pair {
  Bench& bench;
  bool causal;
  std::string task;
  systems::Tokens tested;

  Pair(Bench& b, bool c, int seed)
      : bench(b),
        causal(c),
        task(std::string(c ? pair_causal : pair_not_causal) + "." + std::to_string(seed)),
        tested(PatchChain({}, Key{0}).tokens(first_images(b.test_set(), images_tested(b.settings())), Key{1234})) {}

  MeanOf exact(const PatchChain& chain) const {
    return mean_of(row_sums(bench.sampling([&] { return chain.nats(tested); })));
  }
  /// Of a causal network exact; of the other from 14 of the 49 steps, spread evenly, for every image.
  MeanOf on_the_way(const PatchChain& chain) const {
    if (causal) return exact(chain);
    return mean_of(bench.sampling([&] { return chain.estimate(tested, 14, bench.key(77)); }));
  }
};

void note_curve(Record& record, const Pair& pair, const Snapshots& snapshots, const PatchChain& trained) {
  std::vector<double> seconds, targets, nats, errors;
  const double a_step =
      static_cast<double>(trained.targets_an_image()) * record.number("images") / record.number("steps");
  const auto add = [&](const MeanOf& mean, double at, double steps) {
    seconds.push_back(at);
    targets.push_back(steps * a_step);
    nats.push_back(mean.mean);
    errors.push_back(mean.error);
  };
  snapshots.for_each([&](const PatchChain& chain, double at, double steps) { add(pair.on_the_way(chain), at, steps); });
  add(pair.exact(trained), record.number("training_seconds"), record.number("steps"));
  record.set("at.seconds", seconds);
  record.set("at.targets", targets);
  record.set("at.nats", nats);
  record.set("at.error", errors);
  record.set("nats", nats.back());
  record.set("nats_error", errors.back());
  record.set("targets", targets.back());
}

Record train_one(Bench& bench, bool causal, int seed) {
  Record record;
  const Pair pair(bench, causal, seed);
  const TrainOptions options = options_of(causal);
  PatchChain chain({.causal = causal}, bench.shared_key(static_cast<std::uint64_t>(seed)));
  Snapshots snapshots(bench, pair.task, causal ? 10 : 7);
  if (causal) {
    // When it has been asked for as many pixels as the other was in all of its training.
    const auto& other = bench.results()[std::string(pair_not_causal) + "." + std::to_string(seed)];
    const Index batch = bench.settings().steps > 0 ? std::min<Index>(options.batch_size, 8) : options.batch_size;
    const double steps = other.number("targets") / static_cast<double>(batch * chain.targets_an_image());
    snapshots.also_at(std::max<Index>(1, std::llround(steps)));
  }
  bench.train_system(record, chain, bench.train_set(), options, 1, "",
                     [&](const StepReport& report, const PatchChain& averaged) { snapshots(report, averaged); });
  chain.save(bench.weights(pair.task));
  note_curve(record, pair, snapshots, chain);
  snapshots.extra([&](const PatchChain& then, double at, double steps) {
    record.set("equal.nats", pair.exact(then).mean);
    record.set("equal.seconds", at);
    record.set("equal.targets", steps * record.number("targets") / record.number("steps"));
  });
  snapshots.remove();
  if (seed == 1) {
    const auto drawn = bench.sampling([&] { return chain.draw(10, bench.shared_key(50)); });
    io::write_png(bench.picture(causal ? pair_causal : pair_not_causal), image_grid(images_of(drawn), 10));
    record.set("single_pixels", mean_of(row_sums(nats_of_single_pixels(pair.tested, bench.train_set()))).mean);
  }
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  std::vector<Task> all;
  for (const bool causal : {false, true}) {
    for (int seed = 1; seed <= seeds; ++seed) {
      Task task{.name = std::string(causal ? pair_causal : pair_not_causal) + "." + std::to_string(seed),
                .training = pair_weight / seeds,
                .measuring = causal ? 1.0 : 0.06 * static_cast<double>(images_tested(s)),
                .run = [causal, seed](Bench& bench) { return train_one(bench, causal, seed); }};
      if (causal) task.needs = {std::string(pair_not_causal) + "." + std::to_string(seed)};
      all.push_back(std::move(task));
    }
  }
  return all;
}

/// When a curve first comes down to `nats`, between two moments by the logarithm; at the latest "never".
double seconds_to(const Record& curve, double nats) {
  const auto seconds = curve.series("at.seconds"), at = curve.series("at.nats");
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at[i] > nats) continue;
    if (i == 0) return seconds[0];
    const double part = (at[i - 1] - nats) / (at[i - 1] - at[i]);
    return seconds[i - 1] * std::pow(seconds[i] / seconds[i - 1], part);
  }
  return std::numeric_limits<double>::infinity();
}

std::vector<std::string> names_of(const char* task) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= seeds; ++seed) names.push_back(std::string(task) + "." + std::to_string(seed));
  return names;
}

/// The mean curve of the seeds, with the lowest and the highest as bars.
Series curve_of(const Results& results, const char* task, const char* axis, const char* name) {
  Series series{.name = name, .points = {}};
  std::vector<std::vector<double>> xs, ys;
  std::size_t count = 1000;
  for (const std::string& one : names_of(task)) {
    xs.push_back(results[one].series(axis));
    ys.push_back(results[one].series("at.nats"));
    count = std::min(count, xs.back().size());
  }
  // Counted from the end: all trainings reach that.
  for (std::size_t i = count; i > 0; --i) {
    std::vector<double> x, y;
    for (std::size_t n = 0; n < xs.size(); ++n) {
      x.push_back(xs[n][xs[n].size() - i]);
      y.push_back(ys[n][ys[n].size() - i]);
    }
    const Spread at = spread(y);
    series.points.push_back({spread(x).mean, at.mean, at.low, at.high});
  }
  return series;
}

std::vector<std::string> all_tasks() {
  auto all = names_of(pair_not_causal);
  for (auto& name : names_of(pair_causal)) all.push_back(std::move(name));
  return all;
}

Chart chart_of(const Results& results, const char* axis, const char* title, const char* label,
               const std::string& sees) {
  const double single = results[names_of(pair_not_causal).front()].number("single_pixels");
  return {.title = title,
          .alternative = sees,
          .x = {.label = label, .log = true, .from = {}, .to = {}},
          .y = {.label = "−log p of a test digit (nats)", .from = {}, .to = {}},
          .series = {curve_of(results, pair_not_causal, axis, "not causal"),
                     curve_of(results, pair_causal, axis, "causal")},
          .levels = {{"every pixel by itself", single}},
          .caption =
              "Mean of three seeds, bars from the lowest to the highest. Averaged weights; dynamic binarisation, one "
              "draw for the test. The network that is not causal is estimated from 14 of the 49 steps of every "
              "image, its last point is exact.",
          .tasks = all_tasks()};
}

struct Numbers {
  Spread causal_equal, other, speed, causal_end;
};

Numbers numbers_of(const Results& results) {
  std::vector<double> faster;
  for (int seed = 1; seed <= seeds; ++seed) {
    const Record& other = results[std::string(pair_not_causal) + "." + std::to_string(seed)];
    const Record& causal = results[std::string(pair_causal) + "." + std::to_string(seed)];
    faster.push_back(other.number("training_seconds") / seconds_to(causal, other.number("nats")));
  }
  return {spread(results.of_seeds(pair_causal, "equal.nats")), spread(results.of_seeds(pair_not_causal, "nats")),
          spread(faster), spread(results.of_seeds(pair_causal, "nats"))};
}

Table table_of(const Results& results, const Numbers& n) {
  const auto mean = [&](const char* task, const char* what) {
    return number(spread(results.of_seeds(task, what)).mean);
  };
  return {.caption = "Three seeds each: mean and standard error. Nats of a test digit, the same digits for all.",
          .columns = {"", "parameters", "seconds", "images", "pixels asked for", "nats"},
          .rows = {{"not causal, at its end", mean(pair_not_causal, "parameters"),
                    mean(pair_not_causal, "training_seconds"), mean(pair_not_causal, "images"),
                    mean(pair_not_causal, "targets"), number(n.other)},
                   {"causal, after as many pixels", mean(pair_causal, "parameters"), mean(pair_causal, "equal.seconds"),
                    "", mean(pair_causal, "equal.targets"), number(n.causal_equal)},
                   {"causal, at its end", mean(pair_causal, "parameters"), mean(pair_causal, "training_seconds"),
                    mean(pair_causal, "images"), mean(pair_causal, "targets"), number(n.causal_end)}},
          .tasks = all_tasks()};
}

Picture picture_of(const Results& results, const char* task, const char* which) {
  return {.file = results.picture(task),
          .alternative = std::string("Ten digits, black and white, of the ") + which + " network.",
          .caption = std::string("Drawn patch by patch by the ") + which + " network, after equal seconds.",
          .scale = 2,
          .tasks = {std::string(task) + ".1"}};
}

Section report(const Results& results) {
  const Numbers n = numbers_of(results);
  Section section;
  section.verdict = rule_06(n.causal_equal, n.other, n.speed);
  section.blocks = {
      Paragraph{
          "One transformer (3 blocks of width 64) draws a digit in 49 patches of 4 × 4 pixels, the pixels of a patch "
          "independently. The causal one is shown patch t − 1 at token t and attends to earlier tokens; the other is "
          "shown what is known at its place and attends to everything. Both have all layers and parameters in "
          "common, a vector that names the patch that is asked for among them. One evaluation of the causal one "
          "answers for 784 pixels, one of the other for 16 (single pixels would make that 784 to 1, and the other "
          "too slow to be compared). Batches are 4 and 16 images, so that neither is short of steps; learning rate "
          "(2e-3, constant after 100 steps), data and seconds are the same."},
      chart_of(results, "at.targets", "By pixels asked for", "pixels that training asked for",
               "Two falling curves. Where that of the network that is not causal ends, at " + number(n.other.mean) +
                   " nats, the causal one is at " + number(n.causal_equal.mean) + "."),
      chart_of(results, "at.seconds", "By seconds", "seconds of training (one thread)",
               "Two falling curves. At the end the network that is not causal is at " + number(n.other.mean) +
                   " nats, the causal one at " + number(n.causal_end.mean) + "."),
      table_of(results, n),
      picture_of(results, pair_not_causal, "not causal"),
      picture_of(results, pair_causal, "causal")};
  return section;
}

}  // namespace

Verdict rule_06(const Spread& causal, const Spread& not_causal, const Spread& times_faster) {
  Verdict v;
  v.rule =
      "After as many pixels asked for as the network that is not causal ends with, the causal one has to be clearly "
      "worse, by at most 10 % of the nats; and in every seed it has to reach the other's last nats in at most a "
      "fifth of the seconds. Supported if both hold, conditional if only the second does.";
  const double excess = causal.mean - not_causal.mean;
  const bool worse = clearly_below(not_causal, causal), slightly = excess <= 0.1 * not_causal.mean;
  const bool faster = times_faster.count > 0 && times_faster.low >= 5;
  v.because = "At equal pixels asked for, the causal network has " + number(causal) + " nats, the other " +
              number(not_causal) + "; to the other's last nats it comes " + number(times_faster.low) + " to " +
              number(times_faster.high) + " times as fast.";
  if (faster && !worse)
    v.because = "only training time is meant, since its predictions are not clearly worse: " + v.because;
  if (faster && worse && !slightly)
    v.because = "only training time is meant, since its predictions are more than slightly worse: " + v.because;
  v.outcome = !faster ? Outcome::not_supported : worse && slightly ? Outcome::supported : Outcome::conditional;
  return v;
}

Claim claim_06() { return {6, "Causal predictions are slightly worse, training is far faster.", tasks, report}; }

}  // namespace study
